/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COM1 by polling (16550 data sheet) and the VGA text screen, for messages only: once the root
 * process runs, both belong to user level.
 */
#include <stddef.h>
#include <stdint.h>
#include <x86/insn.h>
#include <x86/serial.h>

#define COM1	    0x3f8
#define UART_DATA   (COM1 + 0) /* divisor, low byte, while DLAB is set */
#define UART_IER    (COM1 + 1) /* divisor, high byte */
#define UART_FCR    (COM1 + 2)
#define UART_LCR    (COM1 + 3)
#define UART_MCR    (COM1 + 4)
#define UART_LSR    (COM1 + 5)
#define UART_SCR    (COM1 + 7)
#define LCR_8N1	    0x03
#define LCR_DLAB    0x80
#define FCR_ENABLE  0x07 /* FIFOs on and emptied */
#define MCR_DTR_RTS 0x03
#define LSR_ROOM    0x20
#define DIVISOR	    1	     /* 115200 baud */
#define POLLS_MAX   100000   /* many times one character at 115200 baud */
#define SCREEN	    0xb8000u /* VGA text memory */
#define COLUMNS	    80u
#define ROWS	    25u
#define BLANK	    0x0720u /* grey on black */

static bool present;

void serial_init(void)
{
	/* The scratch register keeps what is written if there is a UART at all. */
	port_out8(UART_SCR, 0x5a);
	present = port_in8(UART_SCR) == 0x5a;
	if (!present)
		return;
	port_out8(UART_IER, 0);
	port_out8(UART_LCR, LCR_DLAB);
	port_out8(UART_DATA, DIVISOR);
	port_out8(UART_IER, 0);
	port_out8(UART_LCR, LCR_8N1);
	port_out8(UART_FCR, FCR_ENABLE);
	port_out8(UART_MCR, MCR_DTR_RTS);
}

void serial_put(char c)
{
	if (!present)
		return;
	if (c == '\n')
		serial_put('\r');
	for (unsigned i = 0; i < POLLS_MAX && !(port_in8(UART_LSR) & LSR_ROOM); i++)
		__builtin_ia32_pause();
	port_out8(UART_DATA, (uint8_t)c);
}

void screen_put(char c)
{
	/* Cell written next: below what the firmware left, which scrolls away. */
	static unsigned at = COLUMNS * (ROWS - 1);
	volatile uint16_t *cell = (volatile uint16_t *)(uintptr_t)SCREEN;
	if (c == '\n')
		at += COLUMNS - at % COLUMNS;
	else
		cell[at++] = (uint16_t)(BLANK & 0xff00) | (uint8_t)c;
	if (at < COLUMNS * ROWS)
		return;
	at -= COLUMNS;
	for (unsigned i = 0; i < COLUMNS * ROWS; i++)
		cell[i] = i < at ? cell[i + COLUMNS] : BLANK;
}
