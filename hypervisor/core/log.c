/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A formatter for the kernel's few messages. Output goes through the arch seam; the lock keeps the
 * lines of several CPUs apart.
 */
#include <arch/console.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <stdarg.h>

static struct spinlock log_lock; /* keeps lines whole; taken last, nothing is called under it */

static void put_string(const char *s)
{
	while (*s)
		console_put(*s++);
}

static void put_number(uint64_t value, unsigned base)
{
	char digits[21];
	unsigned n = sizeof digits;
	digits[--n] = 0;
	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_string(digits + n);
}

static void put_format(const char *format, va_list args)
{
	for (; *format; format++) {
		if (*format != '%') {
			console_put(*format);
			continue;
		}
		bool wide = *++format == 'l';
		if (wide)
			format++;
		if (*format == 's')
			put_string(va_arg(args, const char *));
		else if (*format == 'c')
			console_put((char)va_arg(args, int));
		else
			put_number(wide ? va_arg(args, uint64_t) : va_arg(args, unsigned),
				   *format == 'x' ? 16 : 10);
	}
	console_put('\n');
}

void log_line(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	spin_lock(&log_lock);
	put_format(format, args);
	spin_unlock(&log_lock);
	va_end(args);
}

void panic(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	/* No lock: the holder may be the one that panics. */
	put_string("\nPANIC cpu ");
	put_number(cpu_index(), 10);
	put_string(": ");
	put_format(format, args);
	va_end(args);
	console_end();
}
