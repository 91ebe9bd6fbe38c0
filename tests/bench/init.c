/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First process of the boot benchmark's guest: reads the time stamp counter before anything else
 * and prints it. It runs on Linux without a C library, so that nothing of its own counts. The
 * emulator advances the counter by one per instruction, and it starts at 0 with the machine.
 */
#include <stddef.h>
#include <stdint.h>

enum { SYS_WRITE = 1, SYS_PAUSE = 34, STDOUT = 1, DIGITS_MAX = 20 };

[[noreturn]] void _start(void);

static long system_call(long number, long first, const void *second, size_t third)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory");
	return result;
}

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

[[noreturn]] void _start(void)
{
	uint64_t tsc = read_tsc();
	static char line[] = "@@ guest_boot_tsc 00000000000000000000\n";
	char *digit = line + sizeof line - 2;

	for (int i = 0; i < DIGITS_MAX; i++) {
		*--digit = (char)('0' + tsc % 10);
		tsc /= 10;
	}
	system_call(SYS_WRITE, STDOUT, line, sizeof line - 1);
	for (;;)
		system_call(SYS_PAUSE, 0, NULL, 0);
}
