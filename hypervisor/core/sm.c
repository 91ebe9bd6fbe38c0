/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores. A waiter is taken off the queue by whoever ends its wait (an up, its deadline, the
 * end of the semaphore or of the thread), under the semaphore's lock, so that exactly one does; its
 * own CPU then makes it run.
 */
#include <core/cpu.h>
#include <core/ec.h>
#include <core/pd.h>
#include <core/sm.h>
#include <core/vc.h>

#define COUNT_MAX (UINT64_MAX / 2)

enum vela_status sm_create(struct pd *payer, const uint64_t *params, struct object **out)
{
	if (params[VELA_SM_COUNT] > COUNT_MAX)
		return VELA_BAD_ARG;
	struct sm *sm = pd_alloc(payer, sizeof *sm);
	if (!sm)
		return VELA_NO_MEMORY;
	sm->count = params[VELA_SM_COUNT];
	list_init(&sm->waiters);
	*out = &sm->object;
	return VELA_OK;
}

/* Takes the first waiter off the queue with this status; the lock is held. */
static struct ec *dequeue(struct sm *sm, enum vela_status status)
{
	if (list_empty(&sm->waiters))
		return NULL;
	struct ec *ec = container_of(sm->waiters.next, struct ec, sm_link);
	list_remove(&ec->sm_link);
	ec->sm = NULL;
	REG_STATUS(&ec->regs) = status;
	return ec;
}

/* Makes a running bound VC leave its guest so that it sees the count. */
static void kick(const struct sm *sm)
{
	struct object *o = cap_object(sm->vc);
	if (!o)
		return;
	struct vc *vc = container_of(o, struct vc, object);
	struct cpu *cpu = cpus[vc->cpu];
	/* The count was stored before; a VC that enters its guest later looks at the count then. */
	cpu_fence();
	if (cpu != cpu_self() && __atomic_load_n(&cpu->vc, __ATOMIC_RELAXED) == vc)
		cpu_interrupt(cpu);
}

enum vela_status sm_up(struct sm *sm)
{
	spin_lock(&sm->lock);
	struct ec *ec = dequeue(sm, VELA_OK);
	bool full = !ec && sm->count == COUNT_MAX;
	if (!ec && !full)
		sm->count++;
	spin_unlock(&sm->lock);
	if (ec)
		mail_send(cpus[ec->cpu], &ec->mail, MAIL_WAKE);
	else
		kick(sm);
	return full ? VELA_OVERFLOW : VELA_OK;
}

enum vela_status sm_down(struct cpu *cpu, struct ec *self, struct sm *sm, uint64_t deadline,
			 bool all)
{
	spin_lock(&sm->lock);
	if (sm->count) {
		sm->count = all ? 0 : sm->count - 1;
		spin_unlock(&sm->lock);
		return VELA_OK;
	}
	if (sm->object.dying || (deadline != VELA_NO_DEADLINE && deadline <= tsc_read())) {
		spin_unlock(&sm->lock);
		return sm->object.dying ? VELA_ABORTED : VELA_TIMEOUT;
	}
	self->sm = sm;
	list_insert(&sm->waiters, &self->sm_link);
	/* Blocked before the lock is free: the wake-up mail must find it so. */
	ec_block(self, EC_WAITS_SM);
	spin_unlock(&sm->lock);
	if (deadline != VELA_NO_DEADLINE)
		timeout_insert(&cpu->timeouts, &self->timeout, deadline);
	return VELA_OK;
}

bool sm_consume(struct sm *sm)
{
	if (!__atomic_load_n(&sm->count, __ATOMIC_RELAXED))
		return false;
	spin_lock(&sm->lock);
	bool any = sm->count;
	sm->count = 0;
	spin_unlock(&sm->lock);
	return any;
}

static struct spinlock bind_lock; /* protects sm->vc and vc->sm, which name each other */

enum vela_status sm_bind(struct sm *sm, struct vc *vc)
{
	enum vela_status s = VELA_BUSY;
	spin_lock(&bind_lock);
	if (!cap_object(sm->vc) && !cap_object(vc->sm)) {
		sm->vc = object_cap(&vc->object, 0);
		vc->sm = object_cap(&sm->object, 0);
		s = VELA_OK;
	}
	spin_unlock(&bind_lock);
	return s;
}

bool sm_cancel(struct ec *ec, enum vela_status why)
{
	/* The semaphore cannot be freed while this CPU is in the kernel. */
	struct sm *sm = __atomic_load_n(&ec->sm, __ATOMIC_RELAXED);
	if (!sm)
		return false;
	spin_lock(&sm->lock);
	bool waits = ec->sm == sm;
	if (waits) {
		list_remove(&ec->sm_link);
		ec->sm = NULL;
		REG_STATUS(&ec->regs) = why;
	}
	spin_unlock(&sm->lock);
	if (waits) {
		timeout_remove(&cpu_self()->timeouts, &ec->timeout);
		ec_unblock(ec, EC_WAITS_SM);
	}
	return waits;
}

void sm_abort(struct sm *sm)
{
	for (;;) {
		spin_lock(&sm->lock);
		struct ec *ec = dequeue(sm, VELA_ABORTED);
		spin_unlock(&sm->lock);
		if (!ec)
			return;
		mail_send(cpus[ec->cpu], &ec->mail, MAIL_WAKE);
	}
}
