/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port of the console service; see uart.h. Holds ports 0x3f8 to 0x3ff and nothing else.
 */
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

static uint8_t in8(uint16_t reg)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(COM1 + reg)));
	return value;
}

static void out8(uint16_t reg, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(COM1 + reg)));
}

bool uart_init(void)
{
	out8(SCR, 0x5a);
	if (in8(SCR) != 0x5a)
		return false;
	out8(IER, 0);
	out8(LCR, LCR_DLAB);
	out8(DATA, DIVISOR_115200);
	out8(IER, 0);
	out8(LCR, LCR_8N1);
	out8(IIR, FCR_ENABLE_CLEAR);
	out8(MCR, MCR_DTR_RTS_OUT2);
	uart_rearm(false);
	return true;
}

bool uart_receive(unsigned char *byte)
{
	if (!(in8(LSR) & LSR_RECEIVED))
		return false;
	*byte = in8(DATA);
	return true;
}

bool uart_ready(void)
{
	return in8(LSR) & LSR_THR_EMPTY;
}

void uart_send(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out8(DATA, bytes[i]);
}

void uart_rearm(bool when_ready)
{
	out8(IER, 0);
	for (unsigned i = 0; i < CAUSES_MAX && !(in8(IIR) & IIR_NONE); i++)
		in8(LSR);
	out8(IER, when_ready ? IER_RECEIVED | IER_THR_EMPTY : IER_RECEIVED);
}
