/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PM timer arithmetic. The counter itself is guest time in other units, so there is no state.
 */
#include "pmtimer.h"

uint32_t pmtimer_value(uint64_t now_ns, unsigned bits)
{
	uint64_t ticks = clock_ticks(now_ns, PMTIMER_HZ);

	return (uint32_t)(ticks & ((UINT64_C(1) << bits) - 1));
}

uint64_t pmtimer_carries(uint64_t now_ns, unsigned bits)
{
	return clock_ticks(now_ns, PMTIMER_HZ) >> (bits - 1);
}
