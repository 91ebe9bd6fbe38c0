/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of the paravirtual interface that stock guests know
 * (Documentation/virt/kvm/x86/cpuid.rst, msr.rst and hypercalls.rst in Linux), beside the clock in
 * kvmclock.h.
 */
#ifndef VMM_CPU_PARAVIRT_H
#define VMM_CPU_PARAVIRT_H

#include <stdint.h>

/* CPUID 0x40000001, EAX */
#define PARAVIRT_NOP_IO_DELAY (1u << 1)
#define PARAVIRT_CLOCKSOURCE2 (1u << 3)
#define PARAVIRT_STEAL_TIME   (1u << 5)
#define PARAVIRT_EOI	      (1u << 6)
#define PARAVIRT_UNHALT	      (1u << 7)
#define PARAVIRT_TLB_FLUSH    (1u << 9)
#define PARAVIRT_SEND_IPI     (1u << 11)
#define PARAVIRT_CLOCK_STABLE (1u << 24)

#define PARAVIRT_MSR_STEAL_TIME 0x4b564d03u
#define PARAVIRT_MSR_EOI	0x4b564d04u
#define PARAVIRT_ENABLE		1ull /* bit 0 of both; the address is above it */
#define PARAVIRT_STEAL_RESERVED 0x3eull
#define PARAVIRT_EOI_RESERVED	0x2ull

/* The word that the EOI register names: set, the guest ends its interrupt by clearing it. */
#define PARAVIRT_EOI_SKIP 1u

struct paravirt_steal_time {
	uint64_t steal;	  /* nanoseconds the processor was ready and did not run */
	uint32_t version; /* odd while it is being written */
	uint32_t flags;
	uint8_t preempted; /* PARAVIRT_PREEMPTED, PARAVIRT_FLUSH */
	uint8_t pad[47];
};
_Static_assert(sizeof(struct paravirt_steal_time) == 64, "kvm_steal_time");

#define PARAVIRT_PREEMPTED 1u /* it does not run */
#define PARAVIRT_FLUSH	   2u /* set by the guest: before it runs, its translations go */

#define PARAVIRT_CALL_KICK_CPU 5u
#define PARAVIRT_CALL_SEND_IPI 10u

#define PARAVIRT_EPERM	1
#define PARAVIRT_EINVAL 22
#define PARAVIRT_ENOSYS 1000

#endif
