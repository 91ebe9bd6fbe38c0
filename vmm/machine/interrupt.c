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

void interrupt_tpr_from_cpu(struct vcpu *v)
{
	vcpu_need(v, VELA_GROUP_CR);
	if (lapic_cr8(&v->cpu->lapic) != v->state->cr8)
		lapic_set_cr8(&v->cpu->lapic, v->state->cr8);
}

void interrupt_tpr_to_cpu(struct vcpu *v)
{
	vcpu_need(v, VELA_GROUP_CR);
	if (lapic_cr8(&v->cpu->lapic) == v->state->cr8)
		return;
	v->state->cr8 = lapic_cr8(&v->cpu->lapic);
	vcpu_changed(v, VELA_GROUP_CR);
}

/* With the priority class of what waits, the processor sees to the task priority; an NMI knows
 * none. */
static uint32_t wanted_window(const struct vcpu *v)
{
	return v->cpu->nmi ? VELA_WINDOW_ANY : pc_interrupt_class(v->cpu);
}

static void set_event(struct vcpu *v, uint32_t event, uint32_t error, uint32_t window)
{
	v->state->event = event;
	v->state->event_error = error;
	v->state->window = window;
	v->window = window;
	v->have |= VELA_GROUP_EVENT;
	vcpu_changed(v, VELA_GROUP_EVENT);
}

/* An exit for an instruction has no event under way, and copies none out. */
static uint32_t present_event(const struct vcpu *v)
{
	uint32_t event = v->have & VELA_GROUP_EVENT ? v->state->event : 0;

	return event & VELA_EVENT_VALID ? event : 0;
}

static void want_window(struct vcpu *v)
{
	uint32_t event = present_event(v), window = wanted_window(v);

	if (v->window != window)
		set_event(v, event, event ? v->state->event_error : 0, window);
}

void vcpu_fault(struct vcpu *v, unsigned vector, uint32_t error)
{
	const uint32_t with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 |
				    1u << 17 | 1u << 21;
	uint32_t event = vector | VELA_EVENT_EXCEPTION | VELA_EVENT_VALID;

	if (with_error >> vector & 1)
		event |= VELA_EVENT_ERROR_VALID;
	set_event(v, event, error, v->window);
}

static bool halt_is_next(struct vcpu *v)
{
	uint8_t byte;

	vcpu_need(v, VELA_GROUP_CR | VELA_GROUP_SEG);
	return emulate_peek(vcpu_emulator(v), &byte) && byte == OPCODE_HLT;
}

/*
 * The shadow of STI covers one more instruction, but the processor forgets it when the guest is
 * left. What must not happen is that the handler runs between STI and HLT and the wake-up is lost:
 * such a HLT counts as executed.
 */
static bool leave_shadow(struct vcpu *v)
{
	if (!v->state->shadow)
		return true;
	if (!halt_is_next(v))
		return false;
	vcpu_advance(v, emulate_next_rip(v->state, 1));
	return true;
}

void interrupt_window_open(struct vcpu *v)
{
	v->window = 0;
	if (!v->state->shadow || halt_is_next(v))
		return;
	v->state->shadow = 0;
	vcpu_changed(v, VELA_GROUP_RIP);
}

static bool take_nmi(struct vcpu *v)
{
	if (!v->cpu->nmi || !leave_shadow(v))
		return false;
	v->cpu->nmi = false;
	set_event(v, 2 | VELA_EVENT_NMI | VELA_EVENT_VALID, 0, wanted_window(v));
	return true;
}

static bool deliver(struct vcpu *v)
{
	if (present_event(v)) {
		want_window(v);
		return true;
	}
	if (take_nmi(v))
		return true;
	if (pc_interrupt_class(v->cpu))
		interrupt_tpr_from_cpu(v);
	if (!pc_interrupt_waits(v->cpu) || !(v->state->rflags & FLAG_IF) || !leave_shadow(v)) {
		want_window(v);
		return false;
	}
	unsigned vector = pc_interrupt_take(v->cpu);

	set_event(v, vector | VELA_EVENT_INTR | VELA_EVENT_VALID, 0, wanted_window(v));
	return true;
}

bool interrupt_deliver(struct vcpu *v)
{
	bool event;

	paravirt_end_sync(v);
	event = deliver(v);
	paravirt_end_offer(v);
	return event;
}
