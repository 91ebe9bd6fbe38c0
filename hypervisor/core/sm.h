/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphore: a counter and a queue of threads of any CPU. Bound to a VC, an up also makes that
 * virtual CPU leave its guest; bound to an interrupt, the interrupt ups it.
 */
#ifndef CORE_SM_H
#define CORE_SM_H

#include <core/object.h>
#include <core/spinlock.h>

struct cpu;
struct ec;
struct vc;

struct sm {
	struct object object;
	struct spinlock lock; /* protects all below, and ec->sm, sm_link of the waiters */
	uint64_t count;
	struct list waiters;
	cap_t vc; /* weak: bound virtual CPU */
};

enum vela_status sm_create(struct pd *payer, const uint64_t *params, struct object **out);

/* Callable from interrupts. OVERFLOW when the counter is at its limit. */
enum vela_status sm_up(struct sm *sm);

/* Takes one (or all) from the counter, or blocks self until the deadline. */
enum vela_status sm_down(struct cpu *cpu, struct ec *self, struct sm *sm, uint64_t deadline,
			 bool all);

/* Takes the whole count if there is one: the bound VC's monitor has been told. */
bool sm_consume(struct sm *sm);

enum vela_status sm_bind(struct sm *sm, struct vc *vc);

/* Ends ec's wait with this status if it still waits; true when it did. On ec's CPU. */
bool sm_cancel(struct ec *ec, enum vela_status why);

/* Wakes all waiters with ABORTED; no new ones can come. */
void sm_abort(struct sm *sm);

#endif
