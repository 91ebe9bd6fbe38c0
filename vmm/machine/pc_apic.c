/* SPDX-License-Identifier: Apache-2.0 */
/* The PC's local APICs as the run loop sees them: their MSRs, their timers, what they deliver. */
#include <vela/state.h>

#include "pc.h"

#include "device/lapic_regs.h"

#define X2APIC_MSR(reg) (LAPIC_MSR_X2APIC_FIRST + (reg))

bool pc_apic_msr_read(struct pc_cpu *cpu, uint32_t msr, uint64_t *value)
{
	return lapic_read_msr(&cpu->lapic, msr, value);
}

static bool extint_waits(const struct pc_cpu *cpu)
{
	return !cpu->index && pic_intr(&cpu->pc->pic) && lapic_accepts_extint(&cpu->lapic);
}

/* The three registers that systems write all the time change little: the vectors that an IPI
 * raises, or a deadline that has passed, see to attention themselves. */
bool pc_apic_msr_write(struct pc_cpu *cpu, uint32_t msr, uint64_t value)
{
	bool done = lapic_write_msr(&cpu->lapic, msr, value);

	switch (msr) {
	case X2APIC_MSR(LAPIC_ICR_LOW):
		break;
	case LAPIC_MSR_TSC_DEADLINE:
		pc_attend(cpu, ATTEND_LAPIC);
		break;
	case X2APIC_MSR(LAPIC_EOI):
		if (pc_interrupt_class(cpu))
			pc_attend(cpu, ATTEND_IRQ);
		break;
	default:
		pc_attend(cpu, ATTEND_IRQ | ATTEND_LAPIC);
	}
	return done;
}

uint64_t pc_lapic_deadline(const struct pc_cpu *cpu)
{
	return lapic_deadline(&cpu->lapic);
}

bool pc_interrupt_waits(const struct pc_cpu *cpu)
{
	return lapic_pending_vector(&cpu->lapic) >= 0 || extint_waits(cpu);
}

uint32_t pc_interrupt_class(const struct pc_cpu *cpu)
{
	int vector = lapic_waiting_vector(&cpu->lapic);

	if (extint_waits(cpu))
		return VELA_WINDOW_ANY;
	return vector < 0 ? 0 : (uint32_t)vector >> 4;
}

unsigned pc_interrupt_take(struct pc_cpu *cpu)
{
	int vector = lapic_pending_vector(&cpu->lapic);

	if (vector < 0)
		return (unsigned)pic_ack(&cpu->pc->pic) & 0xff;
	lapic_ack(&cpu->lapic, (uint8_t)vector);
	return (unsigned)vector;
}
