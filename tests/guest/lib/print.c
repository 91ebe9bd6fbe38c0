/* SPDX-License-Identifier: Apache-2.0 */
/* A small printf on COM1, the debug-exit port, and what the compiler expects of a C library. */
#include "print.h"

#include "cpu.h"

#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define LCR_8N1	 0x03
#define LCR_DLAB 0x80
#define MCR_ON	 0x0b /* with OUT2, which lets interrupts through */
#define LSR_THRE 0x20

void uart_init(void)
{
	outb(COM1 + UART_LCR, LCR_DLAB);
	outb(COM1, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + UART_LCR, LCR_8N1);
	outb(COM1 + UART_IER, 0);
	outb(COM1 + UART_FCR, 7);
	outb(COM1 + UART_MCR, MCR_ON);
}

/* The transmitter is always empty in Vela's machine, but ask once per line as a good driver does.
 */
static void put(char c)
{
	if (c == '\n') {
		outb(COM1, '\r');
		while (!(inb(COM1 + UART_LSR) & LSR_THRE))
			;
	}
	outb(COM1, (uint8_t)c);
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_number(uint64_t value, unsigned base)
{
	char digits[24];
	unsigned n = sizeof digits - 1;

	digits[n] = 0;
	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_text(digits + n);
}

static void put_integer(char kind, bool is_long, va_list *arguments)
{
	uint64_t value = is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);

	if (kind == 'd') {
		int64_t number = is_long ? (int64_t)value : (int32_t)value;

		if (number < 0)
			put('-');
		value = number < 0 ? -(uint64_t)number : (uint64_t)number;
	}
	put_number(value, kind == 'x' ? 16 : 10);
}

void print_list(const char *format, va_list list)
{
	va_list arguments;

	va_copy(arguments, list);
	for (; *format; format++) {
		bool is_long = false;

		if (*format != '%') {
			put(*format);
			continue;
		}
		while (*++format == 'l')
			is_long = true;
		if (*format == 's')
			put_text(va_arg(arguments, const char *));
		else if (*format == 'c')
			put((char)va_arg(arguments, int));
		else
			put_integer(*format, is_long, &arguments);
	}
	va_end(arguments);
}

void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_list(format, arguments);
	va_end(arguments);
}

_Noreturn void guest_exit(uint32_t code)
{
	outl(DEBUG_EXIT, code);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return result;
}

void *memset(void *to, int byte, size_t bytes)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(byte) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}
