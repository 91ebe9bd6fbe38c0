/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the root task share: its selectors, the pool of physical memory, and how it
 * reports a refused hypercall.
 */
#ifndef ROOT_ROOT_H
#define ROOT_ROOT_H

#include <rt/process.h>
#include <vela/hypercall.h>
#include <vela/info.h>

#include "memory.h"

/* Selectors of the root task's own objects. */
enum {
	ROOT_SEL_PARENT = VELA_ROOT_FREE, /* semaphore the root task waits on */
	ROOT_SEL_CONSOLE,		  /* doorbell of the console service; outlives it */
	ROOT_SEL_WORKER,		  /* event worker of CPU n at + n */
	ROOT_SEL_PROCESS = 256,		  /* objects of process n from + n * PROCESS_SELS */
};
_Static_assert(ROOT_SEL_WORKER + VELA_CPUS_MAX <= ROOT_SEL_PROCESS, "room for the workers");

/* Objects of a process, at its selectors. */
enum {
	PROCESS_PD,
	PROCESS_OBJ,
	PROCESS_HST,
	PROCESS_PIO,
	PROCESS_GST,
	PROCESS_MSR,
	PROCESS_LOCK,
	PROCESS_DC,
	PROCESS_DMA,
	/* Of thread or virtual CPU n at + n. */
	PROCESS_EC = 32,
	PROCESS_SC = PROCESS_EC + RT_VCPUS_MAX,
	PROCESS_WAKE = PROCESS_SC + RT_VCPUS_MAX,
	PROCESS_EVENT = PROCESS_WAKE + RT_VCPUS_MAX,
	PROCESS_VC = PROCESS_EVENT + RT_VCPUS_MAX,
	PROCESS_SELS = 128,
};

_Static_assert(PROCESS_VC + RT_VCPUS_MAX <= PROCESS_SELS, "room for the virtual CPUs");

/* Priorities above those of guests, which the configuration keeps at 100 or less. */
#define ROOT_CONSOLE_PRIORITY 110u
#define ROOT_CONSOLE_SLICE_US 10000u

/* Not above the root task's own: a driver that turns in a loop must not keep it from ending it. */
#define ROOT_SERVICE_PRIORITY 100u

extern struct memory root_memory;

/* The words of the root task's first thread's UTCB, where create finds its parameters. */
static inline uint64_t *root_utcb(void)
{
	return (uint64_t *)VELA_UTCB_VA;
}

/* Logs "WHO: cannot WHAT: reason" for a status that is not OK; returns whether it is. */
bool root_check(const char *who, const char *what, uint64_t status);

const char *root_status_text(uint64_t status);

#endif
