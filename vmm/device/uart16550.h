/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A serial port (National PC16550D data sheet). The line is infinitely fast: a transmitted
 * byte leaves at once, and a received byte below the trigger level is reported as a character
 * time-out at once. Input is taken only while the receiver has room, so nothing is lost.
 */
#ifndef VMM_DEVICE_UART16550_H
#define VMM_DEVICE_UART16550_H

#include "bus.h"

#define UART_COM1_PORT	0x3f8
#define UART_COM2_PORT	0x2f8
#define UART_PORT_COUNT 8
#define UART_FIFO_BYTES 16

struct uart_state {
	uint8_t ier;
	uint8_t fcr; /* enable, DMA and trigger bits */
	uint8_t lcr;
	uint8_t mcr;
	uint8_t lsr; /* sticky bits only: overrun, and errors of the byte at the front */
	uint8_t msr; /* modem inputs (high nibble) and deltas */
	uint8_t scr;
	uint8_t dll;
	uint8_t dlm;
	uint8_t thr_event; /* THR became empty since it was last reported */
	uint8_t irq;
	uint8_t rx_head;
	uint8_t rx_count;
	uint8_t inputs; /* modem inputs of the outside, for when loopback ends */
	uint8_t reserved[2];
	uint8_t rx_data[UART_FIFO_BYTES];
	uint8_t rx_error[UART_FIFO_BYTES]; /* LSR error bits of each byte */
};

/* The other end of the line. drained, if set, is called when the guest has taken the last byte:
 * more input may be pushed, also from within the call. */
struct uart_line {
	void (*put)(void *ctx, uint8_t byte);
	void (*drained)(void *ctx);
	void *ctx;
};

struct uart {
	struct uart_state s;
	struct irq_line irq;
	struct uart_line line;
};

extern const struct device_ops uart_device_ops;

void uart_init(struct uart *uart, struct irq_line irq, struct uart_line line);
enum bus_status uart_attach(struct uart *uart, struct bus *bus, uint16_t port);

/* How many bytes uart_push() would take now. */
unsigned uart_room(const struct uart *uart);

/* Offers input; returns how many bytes were taken, from the front. */
size_t uart_push(struct uart *uart, const uint8_t *bytes, size_t count);

#endif
