/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one CPU keeps for itself. Everything here is touched by its own CPU only, without locks,
 * except the fields marked shared.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <arch/cpu.h>
#include <core/sched.h>
#include <core/spinlock.h>
#include <core/timeout.h>
#include <vela/hypercall.h>

struct ec;
struct sc;
struct sp;
struct vc;
struct mail;

struct cpu {
	struct arch_cpu arch; /* first: entry code knows its offsets */
	unsigned index;
	struct ec *current; /* shared, read-only: the thread this CPU runs, NULL when idle */
	struct sc *sc;	    /* whose time passes, NULL when idle */
	struct ec *calling; /* shared, read-only: thread whose hypercall is being carried out */
	bool resched;	    /* pick again before leaving the kernel */
	uint64_t sc_start;  /* TSC when sc's time began to pass */
	struct sched sched;
	struct timeouts timeouts;
	uint64_t timer; /* deadline the timer is set to */
	struct sp *hst; /* shared, read-only: loaded host space, NULL for the kernel's own */
	struct sp *pio; /* port space in the TSS window, NULL for none */
	struct sp *gst; /* shared, read-only: guest space in use while in guest mode */
	struct vc *vc;	/* shared, read-only: virtual CPU in guest mode */

	struct spinlock mail_lock; /* protects mail; innermost */
	struct mail *mail;	   /* shared: requests from other CPUs */
	uint32_t sync_wanted;	   /* shared: counts sync requests to this CPU */
	uint32_t sync_done;	   /* shared: the last one it has answered */
	uint64_t stat[VELA_STAT_HW_WORDS];
};

extern struct cpu *cpus[VELA_CPUS_MAX];
extern unsigned cpu_count; /* started */

/* True for the number of a CPU that runs. */
static inline bool cpu_valid(uint64_t index)
{
	return index < cpu_count;
}

#endif
