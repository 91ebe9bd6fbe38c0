/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual machine of this process: its memory, its devices, and what its virtual CPUs share.
 * Each virtual CPU (vcpu.h) is run by a thread of its own; what is here may be touched with the
 * machine's lock only, but for what is constant once the guest runs.
 */
#ifndef VMM_MACHINE_MACHINE_H
#define VMM_MACHINE_MACHINE_H

#include <rt/process.h>
#include <rt/session.h>

#include "balloon.h"
#include "cpu/cpuid.h"
#include "cpu/emulate.h"
#include "lock.h"
#include "nets.h"
#include "pc.h"
#include "vcpu.h"

struct console {
	struct rt_session session;
	bool enabled;	   /* the guest's serial port is connected */
	bool staged;	   /* output was written since the last flush */
	unsigned flusher;  /* the virtual CPU that wrote it and flushes it */
	uint64_t flush_ns; /* when to flush it, guest time */
	uint64_t dropped;  /* bytes lost because the service took none */
};

struct machine {
	struct lock lock; /* protects all that is not constant here, and the log */
	/* Constant once the guest runs. */
	unsigned cpus;
	uint64_t start_tsc; /* host TSC at guest time 0 */
	uint64_t khz;
	uint64_t ns_ticks; /* a nanosecond in ticks, rounded up */
	uint64_t epoch_ns; /* wall clock at guest time 0 */
	const struct rt_info *info;
	struct guest_memory memory;
	struct cpuid_table cpuid;

	struct pc pc;
	struct nets nets;
	struct balloon balloon;
	uint32_t ctrl_alt_dels;	  /* rt_ctrl_alt_dels that the guest's keyboard has been told */
	struct emulator emulator; /* of whoever holds the lock; see vcpu_emulator */
	struct console console;
	uint64_t device_deadline_tsc; /* of all devices but the local APICs */
	struct {
		uint32_t code; /* enum rt_status_code */
		uint32_t value;
		const char *text;
	} end;
	uint32_t noted;		/* NOTE_* that were logged already */
	uint32_t unknown_msr;	/* the last unknown one that was logged */
	uint32_t unknown_msrs;	/* how many were */
	uint64_t unknown_count; /* accesses to addresses and MSRs nobody has */
	struct vcpu vcpu[RT_VCPUS_MAX];
};

#define NOTE_MMIO	 1u
#define NOTE_INSTRUCTION 2u
#define NOTE_EXIT	 4u
#define NOTE_HALT	 8u

/* machine.c: makes the machine and loads its kernel; ends the process with a message if that cannot
 * be done. */
void machine_init(struct machine *m, const struct rt_info *info);

/* Time: guest time in nanoseconds, and when its given value is reached on the host's TSC. */
uint64_t machine_now_ns(void *m);
uint64_t machine_tsc_at(const struct machine *m, uint64_t ns);

/* The guest has ended: every virtual CPU stops after its present exit. Only the first reason
 * counts. */
void machine_end(struct machine *m, uint32_t code, uint32_t value, const char *text);

/* run.c: looks at what came from outside. The first virtual CPU's thread calls it, whose semaphore
 * all services up. */
void machine_poll(struct machine *m);

/* console.c */
void console_open(struct machine *m);
void console_put(void *m, uint8_t byte);
void console_write(void *m, const void *bytes, size_t n);
void console_input(void *m);
void console_flush(struct machine *m);
/* Flushes when the time has come. */
void console_tick(struct machine *m);

#endif
