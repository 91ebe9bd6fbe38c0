/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done about each class of exit. A handler that touches the machine takes its lock first;
 * what is to be looked at before the guest goes on it says by an attention bit.
 */
#include <rt/log.h>

#include "cpu/alu.h"
#include "cpu/registers.h"
#include "machine.h"

/* State groups each exit class copies out. Those that lead to an injection have the event under
 * way and CR8. */
#define G(group)   VELA_GROUP_##group
#define INJECTABLE (G(RIP) | G(EVENT) | G(CR))
const uint32_t exit_groups[VELA_EXITS] = {
	[VELA_EXIT_OTHER] = G(GPR) | G(RIP) | G(EVENT) | G(CR) | G(SEG),
	[VELA_EXIT_IO] = G(GPR) | G(RIP),
	[VELA_EXIT_MEMORY] = G(GPR) | G(RIP) | G(EVENT) | G(CR) | G(SEG),
	[VELA_EXIT_CPUID] = G(GPR) | G(RIP),
	[VELA_EXIT_MSR] = G(GPR) | G(RIP),
	[VELA_EXIT_HALT] = G(RIP) | G(CR),
	[VELA_EXIT_WINDOW] = INJECTABLE,
	[VELA_EXIT_EVENT] = INJECTABLE,
	[VELA_EXIT_TIMEOUT] = INJECTABLE,
	[VELA_EXIT_SHUTDOWN] = G(GPR) | G(RIP) | G(CR),
	[VELA_EXIT_INVALID] = G(RIP) | G(CR),
	[VELA_EXIT_EXCEPTION] = G(RIP) | G(EVENT),
	[VELA_EXIT_HYPERCALL] = G(GPR) | G(RIP) | G(CR) | G(SEG),
	[VELA_EXIT_CR] = G(GPR) | G(RIP) | G(CR) | G(SEG),
};

static void exit_cpuid(struct vcpu *v)
{
	struct vela_state *s = v->state;
	uint32_t leaf = (uint32_t)s->gpr[VELA_RAX], subleaf = (uint32_t)s->gpr[VELA_RCX];
	struct cpuid_regs regs = *cpuid_find(&v->machine->cpuid, leaf, subleaf);

	if (cpuid_is_dynamic(leaf)) {
		vcpu_need(v, VELA_GROUP_CR);
		cpuid_complete(&v->machine->cpuid, leaf, subleaf, s->cr4, s->xcr0, v->index, &regs);
	}
	s->gpr[VELA_RAX] = regs.eax;
	s->gpr[VELA_RBX] = regs.ebx;
	s->gpr[VELA_RCX] = regs.ecx;
	s->gpr[VELA_RDX] = regs.edx;
	vcpu_changed(v, VELA_GROUP_GPR);
	vcpu_skip(v);
}

static void exit_io(struct vcpu *v)
{
	struct vela_state *s = v->state;
	const struct vela_exit_info *exit = &s->exit;
	unsigned width = exit->width;

	vcpu_lock(v);
	if (exit->io_flags & VELA_IO_STRING) {
		exit_string_io(v);
		return;
	}
	if (exit->io_flags & VELA_IO_IN) {
		uint64_t value = pc_port_read(v->cpu, exit->port, width);
		uint64_t keep = width == 4 ? 0 : s->gpr[VELA_RAX] & ~alu_mask(width);

		s->gpr[VELA_RAX] = keep | value;
		vcpu_changed(v, VELA_GROUP_GPR);
	} else {
		pc_port_write(v->cpu, exit->port, width, (uint32_t)s->gpr[VELA_RAX]);
	}
	vcpu_skip(v);
}

/* The only processor that halts with interrupts off sleeps until it is reset, unless the guest
 * arranged for an NMI. That is a guest's choice and no end of its machine, but its user should
 * know. One of several can be waiting for another's kick. */
static void note_halt(struct vcpu *v)
{
	struct machine *m = v->machine;

	if (!(m->noted & NOTE_HALT))
		rt_log(RT_WARNING, "guest: halted with interrupts off; a restart wakes it");
	m->noted |= NOTE_HALT;
}

static void exit_halt(struct vcpu *v)
{
	vcpu_lock(v);
	if (!(v->state->rflags & FLAG_IF) && v->machine->cpus == 1)
		note_halt(v);
	v->halted = true;
	pc_attend(v->cpu, ATTEND_IRQ | ATTEND_CPU);
	vcpu_skip(v);
}

/* The kernel has closed the window. */
static void exit_window(struct vcpu *v)
{
	vcpu_lock(v);
	interrupt_window_open(v);
	pc_attend(v->cpu, ATTEND_IRQ);
}

/* Another virtual CPU or a service has upped the semaphore; the first sets attention bits. */
static void exit_event(struct vcpu *v)
{
	vcpu_lock(v);
	if (!v->index)
		machine_poll(v->machine);
}

static void exit_timeout(struct vcpu *v)
{
	vcpu_lock(v);
	v->timed_out = true;
	pc_advance(v->cpu);
	console_tick(v->machine);
	paravirt_tick(v);
}

/* The registers say where the guest was; APM vol. 2, 15.14.3 promises nothing about them. */
static void exit_shutdown(struct vcpu *v)
{
	const struct vela_state *s = v->state;

	vcpu_lock(v);
	rt_log(RT_WARNING,
	       "guest: triple fault at rip %#llx, rsp %#llx, cr0 %#llx, cr2 %#llx, "
	       "cr3 %#llx, cr4 %#llx, efer %#llx",
	       (unsigned long long)s->rip, (unsigned long long)s->gpr[VELA_RSP],
	       (unsigned long long)s->cr0, (unsigned long long)s->cr2, (unsigned long long)s->cr3,
	       (unsigned long long)s->cr4, (unsigned long long)s->efer);
	machine_end(v->machine, RT_STATUS_GUEST_CRASH, 0, "triple fault");
}

static void exit_invalid(struct vcpu *v)
{
	vcpu_lock(v);
	machine_end(v->machine, RT_STATUS_GUEST_CRASH, 1,
		    "the processor refuses the guest's state");
}

/* No exception is intercepted, so this one only needs to be passed on. */
static void exit_exception(struct vcpu *v)
{
	vcpu_fault(v, v->state->exit.vector, v->state->exit.error);
}

/* Cache maintenance has no effect on coherent RAM; everything else that ends here is hidden in
 * CPUID and does not exist. */
static void exit_other(struct vcpu *v)
{
	const struct insn *insn;

	if (emulate_fetch(vcpu_emulator(v), &insn) == EMULATE_DONE && insn->op == INSN_CACHE) {
		vcpu_advance(v, emulate_next_rip(v->state, insn->length));
		return;
	}
	exit_note(v);
	vcpu_fault(v, VECTOR_UD, 0);
}

void (*const exit_handlers[VELA_EXITS])(struct vcpu *v) = {
	[VELA_EXIT_OTHER] = exit_other,
	[VELA_EXIT_IO] = exit_io,
	[VELA_EXIT_MEMORY] = exit_memory,
	[VELA_EXIT_CPUID] = exit_cpuid,
	[VELA_EXIT_MSR] = exit_msr,
	[VELA_EXIT_HALT] = exit_halt,
	[VELA_EXIT_WINDOW] = exit_window,
	[VELA_EXIT_EVENT] = exit_event,
	[VELA_EXIT_TIMEOUT] = exit_timeout,
	[VELA_EXIT_SHUTDOWN] = exit_shutdown,
	[VELA_EXIT_INVALID] = exit_invalid,
	[VELA_EXIT_EXCEPTION] = exit_exception,
	[VELA_EXIT_HYPERCALL] = exit_hypercall,
	[VELA_EXIT_CR] = exit_register,
};
