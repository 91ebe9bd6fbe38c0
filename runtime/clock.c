/* SPDX-License-Identifier: Apache-2.0 */
/* The process's clocks: the time-stamp counter scaled by the rate the kernel measured. */
#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/tsc.h>

struct rt_clock rt_clock;

uint64_t rt_clock_ns(void)
{
	return rt_ns_from_tsc(rt_rdtsc() - rt_clock.boot_tsc, rt_clock.tsc_khz);
}

uint64_t rt_clock_deadline(uint64_t ns)
{
	return rt_tsc_deadline(rt_rdtsc(), ns, rt_clock.tsc_khz);
}
