/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits for control and debug registers. The kernel has writes of CR4 seen; on Intel's processors
 * some of CR0 and those of XCR0, and on AMD's those of CR8 while an interrupt waits. The debug
 * registers 0 to 3 and 7 are storage here: the kernel lends the processor's breakpoints to no
 * guest. Needs the groups GPR, RIP, CR and SEG.
 */
#include <rt/log.h>

#include "cpu/control.h"
#include "cpu/operand.h"
#include "cpu/registers.h"
#include "machine.h"

#define DR6_FIXED    0xffff0ff0u
#define DR6_WRITABLE 0x0000e00fu
#define DR7_FIXED    0x400u
#define DR7_WRITABLE 0xffff2bffu
#define CR8_HIGHEST  15u

void exit_note(struct vcpu *v)
{
	const struct vela_exit_info *exit = &v->state->exit;
	struct machine *m = v->machine;

	vcpu_lock(v);
	m->unknown_count++;
	if (m->noted & NOTE_EXIT)
		return;
	m->noted |= NOTE_EXIT;
	rt_log(RT_INFO,
	       "the guest tried something this machine does not have (exit %#llx at %#llx)",
	       (unsigned long long)exit->raw_code, (unsigned long long)v->state->rip);
}

static uint64_t read_debug(const struct vela_state *s, unsigned n)
{
	if (n < 4)
		return s->dr[n];
	return n == 6 ? s->dr6 : s->dr7;
}

/* False: reserved bits are set. */
static bool write_debug(struct vela_state *s, unsigned n, uint64_t value)
{
	if (n < 4) {
		s->dr[n] = value;
		return true;
	}
	if (value >> 32)
		return false;
	if (n == 6)
		s->dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
	else
		s->dr7 = (value & DR7_WRITABLE) | DR7_FIXED;
	return true;
}

/* MOV to or from a debug register; 4 and 5 are other names of 6 and 7, unless CR4.DE is set. */
static void debug_register(struct vcpu *v, const struct insn *insn)
{
	struct vela_state *s = v->state;
	unsigned bytes = operand_mode(s) == INSN_64 ? 8 : 4, n = insn->index;

	if (n > 7 || ((n == 4 || n == 5) && s->cr4 & CR4_DE)) {
		vcpu_fault(v, VECTOR_UD, 0);
		return;
	}
	n |= n >= 4 ? 2 : 0;
	if (insn->op == INSN_FROM_DR) {
		reg_write(s, insn->reg, bytes, false, read_debug(s, n));
		vcpu_changed(v, VELA_GROUP_GPR);
	} else if (write_debug(s, n, reg_read(s, insn->reg, bytes, false))) {
		vcpu_changed(v, VELA_GROUP_CR);
	} else {
		vcpu_gp(v);
		return;
	}
	vcpu_advance(v, emulate_next_rip(s, insn->length));
}

/* MOV to CR0 or CR4. */
static void control_register(struct vcpu *v, const struct insn *insn)
{
	struct vela_state *s = v->state;
	unsigned bytes = operand_mode(s) == INSN_64 ? 8 : 4;
	uint64_t value = reg_read(s, insn->reg, bytes, false);
	const struct machine *m = v->machine;
	bool done = insn->index == 4 ? control_set_cr4(s, &m->memory, &m->cpuid, value)
				     : control_set_cr0(s, &m->memory, value);

	if (!done) {
		vcpu_gp(v);
		return;
	}
	vcpu_changed(v, VELA_GROUP_CR);
	vcpu_advance(v, emulate_next_rip(s, insn->length));
}

/* MOV to CR8, which exits while an interrupt waits. */
static void task_priority(struct vcpu *v, const struct insn *insn)
{
	struct vela_state *s = v->state;
	unsigned bytes = operand_mode(s) == INSN_64 ? 8 : 4;
	uint64_t value = reg_read(s, insn->reg, bytes, false);

	if (value > CR8_HIGHEST) {
		vcpu_gp(v);
		return;
	}
	vcpu_lock(v);
	s->cr8 = value;
	vcpu_changed(v, VELA_GROUP_CR);
	pc_attend(v->cpu, ATTEND_IRQ);
	vcpu_advance(v, emulate_next_rip(s, insn->length));
}

/* XSETBV, by a guest that has been found to run at CPL 0: there is XCR0 alone. */
static void extended_register(struct vcpu *v, const struct insn *insn)
{
	struct vela_state *s = v->state;
	uint64_t value = s->gpr[VELA_RDX] << 32 | (uint32_t)s->gpr[VELA_RAX];

	if ((uint32_t)s->gpr[VELA_RCX] || !control_set_xcr0(s, &v->machine->cpuid, value)) {
		vcpu_gp(v);
		return;
	}
	vcpu_changed(v, VELA_GROUP_CR);
	vcpu_advance(v, emulate_next_rip(s, insn->length));
}

/* What is left beside these is a value that the machine does not allow. */
void exit_register(struct vcpu *v)
{
	const struct insn *insn;

	if (emulate_fetch(vcpu_emulator(v), &insn) == EMULATE_DONE) {
		if (insn->op == INSN_FROM_DR || insn->op == INSN_TO_DR) {
			debug_register(v, insn);
			return;
		}
		if (insn->op == INSN_TO_CR && (insn->index == 0 || insn->index == 4)) {
			control_register(v, insn);
			return;
		}
		if (insn->op == INSN_TO_CR && insn->index == 8) {
			task_priority(v, insn);
			return;
		}
		if (insn->op == INSN_XSETBV) {
			extended_register(v, insn);
			return;
		}
	}
	exit_note(v);
	vcpu_gp(v);
}
