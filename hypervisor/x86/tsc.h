/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time stamp counter, the kernel's only clock. All CPUs' counters are taken to run alike, as
 * they do on every CPU with SVM or VMX that has an invariant TSC.
 */
#ifndef X86_TSC_H
#define X86_TSC_H

#include <stdint.h>

extern uint64_t tsc_khz;

/* Finds tsc_khz: from CPUID, else against the ACPI PM timer at this port, or, if it is 0, the PIT.
 * Boot CPU, once; takes up to 0.1 s. Panics if nothing ticks. */
void tsc_calibrate(uint16_t pm_timer_port);

/* Busy wait; after tsc_calibrate. */
void tsc_delay_us(uint64_t microseconds);

#endif
