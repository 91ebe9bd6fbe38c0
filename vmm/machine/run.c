/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop of a virtual CPU's thread. Exits that guests make most touch nothing but the state
 * page and one table or device; whatever needs more says so by an attention bit, and attend looks
 * after it with the machine's lock held. A thread whose processor halts, or waits for STARTUP or
 * for memory, sleeps on the semaphore that also kicks the running guest.
 */
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "machine.h"

#define LEAST_RUN_NS 100000ull

/* Requests that come faster than they are seen are one. */
static void keyboard_poll(struct machine *m)
{
	const uint32_t ctrl_alt_dels = rt_ctrl_alt_dels();

	if (ctrl_alt_dels == m->ctrl_alt_dels)
		return;
	m->ctrl_alt_dels = ctrl_alt_dels;
	if (!i8042_ctrl_alt_del(&m->pc.keyboard))
		rt_log(RT_INFO, "the guest reads no keys: Ctrl-Alt-Del is dropped");
}

void machine_poll(struct machine *m)
{
	console_input(m);
	keyboard_poll(m);
	nets_poll(&m->nets);
	balloon_poll(m);
	pc_virtio_poll(&m->pc);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A timer can be set to be due again before the guest has run at all: it gets some time between
 * two deadlines, or it could not even stop the timer. */
static void leave_time(struct vcpu *v)
{
	uint64_t least = rt_rdtsc() + rt_tsc_from_ns(LEAST_RUN_NS, v->machine->khz);

	if (v->deadline_tsc < least)
		v->deadline_tsc = least;
	v->timed_out = false;
}

/* A deadline that the guest gave as a TSC value needs no conversion, but for the rounding: one
 * nanosecond later its time has come by the local APIC's clock too. */
static uint64_t lapic_deadline_at(const struct vcpu *v)
{
	uint64_t guest;

	if (!lapic_deadline_tsc(&v->cpu->lapic, &guest))
		return machine_tsc_at(v->machine, pc_lapic_deadline(v->cpu));
	if (guest > INT64_MAX)
		return VELA_NO_DEADLINE;
	return guest - v->tsc_offset + v->machine->ns_ticks;
}

/* The devices' timers are the first processor's to look after. */
static void set_deadline(struct vcpu *v, uint32_t attention)
{
	struct machine *m = v->machine;
	uint64_t tsc = lapic_deadline_at(v);

	if (!v->index) {
		if (attention & ATTEND_TIMERS)
			m->device_deadline_tsc = machine_tsc_at(m, pc_device_deadline(&m->pc));
		tsc = earlier(tsc, m->device_deadline_tsc);
	}
	if (m->console.staged && m->console.flusher == v->index)
		tsc = earlier(tsc, machine_tsc_at(m, m->console.flush_ns));
	if (fetch_waits(&v->fetch))
		tsc = earlier(tsc, machine_tsc_at(m, v->fetch.again_ns));
	v->deadline_tsc = tsc;
	if (v->timed_out)
		leave_time(v);
}

static void change_state(struct vcpu *v)
{
	struct pc_cpu *cpu = v->cpu;

	if (cpu->init)
		vcpu_reset(v);
	cpu->init = false;
	if (cpu->startup >= 0)
		vcpu_startup(v, (unsigned)cpu->startup);
	cpu->startup = -1;
	if (cpu->unhalt && v->halted)
		v->halted = cpu->unhalt = false;
}

/* Until another virtual CPU, a device, the console or the clock has something for this one. */
static void sleep(struct vcpu *v)
{
	struct machine *m = v->machine;

	console_flush(m);
	paravirt_leave(v);
	vcpu_unlock(v);
	v->slept -= rt_rdtsc();
	rt_sm_down_all(RT_SEL_WAKE + v->index, v->deadline_tsc);
	v->slept += rt_rdtsc();
	vcpu_lock(v);
	pc_advance(v->cpu);
	if (!v->index)
		machine_poll(m);
}

static void attend(struct vcpu *v)
{
	struct pc_cpu *cpu = v->cpu;

	for (;;) {
		uint32_t attention = cpu->attention;

		cpu->attention = 0;
		if (attention & ATTEND_END)
			report_end(v);
		if (attention & ATTEND_CPU)
			change_state(v);
		if (fetch_waits(&v->fetch)) {
			balloon_fetch(v->machine, &v->fetch);
			attention |= ATTEND_LAPIC;
		}
		if (attention & ATTEND_IRQ && !cpu->waits && interrupt_deliver(v))
			v->halted = false;
		attention |= cpu->attention;
		cpu->attention &= ~(ATTEND_TIMERS | ATTEND_LAPIC);
		if (attention & (ATTEND_TIMERS | ATTEND_LAPIC))
			set_deadline(v, attention);
		if (cpu->attention)
			continue;
		if (!v->halted && !cpu->waits && !fetch_waits(&v->fetch))
			break;
		sleep(v);
	}
	paravirt_return(v);
}

static void set_groups(struct vcpu *v)
{
	for (unsigned cls = 0; cls < VELA_EXITS; cls++)
		if (rt_vcpu_ctrl(RT_SEL_VC + v->index, VELA_VC_SET_MASK, cls, exit_groups[cls]) !=
		    VELA_OK)
			vcpu_fatal(v, "the kernel refuses the state groups of exit class %u", cls);
}

_Noreturn void vcpu_run(struct vcpu *v)
{
	set_groups(v);
	vcpu_lock(v);
	pc_attend(v->cpu, ATTEND_IRQ | ATTEND_TIMERS | ATTEND_LAPIC);
	attend(v);
	vcpu_unlock(v);
	for (;;) {
		uint64_t cls;
		uint64_t status =
			rt_vcpu_run(RT_SEL_VC + v->index, v->dirty, v->deadline_tsc, &cls);

		if (status != VELA_OK || cls >= VELA_EXITS)
			vcpu_fatal(v, "the kernel does not run the virtual CPU: status %llu",
				   (unsigned long long)status);
		v->dirty = 0;
		if (v->flushed)
			v->flushed = v->state->flush = 0;
		v->have = v->state->exit.groups;
		exit_handlers[cls](v);
		/* Attention of others' making comes with a kick: without the lock there is none to
		 * look for here. */
		if (v->locked) {
			if (v->cpu->attention)
				attend(v);
			vcpu_unlock(v);
		}
	}
}
