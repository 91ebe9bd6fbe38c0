/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RDMSR and WRMSR exits: the policy table says what a register is; those of the local APIC and of
 * the clocks are done here.
 */
#include <rt/hypercall.h>
#include <rt/log.h>

#include "cpu/kvmclock.h"
#include "machine.h"

#define X2APIC_TPR 0x808u
#define X2APIC_PPR 0x80au

/* A guest must not be able to fill the log. */
#define NOTED_MSRS 32u

/* The guest's clock began with the machine: every processor is told of that moment and no other, so
 * that they compute the same time from the same TSC, to the last bit. */
static struct kvmclock_time clock_time(const struct vcpu *v)
{
	return (struct kvmclock_time){
		.tsc = v->machine->start_tsc + v->tsc_offset,
		.ns = 0,
		.epoch_ns = v->machine->epoch_ns,
	};
}

static void write_system_time(struct vcpu *v)
{
	const struct machine *m = v->machine;
	struct kvmclock_time start = clock_time(v);

	if (v->system_time & KVMCLOCK_ENABLE)
		kvmclock_write_system(&m->memory, v->system_time & ~KVMCLOCK_ENABLE, m->khz,
				      &start);
}

/* Everything that follows the guest's TSC moves with it. */
static void write_tsc(struct vcpu *v, uint64_t value)
{
	v->tsc_offset = value - rt_rdtsc();
	vcpu_need(v, VELA_GROUP_CTRL);
	v->state->tsc_offset = v->tsc_offset;
	vcpu_changed(v, VELA_GROUP_CTRL);
	vcpu_lock(v);
	lapic_set_tsc(&v->cpu->lapic, value, machine_now_ns(v->machine));
	pc_attend(v->cpu, ATTEND_LAPIC);
	write_system_time(v);
}

static bool read_apic(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	vcpu_lock(v);
	paravirt_end_sync(v);
	if (msr == X2APIC_TPR || msr == X2APIC_PPR)
		interrupt_tpr_from_cpu(v);
	return pc_apic_msr_read(v->cpu, msr, value);
}

static bool write_apic(struct vcpu *v, uint32_t msr, uint64_t value)
{
	vcpu_lock(v);
	paravirt_end_sync(v);
	if (!pc_apic_msr_write(v->cpu, msr, value))
		return false;
	if (msr == X2APIC_TPR || msr == LAPIC_MSR_BASE)
		interrupt_tpr_to_cpu(v);
	return true;
}

static bool read(struct vcpu *v, const struct msr_policy *policy, uint32_t msr, uint64_t *value)
{
	switch ((enum msr_kind)policy->kind) {
	case MSR_LAPIC:
		return read_apic(v, msr, value);
	case MSR_TSC:
		*value = rt_rdtsc() + v->tsc_offset;
		return true;
	case MSR_CLOCK_SYSTEM:
		*value = v->system_time;
		return true;
	case MSR_CLOCK_WALL:
		*value = 0;
		return true;
	case MSR_PARAVIRT:
		*value = paravirt_read(v, msr);
		return true;
	default:
		if (policy->group)
			vcpu_need(v, policy->group);
		*value = msr_read(policy, &v->msr_store, v->state, msr);
		return true;
	}
}

static bool write(struct vcpu *v, const struct msr_policy *policy, uint32_t msr, uint64_t value)
{
	struct kvmclock_time start;

	switch ((enum msr_kind)policy->kind) {
	case MSR_LAPIC:
		return write_apic(v, msr, value);
	case MSR_TSC:
		write_tsc(v, value);
		return true;
	case MSR_CLOCK_SYSTEM:
		v->system_time = value;
		write_system_time(v);
		return true;
	case MSR_CLOCK_WALL:
		start = clock_time(v);
		kvmclock_write_wall(&v->machine->memory, value, &start);
		return true;
	case MSR_PARAVIRT:
		return paravirt_write(v, msr, value);
	default:
		/* EFER's checks look at CR0, which is in the same group. */
		if (policy->group)
			vcpu_need(v, policy->group);
		if (!msr_write(policy, &v->msr_store, v->state, msr, value))
			return false;
		vcpu_changed(v, policy->group);
		return true;
	}
}

static void note_unknown(struct vcpu *v, uint32_t msr, bool is_write)
{
	struct machine *m = v->machine;

	vcpu_lock(v);
	m->unknown_count++;
	if (m->unknown_msr == msr || m->unknown_msrs == NOTED_MSRS)
		return;
	m->unknown_msr = msr;
	m->unknown_msrs++;
	rt_log(RT_INFO, "%s of unknown MSR %#x", is_write ? "write" : "read", msr);
}

void exit_msr(struct vcpu *v)
{
	struct vela_state *s = v->state;
	uint32_t msr = (uint32_t)s->gpr[VELA_RCX];
	const struct msr_policy *policy = msr_find(msr);
	uint64_t value = (uint32_t)s->gpr[VELA_RAX] | s->gpr[VELA_RDX] << 32;

	if (!policy || policy->kind == MSR_ABSENT) {
		if (!policy)
			note_unknown(v, msr, s->exit.write);
		vcpu_gp(v);
		return;
	}
	if (s->exit.write) {
		if (!write(v, policy, msr, value)) {
			vcpu_gp(v);
			return;
		}
	} else {
		if (!read(v, policy, msr, &value)) {
			vcpu_gp(v);
			return;
		}
		s->gpr[VELA_RAX] = (uint32_t)value;
		s->gpr[VELA_RDX] = value >> 32;
		vcpu_changed(v, VELA_GROUP_GPR);
	}
	vcpu_skip(v);
}
