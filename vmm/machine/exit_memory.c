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

static void note_instruction(struct machine *m)
{
	const struct vela_state *s = m->state;

	m->unknown_count++;
	if (m->noted & NOTE_INSTRUCTION)
		return;
	m->noted |= NOTE_INSTRUCTION;
	rt_log(RT_WARNING, "instruction at %#llx cannot access %#llx, where there is no memory",
	       (unsigned long long)s->rip, (unsigned long long)s->exit.gpa);
}

static void finish(struct machine *m, enum emulate_result result)
{
	struct emulator *e = &m->emulator;

	/* A string that faulted or paused in the middle has moved its registers. */
	machine_changed(m, VELA_GROUP_GPR);
	switch (result) {
	case EMULATE_DONE:
		machine_advance(m, m->state->rip);
		return;
	case EMULATE_FAULT:
		if (e->fault.vector == VECTOR_PF) {
			m->state->cr2 = e->fault.address;
			machine_changed(m, VELA_GROUP_CR);
		}
		machine_fault(m, e->fault.vector, e->fault.error);
		return;
	case EMULATE_UNKNOWN:
		note_instruction(m);
		machine_fault(m, VECTOR_UD, 0);
		return;
	}
}

static void note_address(struct machine *m, uint64_t gpa)
{
	m->unknown_count++;
	if (m->noted & NOTE_MMIO)
		return;
	m->noted |= NOTE_MMIO;
	rt_log(RT_INFO, "access to %#llx, where there is neither memory nor a device",
	       (unsigned long long)gpa);
}

/* The task priority is kept in two places; see interrupt.c. */
static bool is_tpr(const struct machine *m, uint64_t gpa, unsigned offset)
{
	return lapic_mmio_enabled(&m->pc.lapic) && gpa == lapic_mmio_base(&m->pc.lapic) + offset;
}

void exit_memory(struct machine *m)
{
	const struct vela_exit_info *exit = &m->state->exit;
	uint64_t gpa = exit->gpa;
	uint64_t unclaimed = m->pc.bus.counters.mmio_unclaimed;

	/* An exit in the delivery of an event has no instruction: the guest's own tables are
	 * where no memory is, and it cannot go on. */
	if (m->state->event & VELA_EVENT_VALID) {
		machine_end(m, RT_STATUS_GUEST_CRASH, 0,
			    "an interrupt or exception could not be delivered: the guest's tables "
			    "or stack lie outside its memory");
		return;
	}
	if (is_tpr(m, gpa, XAPIC_TPR) || is_tpr(m, gpa, XAPIC_PPR))
		interrupt_tpr_from_cpu(m);
	m->emulator.hint = exit->access & VELA_ACCESS_WALK ? EMULATE_NO_HINT : gpa;
	if (exit->access & VELA_ACCESS_X)
		finish(m, EMULATE_UNKNOWN);
	else
		finish(m, emulate(&m->emulator));
	if (exit->access & VELA_ACCESS_W && is_tpr(m, gpa, XAPIC_TPR))
		interrupt_tpr_to_cpu(m);
	if (m->pc.bus.counters.mmio_unclaimed != unclaimed)
		note_address(m, gpa);
}

void exit_string_io(struct machine *m)
{
	machine_need(m, VELA_GROUP_CR | VELA_GROUP_SEG);
	m->emulator.hint = EMULATE_NO_HINT;
	finish(m, emulate(&m->emulator));
}
