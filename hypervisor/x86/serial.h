/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters out: COM1, polled, and the VGA text screen while the identity map stands.
 */
#ifndef X86_SERIAL_H
#define X86_SERIAL_H

/* Sets COM1 to 115200 8n1, no interrupts; serial_put does nothing if there is no UART. */
void serial_init(void);

/* Sends one character (after a CR, if it is a line feed). Waits for room only a bounded time. */
void serial_put(char c);

/* Writes one character to the VGA text screen at 0xb8000. Only while the identity map stands. */
void screen_put(char c);

#endif
