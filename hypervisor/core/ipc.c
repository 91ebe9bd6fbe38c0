/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synchronous calls on one CPU. The caller's scheduling context runs the worker (donation): no
 * queue is touched and no lock taken. A caller that finds the worker busy waits for it and lends it
 * its time (helping); when the worker is free, the call is simply made again.
 */
#include <core/calls.h>
#include <core/pt.h>

static void copy_utcb(struct ec *to, const struct ec *from, unsigned flags)
{
	if (flags > VELA_IPC_REGS)
		memcpy(to->utcb + VELA_IPC_REGS, from->utcb + VELA_IPC_REGS,
		       (VELA_MSG_WORDS(flags) - VELA_IPC_REGS) * sizeof(uint64_t));
}

/* Follows from a busy worker to whom it waits for; fails where that leads back to self or on for
 * too long, so that no cycle can ever close. */
static bool chain_bounded(const struct ec *worker, const struct ec *self)
{
	for (unsigned hops = 0; worker; hops++) {
		if (worker == self || hops == VELA_CALL_DEPTH)
			return false;
		worker = worker->callee ? worker->callee : worker->helps;
	}
	return true;
}

/* Takes pt's worker for self; STATUS_AGAIN when self has to wait and call again. */
static enum vela_status worker_claim(struct ec *self, struct pt *pt, struct ec **out)
{
	struct object *o = cap_object(pt->ec);
	if (!o || o->dying)
		return VELA_ABORTED;
	struct ec *worker = container_of(o, struct ec, object);
	if (worker->cpu != self->cpu)
		return VELA_BAD_CPU;
	if (self->depth == VELA_CALL_DEPTH)
		return VELA_OVERFLOW;
	*out = worker;
	if (worker->blocked & EC_WAITS_CALL)
		return VELA_OK;
	if (!chain_bounded(worker, self))
		return VELA_OVERFLOW;
	self->helps = worker;
	list_insert(&worker->helpers, &self->help_link);
	return STATUS_AGAIN;
}

/* The scheduling context goes over from one thread to another. */
static void hand_over(struct cpu *cpu, struct ec *to)
{
	if (to->blocked)
		cpu->resched = true; /* stopped: the sc parks on it */
	else
		cpu->current = to;
}

static void enter_worker(struct cpu *cpu, struct ec *self, struct ec *worker, struct pt *pt,
			 unsigned flags)
{
	worker->blocked &= (uint8_t)~EC_WAITS_CALL;
	worker->caller = self;
	worker->depth = self->depth + 1;
	self->callee = worker;
	worker->regs.rax = flags;
	worker->regs.rdi = pt->id;
	worker->regs.ip = pt->ip;
	worker->resume = RESUME_SYSCALL;
	hand_over(cpu, worker);
}

enum vela_status ipc_call(struct cpu *cpu, struct ec *self, struct pt *pt, unsigned flags)
{
	struct ec *worker;
	if (flags > VELA_MSG_FLAGS_MAX)
		return VELA_BAD_ARG;
	enum vela_status s = worker_claim(self, pt, &worker);
	if (s)
		return s;
	regs_copy_message(&worker->regs, &self->regs);
	copy_utcb(worker, self, flags);
	self->event = false;
	enter_worker(cpu, self, worker, pt, flags);
	return VELA_OK;
}

void ipc_event(struct cpu *cpu, struct ec *self, struct pt *pt, const uint64_t words[4])
{
	struct ec *worker;
	enum vela_status s = worker_claim(self, pt, &worker);
	if (s == STATUS_AGAIN) {
		cpu->resched = true; /* the instruction faults again when the worker is free */
	} else if (s) {
		ec_block(self, EC_STOPPED);
	} else {
		regs_set_message(&worker->regs, words);
		self->event = true;
		enter_worker(cpu, self, worker, pt, VELA_IPC_REGS);
	}
}

/* Gives the caller its answer; it can run again. */
static void answer(struct ec *caller, const struct ec *self, unsigned flags)
{
	if (!caller->event) {
		caller->regs.rax = VELA_OK;
		caller->regs.rdi = VELA_MSG_WORDS(flags);
		regs_copy_message(&caller->regs, &self->regs);
		copy_utcb(caller, self, flags);
	} else if (self->regs.rsi != 0) {
		caller->blocked |= EC_STOPPED;
	}
}

enum vela_status ipc_reply(struct cpu *cpu, struct ec *self, unsigned flags)
{
	struct ec *caller = self->caller;
	if (flags > VELA_MSG_FLAGS_MAX || !self->worker)
		return VELA_BAD_ARG;
	self->blocked |= EC_WAITS_CALL;
	self->caller = NULL;
	self->depth = 0;
	while (!list_empty(&self->helpers)) {
		struct ec *helper = container_of(self->helpers.next, struct ec, help_link);
		list_remove(&helper->help_link);
		helper->helps = NULL;
		cpu->resched = true; /* whoever waited with a higher priority calls first */
	}
	if (!caller) {
		cpu->resched = true;
		return VELA_OK;
	}
	caller->callee = NULL;
	answer(caller, self, flags);
	hand_over(cpu, caller);
	return VELA_OK;
}

void ipc_abort(struct ec *caller)
{
	caller->callee = NULL;
	if (caller->event)
		caller->blocked |= EC_STOPPED;
	else
		REG_STATUS(&caller->regs) = VELA_ABORTED;
	cpu_self()->resched = true;
}
