/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual interface of cpu/paravirt.h: end of interrupt by a flag in memory, stolen time
 * with the flag of a processor that sleeps, and hypercalls for IPIs and the end of a HLT. All of it
 * a guest can do without; it costs exits then.
 */
#include "cpu/paravirt.h"

#include <rt/hypercall.h>
#include <rt/tsc.h>

#include <stddef.h>

#include "cpu/registers.h"
#include "machine.h"

#define STEAL_NS   (10 * RT_NS_PER_MS)
#define ICR_DEST   0x800u
#define ICR_SHORT  0xc0000u
#define ICR_VECTOR 0xffu

static uint32_t *end_flag(const struct vcpu *v)
{
	return guest_ptr(&v->machine->memory, v->eoi_msr & ~PARAVIRT_ENABLE, sizeof(uint32_t));
}

static struct paravirt_steal_time *steal_time(const struct vcpu *v)
{
	return guest_ptr(&v->machine->memory, v->steal_msr & ~PARAVIRT_ENABLE,
			 sizeof(struct paravirt_steal_time));
}

void paravirt_end_sync(struct vcpu *v)
{
	uint32_t *flag;

	if (!v->cpu->ends_silently)
		return;
	v->cpu->ends_silently = false;
	flag = end_flag(v);
	if (!(__atomic_fetch_and(flag, ~PARAVIRT_EOI_SKIP, __ATOMIC_RELAXED) & PARAVIRT_EOI_SKIP))
		lapic_end_of_interrupt(&v->cpu->lapic);
}

void paravirt_end_offer(struct vcpu *v)
{
	if (!(v->eoi_msr & PARAVIRT_ENABLE) || !lapic_end_is_silent(&v->cpu->lapic))
		return;
	__atomic_fetch_or(end_flag(v), PARAVIRT_EOI_SKIP, __ATOMIC_RELAXED);
	v->cpu->ends_silently = true;
}

/* Time in which this thread neither ran nor slept. The thread's own includes the monitor's. */
static void compute_steal(struct vcpu *v, struct paravirt_steal_time *shared)
{
	uint64_t now = rt_rdtsc(), used;

	if (rt_sc_time(RT_SEL_SC + v->index, &used) != VELA_OK)
		return;
	uint64_t passed = now - v->steal_tsc, known = used - v->used_ticks + v->slept;

	if (v->steal_tsc && passed > known)
		v->steal_ns += rt_ns_from_tsc(passed - known, v->machine->khz);
	v->steal_tsc = now;
	v->used_ticks = used;
	v->slept = 0;
	uint32_t version = __atomic_load_n(&shared->version, __ATOMIC_RELAXED) | 1;

	__atomic_store_n(&shared->version, version, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->steal, v->steal_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->version, version + 1, __ATOMIC_RELEASE);
}

void paravirt_tick(struct vcpu *v)
{
	if (!(v->steal_msr & PARAVIRT_ENABLE) ||
	    rt_rdtsc() - v->steal_tsc < rt_tsc_from_ns(STEAL_NS, v->machine->khz))
		return;
	compute_steal(v, steal_time(v));
}

void paravirt_leave(struct vcpu *v)
{
	if (v->away || !(v->steal_msr & PARAVIRT_ENABLE))
		return;
	v->away = true;
	__atomic_store_n(&steal_time(v)->preempted, PARAVIRT_PREEMPTED, __ATOMIC_SEQ_CST);
}

/* Who wanted translations gone while this processor slept has set a flag and not waited. */
void paravirt_return(struct vcpu *v)
{
	if (!v->away)
		return;
	v->away = false;
	if (__atomic_exchange_n(&steal_time(v)->preempted, 0, __ATOMIC_SEQ_CST) & PARAVIRT_FLUSH) {
		vcpu_need(v, VELA_GROUP_CTRL);
		v->state->flush = 1;
		v->flushed = true;
		vcpu_changed(v, VELA_GROUP_CTRL);
	}
	paravirt_tick(v);
}

bool paravirt_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	const struct guest_memory *memory = &v->machine->memory;
	bool eoi = msr == PARAVIRT_MSR_EOI;
	uint64_t gpa = value & ~PARAVIRT_ENABLE;
	size_t bytes = eoi ? sizeof(uint32_t) : sizeof(struct paravirt_steal_time);

	if (value & (eoi ? PARAVIRT_EOI_RESERVED : PARAVIRT_STEAL_RESERVED) ||
	    (value & PARAVIRT_ENABLE && !guest_ptr(memory, gpa, bytes)))
		return false;
	vcpu_lock(v);
	if (eoi) {
		paravirt_end_sync(v);
		v->eoi_msr = value;
		return true;
	}
	if (!(v->steal_msr & PARAVIRT_ENABLE))
		v->steal_tsc = 0;
	v->steal_msr = value;
	if (value & PARAVIRT_ENABLE) {
		__atomic_store_n(&steal_time(v)->preempted, 0, __ATOMIC_SEQ_CST);
		compute_steal(v, steal_time(v));
	}
	return true;
}

uint64_t paravirt_read(const struct vcpu *v, uint32_t msr)
{
	return msr == PARAVIRT_MSR_EOI ? v->eoi_msr : v->steal_msr;
}

/* An IPI to the processors of a bitmap that begins with APIC id first. Returns how many got it. */
static int64_t send_ipis(struct vcpu *v, const uint64_t map[2], unsigned bits, uint64_t first,
			 uint32_t icr)
{
	struct apic_message message = {
		.source = v->index,
		.delivery = icr >> 8 & 7,
		.vector = (uint8_t)(icr & ICR_VECTOR),
	};
	int64_t sent = 0;

	if (icr & (ICR_DEST | ICR_SHORT) ||
	    (message.delivery != APIC_FIXED && message.delivery != APIC_NMI))
		return -PARAVIRT_EINVAL;
	vcpu_lock(v);
	for (unsigned i = 0; i < 2; i++)
		for (uint64_t left = map[i]; left; left &= left - 1) {
			uint64_t id = first + i * bits + (unsigned)__builtin_ctzll(left);

			message.dest = (uint32_t)id;
			if (id < v->machine->cpus)
				sent += pc_send(&v->machine->pc, &message);
		}
	return sent;
}

static int64_t carry_out(struct vcpu *v, uint64_t mask, unsigned bits)
{
	const uint64_t *gpr = v->state->gpr;
	const uint64_t map[2] = { gpr[VELA_RBX] & mask, gpr[VELA_RCX] & mask };

	switch (gpr[VELA_RAX] & mask) {
	case PARAVIRT_CALL_KICK_CPU:
		vcpu_lock(v);
		pc_unhalt(&v->machine->pc, (uint32_t)gpr[VELA_RCX]);
		return 0;
	case PARAVIRT_CALL_SEND_IPI:
		return send_ipis(v, map, bits, gpr[VELA_RDX] & mask, (uint32_t)gpr[VELA_RSI]);
	default:
		return -PARAVIRT_ENOSYS;
	}
}

/* Arguments are as wide as the mode's registers. */
void exit_hypercall(struct vcpu *v)
{
	struct vela_state *s = v->state;
	bool wide = s->efer & EFER_LMA && s->seg[VELA_CS].attr & SEGMENT_LONG;
	bool kernel = !(s->seg[VELA_SS].attr >> SEGMENT_DPL_SHIFT & 3);
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	int64_t result = kernel ? carry_out(v, mask, wide ? 64 : 32) : -PARAVIRT_EPERM;

	s->gpr[VELA_RAX] = (uint64_t)result & mask;
	vcpu_changed(v, VELA_GROUP_GPR);
	vcpu_skip(v);
}
