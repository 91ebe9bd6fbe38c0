/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port of the console service; see uart.h. Holds ports 0x3f8 to 0x3ff and nothing else.
 */
#include <rt/port.h>

#include "uart.h"

#include <stdint.h>

enum {
	COM1 = 0x3f8,
	DATA = 0, /* RBR, THR; DLL with DLAB */
	IER = 1,  /* DLM with DLAB */
	IIR = 2,  /* FCR when written */
	LCR = 3,
	MCR = 4,
	LSR = 5,
	SCR = 7,
};

enum {
	IER_RECEIVED = 1,
	IER_THR_EMPTY = 2,
	FCR_ENABLE_CLEAR = 0x07, /* both FIFOs */
	IIR_NONE = 1,
	LCR_8N1 = 3,
	LCR_DLAB = 0x80,
	MCR_DTR_RTS_OUT2 = 0x0b, /* OUT2 connects the interrupt line on a PC */
	LSR_RECEIVED = 1,
	LSR_THR_EMPTY = 0x20,
	DIVISOR_115200 = 1,
	/* More pending causes than the port has: one that never ends is left to polling. */
	CAUSES_MAX = 8,
};

static uint8_t uart_in(uint16_t reg)
{
	return rt_in8((uint16_t)(COM1 + reg));
}

static void uart_out(uint16_t reg, uint8_t value)
{
	rt_out8((uint16_t)(COM1 + reg), value);
}

bool uart_init(void)
{
	uart_out(SCR, 0x5a);
	if (uart_in(SCR) != 0x5a)
		return false;
	uart_out(IER, 0);
	uart_out(LCR, LCR_DLAB);
	uart_out(DATA, DIVISOR_115200);
	uart_out(IER, 0);
	uart_out(LCR, LCR_8N1);
	uart_out(IIR, FCR_ENABLE_CLEAR);
	uart_out(MCR, MCR_DTR_RTS_OUT2);
	uart_rearm(true, false);
	return true;
}

bool uart_receive(unsigned char *byte)
{
	if (!(uart_in(LSR) & LSR_RECEIVED))
		return false;
	*byte = uart_in(DATA);
	return true;
}

bool uart_ready(void)
{
	return uart_in(LSR) & LSR_THR_EMPTY;
}

void uart_send(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		uart_out(DATA, bytes[i]);
}

void uart_rearm(bool when_received, bool when_ready)
{
	uart_out(IER, 0);
	for (unsigned i = 0; i < CAUSES_MAX && !(uart_in(IIR) & IIR_NONE); i++)
		uart_in(LSR);
	uart_out(IER, (when_received ? IER_RECEIVED : 0) | (when_ready ? IER_THR_EMPTY : 0));
}
