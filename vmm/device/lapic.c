/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC's registers, reached as MMIO (xAPIC) or MSRs (x2APIC), and APICBASE. Registers
 * have one implementation; the two ways differ in what is reserved and in how ICR is written.
 */
#include "lapic.h"

#include <string.h>

#include "lapic_parts.h"

#define BASE_FLAGS (LAPIC_BASE_BSP | LAPIC_BASE_X2APIC | LAPIC_BASE_ENABLE)

/* Bits the guest can change in each LVT entry, in the order of enum lapic_lvt. The timer's modes
 * are bits 18:17; LINT pins have polarity (13) and trigger mode (15). */
static const uint32_t lvt_writable[LAPIC_LVTS] = {
	LVT_MASKED | LVT_VECTOR | 3u << LVT_TIMER_SHIFT,
	LVT_MASKED | LVT_VECTOR | 7u << LVT_DELIVERY_SHIFT,
	LVT_MASKED | LVT_VECTOR | 7u << LVT_DELIVERY_SHIFT,
	LVT_MASKED | LVT_VECTOR | 7u << LVT_DELIVERY_SHIFT | 0xa000u,
	LVT_MASKED | LVT_VECTOR | 7u << LVT_DELIVERY_SHIFT | 0xa000u,
	LVT_MASKED | LVT_VECTOR,
};

static uint32_t read_register(struct lapic *lapic, unsigned reg)
{
	const struct lapic_state *s = &lapic->s;

	if (reg >= LAPIC_ISR && reg < LAPIC_ESR) {
		const uint32_t *bits = reg < LAPIC_TMR ? s->isr : reg < LAPIC_IRR ? s->tmr : s->irr;

		return bits[reg & 7];
	}
	if (reg >= LAPIC_LVT && reg < LAPIC_LVT + LAPIC_LVTS)
		return s->lvt[reg - LAPIC_LVT];
	switch (reg) {
	case LAPIC_ID:
		return lapic_is_x2apic(lapic) ? s->id : s->id << 24;
	case LAPIC_VERSION:
		return LAPIC_VERSION_VALUE;
	case LAPIC_TPR:
		return s->tpr;
	case LAPIC_PPR:
		return lapic_ppr(lapic);
	case LAPIC_LDR:
		return s->ldr;
	case LAPIC_DFR:
		return s->dfr;
	case LAPIC_SVR:
		return s->svr;
	case LAPIC_ESR:
		return s->esr;
	case LAPIC_ICR_LOW:
		return s->icr_low;
	case LAPIC_ICR_HIGH:
		return s->icr_high;
	case LAPIC_TIMER_INITIAL:
		return s->timer_initial;
	case LAPIC_TIMER_CURRENT:
		lapic_advance(lapic, clock_now(lapic->clock));
		return lapic_timer_current(lapic);
	case LAPIC_DCR:
		return s->dcr;
	default: /* APR and RRD, which no CPU of this generation has */
		return 0;
	}
}

/* While the APIC is disabled by software every LVT entry is masked and cannot be unmasked. */
static void write_lvt(struct lapic *lapic, unsigned entry, uint32_t value)
{
	value &= lvt_writable[entry];
	if (!(lapic->s.svr & SVR_ENABLE))
		value |= LVT_MASKED;
	if (entry == LVT_TIMER)
		lapic_timer_set_lvt(lapic, value);
	else
		lapic->s.lvt[entry] = value;
}

static void write_svr(struct lapic *lapic, uint32_t value)
{
	lapic->s.svr = value & SVR_WRITABLE;
	if (lapic->s.svr & SVR_ENABLE)
		return;
	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		write_lvt(lapic, i, lapic->s.lvt[i]);
}

static void write_register(struct lapic *lapic, unsigned reg, uint32_t value)
{
	struct lapic_state *s = &lapic->s;

	if (reg >= LAPIC_LVT && reg < LAPIC_LVT + LAPIC_LVTS) {
		write_lvt(lapic, reg - LAPIC_LVT, value);
		return;
	}
	switch (reg) {
	case LAPIC_EOI:
		lapic_end_of_interrupt(lapic);
		break;
	case LAPIC_TPR:
		s->tpr = value & 0xff;
		break;
	case LAPIC_LDR: /* xAPIC only: in x2APIC mode it follows from the id */
		s->ldr = value & 0xff000000u;
		break;
	case LAPIC_DFR:
		s->dfr = value | DFR_RESERVED;
		break;
	case LAPIC_SVR:
		write_svr(lapic, value);
		break;
	case LAPIC_ESR: /* a write shows what was noted since the last one */
		s->esr = s->esr_pending;
		s->esr_pending = 0;
		break;
	case LAPIC_ICR_LOW:
		s->icr_low = value & ICR_WRITABLE;
		lapic_send_icr(lapic);
		break;
	case LAPIC_ICR_HIGH:
		s->icr_high = value & 0xff000000u;
		break;
	case LAPIC_TIMER_INITIAL:
		lapic_timer_start(lapic, value);
		break;
	case LAPIC_DCR:
		lapic_timer_set_dcr(lapic, value);
		break;
	}
}

#define RO ACCESS_R(4)
#define RW ACCESS_RW(4)
#define WO ACCESS_W(4)

/* The xAPIC page. EOI reads as zero on real parts; software that saves and restores registers
 * relies on reads being harmless. The id is fixed, writes to it are ignored. */
static const uint8_t mmio_access[LAPIC_REGISTERS] = {
	[LAPIC_ID] = RW,
	[LAPIC_VERSION] = RO,
	[LAPIC_TPR] = RW,
	[LAPIC_APR] = RO,
	[LAPIC_PPR] = RO,
	[LAPIC_EOI] = RW,
	[LAPIC_RRD] = RO,
	[LAPIC_LDR] = RW,
	[LAPIC_DFR] = RW,
	[LAPIC_SVR] = RW,
	[LAPIC_ISR... LAPIC_ESR - 1] = RO,
	[LAPIC_ESR] = RW,
	[LAPIC_ICR_LOW] = RW,
	[LAPIC_ICR_HIGH] = RW,
	[LAPIC_LVT... LAPIC_LVT + LAPIC_LVTS - 1] = RW,
	[LAPIC_TIMER_INITIAL] = RW,
	[LAPIC_TIMER_CURRENT] = RO,
	[LAPIC_DCR] = RW,
};

/* The x2APIC MSRs: no DFR, no ICR high half, LDR read-only, and a self-IPI register. ICR is one
 * 64-bit MSR and handled apart. */
static const uint8_t msr_access[LAPIC_REGISTERS] = {
	[LAPIC_ID] = RO,
	[LAPIC_VERSION] = RO,
	[LAPIC_TPR] = RW,
	[LAPIC_PPR] = RO,
	[LAPIC_EOI] = WO,
	[LAPIC_LDR] = RO,
	[LAPIC_SVR] = RW,
	[LAPIC_ISR... LAPIC_ESR - 1] = RO,
	[LAPIC_ESR] = RW,
	[LAPIC_LVT... LAPIC_LVT + LAPIC_LVTS - 1] = RW,
	[LAPIC_TIMER_INITIAL] = RW,
	[LAPIC_TIMER_CURRENT] = RO,
	[LAPIC_DCR] = RW,
	[LAPIC_SELF_IPI] = WO,
};

static uint64_t mmio_read(void *dev, uint64_t offset, unsigned width)
{
	(void)width;
	return read_register(dev, (unsigned)(offset >> 4));
}

static void mmio_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	(void)width;
	write_register(dev, (unsigned)(offset >> 4), (uint32_t)value);
}

const struct mmio_ops lapic_mmio_ops = {
	{ mmio_access, LAPIC_REGISTERS, 4 },
	mmio_read,
	mmio_write,
};

/* Values with reserved bits set are refused in x2APIC mode, where MMIO ignores them. */
static bool x2apic_value_valid(unsigned reg, uint64_t value)
{
	if (value >> 32)
		return false;
	if (reg >= LAPIC_LVT && reg < LAPIC_LVT + LAPIC_LVTS)
		return !(value & ~(uint64_t)(lvt_writable[reg - LAPIC_LVT] | LVT_STATUS));
	switch (reg) {
	case LAPIC_TPR:
	case LAPIC_SELF_IPI:
		return value <= 0xff;
	case LAPIC_EOI:
	case LAPIC_ESR:
		return value == 0;
	case LAPIC_SVR:
		return !(value & ~(uint64_t)SVR_WRITABLE);
	case LAPIC_DCR:
		return !(value & ~(uint64_t)DCR_WRITABLE);
	default:
		return true;
	}
}

static void self_ipi(struct lapic *lapic, uint8_t vector)
{
	if (vector < LAPIC_FIRST_VECTOR)
		lapic_error(lapic, ESR_SEND_ILLEGAL);
	else
		lapic_set_irr(lapic, vector, false);
}

static bool x2apic_write(struct lapic *lapic, unsigned reg, uint64_t value)
{
	if (reg == LAPIC_ICR_LOW) {
		if (value & 0xffffffffu & ~(uint64_t)ICR_WRITABLE)
			return false;
		lapic->s.icr_high = (uint32_t)(value >> 32);
		lapic->s.icr_low = (uint32_t)value;
		lapic_send_icr(lapic);
		return true;
	}
	if (reg >= LAPIC_REGISTERS || !(msr_access[reg] & ACCESS_W(4)) ||
	    !x2apic_value_valid(reg, value))
		return false;
	if (reg == LAPIC_SELF_IPI)
		self_ipi(lapic, (uint8_t)value);
	else
		write_register(lapic, reg, (uint32_t)value);
	return true;
}

static bool x2apic_read(struct lapic *lapic, unsigned reg, uint64_t *value)
{
	if (reg == LAPIC_ICR_LOW) {
		*value = (uint64_t)lapic->s.icr_high << 32 | lapic->s.icr_low;
		return true;
	}
	if (reg >= LAPIC_REGISTERS || !(msr_access[reg] & ACCESS_R(4)))
		return false;
	*value = read_register(lapic, reg);
	return true;
}

static void reset_registers(struct lapic *lapic)
{
	struct lapic_state *s = &lapic->s;
	uint64_t base = s->base, tsc_value = s->tsc_value, tsc_ns = s->tsc_ns;
	uint32_t id = s->id;

	memset(s, 0, sizeof *s);
	s->base = base;
	s->tsc_value = tsc_value;
	s->tsc_ns = tsc_ns;
	s->id = id;
	s->dfr = DFR_FLAT;
	s->svr = 0xff;
	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		s->lvt[i] = LVT_MASKED;
	if (lapic_is_x2apic(lapic))
		s->ldr = (id >> 4) << 16 | 1u << (id & 15);
}

/* Legal transitions: off to xAPIC, xAPIC to x2APIC or off, x2APIC to off (SDM, "x2APIC State
 * Transitions"). Going through off loses the registers. */
static bool write_base(struct lapic *lapic, uint64_t value)
{
	uint64_t old = lapic->s.base;
	uint64_t mode = value & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
	bool was_on = old & LAPIC_BASE_ENABLE;

	if (value & ~(BASE_FLAGS | lapic->address_mask) || mode == LAPIC_BASE_X2APIC)
		return false;
	if (!was_on && mode & LAPIC_BASE_X2APIC)
		return false;
	if (old & LAPIC_BASE_X2APIC && mode == LAPIC_BASE_ENABLE)
		return false;
	lapic->s.base = value;
	if (was_on && !mode)
		reset_registers(lapic);
	else if (mode & LAPIC_BASE_X2APIC && !(old & LAPIC_BASE_X2APIC))
		lapic->s.ldr = (lapic->s.id >> 4) << 16 | 1u << (lapic->s.id & 15);
	return true;
}

bool lapic_read_msr(struct lapic *lapic, uint32_t msr, uint64_t *value)
{
	if (msr == LAPIC_MSR_BASE) {
		*value = lapic->s.base;
		return true;
	}
	if (msr == LAPIC_MSR_TSC_DEADLINE) {
		lapic_advance(lapic, clock_now(lapic->clock));
		*value = lapic->s.deadline_tsc;
		return true;
	}
	if (msr < LAPIC_MSR_X2APIC_FIRST || msr > LAPIC_MSR_X2APIC_LAST || !lapic_is_x2apic(lapic))
		return false;
	return x2apic_read(lapic, msr - LAPIC_MSR_X2APIC_FIRST, value);
}

bool lapic_write_msr(struct lapic *lapic, uint32_t msr, uint64_t value)
{
	if (msr == LAPIC_MSR_BASE)
		return write_base(lapic, value);
	if (msr == LAPIC_MSR_TSC_DEADLINE) {
		lapic_timer_set_deadline(lapic, value);
		return true;
	}
	if (msr < LAPIC_MSR_X2APIC_FIRST || msr > LAPIC_MSR_X2APIC_LAST || !lapic_is_x2apic(lapic))
		return false;
	return x2apic_write(lapic, msr - LAPIC_MSR_X2APIC_FIRST, value);
}

void lapic_init_signal(struct lapic *lapic)
{
	reset_registers(lapic);
}

static void lapic_reset(void *dev)
{
	struct lapic *lapic = dev;

	lapic->s.base =
		LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE | (lapic->is_bsp ? LAPIC_BASE_BSP : 0);
	reset_registers(lapic);
}

void lapic_firmware_setup(struct lapic *lapic)
{
	lapic->s.svr |= SVR_ENABLE;
	if (!lapic->is_bsp)
		return;
	lapic->s.lvt[LVT_LINT0] = APIC_EXTINT << LVT_DELIVERY_SHIFT;
	lapic->s.lvt[LVT_LINT1] = APIC_NMI << LVT_DELIVERY_SHIFT;
}

static bool lapic_check(const void *state)
{
	const struct lapic_state *s = state;
	uint64_t mode = s->base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);

	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		if (s->lvt[i] & ~lvt_writable[i])
			return false;
	return mode != LAPIC_BASE_X2APIC && s->tpr <= 0xff && !(s->dcr & ~DCR_WRITABLE) &&
	       !(s->svr & ~SVR_WRITABLE) && !(s->icr_low & ~ICR_WRITABLE);
}

/* All outputs are asked for, none is a level. */
static void lapic_resume(void *dev)
{
	(void)dev;
}

const struct device_ops lapic_device_ops = {
	.name = "lapic",
	.version = 1,
	.state_offset = offsetof(struct lapic, s),
	.state_size = sizeof(struct lapic_state),
	.reset = lapic_reset,
	.check = lapic_check,
	.resume = lapic_resume,
};

void lapic_init(struct lapic *lapic, const struct clock *clock, const struct lapic_config *config,
		const struct lapic_wiring *wiring)
{
	memset(lapic, 0, sizeof *lapic);
	lapic->clock = clock;
	lapic->wiring = *wiring;
	lapic->timer_hz = config->timer_hz;
	lapic->tsc_hz = (uint64_t)config->tsc_khz * 1000;
	lapic->address_mask = ((UINT64_C(1) << config->address_bits) - 1) & ~UINT64_C(0xfff);
	lapic->is_bsp = config->is_bsp;
	lapic->s.id = config->id;
	lapic_reset(lapic);
}
