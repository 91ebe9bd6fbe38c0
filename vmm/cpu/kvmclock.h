/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual clock of KVM's MSRs 0x4b564d00 and 0x4b564d01 (Documentation/virt/kvm/x86/msr.rst
 * in Linux): the guest names a page, the monitor writes there how to turn the TSC into time.
 */
#ifndef VMM_CPU_KVMCLOCK_H
#define VMM_CPU_KVMCLOCK_H

#include "machine/memory.h"

#define KVMCLOCK_MSR_WALL   0x4b564d00u
#define KVMCLOCK_MSR_SYSTEM 0x4b564d01u
#define KVMCLOCK_ENABLE	    1ull

/* A moment: what the guest's TSC, its monotonic clock and (at time 0) the wall clock say. */
struct kvmclock_time {
	uint64_t tsc;	   /* guest's TSC */
	uint64_t ns;	   /* guest time at that TSC */
	uint64_t epoch_ns; /* nanoseconds since 1970 at guest time 0 */
};

/* 32.32 fixed-point factor and shift that turn ticks of a khz clock into nanoseconds:
 * ns = ((ticks << shift, or >> -shift) * mul) >> 32. */
void kvmclock_scale(uint64_t khz, uint32_t *mul, int8_t *shift);

/* Write the structures; nothing happens unless they lie in RAM. */
void kvmclock_write_system(const struct guest_memory *memory, uint64_t gpa, uint64_t khz,
			   const struct kvmclock_time *now);
void kvmclock_write_wall(const struct guest_memory *memory, uint64_t gpa,
			 const struct kvmclock_time *now);

#endif
