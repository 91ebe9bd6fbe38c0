/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits whose instruction has to be emulated: accesses to guest-physical addresses without RAM, and
 * strings of ports.
 */
#include <rt/log.h>

#include "cpu/registers.h"
#include "machine.h"

#define XAPIC_TPR 0x80u
#define XAPIC_PPR 0xa0u

static void note_instruction(struct vcpu *v)
{
	const struct vela_state *s = v->state;
	struct machine *m = v->machine;

	m->unknown_count++;
	if (m->noted & NOTE_INSTRUCTION)
		return;
	m->noted |= NOTE_INSTRUCTION;
	rt_log(RT_WARNING, "instruction at %#llx cannot access %#llx, where there is no memory",
	       (unsigned long long)s->rip, (unsigned long long)s->exit.gpa);
}

static void finish(struct vcpu *v, enum emulate_result result)
{
	struct emulator *e = &v->machine->emulator;

	/* A string that faulted or paused in the middle has moved its registers. */
	vcpu_changed(v, VELA_GROUP_GPR);
	switch (result) {
	case EMULATE_DONE:
		vcpu_advance(v, v->state->rip);
		return;
	case EMULATE_FAULT:
		if (e->fault.vector == VECTOR_PF) {
			v->state->cr2 = e->fault.address;
			vcpu_changed(v, VELA_GROUP_CR);
		}
		vcpu_fault(v, e->fault.vector, e->fault.error);
		return;
	case EMULATE_UNKNOWN:
		note_instruction(v);
		vcpu_fault(v, VECTOR_UD, 0);
		return;
	}
}

static void note_address(struct vcpu *v, uint64_t gpa)
{
	struct machine *m = v->machine;

	m->unknown_count++;
	if (m->noted & NOTE_MMIO)
		return;
	m->noted |= NOTE_MMIO;
	rt_log(RT_INFO, "access to %#llx, where there is neither memory nor a device",
	       (unsigned long long)gpa);
}

/* The task priority is kept in two places; see interrupt.c. */
static bool is_tpr(const struct vcpu *v, uint64_t gpa, unsigned offset)
{
	return lapic_mmio_enabled(&v->cpu->lapic) &&
	       gpa == lapic_mmio_base(&v->cpu->lapic) + offset;
}

void exit_memory(struct vcpu *v)
{
	const struct vela_exit_info *exit = &v->state->exit;
	uint64_t gpa = exit->gpa;
	struct machine *m = v->machine;

	vcpu_lock(v);
	paravirt_end_sync(v);
	if (balloon_fault(m, gpa, &v->fetch)) {
		pc_attend(v->cpu, ATTEND_CPU);
		return;
	}
	uint64_t unclaimed = m->pc.bus.counters.mmio_unclaimed;

	/* An exit in the delivery of an event has no instruction: the guest's own tables are
	 * where no memory is, and it cannot go on. */
	if (v->state->event & VELA_EVENT_VALID) {
		machine_end(m, RT_STATUS_GUEST_CRASH, 0,
			    "an interrupt or exception could not be delivered: the guest's tables "
			    "or stack lie outside its memory");
		return;
	}
	if (is_tpr(v, gpa, XAPIC_TPR) || is_tpr(v, gpa, XAPIC_PPR))
		interrupt_tpr_from_cpu(v);
	struct emulator *e = vcpu_emulator(v);

	e->hint = exit->access & VELA_ACCESS_WALK ? EMULATE_NO_HINT : gpa;
	e->hint_write = exit->access & VELA_ACCESS_W;
	if (exit->access & VELA_ACCESS_X)
		finish(v, EMULATE_UNKNOWN);
	else
		finish(v, emulate(e));
	if (exit->access & VELA_ACCESS_W && is_tpr(v, gpa, XAPIC_TPR))
		interrupt_tpr_to_cpu(v);
	if (m->pc.bus.counters.mmio_unclaimed != unclaimed)
		note_address(v, gpa);
}

void exit_string_io(struct vcpu *v)
{
	struct emulator *e = vcpu_emulator(v);

	vcpu_need(v, VELA_GROUP_CR | VELA_GROUP_SEG);
	e->hint = EMULATE_NO_HINT;
	finish(v, emulate(e));
}
