/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduling context: priority, budget, period, bound to one thread and one CPU, admitted by a CPU
 * share (CP). With a period it may use its budget once per period (a single refill, counted from
 * when it began to run); without one the budget is a round-robin time slice.
 */
#ifndef CORE_SC_H
#define CORE_SC_H

#include <core/mail.h>
#include <core/object.h>
#include <core/spinlock.h>
#include <core/timeout.h>
#include <vela/hypercall.h>

struct cpu;
struct ec;

#define CP_UNLIMITED 1000u
#define CP_DEPTH_MAX 16u

struct cp {
	struct object object;
	cap_t parent; /* weak; 0 for a CPU's whole share */
	unsigned cpu;
	unsigned priority;
	unsigned depth; /* of derivation, bounded: cp_alive walks up */
	unsigned share; /* thousandths */
	unsigned used;	/* by periodic SCs and derived shares, under cp_lock */
};

enum sc_state { SC_IDLE, SC_READY, SC_RUNNING, SC_PARKED, SC_DEPLETED };

struct sc {
	struct object object;
	enum sc_state state; /* this and the rest: on its own CPU only */
	unsigned cpu;
	unsigned priority;
	unsigned share;		 /* what it holds of its CP */
	cap_t cp;		 /* weak */
	struct ec *ec;		 /* NULL once that thread is destroyed */
	uint64_t budget, period; /* TSC ticks */
	uint64_t left;		 /* of the budget */
	uint64_t refill_at;	 /* TSC of the next refill, periodic ones */
	uint64_t used;		 /* ticks in all */
	struct list link;	 /* ready queue or parked list */
	struct timeout timeout;	 /* refill */
	struct mail mail;
};

enum vela_status cp_create(struct pd *payer, struct cp *parent, const uint64_t *params,
			   struct object **out);
void cp_init(struct cp *cp, unsigned cpu);
void cp_free(struct cp *cp);

/* False when cp or one of those it derives from is gone. */
bool cp_alive(struct cp *cp);

enum vela_status sc_create(struct pd *payer, struct cp *cp, struct ec *ec, const uint64_t *params,
			   struct object **out);
enum vela_status sc_set(struct sc *sc, uint64_t priority, uint64_t budget_us, uint64_t period_us);
void sc_mail(struct cpu *cpu, struct sc *sc, unsigned ops);
void sc_free(struct sc *sc);

#endif
