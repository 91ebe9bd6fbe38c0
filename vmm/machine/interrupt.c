/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery of interrupts to the virtual CPU. At most one event is injected per entry; when the
 * guest cannot take one now, an interrupt window is asked for. An event that the last exit cut
 * short goes first: the kernel delivers it again.
 */
#include <rt/hypercall.h>

#include "cpu/registers.h"
#include "machine.h"

#define OPCODE_HLT 0xf4u

void interrupt_tpr_from_cpu(struct machine *m)
{
	machine_need(m, VELA_GROUP_CR);
	if (lapic_cr8(&m->pc.lapic) != m->state->cr8)
		lapic_set_cr8(&m->pc.lapic, m->state->cr8);
}

void interrupt_tpr_to_cpu(struct machine *m)
{
	machine_need(m, VELA_GROUP_CR);
	if (lapic_cr8(&m->pc.lapic) == m->state->cr8)
		return;
	m->state->cr8 = lapic_cr8(&m->pc.lapic);
	machine_changed(m, VELA_GROUP_CR);
}

static void set_event(struct machine *m, uint32_t event, uint32_t error, bool window)
{
	m->state->event = event;
	m->state->event_error = error;
	m->state->window = window;
	m->window = window;
	m->have |= VELA_GROUP_EVENT;
	machine_changed(m, VELA_GROUP_EVENT);
}

/* An exit for an instruction has no event under way, and copies none out. */
static uint32_t present_event(const struct machine *m)
{
	uint32_t event = m->have & VELA_GROUP_EVENT ? m->state->event : 0;

	return event & VELA_EVENT_VALID ? event : 0;
}

static void want_window(struct machine *m, bool window)
{
	uint32_t event = present_event(m);

	if (m->window != window)
		set_event(m, event, event ? m->state->event_error : 0, window);
}

void machine_fault(struct machine *m, unsigned vector, uint32_t error)
{
	const uint32_t with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 |
				    1u << 17 | 1u << 21;
	uint32_t event = vector | VELA_EVENT_EXCEPTION | VELA_EVENT_VALID;

	if (with_error >> vector & 1)
		event |= VELA_EVENT_ERROR_VALID;
	set_event(m, event, error, m->window);
}

/*
 * The shadow of STI covers one more instruction, but the processor forgets it when the guest is
 * left. What must not happen is that the handler runs between STI and HLT and the wake-up is lost:
 * such a HLT counts as executed.
 */
static bool leave_shadow(struct machine *m)
{
	uint8_t byte;

	if (!m->state->shadow)
		return true;
	machine_need(m, VELA_GROUP_CR | VELA_GROUP_SEG);
	if (!emulate_peek(&m->emulator, &byte) || byte != OPCODE_HLT)
		return false;
	machine_advance(m, emulate_next_rip(m->state, 1));
	return true;
}

static bool take_nmi(struct machine *m)
{
	if (!m->pc.nmi || m->state->shadow)
		return false;
	m->pc.nmi = false;
	set_event(m, 2 | VELA_EVENT_NMI | VELA_EVENT_VALID, 0, false);
	return true;
}

bool interrupt_deliver(struct machine *m)
{
	bool waits = pc_interrupt_waits(&m->pc), held = pc_interrupt_held(&m->pc);

	m->held = false;
	if (waits || held) {
		interrupt_tpr_from_cpu(m);
		waits = pc_interrupt_waits(&m->pc);
		m->held = !waits && pc_interrupt_held(&m->pc);
	}
	if (present_event(m)) {
		want_window(m, waits || m->pc.nmi);
		return true;
	}
	if (take_nmi(m))
		return true;
	if (!waits) {
		want_window(m, m->pc.nmi);
		return false;
	}
	if (!(m->state->rflags & FLAG_IF) || !leave_shadow(m)) {
		want_window(m, true);
		return false;
	}
	unsigned vector = pc_interrupt_take(&m->pc);

	set_event(m, vector | VELA_EVENT_INTR | VELA_EVENT_VALID, 0, pc_interrupt_waits(&m->pc));
	return true;
}
