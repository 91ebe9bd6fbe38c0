/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversion between nanoseconds and ticks of the time-stamp counter, exact to a unit and without
 * overflow: a product is 128 bits wide, and a quotient beyond 64 bits becomes UINT64_MAX.
 * Frequencies are in kHz, as the kernel reports them; a frequency of 0 makes every result
 * UINT64_MAX.
 */
#ifndef RT_TSC_H
#define RT_TSC_H

#include <vela/types.h>

#define RT_NS_PER_S  1000000000ull
#define RT_NS_PER_MS 1000000ull
#define RT_NS_PER_US 1000ull

/* a * b / c, rounded down. The processor divides 128 by 64 bits in one instruction, which faults
 * unless the quotient fits: that is what the comparison excludes, c == 0 included. */
static inline uint64_t rt_muldiv(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

	if (high >= c)
		return UINT64_MAX;
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
	return low;
}

static inline uint64_t rt_tsc_from_ns(uint64_t ns, uint64_t khz)
{
	return khz ? rt_muldiv(ns, khz, RT_NS_PER_MS) : UINT64_MAX;
}

static inline uint64_t rt_ns_from_tsc(uint64_t ticks, uint64_t khz)
{
	return rt_muldiv(ticks, RT_NS_PER_MS, khz);
}

/* The TSC value ns after now. One beyond the counter's range is VELA_NO_DEADLINE. */
static inline uint64_t rt_tsc_deadline(uint64_t now, uint64_t ns, uint64_t khz)
{
	uint64_t ticks = rt_tsc_from_ns(ns, khz);

	return ticks > VELA_NO_DEADLINE - now ? VELA_NO_DEADLINE : now + ticks;
}

#endif
