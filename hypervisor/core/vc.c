/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual CPUs: vcpu_run from the monitor's call to the exit it sees. Preemption is invisible to
 * the monitor: its thread resumes the guest when it is picked again.
 */
#include <arch/fpu.h>
#include <arch/pagetable.h>
#include <core/cpu.h>
#include <core/sm.h>
#include <core/vc.h>

/* Memory of a VC beside its object; vc_free gives back what there is. */
static enum vela_status vc_memory(struct vc *vc, struct pd *payer)
{
	vc->state = pd_alloc_pages(payer, 0);
	vc->fpu = fpu_alloc(payer);
	if (!vc->state || !vc->fpu || !vcpu->init(vc, payer))
		return VELA_NO_MEMORY;
	return pagetable_set_kernel(vc->hst, vc->state_va, vc->state, VELA_MEM_R | VELA_MEM_W);
}

static void vc_memory_free(struct vc *vc, struct pd *payer)
{
	vcpu->free(vc, payer);
	fpu_free(payer, vc->fpu);
	pd_free_pages(payer, vc->state, 0);
	pd_free(payer, vc, sizeof *vc);
}

enum vela_status vc_create(struct pd *payer, const struct vc_params *p, struct object **out)
{
	const uint64_t *w = p->words;
	if (!cpu_valid(w[VELA_VC_CPU]))
		return VELA_BAD_CPU;
	if (w[VELA_VC_STATE_VA] % PAGE_SIZE || w[VELA_VC_STATE_VA] >= VELA_USER_END)
		return VELA_BAD_ARG;
	struct vc *vc = pd_alloc(payer, sizeof *vc);
	if (!vc)
		return VELA_NO_MEMORY;
	vc->cpu = (unsigned)w[VELA_VC_CPU];
	vc->state_va = w[VELA_VC_STATE_VA];
	vc->hst = p->hst;
	vc->gst = p->gst;
	vc->pio = p->pio;
	vc->msr = p->msr;
	vc->mail.kind = MAIL_VC;
	timeout_init(&vc->timeout, TIMEOUT_VC);
	vc->deadline = VELA_NO_DEADLINE;
	enum vela_status s = vc_memory(vc, payer);
	if (s) {
		vc_memory_free(vc, payer);
		return s;
	}
	for (unsigned i = 0; i < VELA_EXITS; i++)
		vc->mask[i] = VELA_GROUPS;
	struct sp *used[4] = { vc->hst, vc->gst, vc->pio, vc->msr };
	for (unsigned i = 0; i < 4; i++)
		sp_attach(used[i], &vc->use[i], &vc->object);
	*out = &vc->object;
	return VELA_OK;
}

void vc_free(struct vc *vc)
{
	pagetable_clear_kernel(vc->hst, vc->state_va);
	for (unsigned i = 0; i < 4; i++)
		sp_detach(&vc->use[i]);
	vc_memory_free(vc, vc->object.owner);
}

static void set_deadline(struct cpu *cpu, struct vc *vc, uint64_t deadline)
{
	if (deadline == vc->deadline)
		return;
	timeout_remove(&cpu->timeouts, &vc->timeout);
	vc->deadline = deadline;
	vc->expired = deadline <= tsc_read();
	if (deadline != VELA_NO_DEADLINE && !vc->expired)
		timeout_insert(&cpu->timeouts, &vc->timeout, deadline);
	sched_set_timer(cpu);
}

enum vela_status vc_start(struct cpu *cpu, struct ec *self, struct vc *vc, uint64_t dirty,
			  uint64_t deadline)
{
	if (dirty & ~(uint64_t)(VELA_GROUPS & ~VELA_GROUP_EXIT))
		return VELA_BAD_ARG;
	if (vc->cpu != cpu->index)
		return VELA_BAD_CPU;
	if (vc->runner)
		return VELA_BUSY;
	if (dirty)
		vcpu->load(vc, dirty);
	set_deadline(cpu, vc, deadline);
	vc->runner = self;
	self->vc = vc;
	self->resume = RESUME_GUEST;
	return VELA_OK;
}

/* Hands the exit to the monitor: its vcpu_run returns. */
static void vc_leave(struct ec *self, struct vc *vc, enum vela_status status, unsigned cls)
{
	vc->runner = NULL;
	self->vc = NULL;
	self->resume = RESUME_SYSCALL;
	self->regs.rax = status;
	self->regs.rdi = cls;
}

/* An exit the processor knows nothing of. */
static void soft_exit(struct vc *vc, unsigned cls)
{
	memset(&vc->state->exit, 0, sizeof vc->state->exit);
	vc->state->exit.cls = cls;
}

static void deliver(struct ec *self, struct vc *vc, unsigned cls)
{
	/* Nothing ran: the page still has what the monitor wrote, and there is no state behind it.
	 */
	unsigned groups = cls == VELA_EXIT_INVALID ? VELA_GROUP_EXIT : vc->mask[cls];
	vc->exits[cls]++;
	vc->state->exit.groups = groups;
	vcpu->store(vc, groups);
	vc_leave(self, vc, VELA_OK, cls);
}

static bool event_pending(const struct vc *vc)
{
	struct object *o = cap_object(vc->sm);
	return o && sm_consume(container_of(o, struct sm, object));
}

[[gnu::noinline]] void vc_run(struct cpu *cpu, struct ec *self)
{
	struct vc *vc = self->vc;
	fpu_switch_guest(cpu, vc->fpu, self->hst);
	/* Announced before the count is looked at; see kick in sm.c. */
	__atomic_store_n(&cpu->gst, vc->gst, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->vc, vc, __ATOMIC_SEQ_CST);
	int cls = VCPU_RESUME;
	while (cls == VCPU_RESUME && !cpu->resched) {
		if (event_pending(vc))
			soft_exit(vc, cls = VELA_EXIT_EVENT);
		else if (vc->expired)
			soft_exit(vc, cls = VELA_EXIT_TIMEOUT);
		else
			cls = vcpu->run(cpu, vc);
	}
	cpu->vc = NULL;
	cpu->gst = NULL;
	if (cls != VCPU_RESUME && self->vc == vc)
		deliver(self, vc, (unsigned)cls);
}

void vc_stop(struct vc *vc, enum vela_status why)
{
	if (vc->runner)
		vc_leave(vc->runner, vc, why, VELA_EXIT_OTHER);
}

void vc_mail(struct cpu *cpu, struct vc *vc, unsigned ops)
{
	if (!(ops & MAIL_REAP))
		return;
	vc_stop(vc, VELA_ABORTED);
	timeout_remove(&cpu->timeouts, &vc->timeout);
	vcpu->drop(cpu, vc);
	fpu_drop(cpu, vc->fpu);
	cpu->resched = true;
}

enum vela_status vc_set_mask(struct vc *vc, uint64_t cls, uint64_t mask)
{
	if (cls >= VELA_EXITS || mask & ~(uint64_t)VELA_GROUPS)
		return VELA_BAD_ARG;
	vc->mask[cls] = (uint32_t)mask | VELA_GROUP_EXIT;
	return VELA_OK;
}

enum vela_status vc_read(struct cpu *cpu, struct vc *vc, uint64_t groups)
{
	if (groups & ~(uint64_t)VELA_GROUPS)
		return VELA_BAD_ARG;
	if (vc->runner || vc->cpu != cpu->index)
		return VELA_BUSY;
	vcpu->store(vc, groups);
	return VELA_OK;
}
