/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtual CPU and the thread that runs it. Nobody else touches what is in here. An exit handler
 * that needs anything of the machine takes its lock by vcpu_lock; the run loop gives it back before
 * the guest goes on.
 */
#ifndef VMM_MACHINE_VCPU_H
#define VMM_MACHINE_VCPU_H

#include <stdbool.h>
#include <vela/state.h>

#include "cpu/msr.h"
#include "fetch.h"
#include "lock.h"

struct machine;
struct pc_cpu;

struct vcpu {
	struct machine *machine;
	struct pc_cpu *cpu; /* the rest of the machine's view of it */
	struct lock *lock;  /* the machine's, and what it protects of the PC: */
	unsigned *current;  /* whose thread has it */
	uint32_t *kicks;    /* whom to kick when it is given back */
	unsigned index;
	struct vela_state *state;
	uint32_t have;	    /* state groups in the page that are the guest's present ones */
	uint32_t dirty;	    /* of them, those changed since the last exit */
	bool locked;	    /* the thread holds the machine's lock */
	uint32_t window;    /* an interrupt window has been asked for: as in the state page */
	struct fetch fetch; /* guest memory that it waits for */
	bool timed_out;	    /* the last exit was for a deadline */
	bool halted;	    /* the guest has executed HLT */
	uint64_t deadline_tsc;
	uint64_t tsc_offset;  /* guest's TSC minus the host's */
	uint64_t system_time; /* last value of the paravirtual clock's MSR */
	uint64_t eoi_msr, steal_msr;
	bool away;	     /* the guest has been told that this processor does not run */
	bool flushed;	     /* flush of the state page is set, and was loaded */
	uint64_t steal_ns;   /* what the guest was told */
	uint64_t steal_tsc;  /* when it was computed last; 0: never */
	uint64_t used_ticks; /* time of the thread then */
	uint64_t slept;	     /* ticks asleep since then */
	struct msr_store msr_store;
};

/* vcpu.c: the state of a processor after INIT. */
void vcpu_init(struct machine *m, unsigned index);
void vcpu_reset(struct vcpu *v);
/* What STARTUP does with its vector: real mode at the start of that page. */
void vcpu_startup(struct vcpu *v, unsigned page);

/* run.c: runs the guest until the process ends. */
_Noreturn void vcpu_run(struct vcpu *v);

/* report.c: the guest has ended: stops the other threads, logs how it ended, ends the process. */
_Noreturn void report_end(struct vcpu *v);

/* Takes the machine's lock unless the thread has it. */
static inline void vcpu_lock(struct vcpu *v)
{
	if (v->locked)
		return;
	lock_take(v->lock);
	v->locked = true;
	*v->current = v->index;
}
/* Gives it back. Others that have got attention are kicked, afterwards. */
void vcpu_unlock_and_kick(struct vcpu *v);
static inline void vcpu_unlock(struct vcpu *v)
{
	if (*v->kicks) {
		vcpu_unlock_and_kick(v);
		return;
	}
	v->locked = false;
	lock_give(v->lock);
}

/* Ends the process: the monitor cannot go on. */
__attribute__((format(printf, 2, 3))) _Noreturn void vcpu_fatal(struct vcpu *v, const char *format,
								...);

/* State groups: reads what is not there yet; marks as changed. */
void vcpu_need(struct vcpu *v, uint32_t groups);
static inline void vcpu_changed(struct vcpu *v, uint32_t groups)
{
	v->dirty |= groups;
}

/* The emulator, for this virtual CPU. */
struct emulator *vcpu_emulator(struct vcpu *v);

/* Completes the present instruction: next_rip from the exit, or decoded. */
void vcpu_skip(struct vcpu *v);
/* The same when the next RIP is known. */
void vcpu_advance(struct vcpu *v, uint64_t next_rip);

/* Makes the guest take an exception at its present RIP. */
void vcpu_fault(struct vcpu *v, unsigned vector, uint32_t error);
#define vcpu_gp(v) vcpu_fault(v, 13, 0)

/* interrupt.c: injects what can be injected, or asks for a window. True: the processor will take an
 * event at its next entry. */
bool interrupt_deliver(struct vcpu *v);
/* The window has opened and is closed again. Emulators open it in a shadow too, which then is over,
 * but for HLT. */
void interrupt_window_open(struct vcpu *v);
/* Takes the task priority from CR8 to the local APIC, or back. */
void interrupt_tpr_from_cpu(struct vcpu *v);
void interrupt_tpr_to_cpu(struct vcpu *v);

/* exit.c: per exit class the state groups that are copied out, and what is done about it. */
extern const uint32_t exit_groups[VELA_EXITS];
extern void (*const exit_handlers[VELA_EXITS])(struct vcpu *v);

/* paravirt.c: what guests and the monitor share in memory, and hypercalls. */
bool paravirt_write(struct vcpu *v, uint32_t msr, uint64_t value);
uint64_t paravirt_read(const struct vcpu *v, uint32_t msr);
/* Before the local APIC is looked at: an end of interrupt that it does not know of yet. */
void paravirt_end_sync(struct vcpu *v);
/* Before the guest goes on: it may end its interrupt silently if that concerns nobody. */
void paravirt_end_offer(struct vcpu *v);
/* Around sleep, with the lock held. */
void paravirt_leave(struct vcpu *v);
void paravirt_return(struct vcpu *v);
/* Stolen time, at most so often that it costs nothing. */
void paravirt_tick(struct vcpu *v);
void exit_hypercall(struct vcpu *v);

/* exit_memory.c, exit_msr.c, exit_register.c: exit handlers. */
void exit_memory(struct vcpu *v);
void exit_string_io(struct vcpu *v);
void exit_msr(struct vcpu *v);
void exit_register(struct vcpu *v);

/* Counts and, once, logs an exit for something the machine does not have. */
void exit_note(struct vcpu *v);

#endif
