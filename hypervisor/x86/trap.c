/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts. A thread's faults go to its event portal; the kernel itself has none:
 * any of its own is a bug and panics.
 */
#include <core/calls.h>
#include <core/irq.h>
#include <core/log.h>
#include <x86/insn.h>
#include <x86/lapic.h>
#include <x86/trap.h>

static void interrupt(struct cpu *cpu, unsigned vector)
{
	if (vector == VECTOR_SPURIOUS)
		return;
	/* A level-triggered line is masked before the end of interrupt lets it fire again. */
	if (vector >= VECTOR_GSI && vector < VECTOR_TIMER)
		irq_deliver(cpu, vector - VECTOR_GSI);
	lapic_eoi();
	if (vector == VECTOR_TIMER) {
		cpu->stat[VELA_STAT_HW_TIMERS]++;
		sched_timer(cpu);
	} else if (vector == VECTOR_IPI) {
		/* Answered in kernel_leave, where no pointers are held. */
		cpu->stat[VELA_STAT_HW_IPIS]++;
		cpu->resched = true;
	}
}

void trap_user(struct ec *ec)
{
	struct cpu *cpu = cpu_self();
	unsigned vector = (unsigned)ec->regs.vector;
	ec->resume = RESUME_TRAP;
	if (vector >= 32)
		interrupt(cpu, vector);
	else
		ec_fault(cpu, ec, vector, ec->regs.error, vector == VECTOR_PF ? cr2_read() : 0);
	kernel_leave();
}

void trap_kernel(struct arch_regs *frame)
{
	if (frame->vector >= 32)
		interrupt(cpu_self(), (unsigned)frame->vector);
	else
		panic("exception %lu, error %lx, at %lx, address %lx", frame->vector, frame->error,
		      frame->ip, cr2_read());
}

void trap_fatal(const uint64_t *stack)
{
	panic("double fault or machine check near %lx (stack %lx %lx %lx)", stack[1], stack[0],
	      stack[2], stack[3]);
}
