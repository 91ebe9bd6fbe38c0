/* SPDX-License-Identifier: Apache-2.0 */
/* Polled output to a 16550 (registers and bits: National Semiconductor PC16550D, section 8). */
#include <rt/port.h>
#include <rt/serial.h>
#include <stdint.h>

enum {
	COM1 = 0x3f8,
	THR = COM1,	/* transmitter holding register */
	LSR = COM1 + 5, /* line status register */
	LSR_THRE = 0x20,
	/* More polls than one character takes at any speed in use: a port that is not there or
	 * stuck costs the character, never the system. */
	POLLS_MAX = 1000000,
};

static void put(char c)
{
	for (int i = 0; i < POLLS_MAX; i++) {
		if (rt_in8(LSR) & LSR_THRE) {
			rt_out8(THR, (uint8_t)c);
			return;
		}
	}
}

void rt_serial_write(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			put('\r');
		put(bytes[i]);
	}
}

void rt_serial_sink(void *context, const char *line, size_t n)
{
	(void)context;
	rt_serial_write(line, n);
}
