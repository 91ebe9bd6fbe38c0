/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual machine of this process: one virtual CPU, its memory and its devices, and the loop
 * that runs it. Everything here happens on one thread.
 */
#ifndef VMM_MACHINE_MACHINE_H
#define VMM_MACHINE_MACHINE_H

#include <rt/process.h>
#include <rt/session.h>

#include "cpu/cpuid.h"
#include "cpu/emulate.h"
#include "cpu/msr.h"
#include "cpu/operand.h"
#include "pc.h"

struct console {
	struct rt_session session;
	bool enabled;	   /* the guest's serial port is connected */
	bool staged;	   /* output was written since the last flush */
	uint64_t flush_ns; /* when to flush it, guest time */
	uint64_t dropped;  /* bytes lost because the service took none */
};

struct machine {
	struct vela_state *state;
	uint32_t have;	/* state groups in the page that are the guest's present ones */
	uint32_t dirty; /* of them, those changed since the last exit */
	bool held;	/* an interrupt waits for a lower task priority */
	bool window;	/* an interrupt window has been asked for */
	bool timed_out; /* the last exit was for a deadline */
	uint64_t deadline_tsc;
	uint64_t device_deadline_ns; /* of all devices but the local APIC */
	uint64_t start_tsc;	     /* host TSC at guest time 0 */
	uint64_t tsc_offset;	     /* guest's TSC minus the host's */
	uint64_t khz;
	uint64_t epoch_ns;    /* wall clock at guest time 0 */
	uint64_t system_time; /* last value of the paravirtual clock's MSR */
	const struct rt_info *info;
	struct guest_memory memory;
	struct pc pc;
	struct cpuid_table cpuid;
	struct msr_store msr_store;
	struct emulator emulator;
	struct console console;
	struct {
		uint32_t code; /* enum rt_status_code */
		uint32_t value;
		const char *text;
	} end;
	uint32_t noted;		/* NOTE_* that were logged already */
	uint32_t unknown_msr;	/* the last unknown one that was logged */
	uint32_t unknown_msrs;	/* how many were */
	uint64_t unknown_count; /* accesses to addresses and MSRs nobody has */
};

#define NOTE_MMIO	 1u
#define NOTE_INSTRUCTION 2u
#define NOTE_EXIT	 4u
#define NOTE_HALT	 8u

/* machine.c: makes the machine and loads its kernel; ends the process with a message if that cannot
 * be done. */
void machine_init(struct machine *m, const struct rt_info *info);

/* exit.c: runs the guest until the process ends. */
_Noreturn void machine_run(struct machine *m);

/* Time: guest time in nanoseconds, and when its given value is reached on the host's TSC. */
uint64_t machine_now_ns(void *m);
uint64_t machine_tsc_at(const struct machine *m, uint64_t ns);

/* State groups: reads what is not there yet; marks as changed. */
void machine_need(struct machine *m, uint32_t groups);
static inline void machine_changed(struct machine *m, uint32_t groups)
{
	m->dirty |= groups;
}

/* Completes the present instruction: next_rip from the exit, or decoded. */
void machine_skip(struct machine *m);
/* The same when the next RIP is known. */
void machine_advance(struct machine *m, uint64_t next_rip);

/* Makes the guest take an exception at its present RIP. */
void machine_fault(struct machine *m, unsigned vector, uint32_t error);
#define machine_gp(m) machine_fault(m, 13, 0)

/* The guest has ended: takes effect after the present exit. Only the first reason counts. */
void machine_end(struct machine *m, uint32_t code, uint32_t value, const char *text);

/* interrupt.c: injects what can be injected, or asks for a window. True: the processor will take an
 * event at its next entry. */
bool interrupt_deliver(struct machine *m);
/* Takes the task priority from CR8 to the local APIC, or back. */
void interrupt_tpr_from_cpu(struct machine *m);
void interrupt_tpr_to_cpu(struct machine *m);

/* exit_memory.c, exit_msr.c, exit_register.c: exit handlers. */
void exit_memory(struct machine *m);
void exit_string_io(struct machine *m);
void exit_msr(struct machine *m);
void exit_register(struct machine *m);

/* Counts and, once, logs an exit for something the machine does not have. */
void machine_note_exit(struct machine *m);

/* console.c */
void console_open(struct machine *m);
void console_put(void *m, uint8_t byte);
void console_input(void *m);
void console_flush(struct machine *m);
/* Flushes when the time has come. */
void console_tick(struct machine *m);

#endif
