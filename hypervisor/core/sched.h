/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler of one CPU: fixed priorities, round robin within one, budgets. What is scheduled is
 * a scheduling context; the thread that runs on it is found by following calls (ec.h).
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <core/lib.h>
#include <vela/types.h>

struct cpu;
struct ec;
struct sc;

struct sched {
	uint64_t bitmap[VELA_PRIORITIES / 64]; /* which queues are not empty */
	struct list queue[VELA_PRIORITIES];
};

void sched_init(struct sched *s);

/* Makes sc ready on this CPU, at the tail of its queue, or at the head when it was preempted. */
void sched_ready(struct cpu *cpu, struct sc *sc);

/* Takes a ready sc out of its queue. */
void sched_unready(struct cpu *cpu, struct sc *sc);

/* Settles the time the running sc has used, then picks the thread to run: sets cpu->sc, current. */
void sched_pick(struct cpu *cpu);

/* Charges the running sc up to now. */
void sched_charge(struct cpu *cpu, uint64_t now);

/* The timer fired: expires deadlines and budgets. */
void sched_timer(struct cpu *cpu);

/* Sets the timer to the earliest of the deadlines and the end of the running budget. */
void sched_set_timer(struct cpu *cpu);

#endif
