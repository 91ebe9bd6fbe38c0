/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picking what runs. A ready scheduling context is followed to the thread that can run on it; if
 * that thread is blocked, the context is parked there until it is not.
 */
#include <core/cpu.h>
#include <core/ec.h>
#include <core/sc.h>
#include <core/sm.h>
#include <core/vc.h>

void sched_init(struct sched *s)
{
	for (unsigned i = 0; i < VELA_PRIORITIES; i++)
		list_init(&s->queue[i]);
}

static void enqueue(struct cpu *cpu, struct sc *sc, bool head)
{
	struct list *queue = &cpu->sched.queue[sc->priority];
	sc->state = SC_READY;
	list_insert(head ? queue->next : queue, &sc->link);
	cpu->sched.bitmap[sc->priority / 64] |= 1ull << sc->priority % 64;
}

void sched_unready(struct cpu *cpu, struct sc *sc)
{
	list_remove(&sc->link);
	if (list_empty(&cpu->sched.queue[sc->priority]))
		cpu->sched.bitmap[sc->priority / 64] &= ~(1ull << sc->priority % 64);
}

/* Gives a periodic sc whose period has passed its budget back; a time slice always. */
static void refill(struct sc *sc, uint64_t now)
{
	if (sc->period && now < sc->refill_at)
		return;
	sc->left = sc->budget;
	sc->refill_at = now + sc->period;
}

void sched_ready(struct cpu *cpu, struct sc *sc)
{
	uint64_t now = tsc_read();
	refill(sc, now);
	if (!sc->left) {
		sc->state = SC_DEPLETED;
		timeout_insert(&cpu->timeouts, &sc->timeout, sc->refill_at);
		sched_set_timer(cpu); /* nothing may be picked before it is due */
		return;
	}
	enqueue(cpu, sc, false);
	if (!cpu->sc || sc->priority > cpu->sc->priority)
		cpu->resched = true;
}

void sched_charge(struct cpu *cpu, uint64_t now)
{
	struct sc *sc = cpu->sc;
	uint64_t ran = now - cpu->sc_start;
	cpu->sc_start = now;
	if (!sc)
		return;
	sc->used += ran;
	sc->left = ran < sc->left ? sc->left - ran : 0;
}

/* Puts the running sc where it belongs now that it no longer runs. */
static void put_back(struct cpu *cpu, uint64_t now)
{
	struct sc *sc = cpu->sc;
	sched_charge(cpu, now);
	cpu->sc = NULL;
	cpu->current = NULL;
	if (!sc || sc->state != SC_RUNNING)
		return;
	if (sc->left) {
		enqueue(cpu, sc, true);
		return;
	}
	if (!sc->period)
		refill(sc, now);
	if (sc->left) {
		enqueue(cpu, sc, false);
		return;
	}
	if (now >= sc->refill_at) {
		refill(sc, now);
		enqueue(cpu, sc, false);
		return;
	}
	sc->state = SC_DEPLETED;
	timeout_insert(&cpu->timeouts, &sc->timeout, sc->refill_at);
}

static struct sc *highest(const struct sched *s)
{
	for (int i = VELA_PRIORITIES / 64 - 1; i >= 0; i--) {
		if (s->bitmap[i]) {
			unsigned p =
				(unsigned)i * 64 + 63 - (unsigned)__builtin_clzll(s->bitmap[i]);
			return container_of(s->queue[p].next, struct sc, link);
		}
	}
	return NULL;
}

/* The thread at the end of sc's chain of calls. The chain is finite: ipc_call lets none close. */
static struct ec *follow(struct sc *sc)
{
	struct ec *ec = sc->ec;
	for (;;) {
		if (ec->callee)
			ec = ec->callee;
		else if (ec->helps)
			ec = ec->helps;
		else
			return ec;
	}
}

void sched_pick(struct cpu *cpu)
{
	struct sc *sc;
	uint64_t now = tsc_read();
	cpu->resched = false;
	put_back(cpu, now);
	while ((sc = highest(&cpu->sched))) {
		struct ec *ec = follow(sc);
		sched_unready(cpu, sc);
		if (ec->blocked) {
			sc->state = SC_PARKED;
			list_insert(&ec->parked, &sc->link);
			continue;
		}
		sc->state = SC_RUNNING;
		cpu->sc = sc;
		cpu->current = ec;
		break;
	}
	sched_set_timer(cpu);
}

void sched_set_timer(struct cpu *cpu)
{
	uint64_t at = timeout_next(&cpu->timeouts);
	if (cpu->sc && cpu->sc_start + cpu->sc->left < at)
		at = cpu->sc_start + cpu->sc->left;
	if (at == cpu->timer)
		return;
	cpu->timer = at;
	cpu_timer(at);
}

static void expire(struct cpu *cpu, struct timeout *t)
{
	switch (t->kind) {
	case TIMEOUT_EC:
		sm_cancel(container_of(t, struct ec, timeout), VELA_TIMEOUT);
		break;
	case TIMEOUT_SC:
		sched_ready(cpu, container_of(t, struct sc, timeout));
		break;
	case TIMEOUT_VC:
		container_of(t, struct vc, timeout)->expired = true;
		break;
	}
}

void sched_timer(struct cpu *cpu)
{
	uint64_t now = tsc_read();
	cpu->timer = UINT64_MAX; /* one shot: it has fired */
	while (timeout_next(&cpu->timeouts) <= now) {
		struct timeout *t = cpu->timeouts.first;
		timeout_remove(&cpu->timeouts, t);
		expire(cpu, t);
	}
	if (cpu->sc && now - cpu->sc_start >= cpu->sc->left)
		cpu->resched = true;
	if (!cpu->resched)
		sched_set_timer(cpu);
}
