/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's clocks, all derived from the time-stamp counter. The start-up code sets the rate
 * from the information page before rt_main runs.
 */
#ifndef RT_CLOCK_H
#define RT_CLOCK_H

#include <stdint.h>

struct rt_clock {
	uint64_t tsc_khz;
	uint64_t boot_tsc;   /* TSC value that is time 0 of the monotonic clock */
	uint64_t boot_epoch; /* Unix time in seconds at boot_tsc, 0 if unknown */
};

/* Read-only after start-up, except that the root task sets boot_epoch when it has read the
 * real-time clock. */
extern struct rt_clock rt_clock;

/* Nanoseconds since boot_tsc. */
uint64_t rt_clock_ns(void);

/* Deadline for rt_sm_down and rt_vcpu_run that lies ns nanoseconds ahead. */
uint64_t rt_clock_deadline(uint64_t ns);

#endif
