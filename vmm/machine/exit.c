/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop. Exits that guests make most, CPUID and port access, touch nothing but the state
 * page and one table or device; whatever needs more says so by an attention bit.
 */
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "cpu/alu.h"
#include "cpu/registers.h"
#include "machine.h"

#define KVM_ENOSYS   1000u
#define HELD_POLL_NS RT_NS_PER_MS
#define LEAST_RUN_NS 100000ull

/* State groups each exit class copies out. Those that lead to an injection have the event under
 * way and CR8. */
#define G(group)   VELA_GROUP_##group
#define INJECTABLE (G(RIP) | G(EVENT) | G(CR))
static const uint32_t masks[VELA_EXITS] = {
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
	[VELA_EXIT_HYPERCALL] = G(GPR) | G(RIP),
	[VELA_EXIT_CR] = G(GPR) | G(RIP) | G(CR) | G(SEG),
};

static void exit_cpuid(struct machine *m)
{
	struct vela_state *s = m->state;
	uint32_t leaf = (uint32_t)s->gpr[VELA_RAX], subleaf = (uint32_t)s->gpr[VELA_RCX];
	struct cpuid_regs regs = *cpuid_find(&m->cpuid, leaf, subleaf);

	if (cpuid_is_dynamic(leaf)) {
		machine_need(m, VELA_GROUP_CR);
		cpuid_complete(&m->cpuid, leaf, subleaf, s->cr4, s->xcr0, &regs);
	}
	s->gpr[VELA_RAX] = regs.eax;
	s->gpr[VELA_RBX] = regs.ebx;
	s->gpr[VELA_RCX] = regs.ecx;
	s->gpr[VELA_RDX] = regs.edx;
	machine_changed(m, VELA_GROUP_GPR);
	machine_skip(m);
}

static void exit_io(struct machine *m)
{
	struct vela_state *s = m->state;
	const struct vela_exit_info *exit = &s->exit;
	unsigned width = exit->width;

	if (exit->io_flags & VELA_IO_STRING) {
		exit_string_io(m);
		return;
	}
	if (exit->io_flags & VELA_IO_IN) {
		uint64_t value = pc_port_read(&m->pc, exit->port, width);
		uint64_t keep = width == 4 ? 0 : s->gpr[VELA_RAX] & ~alu_mask(width);

		s->gpr[VELA_RAX] = keep | value;
		machine_changed(m, VELA_GROUP_GPR);
	} else {
		pc_port_write(&m->pc, exit->port, width, (uint32_t)s->gpr[VELA_RAX]);
	}
	machine_skip(m);
}

/* A processor that halts with interrupts off sleeps until it is reset, unless the guest arranged
 * for an NMI. That is a guest's choice and no end of its machine, but its user should know. */
static void note_halt(struct machine *m)
{
	if (!(m->noted & NOTE_HALT))
		rt_log(RT_WARNING, "guest: halted with interrupts off; a restart wakes it");
	m->noted |= NOTE_HALT;
}

static void exit_halt(struct machine *m)
{
	if (!(m->state->rflags & FLAG_IF))
		note_halt(m);
	m->pc.attention |= ATTEND_HALT;
	machine_skip(m);
}

/* The kernel has closed the window. */
static void exit_window(struct machine *m)
{
	m->window = false;
	m->pc.attention |= ATTEND_IRQ;
}

static void exit_event(struct machine *m)
{
	console_input(m);
	pc_virtio_poll(&m->pc);
}

static void exit_timeout(struct machine *m)
{
	m->timed_out = true;
	pc_advance(&m->pc);
	console_tick(m);
}

/* The registers say where the guest was; APM vol. 2, 15.14.3 promises nothing about them. */
static void exit_shutdown(struct machine *m)
{
	const struct vela_state *s = m->state;

	rt_log(RT_WARNING,
	       "guest: triple fault at rip %#llx, rsp %#llx, cr0 %#llx, cr2 %#llx, "
	       "cr3 %#llx, cr4 %#llx, efer %#llx",
	       (unsigned long long)s->rip, (unsigned long long)s->gpr[VELA_RSP],
	       (unsigned long long)s->cr0, (unsigned long long)s->cr2, (unsigned long long)s->cr3,
	       (unsigned long long)s->cr4, (unsigned long long)s->efer);
	machine_end(m, RT_STATUS_GUEST_CRASH, 0, "triple fault");
}

static void exit_invalid(struct machine *m)
{
	machine_end(m, RT_STATUS_GUEST_CRASH, 1, "the processor refuses the guest's state");
}

/* No exception is intercepted, so this one only needs to be passed on. */
static void exit_exception(struct machine *m)
{
	machine_fault(m, m->state->exit.vector, m->state->exit.error);
}

static void exit_hypercall(struct machine *m)
{
	m->state->gpr[VELA_RAX] = -(uint64_t)KVM_ENOSYS;
	machine_changed(m, VELA_GROUP_GPR);
	machine_skip(m);
}

/* Cache maintenance has no effect on coherent RAM; everything else that ends here is hidden in
 * CPUID and does not exist. */
static void exit_other(struct machine *m)
{
	const struct insn *insn;

	if (emulate_fetch(&m->emulator, &insn) == EMULATE_DONE && insn->op == INSN_CACHE) {
		machine_advance(m, emulate_next_rip(m->state, insn->length));
		return;
	}
	machine_note_exit(m);
	machine_fault(m, VECTOR_UD, 0);
}

static void (*const handlers[VELA_EXITS])(struct machine *m) = {
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

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A timer can be set to be due again before the guest has run at all: it gets some time between
 * two deadlines, or it could not even stop the timer. */
static void leave_time(struct machine *m)
{
	uint64_t least = rt_rdtsc() + rt_tsc_from_ns(LEAST_RUN_NS, m->khz);

	if (m->deadline_tsc < least)
		m->deadline_tsc = least;
	m->timed_out = false;
}

static void set_deadline(struct machine *m, uint32_t attention)
{
	if (attention & ATTEND_TIMERS)
		m->device_deadline_ns = pc_device_deadline(&m->pc);
	uint64_t ns = earlier(m->device_deadline_ns, pc_lapic_deadline(&m->pc));

	ns = earlier(ns, m->console.flush_ns);
	if (m->held)
		ns = earlier(ns, machine_now_ns(m) + HELD_POLL_NS);
	m->deadline_tsc = machine_tsc_at(m, ns);
	if (m->timed_out)
		leave_time(m);
}

static _Noreturn void finish(struct machine *m)
{
	console_flush(m);
	rt_log(m->end.code == RT_STATUS_GUEST_POWEROFF ? RT_INFO : RT_WARNING, "guest: %s",
	       m->end.text);
	rt_end(m->end.code, m->end.value, m->end.text);
}

/* HLT: sleeps until a device, the console or the clock has something for the guest. */
static void halt(struct machine *m)
{
	while (!interrupt_deliver(m)) {
		set_deadline(m, ATTEND_TIMERS);
		console_flush(m);
		rt_sm_down_all(RT_SEL_WAKE, m->deadline_tsc);
		pc_advance(&m->pc);
		console_input(m);
		pc_virtio_poll(&m->pc);
	}
}

static void attend(struct machine *m)
{
	uint32_t attention = m->pc.attention;

	m->pc.attention = 0;
	if (attention & ATTEND_END)
		finish(m);
	if (attention & ATTEND_HALT)
		halt(m);
	else if (attention & ATTEND_IRQ)
		interrupt_deliver(m);
	attention |= m->pc.attention;
	if (attention & (ATTEND_TIMERS | ATTEND_LAPIC) || m->held)
		set_deadline(m, attention);
	m->pc.attention &= ~(ATTEND_TIMERS | ATTEND_LAPIC);
}

static void set_masks(void)
{
	for (unsigned cls = 0; cls < VELA_EXITS; cls++)
		if (rt_vcpu_ctrl(RT_SEL_VC, VELA_VC_SET_MASK, cls, masks[cls]) != VELA_OK)
			rt_fatal("the kernel refuses the state groups of exit class %u", cls);
}

_Noreturn void machine_run(struct machine *m)
{
	set_masks();
	attend(m);
	for (;;) {
		uint64_t cls;
		uint64_t status = rt_vcpu_run(RT_SEL_VC, m->dirty, m->deadline_tsc, &cls);

		if (status != VELA_OK || cls >= VELA_EXITS)
			rt_fatal("the kernel does not run the virtual CPU: status %llu",
				 (unsigned long long)status);
		m->dirty = 0;
		m->have = m->state->exit.groups;
		handlers[cls](m);
		if (m->pc.attention)
			attend(m);
	}
}
