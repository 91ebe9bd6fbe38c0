/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers for start-up: RDRAND where the processor has it, always mixed with the time-stamp
 * counter, which also serves alone.
 */
#include "random.h"
#include <cpuid.h>
#include <rt/hypercall.h>

static uint64_t rdrand(void)
{
	uint64_t value = 0;
	uint32_t a, b, c, d;
	unsigned char ok = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_RDRND))
		return 0;
	/* The generator can be drained for a moment; ten tries are the vendors' advice. */
	for (int i = 0; i < 10 && !ok; i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=q"(ok) : : "cc");
	return value;
}

uint64_t rt_random(void)
{
	uint64_t x = rdrand() ^ rt_rdtsc() * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}
