/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COM1 as a 16550 with FIFOs, 115200 baud, 8N1 (National Semiconductor PC16550D, section 8). Works
 * with and without interrupts: every call looks at the registers themselves.
 */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include <stdbool.h>
#include <stddef.h>

#define UART_FIFO_BYTES 16u

/* Sets the port up. False: nothing answers at its address. */
bool uart_init(void);

/* The next received byte; false when there is none. */
bool uart_receive(unsigned char *byte);

/* Whether UART_FIFO_BYTES can be sent now. */
bool uart_ready(void);
void uart_send(const unsigned char *bytes, size_t length);

/*
 * Ends the interrupt that woke the service and says whether one is wanted when the port has
 * received something, and when it can send again. The line is edge triggered at its controller: it
 * must have gone low before waiting.
 */
void uart_rearm(bool when_received, bool when_ready);

#endif
