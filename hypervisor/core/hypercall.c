/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch by the table, and the handlers that are too short for a file of their own.
 */
#include <core/calls.h>
#include <core/destroy.h>
#include <core/irq.h>
#include <core/pd.h>
#include <core/pool.h>
#include <core/pt.h>
#include <core/sc.h>
#include <core/sm.h>
#include <core/sync.h>
#include <core/vc.h>

/* What kernel_leave seldom does stays out of the way of what it does always. */
[[gnu::noinline]] static void reschedule(struct cpu *cpu)
{
	while (cpu->resched) {
		sync_answer(cpu);
		sched_pick(cpu);
	}
}

[[gnu::noinline]] static void idle(struct cpu *cpu)
{
	cpu_switch_idle(cpu);
	cpu_idle();
}

void kernel_leave(void)
{
	struct cpu *cpu = cpu_self();
	__atomic_store_n(&cpu->calling, NULL, __ATOMIC_RELEASE);
	for (;;) {
		if (cpu->resched)
			reschedule(cpu);
		struct ec *ec = cpu->current;
		if (!ec) {
			idle(cpu);
			continue;
		}
		cpu_switch(cpu, ec);
		if (__builtin_expect(ec->resume == RESUME_SYSCALL, true))
			cpu_return_syscall(&ec->regs);
		if (ec->resume == RESUME_TRAP)
			cpu_return_trap(&ec->regs);
		vc_run(cpu, ec);
	}
}

enum vela_status sys_ipc_call(struct cpu *cpu, struct ec *self, struct args *a)
{
	struct object *pt;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_PT, VELA_PT_CALL, &pt);
	return s ? s : ipc_call(cpu, self, container_of(pt, struct pt, object), a->flags);
}

enum vela_status sys_ipc_reply(struct cpu *cpu, struct ec *self, struct args *a)
{
	return ipc_reply(cpu, self, a->flags);
}

enum vela_status sys_vcpu_run(struct cpu *cpu, struct ec *self, struct args *a)
{
	struct object *vc;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_VC, VELA_VC_RUN, &vc);
	return s ? s : vc_start(cpu, self, container_of(vc, struct vc, object), a->b, a->c);
}

enum vela_status sys_vcpu_ctrl(struct cpu *cpu, struct ec *self, struct args *a)
{
	struct object *o;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_VC, VELA_VC_CTRL, &o);
	if (s)
		return s;
	struct vc *vc = container_of(o, struct vc, object);
	switch (a->flags) {
	case VELA_VC_SET_MASK:
		return vc_set_mask(vc, a->b, a->c);
	case VELA_VC_READ:
		return vc_read(cpu, vc, a->b);
	default:
		return VELA_BAD_ARG;
	}
}

enum vela_status sys_destroy(struct cpu *, struct ec *self, struct args *a)
{
	cap_t cap = sp_slot(self->obj, a->a);
	struct object *o = cap_object(cap);
	if (!o)
		return VELA_BAD_CAP;
	if (!(CAP_RIGHTS(cap) & VELA_RIGHT_DESTROY))
		return VELA_NO_RIGHT;
	return object_destroy(o, cap) ? VELA_OK : STATUS_AGAIN;
}

enum vela_status sys_revoke(struct cpu *, struct ec *self, struct args *a)
{
	cap_t cap = sp_slot(self->obj, a->a);
	struct object *o;
	enum vela_status s = cap_check(cap, VELA_KIND_NULL, VELA_RIGHT_DESTROY, &o);
	if (s)
		return s;
	if (!object_revoke(o))
		return VELA_OVERFLOW;
	cap_t *slot = sp_slot_place(self->obj, a->a); /* exists: the lookup found it */
	__atomic_store_n(slot, object_cap(o, CAP_RIGHTS(cap)), __ATOMIC_RELEASE);
	return VELA_OK;
}

/* Source and destination of map and grant; without rights there is no source. */
static enum vela_status lookup_pair(struct ec *self, const struct args *a, unsigned types,
				    struct sp **src, struct sp **dst)
{
	*src = NULL;
	if (a->flags) {
		enum vela_status s = cap_lookup_sp(self->obj, a->a, types | 1u << VELA_SP_PHYS,
						   VELA_SP_TAKE, src);
		if (s)
			return s;
	}
	return cap_lookup_sp(self->obj, a->b, types, VELA_SP_GIVE, dst);
}

enum vela_status sys_map(struct cpu *, struct ec *self, struct args *a)
{
	struct sp *src, *dst;
	uint64_t done = 0;
	enum vela_status s = lookup_pair(self, a,
					 1u << VELA_SP_HST | 1u << VELA_SP_GST | 1u << VELA_SP_PIO |
						 1u << VELA_SP_MSR | 1u << VELA_SP_DMA,
					 &src, &dst);
	if (!s)
		s = sp_map(src, dst, a->c, a->d, a->e, a->flags, &done);
	a->a = done;
	return s;
}

enum vela_status sys_grant(struct cpu *, struct ec *self, struct args *a)
{
	struct sp *src, *dst;
	uint64_t done = 0;
	enum vela_status s = lookup_pair(self, a, 1u << VELA_SP_OBJ, &src, &dst);
	if (!s && src && src->type != VELA_SP_OBJ)
		s = VELA_BAD_KIND;
	if (!s)
		s = sp_grant(src, dst, a->c, a->d, a->e, a->flags, &done);
	a->a = done;
	return s;
}

enum vela_status sys_fund(struct cpu *, struct ec *self, struct args *a)
{
	struct object *dst, *src;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_PD, VELA_PD_FUND, &dst);
	if (!s)
		s = cap_lookup(self->obj, a->b, VELA_KIND_PD, VELA_PD_FUND, &src);
	if (s)
		return s;
	return pd_fund(container_of(dst, struct pd, object), container_of(src, struct pd, object),
		       a->c)
		       ? VELA_OK
		       : VELA_NO_MEMORY;
}

static enum vela_status ec_regs(struct ec *self, struct ec *ec, bool set)
{
	uint64_t w[VELA_REGS];
	if (!(__atomic_load_n(&ec->blocked, __ATOMIC_ACQUIRE) & EC_STOPPED) ||
	    __atomic_load_n(&cpus[ec->cpu]->current, __ATOMIC_ACQUIRE) == ec)
		return VELA_BUSY;
	if (!set) {
		regs_get(&ec->regs, w);
		w[VELA_REG_TLS] = ec->tls;
		memcpy(self->utcb, w, sizeof w);
		return VELA_OK;
	}
	memcpy(w, self->utcb, sizeof w);
	if (w[VELA_REG_IP] >= VELA_USER_END || w[VELA_REG_TLS] >= VELA_USER_END)
		return VELA_BAD_ARG;
	if (ec->sm || ec->callee || ec->vc)
		return VELA_BUSY; /* a hypercall of it is under way */
	regs_set(&ec->regs, w);
	ec->tls = w[VELA_REG_TLS];
	ec->resume = RESUME_TRAP;
	return VELA_OK;
}

enum vela_status sys_ec_ctrl(struct cpu *, struct ec *self, struct args *a)
{
	struct object *o;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_EC, VELA_EC_CTRL, &o);
	if (s)
		return s;
	struct ec *ec = container_of(o, struct ec, object);
	switch (a->flags) {
	case VELA_EC_STOP:
		mail_send(cpus[ec->cpu], &ec->mail, MAIL_STOP);
		return VELA_OK;
	case VELA_EC_RESUME:
		mail_send(cpus[ec->cpu], &ec->mail, MAIL_RESUME);
		return VELA_OK;
	case VELA_EC_GET_REGS:
		return ec_regs(self, ec, false);
	case VELA_EC_SET_REGS:
		return ec_regs(self, ec, true);
	default:
		return VELA_BAD_ARG;
	}
}

enum vela_status sys_sc_ctrl(struct cpu *cpu, struct ec *self, struct args *a)
{
	static const uint8_t rights[] = { VELA_SC_TIME, VELA_SC_CTRL };
	struct object *o;
	if (a->flags >= sizeof rights)
		return VELA_BAD_ARG;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_SC, rights[a->flags], &o);
	if (s)
		return s;
	struct sc *sc = container_of(o, struct sc, object);
	if (a->flags == VELA_SC_SET)
		return sc_set(sc, a->b, a->c, a->d);
	if (cpu->sc == sc)
		sched_charge(cpu, tsc_read());
	a->a = __atomic_load_n(&sc->used, __ATOMIC_RELAXED);
	return VELA_OK;
}

enum vela_status sys_sm_ctrl(struct cpu *cpu, struct ec *self, struct args *a)
{
	static const uint8_t rights[] = { VELA_SM_UP, VELA_SM_DOWN, VELA_SM_DOWN, VELA_SM_BIND };
	struct object *o, *vc;
	if (a->flags >= sizeof rights)
		return VELA_BAD_ARG;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_SM, rights[a->flags], &o);
	if (s)
		return s;
	struct sm *sm = container_of(o, struct sm, object);
	if (a->flags == VELA_SM_OP_UP)
		return sm_up(sm);
	if (a->flags != VELA_SM_OP_BIND)
		return sm_down(cpu, self, sm, a->b, a->flags == VELA_SM_OP_DOWN_ALL);
	s = cap_lookup(self->obj, a->b, VELA_KIND_VC, VELA_VC_CTRL, &vc);
	return s ? s : sm_bind(sm, container_of(vc, struct vc, object));
}

enum vela_status sys_hw_ctrl(struct cpu *, struct ec *self, struct args *a)
{
	unsigned right = a->flags == VELA_HW_RESET ? VELA_HW_CTRL : VELA_HW_IRQ;
	struct object *hw, *sm;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_HW, right, &hw);
	if (s)
		return s;
	switch (a->flags) {
	case VELA_HW_RESET:
		return arch_reset() ? VELA_OK : VELA_NOT_SUPPORTED;
	case VELA_HW_IRQ_BIND:
		s = cap_lookup(self->obj, a->c, VELA_KIND_SM, VELA_SM_BIND, &sm);
		return s ? s : irq_bind(a->b, container_of(sm, struct sm, object), a->d, a->e);
	case VELA_HW_IRQ_ACK:
		return irq_ack(a->b);
	case VELA_HW_IRQ_FREE:
		return irq_free(a->b);
	default:
		return VELA_BAD_ARG;
	}
}

static void stat_pd(const struct pd *pd, uint64_t *words)
{
	words[VELA_STAT_PD_QUOTA] = pd->quota;
	words[VELA_STAT_PD_USED] = pd->used;
	words[VELA_STAT_PD_OBJECTS] = pd->object_count;
}

static enum vela_status stat_hw(uint64_t cpu, uint64_t *words)
{
	if (!cpu_valid(cpu))
		return VELA_BAD_CPU;
	memcpy(words, cpus[cpu]->stat, sizeof cpus[cpu]->stat);
	words[VELA_STAT_HW_POOL_FREE] = pool_pages_free();
	return VELA_OK;
}

enum vela_status sys_stat(struct cpu *, struct ec *self, struct args *a)
{
	cap_t cap = sp_slot(self->obj, a->a);
	struct object *o;
	enum vela_status s = cap_check(cap, VELA_KIND_NULL, 0, &o);
	if (s)
		return s;
	static const uint8_t right[] = { [VELA_KIND_PD] = VELA_PD_STAT,
					 [VELA_KIND_VC] = VELA_VC_CTRL,
					 [VELA_KIND_HW] = VELA_HW_STAT };
	if (o->kind >= sizeof right || !right[o->kind])
		return VELA_BAD_KIND;
	if (!(CAP_RIGHTS(cap) & right[o->kind]))
		return VELA_NO_RIGHT;
	if (o->kind == VELA_KIND_HW)
		return stat_hw(a->b, self->utcb);
	if (a->b)
		return VELA_BAD_ARG;
	if (o->kind == VELA_KIND_PD)
		stat_pd(container_of(o, struct pd, object), self->utcb);
	else
		memcpy(self->utcb, container_of(o, struct vc, object)->exits,
		       sizeof((struct vc *)0)->exits);
	return VELA_OK;
}

static enum vela_status dispatch(uint64_t number, struct cpu *cpu, struct ec *self, struct args *a)
{
	switch (number) {
#define HYPERCALL(number, name, implemented, text) \
	case number:                               \
		return sys_##name(cpu, self, a);
#define ARG(name, reg, kind, rights, text)
#define ERRORS(name, list)
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS
	default:
		return VELA_NOT_SUPPORTED;
	}
}

void hypercall(void)
{
	struct cpu *cpu = cpu_self();
	struct ec *self = cpu->current;
	struct arch_regs *r = &self->regs;
	struct args a = { (unsigned)(r->rax >> 8 & 0xff), r->rdi, r->rsi, r->rdx, r->r10, r->r8 };
	/* Without the flags; bits above them make it a number that no call has. */
	uint64_t number = r->rax & ~0xff00ull;
	self->resume = RESUME_SYSCALL;
	cpu->calling = self;
	enum vela_status s = dispatch(number, cpu, self, &a);
	/* Gone (it destroyed itself), or another thread runs on its sc, or its guest does. */
	if (cpu->current != self || self->resume != RESUME_SYSCALL)
		kernel_leave();
	if (s == STATUS_AGAIN) {
		regs_restart(r);
		cpu->resched = true;
	} else if (s || !(self->blocked & (EC_WAITS_SM | EC_WAITS_CALL))) {
		/* Otherwise whoever ends the wait stores the result. */
		r->rax = s;
		if (number == VELA_CALL_map || number == VELA_CALL_grant ||
		    number == VELA_CALL_sc_ctrl)
			r->rdi = a.a;
	}
	kernel_leave();
}
