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

static struct kvmclock_time clock_time(struct machine *m)
{
	uint64_t tsc = rt_rdtsc();

	return (struct kvmclock_time){
		.tsc = tsc + m->tsc_offset,
		.ns = machine_now_ns(m),
		.epoch_ns = m->epoch_ns,
	};
}

static void write_system_time(struct machine *m)
{
	struct kvmclock_time now = clock_time(m);

	if (m->system_time & KVMCLOCK_ENABLE)
		kvmclock_write_system(&m->memory, m->system_time & ~KVMCLOCK_ENABLE, m->khz, &now);
}

/* Everything that follows the guest's TSC moves with it. */
static void write_tsc(struct machine *m, uint64_t value)
{
	m->tsc_offset = value - rt_rdtsc();
	machine_need(m, VELA_GROUP_CTRL);
	m->state->tsc_offset = m->tsc_offset;
	machine_changed(m, VELA_GROUP_CTRL);
	lapic_set_tsc(&m->pc.lapic, value, machine_now_ns(m));
	m->pc.attention |= ATTEND_LAPIC;
	write_system_time(m);
}

static bool read_apic(struct machine *m, uint32_t msr, uint64_t *value)
{
	if (msr == X2APIC_TPR || msr == X2APIC_PPR)
		interrupt_tpr_from_cpu(m);
	return pc_apic_msr_read(&m->pc, msr, value);
}

static bool write_apic(struct machine *m, uint32_t msr, uint64_t value)
{
	if (!pc_apic_msr_write(&m->pc, msr, value))
		return false;
	if (msr == X2APIC_TPR || msr == LAPIC_MSR_BASE)
		interrupt_tpr_to_cpu(m);
	return true;
}

static bool read(struct machine *m, const struct msr_policy *policy, uint32_t msr, uint64_t *value)
{
	switch ((enum msr_kind)policy->kind) {
	case MSR_LAPIC:
		return read_apic(m, msr, value);
	case MSR_TSC:
		*value = rt_rdtsc() + m->tsc_offset;
		return true;
	case MSR_CLOCK_SYSTEM:
		*value = m->system_time;
		return true;
	case MSR_CLOCK_WALL:
		*value = 0;
		return true;
	default:
		if (policy->group)
			machine_need(m, policy->group);
		*value = msr_read(policy, &m->msr_store, m->state, msr);
		return true;
	}
}

static bool write(struct machine *m, const struct msr_policy *policy, uint32_t msr, uint64_t value)
{
	struct kvmclock_time now;

	switch ((enum msr_kind)policy->kind) {
	case MSR_LAPIC:
		return write_apic(m, msr, value);
	case MSR_TSC:
		write_tsc(m, value);
		return true;
	case MSR_CLOCK_SYSTEM:
		m->system_time = value;
		write_system_time(m);
		return true;
	case MSR_CLOCK_WALL:
		now = clock_time(m);
		kvmclock_write_wall(&m->memory, value, &now);
		return true;
	default:
		/* EFER's checks look at CR0, which is in the same group. */
		if (policy->group)
			machine_need(m, policy->group);
		if (!msr_write(policy, &m->msr_store, m->state, msr, value))
			return false;
		machine_changed(m, policy->group);
		return true;
	}
}

static void note_unknown(struct machine *m, uint32_t msr, bool is_write)
{
	m->unknown_count++;
	if (m->unknown_msr == msr || m->unknown_msrs == NOTED_MSRS)
		return;
	m->unknown_msr = msr;
	m->unknown_msrs++;
	rt_log(RT_INFO, "%s of unknown MSR %#x", is_write ? "write" : "read", msr);
}

void exit_msr(struct machine *m)
{
	struct vela_state *s = m->state;
	uint32_t msr = (uint32_t)s->gpr[VELA_RCX];
	const struct msr_policy *policy = msr_find(msr);
	uint64_t value = (uint32_t)s->gpr[VELA_RAX] | s->gpr[VELA_RDX] << 32;

	if (!policy || policy->kind == MSR_ABSENT) {
		if (!policy)
			note_unknown(m, msr, s->exit.write);
		machine_gp(m);
		return;
	}
	if (s->exit.write) {
		if (!write(m, policy, msr, value)) {
			machine_gp(m);
			return;
		}
	} else {
		if (!read(m, policy, msr, &value)) {
			machine_gp(m);
			return;
		}
		s->gpr[VELA_RAX] = (uint32_t)value;
		s->gpr[VELA_RDX] = value >> 32;
		machine_changed(m, VELA_GROUP_GPR);
	}
	machine_skip(m);
}
