/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduling contexts and CPU shares: admission and parameters.
 */
#include <core/cpu.h>
#include <core/ec.h>
#include <core/pd.h>
#include <core/sc.h>

static struct spinlock cp_lock; /* protects `used` of every share; innermost */

#define BUDGET_MAX_US 60000000ull

void cp_init(struct cp *cp, unsigned cpu)
{
	*cp = (struct cp){ .cpu = cpu, .priority = VELA_PRIORITIES - 1, .share = CP_UNLIMITED };
}

static struct cp *cp_parent(const struct cp *cp)
{
	struct object *o = cap_object(cp->parent);
	return o ? container_of(o, struct cp, object) : NULL;
}

bool cp_alive(struct cp *cp)
{
	while (cp && cp->parent)
		cp = cp_parent(cp);
	return cp && !cp->object.dying;
}

/* Reserves share thousandths of cp; what a limited share gives out never exceeds it. */
static bool cp_take(struct cp *cp, unsigned share)
{
	spin_lock(&cp_lock);
	bool fits = cp->used + share <= cp->share;
	if (fits)
		cp->used += share;
	spin_unlock(&cp_lock);
	return fits;
}

/* The same in exchange for a share held before; on failure that one is still held. */
static bool cp_exchange(struct cp *cp, unsigned old, unsigned share)
{
	spin_lock(&cp_lock);
	bool fits = cp->used - old + share <= cp->share;
	if (fits)
		cp->used += share - old;
	spin_unlock(&cp_lock);
	return fits;
}

static void cp_give(cap_t weak, unsigned share)
{
	struct object *o = cap_object(weak);
	if (!o)
		return;
	spin_lock(&cp_lock);
	container_of(o, struct cp, object)->used -= share;
	spin_unlock(&cp_lock);
}

/* What a derived share takes from its parent: an unlimited one is not a reservation. */
static unsigned cp_reserved(unsigned share)
{
	return share == CP_UNLIMITED ? 0 : share;
}

enum vela_status cp_create(struct pd *payer, struct cp *parent, const uint64_t *params,
			   struct object **out)
{
	uint64_t priority = params[VELA_CP_PRIORITY], share = params[VELA_CP_SHARE];
	if (priority == 0 || priority > parent->priority || share == 0 || share > CP_UNLIMITED ||
	    (share == CP_UNLIMITED && parent->share != CP_UNLIMITED))
		return VELA_BAD_ARG;
	if (parent->depth == CP_DEPTH_MAX || !cp_take(parent, cp_reserved((unsigned)share)))
		return VELA_OVERFLOW;
	struct cp *cp = pd_alloc(payer, sizeof *cp);
	if (!cp) {
		cp_give(object_cap(&parent->object, 0), cp_reserved((unsigned)share));
		return VELA_NO_MEMORY;
	}
	cp->parent = object_cap(&parent->object, 0);
	cp->cpu = parent->cpu;
	cp->depth = parent->depth + 1;
	cp->priority = (unsigned)priority;
	cp->share = (unsigned)share;
	*out = &cp->object;
	return VELA_OK;
}

void cp_free(struct cp *cp)
{
	cp_give(cp->parent, cp_reserved(cp->share));
	pd_free(cp->object.owner, cp, sizeof *cp);
}

/* Checks parameters against cp; *share is what the sc needs of it. */
static enum vela_status sc_check(const struct cp *cp, uint64_t priority, uint64_t budget,
				 uint64_t period, unsigned *share)
{
	if (priority == 0 || priority > cp->priority || budget == 0 || budget > BUDGET_MAX_US ||
	    period > BUDGET_MAX_US || (period && budget > period) ||
	    (!period && cp->share != CP_UNLIMITED))
		return VELA_BAD_ARG;
	/* Rounded up, so that admitted shares never sum up to more than there is. */
	*share = period ? (unsigned)((budget * CP_UNLIMITED + period - 1) / period) : 0;
	return VELA_OK;
}

static void sc_fill(struct sc *sc, uint64_t priority, uint64_t budget_us, uint64_t period_us)
{
	sc->priority = (unsigned)priority;
	sc->budget = us_to_ticks(budget_us);
	sc->period = us_to_ticks(period_us);
}

/* Makes a complete sc that of ec. A destroyer on another CPU marks ec before it takes ec's sc away:
 * either it sees this one, or the mark is seen here. */
static enum vela_status sc_bind(struct sc *sc, struct ec *ec)
{
	struct sc *none = NULL;
	if (!__atomic_compare_exchange_n(&ec->sc, &none, sc, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return VELA_BUSY;
	if (!__atomic_load_n(&ec->object.dying, __ATOMIC_SEQ_CST))
		return VELA_OK;
	__atomic_store_n(&ec->sc, NULL, __ATOMIC_RELEASE);
	return VELA_BAD_CAP;
}

enum vela_status sc_create(struct pd *payer, struct cp *cp, struct ec *ec, const uint64_t *params,
			   struct object **out)
{
	unsigned share;
	uint64_t priority = params[VELA_SC_PRIORITY], budget = params[VELA_SC_BUDGET],
		 period = params[VELA_SC_PERIOD];
	enum vela_status s = sc_check(cp, priority, budget, period, &share);
	if (s)
		return s;
	if (ec->cpu != cp->cpu)
		return VELA_BAD_CPU;
	if (ec->worker || __atomic_load_n(&ec->sc, __ATOMIC_RELAXED))
		return VELA_BUSY;
	if (!cp_take(cp, share))
		return VELA_OVERFLOW;
	struct sc *sc = pd_alloc(payer, sizeof *sc);
	if (!sc) {
		cp_give(object_cap(&cp->object, 0), share);
		return VELA_NO_MEMORY;
	}
	sc->cpu = cp->cpu;
	sc->cp = object_cap(&cp->object, 0);
	sc->share = share;
	sc->ec = ec;
	sc->mail.kind = MAIL_SC;
	list_init(&sc->link);
	timeout_init(&sc->timeout, TIMEOUT_SC);
	sc_fill(sc, priority, budget, period);
	sc->left = sc->budget;
	s = sc_bind(sc, ec);
	if (s) {
		cp_give(sc->cp, share);
		pd_free(payer, sc, sizeof *sc);
		return s;
	}
	*out = &sc->object;
	return VELA_OK;
}

enum vela_status sc_set(struct sc *sc, uint64_t priority, uint64_t budget_us, uint64_t period_us)
{
	struct object *o = cap_object(sc->cp);
	struct cp *cp = o ? container_of(o, struct cp, object) : NULL;
	unsigned share;
	if (!cp)
		return VELA_BAD_CAP;
	enum vela_status s = sc_check(cp, priority, budget_us, period_us, &share);
	if (s)
		return s;
	if (sc->cpu != cpu_self()->index)
		return VELA_BAD_CPU;
	if (!cp_exchange(cp, sc->share, share))
		return VELA_OVERFLOW;
	sc->share = share;
	bool queued = sc->state == SC_READY || sc->state == SC_DEPLETED;
	timeout_remove(&cpu_self()->timeouts, &sc->timeout);
	if (sc->state == SC_READY)
		sched_unready(cpu_self(), sc);
	sched_charge(cpu_self(), tsc_read());
	sc_fill(sc, priority, budget_us, period_us);
	/* No time beyond what is left, and the refill not earlier: else changing parameters to and
	 * fro would give more than the share. */
	if (sc->left > sc->budget)
		sc->left = sc->budget;
	if (queued)
		sched_ready(cpu_self(), sc);
	cpu_self()->resched = true;
	return VELA_OK;
}

/* Takes sc out of every queue of its CPU. */
static void sc_detach(struct cpu *cpu, struct sc *sc)
{
	timeout_remove(&cpu->timeouts, &sc->timeout);
	if (sc->state == SC_READY)
		sched_unready(cpu, sc);
	else if (sc->state == SC_PARKED)
		list_remove(&sc->link);
	if (cpu->sc == sc) {
		sched_charge(cpu, tsc_read());
		cpu->sc = NULL;
		cpu->resched = true;
	}
	sc->state = SC_IDLE;
	if (sc->ec)
		sc->ec->sc = NULL;
	sc->ec = NULL;
}

void sc_mail(struct cpu *cpu, struct sc *sc, unsigned ops)
{
	if (ops & MAIL_REAP)
		sc_detach(cpu, sc);
	else if (ops & MAIL_START && sc->ec && sc->state == SC_IDLE)
		sched_ready(cpu, sc);
}

void sc_free(struct sc *sc)
{
	cp_give(sc->cp, sc->share);
	pd_free(sc->object.owner, sc, sizeof *sc);
}
