/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destruction. The lock is one for all: destruction is rare, and a PD's end reaches objects of
 * every kind in any order. Whoever calls destroy on a dying object goes on with the work.
 */
#include <core/dc.h>
#include <core/destroy.h>
#include <core/ec.h>
#include <core/pd.h>
#include <core/pt.h>
#include <core/sc.h>
#include <core/sm.h>
#include <core/sync.h>
#include <core/vc.h>

static struct spinlock destroy_lock; /* outermost; held across sync_cpus, hence sync_lock */

#define STEPS_MAX                                                                       \
	16u /* per hypercall; a step waits for the other CPUs a bounded number of times \
	     */

static bool is_one(const struct cpu *cpu, const void *one)
{
	return cpu == one;
}

/* Has the object's CPU forget it, then waits until it and all others have. A CPU that had found the
 * object before may send its mail until it has answered; the object's CPU then reads that too. */
static void forget(unsigned cpu, struct mail *m)
{
	mail_send(cpus[cpu], m, MAIL_REAP);
	arch_sync(cpu_self());
	sync_all();
	sync_cpus(is_one, cpus[cpu]);
}

static void ec_destroy(struct ec *ec)
{
	forget(ec->cpu, &ec->mail);
	/* A CPU that waits itself in sync_cpus answers in the middle of the thread's hypercall. */
	while (ec->cpu != cpu_self()->index &&
	       __atomic_load_n(&cpus[ec->cpu]->calling, __ATOMIC_ACQUIRE) == ec) {
		sync_answer(cpu_self());
		cpu_pause();
	}
	object_retire(&ec->object);
	ec_free(ec);
}

static void other_destroy(struct object *o)
{
	struct pd *payer = o->owner;
	size_t bytes = sizeof(struct pt);
	if (o->kind == VELA_KIND_SM) {
		sm_abort(container_of(o, struct sm, object));
		bytes = sizeof(struct sm);
	}
	sync_all();
	if (o->kind == VELA_KIND_DC) {
		dc_free(container_of(o, struct dc, object));
		return;
	}
	object_retire(o);
	if (o->kind == VELA_KIND_CP)
		cp_free(container_of(o, struct cp, object));
	else
		pd_free(payer, o, bytes);
}

static void sc_destroy(struct sc *sc)
{
	forget(sc->cpu, &sc->mail);
	object_retire(&sc->object);
	sc_free(sc);
}

static void vc_destroy(struct vc *vc)
{
	forget(vc->cpu, &vc->mail);
	object_retire(&vc->object);
	vc_free(vc);
}

/* Marks o: no capability lookup finds it any more. What other CPUs were making in it or for it is
 * complete on return, so its list holds whole objects only and does not grow any more. */
static void condemn(struct object *o)
{
	if (o->dying)
		return;
	__atomic_store_n(&o->dying, true, __ATOMIC_SEQ_CST);
	if (o->kind == VELA_KIND_PD || o->kind == VELA_KIND_SP)
		sync_all();
}

/* The object to end first: the innermost of what o owns or what uses it. Marks the way down. */
static struct object *innermost(struct object *o)
{
	for (struct object *next = o; next;) {
		o = next;
		next = NULL;
		condemn(o);
		if (o->kind == VELA_KIND_PD)
			next = pd_first(container_of(o, struct pd, object));
		else if (o->kind == VELA_KIND_SP)
			next = sp_first_user(container_of(o, struct sp, object));
		else
			object_bury(o); /* the others go in one step */
	}
	return o;
}

/* One bounded step; true when o is gone. */
static bool destroy_step(struct object *o)
{
	struct object *victim = innermost(o);
	bool gone = true;
	switch (victim->kind) {
	case VELA_KIND_PD:
		pd_end(container_of(victim, struct pd, object));
		break;
	case VELA_KIND_SP:
		gone = sp_free_step(container_of(victim, struct sp, object));
		break;
	case VELA_KIND_EC:
		ec_destroy(container_of(victim, struct ec, object));
		break;
	case VELA_KIND_SC:
		sc_destroy(container_of(victim, struct sc, object));
		break;
	case VELA_KIND_VC:
		vc_destroy(container_of(victim, struct vc, object));
		break;
	default:
		other_destroy(victim);
		break;
	}
	return gone && victim == o;
}

bool object_destroy(struct object *o, cap_t cap)
{
	bool gone = false;
	sync_lock(&destroy_lock);
	/* Another CPU may have finished the work while this one waited for the lock. */
	if (cap_object(cap) != o)
		gone = true;
	for (unsigned n = 0; n < STEPS_MAX && !gone; n++)
		gone = destroy_step(o);
	spin_unlock(&destroy_lock);
	return gone;
}
