/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of threads: creation, blocking, faults, requests from other CPUs, the end.
 */
#include <arch/fpu.h>
#include <arch/pagetable.h>
#include <core/cpu.h>
#include <core/ec.h>
#include <core/pt.h>
#include <core/sc.h>
#include <core/sm.h>
#include <core/vc.h>

static enum vela_status ec_check(const uint64_t *w)
{
	if (w[VELA_EC_UTCB] % PAGE_SIZE || w[VELA_EC_UTCB] >= VELA_USER_END ||
	    w[VELA_EC_IP] >= VELA_USER_END || w[VELA_EC_STACK] > VELA_USER_END ||
	    w[VELA_EC_TLS] >= VELA_USER_END || w[VELA_EC_EVENT] >= VELA_SEL_MAX ||
	    w[VELA_EC_FLAGS] & ~(uint64_t)(VELA_EC_WORKER | VELA_EC_NO_FPU))
		return VELA_BAD_ARG;
	return cpu_valid(w[VELA_EC_CPU]) ? VELA_OK : VELA_BAD_CPU;
}

/* The memory of a thread beside its object; on failure what was taken is given back. */
static enum vela_status ec_memory(struct ec *ec, struct pd *payer, const uint64_t *w)
{
	bool wants_fpu = !(w[VELA_EC_FLAGS] & VELA_EC_NO_FPU);
	enum vela_status s = VELA_NO_MEMORY;
	ec->utcb = pd_alloc_pages(payer, 0);
	if (wants_fpu)
		ec->fpu = fpu_alloc(payer);
	if (ec->utcb && (ec->fpu || !wants_fpu))
		s = pagetable_set_kernel(ec->hst, ec->utcb_va, ec->utcb, VELA_MEM_R | VELA_MEM_W);
	if (!s)
		return VELA_OK;
	pd_free_pages(payer, ec->utcb, 0);
	fpu_free(payer, ec->fpu);
	return s;
}

enum vela_status ec_create(struct pd *payer, const struct ec_params *p, struct object **out)
{
	const uint64_t *w = p->words;
	enum vela_status s = ec_check(w);
	if (s)
		return s;
	struct ec *ec = pd_alloc(payer, sizeof *ec);
	if (!ec)
		return VELA_NO_MEMORY;
	ec->obj = p->obj;
	ec->hst = p->hst;
	ec->pio = p->pio;
	ec->utcb_va = w[VELA_EC_UTCB];
	s = ec_memory(ec, payer, w);
	if (s) {
		pd_free(payer, ec, sizeof *ec);
		return s;
	}
	ec->cpu = (unsigned)w[VELA_EC_CPU];
	ec->tls = w[VELA_EC_TLS];
	ec->event_pt = (vela_sel_t)w[VELA_EC_EVENT];
	ec->worker = w[VELA_EC_FLAGS] & VELA_EC_WORKER;
	ec->blocked = ec->worker ? EC_WAITS_CALL : 0;
	ec->resume = RESUME_TRAP;
	regs_init(&ec->regs, w[VELA_EC_IP], w[VELA_EC_STACK], w[VELA_EC_ARG]);
	list_init(&ec->helpers);
	list_init(&ec->help_link);
	list_init(&ec->parked);
	list_init(&ec->sm_link);
	timeout_init(&ec->timeout, TIMEOUT_EC);
	ec->mail.kind = MAIL_EC;
	sp_attach(ec->obj, &ec->use[0], &ec->object);
	sp_attach(ec->hst, &ec->use[1], &ec->object);
	sp_attach(ec->pio, &ec->use[2], &ec->object);
	*out = &ec->object;
	return VELA_OK;
}

void ec_block(struct ec *ec, unsigned why)
{
	ec->blocked |= (uint8_t)why;
	cpu_self()->resched = true;
}

void ec_unblock(struct ec *ec, unsigned why)
{
	ec->blocked &= (uint8_t)~why;
	if (ec->blocked)
		return;
	while (!list_empty(&ec->parked)) {
		struct sc *sc = container_of(ec->parked.next, struct sc, link);
		list_remove(&sc->link);
		sched_ready(cpu_self(), sc);
	}
}

void ec_fault(struct cpu *cpu, struct ec *ec, unsigned vector, uint64_t error, uint64_t address)
{
	uint64_t words[4] = { vector, error, address, ec->regs.ip };
	struct object *o;
	ec->resume = RESUME_TRAP;
	if (cap_lookup(ec->obj, ec->event_pt, VELA_KIND_PT, VELA_PT_CALL, &o))
		ec_block(ec, EC_STOPPED);
	else
		ipc_event(cpu, ec, container_of(o, struct pt, object), words);
}

void ec_detach(struct ec *ec)
{
	while (!list_empty(&ec->helpers)) {
		struct ec *helper = container_of(ec->helpers.next, struct ec, help_link);
		list_remove(&helper->help_link);
		helper->helps = NULL;
	}
	list_remove(&ec->help_link);
	ec->helps = NULL;
	if (ec->caller)
		ipc_abort(ec->caller);
	if (ec->callee)
		ec->callee->caller = NULL;
	ec->callee = NULL;
	sm_cancel(ec, VELA_ABORTED);
}

/* After this nothing on this CPU leads to ec. */
static void ec_reap(struct cpu *cpu, struct ec *ec)
{
	ec_block(ec, EC_DEAD);
	ec_detach(ec);
	timeout_remove(&cpu->timeouts, &ec->timeout);
	if (ec->vc)
		vc_stop(ec->vc, VELA_ABORTED);
	if (ec->sc) /* it may be parked on a thread that ec called or helped */
		sc_mail(cpu, ec->sc, MAIL_REAP);
	while (!list_empty(&ec->parked)) {
		struct sc *sc = container_of(ec->parked.next, struct sc, link);
		list_remove(&sc->link);
		sched_ready(cpu, sc);
	}
	fpu_drop(cpu, ec->fpu);
	if (cpu->current == ec)
		cpu->current = NULL;
}

void ec_mail(struct cpu *cpu, struct ec *ec, unsigned ops)
{
	if (ops & MAIL_REAP) {
		ec_reap(cpu, ec);
		return;
	}
	if (ops & MAIL_STOP)
		ec_block(ec, EC_STOPPED);
	if (ops & MAIL_WAKE && ec->blocked & EC_WAITS_SM) {
		timeout_remove(&cpu->timeouts, &ec->timeout);
		ec_unblock(ec, EC_WAITS_SM);
	}
	if (ops & MAIL_RESUME)
		ec_unblock(ec, EC_STOPPED);
}

void ec_free(struct ec *ec)
{
	struct pd *payer = ec->object.owner;
	pagetable_clear_kernel(ec->hst, ec->utcb_va);
	for (unsigned i = 0; i < 3; i++)
		sp_detach(&ec->use[i]);
	pd_free_pages(payer, ec->utcb, 0);
	fpu_free(payer, ec->fpu);
	pd_free(payer, ec, sizeof *ec);
}
