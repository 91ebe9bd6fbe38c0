/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of processes. One worker thread per CPU takes the kernel's event messages, notes them and
 * wakes the main thread; the faulting thread stays stopped until its process is destroyed.
 */
#ifndef ROOT_EVENTS_H
#define ROOT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct fault {
	uint64_t vector;
	uint64_t error;
	uint64_t address;
	uint64_t ip;
};

/* Creates the workers of all CPUs. */
bool events_start(unsigned cpus);

/* Creates at selector portal, at the cost of PD pd, the event portal of process index. */
bool events_portal(unsigned index, uint32_t incarnation, uint32_t portal, uint32_t pd,
		   unsigned cpu);

/* The fault of this incarnation of process index, once. */
bool events_take(unsigned index, uint32_t incarnation, struct fault *fault);

/* "page fault" and the like. */
const char *events_vector_text(uint64_t vector);

#endif
