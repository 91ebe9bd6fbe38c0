/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: the per-CPU part that is x86's, how a CPU finds itself, and the instructions the portable
 * kernel needs.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdint.h>
#include <x86/cpu_offsets.h>

struct cpu;
struct ec;
struct arch_fpu;
struct arch_regs;
struct sp;
struct vmcb;

/* entry.S knows the offsets of the first fields. */
struct arch_cpu {
	struct cpu *self;
	uint64_t scratch;   /* user stack pointer for a few instructions */
	uint64_t frame_end; /* end of the current thread's registers */
	uint64_t stack;	    /* top of this CPU's kernel stack */
	struct ec *current; /* whose frame_end and spaces are loaded */
	uint32_t apic_id;
	struct tss *tss;	     /* its page; the port bitmap's window follows */
	uint64_t tls;		     /* FS base loaded */
	struct arch_fpu *fpu;	     /* whose state is in the FPU; NULL: the initial state */
	const struct sp *fpu_domain; /* host space of that owner */
	bool ts;		     /* CR0.TS */
	struct vmcb *host_vmcb;	     /* SVM: host state VMRUN does not switch */
	struct vc *vmcs_of;	     /* VMX: whose VMCS is current */
	uint32_t asid_next;
	uint32_t asid_gen;
	uint32_t tsc_aux;   /* loaded; 0 outside guests */
	uint64_t tsc_ratio; /* loaded; matters inside guests alone */
};

_Static_assert(__builtin_offsetof(struct arch_cpu, self) == CPU_SELF);
_Static_assert(__builtin_offsetof(struct arch_cpu, scratch) == CPU_SCRATCH);
_Static_assert(__builtin_offsetof(struct arch_cpu, frame_end) == CPU_FRAME_END);
_Static_assert(__builtin_offsetof(struct arch_cpu, stack) == CPU_STACK);
_Static_assert(__builtin_offsetof(struct arch_cpu, current) == CPU_CURRENT);

/* The CPU this code runs on; GS base is its struct cpu while in the kernel. */
static inline struct cpu *cpu_self(void)
{
	struct cpu *cpu;
	__asm__("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

unsigned cpu_index(void); /* also right before GS is set up */

static inline void cpu_pause(void)
{
	__builtin_ia32_pause();
}

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Full barrier: orders a store before later loads. */
static inline void cpu_fence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

/* Interrupts another CPU so that it reads its mail and answers requests. */
void cpu_interrupt(const struct cpu *target);

/* Sets the timer interrupt of this CPU to a TSC value; UINT64_MAX stops it. */
void cpu_timer(uint64_t deadline_tsc);

uint64_t us_to_ticks(uint64_t us);

/* Makes ec's FPU state, thread pointer, host space and ports those of this CPU. */
void cpu_switch(struct cpu *cpu, struct ec *ec);

/* Loads the kernel's own page table; the CPU has nothing to run. */
void cpu_switch_idle(struct cpu *cpu);

/* Waits with interrupts on until one was handled. */
void cpu_idle(void);

/* This CPU's part of sync_cpus: flushes the host TLB of user translations. */
void arch_sync(struct cpu *cpu);

/* Resets the machine; false when it has no known way. */
bool arch_reset(void);

/* Goes on in user mode: behind a hypercall, or at any instruction with all registers. */
[[noreturn]] void cpu_return_syscall(struct arch_regs *regs);
[[noreturn]] void cpu_return_trap(struct arch_regs *regs);

#endif
