/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A. The transmitter is always empty again when a write returns, so THRE and TEMT are
 * constants and only the "became empty" event is state. The interrupt output passes the OUT2 gate
 * of a PC's serial card.
 */
#include "uart16550.h"

#include <string.h>

#include "uart_regs.h"

static unsigned fifo_size(const struct uart *uart)
{
	return uart->s.fcr & FCR_ENABLE ? UART_FIFO_BYTES : 1;
}

static unsigned trigger_level(const struct uart *uart)
{
	static const uint8_t levels[4] = { 1, 4, 8, 14 };

	return uart->s.fcr & FCR_ENABLE ? levels[uart->s.fcr >> 6] : 1;
}

/* The pending interrupt of the highest priority, as IIR bits 3:0. */
static unsigned interrupt_id(const struct uart *uart)
{
	const struct uart_state *s = &uart->s;

	if (s->ier & IER_LINE && s->lsr)
		return IIR_LINE;
	if (s->ier & IER_RX && s->rx_count)
		return s->rx_count >= trigger_level(uart) ? IIR_RX : IIR_TIMEOUT;
	if (s->ier & IER_THRE && s->thr_event)
		return IIR_THRE;
	if (s->ier & IER_MSR && s->msr & MSR_DELTAS)
		return IIR_MSR;
	return IIR_NONE;
}

static void update(struct uart *uart)
{
	bool level = uart->s.mcr & MCR_OUT2 && interrupt_id(uart) != IIR_NONE;

	if (level != uart->s.irq) {
		uart->s.irq = level;
		irq_line_set(&uart->irq, level);
	}
}

/* Errors show in LSR when their byte reaches the front of the FIFO. */
static void expose_front(struct uart_state *s)
{
	if (!s->rx_count)
		return;
	s->lsr |= s->rx_error[s->rx_head];
	s->rx_error[s->rx_head] = 0;
}

static void rx_put(struct uart *uart, uint8_t byte, uint8_t error)
{
	struct uart_state *s = &uart->s;
	unsigned slot;

	if (s->rx_count >= fifo_size(uart)) {
		s->lsr |= LSR_OVERRUN;
		if (s->fcr & FCR_ENABLE)
			return; /* the FIFO keeps what it has; a single register is overwritten */
		s->rx_count = 0;
	}
	slot = (s->rx_head + s->rx_count) % UART_FIFO_BYTES;
	s->rx_data[slot] = byte;
	s->rx_error[slot] = error;
	s->rx_count++;
	if (s->rx_count == 1)
		expose_front(s);
}

static void rx_clear(struct uart_state *s)
{
	s->rx_head = 0;
	s->rx_count = 0;
	memset(s->rx_error, 0, sizeof s->rx_error);
}

static void tell_drained(struct uart *uart)
{
	if (uart->line.drained && !uart->s.rx_count && !(uart->s.mcr & MCR_LOOP))
		uart->line.drained(uart->line.ctx);
}

static uint32_t read_rbr(struct uart *uart)
{
	struct uart_state *s = &uart->s;
	uint8_t byte = s->rx_data[s->rx_head];

	if (!s->rx_count)
		return byte;
	s->rx_head = (s->rx_head + 1) % UART_FIFO_BYTES;
	s->rx_count--;
	expose_front(s);
	update(uart);
	tell_drained(uart);
	return byte;
}

static void write_thr(struct uart *uart, uint8_t byte)
{
	if (uart->s.mcr & MCR_LOOP)
		rx_put(uart, byte, 0);
	else if (uart->line.put)
		uart->line.put(uart->line.ctx, byte);
	uart->s.thr_event = 1;
	update(uart);
}

static uint32_t read_iir(struct uart *uart)
{
	unsigned id = interrupt_id(uart);

	if (id == IIR_THRE) {
		uart->s.thr_event = 0;
		update(uart);
	}
	return id | (uart->s.fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint32_t read_lsr(struct uart *uart)
{
	struct uart_state *s = &uart->s;
	uint32_t value = s->lsr | LSR_THRE | LSR_TEMT | (s->rx_count ? LSR_READY : 0);

	if (s->fcr & FCR_ENABLE) {
		bool error = s->lsr & LSR_ERRORS;

		for (unsigned i = 0; i < UART_FIFO_BYTES; i++)
			error |= s->rx_error[i] != 0;
		value |= error ? LSR_FIFO : 0;
	}
	if (s->lsr) {
		s->lsr = 0;
		update(uart);
	}
	return value;
}

static uint32_t read_msr(struct uart *uart)
{
	uint32_t value = uart->s.msr;

	if (value & MSR_DELTAS) {
		uart->s.msr &= MSR_INPUTS;
		update(uart);
	}
	return value;
}

/* New modem inputs: a change sets its delta bit, except that RI reports its falling edge only. */
static void set_modem_inputs(struct uart_state *s, unsigned inputs)
{
	unsigned changed = (s->msr ^ inputs) & MSR_INPUTS;

	if (changed & MSR_RI && inputs & MSR_RI)
		changed &= ~MSR_RI;
	s->msr = (uint8_t)(inputs | (s->msr & MSR_DELTAS) | changed >> 4);
}

static void write_mcr(struct uart *uart, unsigned value)
{
	struct uart_state *s = &uart->s;
	unsigned inputs = s->inputs;

	s->mcr = value & MCR_ALL;
	if (s->mcr & MCR_LOOP)
		inputs = (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
			 (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
	set_modem_inputs(s, inputs);
	update(uart);
	tell_drained(uart);
}

static void write_ier(struct uart *uart, unsigned value)
{
	bool enabled = value & ~uart->s.ier & IER_THRE;

	uart->s.ier = value & IER_ALL;
	if (enabled) /* the holding register is empty, and that is reported once more */
		uart->s.thr_event = 1;
	update(uart);
}

static void write_fcr(struct uart *uart, unsigned value)
{
	struct uart_state *s = &uart->s;
	bool toggled = (value ^ s->fcr) & FCR_ENABLE;
	bool cleared = toggled || (value & FCR_ENABLE && value & FCR_CLEAR_RX);

	if (cleared)
		rx_clear(s);
	s->fcr = value & FCR_ENABLE ? value & FCR_STORED : 0;
	update(uart);
	if (cleared)
		tell_drained(uart);
}

/* A break sent in loopback arrives as a zero byte with the break bit. */
static void write_lcr(struct uart *uart, unsigned value)
{
	bool break_starts = value & ~uart->s.lcr & LCR_BREAK;

	uart->s.lcr = (uint8_t)value;
	if (break_starts && uart->s.mcr & MCR_LOOP) {
		rx_put(uart, 0, LSR_BREAK | LSR_FRAMING);
		update(uart);
	}
}

static uint32_t uart_read(void *dev, unsigned offset, unsigned width)
{
	struct uart *uart = dev;
	bool divisor = uart->s.lcr & LCR_DLAB;

	(void)width;
	switch (offset) {
	case REG_DATA:
		return divisor ? uart->s.dll : read_rbr(uart);
	case REG_IER:
		return divisor ? uart->s.dlm : uart->s.ier;
	case REG_IIR_FCR:
		return read_iir(uart);
	case REG_LCR:
		return uart->s.lcr;
	case REG_MCR:
		return uart->s.mcr;
	case REG_LSR:
		return read_lsr(uart);
	case REG_MSR:
		return read_msr(uart);
	default:
		return uart->s.scr;
	}
}

static void uart_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct uart *uart = dev;
	bool divisor = uart->s.lcr & LCR_DLAB;

	(void)width;
	switch (offset) {
	case REG_DATA:
		if (divisor)
			uart->s.dll = (uint8_t)value;
		else
			write_thr(uart, (uint8_t)value);
		break;
	case REG_IER:
		if (divisor)
			uart->s.dlm = (uint8_t)value;
		else
			write_ier(uart, value);
		break;
	case REG_IIR_FCR:
		write_fcr(uart, value);
		break;
	case REG_LCR:
		write_lcr(uart, value);
		break;
	case REG_MCR:
		write_mcr(uart, value);
		break;
	case REG_SCR:
		uart->s.scr = (uint8_t)value;
		break;
	}
}

/* LSR and MSR are read-only in a PC; writes to them do nothing, as on the chip outside its factory
 * test. */
static const uint8_t uart_access[UART_PORT_COUNT] = {
	ACCESS_RW(1), ACCESS_RW(1), ACCESS_RW(1), ACCESS_RW(1),
	ACCESS_RW(1), ACCESS_RW(1), ACCESS_RW(1), ACCESS_RW(1),
};

static const struct pio_ops uart_ops = {
	{ uart_access, UART_PORT_COUNT, 0 },
	uart_read,
	uart_write,
};

unsigned uart_room(const struct uart *uart)
{
	if (uart->s.mcr & MCR_LOOP || uart->s.rx_count >= fifo_size(uart))
		return 0;
	return fifo_size(uart) - uart->s.rx_count;
}

size_t uart_push(struct uart *uart, const uint8_t *bytes, size_t count)
{
	size_t room = uart_room(uart);

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		rx_put(uart, bytes[i], 0);
	update(uart);
	return count;
}

static void uart_reset(void *dev)
{
	struct uart *uart = dev;
	uint8_t irq = uart->s.irq;

	memset(&uart->s, 0, sizeof uart->s);
	uart->s.inputs = MSR_CTS | MSR_DSR | MSR_DCD;
	uart->s.msr = uart->s.inputs;
	uart->s.irq = irq;
	update(uart);
}

static bool uart_check(const void *state)
{
	const struct uart_state *s = state;
	unsigned size = s->fcr & FCR_ENABLE ? UART_FIFO_BYTES : 1;

	return s->rx_head < UART_FIFO_BYTES && s->rx_count <= size && s->irq <= 1 &&
	       !(s->ier & ~IER_ALL) && !(s->mcr & ~MCR_ALL) && !(s->fcr & ~FCR_STORED);
}

static void uart_resume(void *dev)
{
	struct uart *uart = dev;

	irq_line_set(&uart->irq, uart->s.irq);
	update(uart);
}

const struct device_ops uart_device_ops = {
	.name = "uart16550",
	.version = 1,
	.state_offset = offsetof(struct uart, s),
	.state_size = sizeof(struct uart_state),
	.reset = uart_reset,
	.check = uart_check,
	.resume = uart_resume,
};

void uart_init(struct uart *uart, struct irq_line irq, struct uart_line line)
{
	memset(uart, 0, sizeof *uart);
	uart->irq = irq;
	uart->line = line;
	uart_reset(uart);
}

enum bus_status uart_attach(struct uart *uart, struct bus *bus, uint16_t port)
{
	return bus_add_pio(bus, port, UART_PORT_COUNT, &uart_ops, uart);
}
