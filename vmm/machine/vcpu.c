/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one virtual CPU: after INIT and STARTUP, and what every exit handler shares, which
 * is the lock, state groups, and completing an instruction.
 */
#include "vcpu.h"

#include <rt/exit.h>
#include <rt/hypercall.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cpu/registers.h"
#include "machine.h"

#define RESET_RIP  0xfff0u
#define RESET_CS   0xf000u
#define RESET_BASE 0xffff0000ull
#define RESET_DR6  0xffff0ff0u
#define RESET_DR7  0x400u
#define RESET_PAT  0x0007040600070406ull

/* Segment attributes in the format of struct vela_segment. */
#define ATTR_CODE 0x09bu
#define ATTR_DATA 0x093u
#define ATTR_LDT  0x082u
#define ATTR_TSS  0x08bu

/* What INIT sets; it leaves the MSRs but EFER alone. */
#define INIT_GROUPS \
	(VELA_GROUP_GPR | VELA_GROUP_RIP | VELA_GROUP_EVENT | VELA_GROUP_CR | VELA_GROUP_SEG)

void lock_sleep(void)
{
	if (rt_sm_down(RT_SEL_LOCK, VELA_NO_DEADLINE) != VELA_OK)
		rt_end(RT_STATUS_FATAL, 0, "the semaphore of the monitor's lock is gone");
}

void lock_wake(void)
{
	rt_sm_up(RT_SEL_LOCK);
}

void vcpu_unlock_and_kick(struct vcpu *v)
{
	uint32_t kicks = *v->kicks;

	*v->kicks = 0;
	v->locked = false;
	lock_give(v->lock);
	for (; kicks; kicks &= kicks - 1)
		rt_sm_up(RT_SEL_WAKE + (vela_sel_t)__builtin_ctz(kicks));
}

_Noreturn void vcpu_fatal(struct vcpu *v, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	vcpu_lock(v);
	rt_fatal("%s", text);
}

void vcpu_init(struct machine *m, unsigned index)
{
	struct vcpu *v = &m->vcpu[index];

	*v = (struct vcpu){
		.machine = m,
		.cpu = &m->pc.cpu[index],
		.lock = &m->lock,
		.current = &m->pc.current,
		.kicks = &m->pc.kicks,
		.index = index,
		.state = (struct vela_state *)(RT_STATE_VA + index * VELA_PAGE_SIZE),
		.have = VELA_GROUPS,
		.tsc_offset = -m->start_tsc,
	};
	msr_store_init(&v->msr_store);
	vcpu_reset(v);
	v->state->pat = RESET_PAT;
	v->state->tsc_offset = v->tsc_offset;
	v->dirty = VELA_GROUPS & ~VELA_GROUP_EXIT;
}

static void reset_segments(struct vela_state *s)
{
	const struct vela_segment data = { 0, ATTR_DATA, 0xffff, 0 };

	for (unsigned i = VELA_ES; i <= VELA_GS; i++)
		s->seg[i] = data;
	s->seg[VELA_CS] = (struct vela_segment){ RESET_CS, ATTR_CODE, 0xffff, RESET_BASE };
	s->seg[VELA_LDTR] = (struct vela_segment){ 0, ATTR_LDT, 0xffff, 0 };
	s->seg[VELA_TR] = (struct vela_segment){ 0, ATTR_TSS, 0xffff, 0 };
	s->seg[VELA_GDTR] = (struct vela_segment){ 0, 0, 0xffff, 0 };
	s->seg[VELA_IDTR] = (struct vela_segment){ 0, 0, 0xffff, 0 };
}

/* AMD APM vol. 2, table 14-1; Intel SDM vol. 3, table 10-1, column INIT. XCR0 stays. */
void vcpu_reset(struct vcpu *v)
{
	struct vela_state *s = v->state;

	vcpu_need(v, VELA_GROUP_CR);
	memset(s->gpr, 0, sizeof s->gpr);
	s->gpr[VELA_RDX] = cpuid_find(&v->machine->cpuid, 1, 0)->eax;
	s->rip = RESET_RIP;
	s->rflags = 2;
	s->shadow = 0;
	s->event = 0;
	s->window = 0;
	s->cr0 = CR0_ET | CR0_CD | CR0_NW;
	s->cr2 = s->cr3 = s->cr4 = s->cr8 = s->efer = 0;
	memset(s->dr, 0, sizeof s->dr);
	s->dr6 = RESET_DR6;
	s->dr7 = RESET_DR7;
	memset(s->pdpte, 0, sizeof s->pdpte);
	reset_segments(s);
	v->have |= INIT_GROUPS;
	v->dirty |= INIT_GROUPS;
	v->window = 0;
	v->halted = v->away = false;
	v->system_time = v->eoi_msr = v->steal_msr = 0;
}

/* AMD APM vol. 2, 14.1.5; Intel SDM vol. 3, 9.4.4. */
void vcpu_startup(struct vcpu *v, unsigned page)
{
	v->state->seg[VELA_CS].selector = (uint16_t)(page << 8);
	v->state->seg[VELA_CS].base = (uint64_t)page << 12;
	v->state->rip = 0;
}

void vcpu_need(struct vcpu *v, uint32_t groups)
{
	uint32_t missing = groups & ~v->have;

	if (!missing)
		return;
	if (rt_vcpu_ctrl(RT_SEL_VC + v->index, VELA_VC_READ, missing, 0) != VELA_OK)
		vcpu_fatal(v, "the kernel does not show the virtual CPU's state");
	v->have |= missing;
}

struct emulator *vcpu_emulator(struct vcpu *v)
{
	struct emulator *e = &v->machine->emulator;

	vcpu_lock(v);
	e->state = v->state;
	e->io.ctx = v->cpu;
	return e;
}

void vcpu_advance(struct vcpu *v, uint64_t next_rip)
{
	struct vela_state *s = v->state;

	s->rip = next_rip;
	s->shadow = 0;
	vcpu_changed(v, VELA_GROUP_RIP);
	if (!(s->rflags & (FLAG_TF | FLAG_RF)))
		return;
	s->rflags &= ~FLAG_RF;
	if (s->rflags & FLAG_TF) {
		vcpu_need(v, VELA_GROUP_CR);
		s->dr6 |= DR6_BS;
		vcpu_changed(v, VELA_GROUP_CR);
		vcpu_fault(v, VECTOR_DB, 0);
	}
}

void vcpu_skip(struct vcpu *v)
{
	const struct insn *insn;
	uint64_t next = v->state->exit.next_rip;

	if (!next) {
		vcpu_need(v, VELA_GROUP_CR | VELA_GROUP_SEG);
		/* The processor has just executed these bytes: they are there. */
		if (emulate_fetch(vcpu_emulator(v), &insn) != EMULATE_DONE) {
			vcpu_fault(v, VECTOR_UD, 0);
			return;
		}
		next = emulate_next_rip(v->state, insn->length);
	}
	vcpu_advance(v, next);
}
