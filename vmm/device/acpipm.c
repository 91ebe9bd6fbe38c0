/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PM1a event and control registers and the PM timer's port. TMR_STS is computed when somebody
 * looks; a deadline exists only while its interrupt is enabled and not pending.
 */
#include "acpipm.h"

#include <string.h>

#include "pmtimer.h"

/* ACPI 6, tables 4.11 to 4.13. */
#define PM1_TMR	      (1u << 0)
#define PM1_GBL	      (1u << 5)
#define PM1_PWRBTN    (1u << 8)
#define PM1_SLPBTN    (1u << 9)
#define PM1_RTC	      (1u << 10)
#define PM1_WAK	      (1u << 15)
#define PM1_CLEARABLE (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC | PM1_WAK)
#define PM1_ENABLES   (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC)

#define CNT_SCI_EN    (1u << 0)
#define CNT_BM_RLD    (1u << 1)
#define CNT_SLP_TYP   (7u << 10)
#define CNT_SLP_SHIFT 10
#define CNT_SLP_EN    (1u << 13)

static void sync(struct acpipm *pm, uint64_t now_ns)
{
	uint64_t carries = pmtimer_carries(now_ns, pm->timer_bits);

	if (carries != pm->s.carries) {
		pm->s.carries = carries;
		pm->s.status |= PM1_TMR;
	}
}

static void update(struct acpipm *pm)
{
	bool level = pm->s.status & pm->s.enable;

	if (level != pm->s.irq) {
		pm->s.irq = level;
		irq_line_set(&pm->sci, level);
	}
}

/* The block's first 8 bytes as one little-endian value, for accesses of any width in it. */
static uint64_t event_and_control(const struct acpipm *pm)
{
	uint32_t control = pm->s.control | CNT_SCI_EN;

	return pm->s.status | (uint32_t)pm->s.enable << 16 | (uint64_t)control << 32;
}

static uint32_t acpipm_read(void *dev, unsigned offset, unsigned width)
{
	struct acpipm *pm = dev;
	uint64_t now = clock_now(pm->clock);

	if (offset >= ACPIPM_TIMER_OFFSET)
		return pmtimer_value(now, pm->timer_bits);
	sync(pm, now);
	update(pm);
	return (uint32_t)(event_and_control(pm) >> (offset * 8) & bus_ones(width));
}

static void write_control(struct acpipm *pm, unsigned value, unsigned mask)
{
	unsigned kept = pm->s.control & ~mask;

	pm->s.control = (uint16_t)(kept | (value & mask & (CNT_BM_RLD | CNT_SLP_TYP)));
	if (value & mask & CNT_SLP_EN && pm->sleep)
		pm->sleep(pm->ctx, (pm->s.control & CNT_SLP_TYP) >> CNT_SLP_SHIFT);
}

/* The access is spread over the block's bytes, so that any width works on any register. */
static void acpipm_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct acpipm *pm = dev;
	uint64_t bits = (uint64_t)value << (offset * 8);
	uint64_t mask = bus_ones(width) << (offset * 8);

	sync(pm, clock_now(pm->clock));
	pm->s.status &= (uint16_t)~(bits & mask & PM1_CLEARABLE);
	bits >>= 16;
	mask >>= 16;
	pm->s.enable = (uint16_t)((pm->s.enable & ~mask) | (bits & mask & PM1_ENABLES));
	update(pm);
	if (mask >> 16)
		write_control(pm, (unsigned)(bits >> 16), (unsigned)(mask >> 16));
}

static const uint8_t acpipm_access[ACPIPM_PORT_COUNT] = {
	[0] = ACCESS_RW(1 | 2 | 4), [1] = ACCESS_RW(1), [2] = ACCESS_RW(1 | 2), [3] = ACCESS_RW(1),
	[4] = ACCESS_RW(1 | 2),	    [5] = ACCESS_RW(1), [8] = ACCESS_R(4),
};

static const struct pio_ops acpipm_ops = {
	{ acpipm_access, ACPIPM_PORT_COUNT, 0 },
	acpipm_read,
	acpipm_write,
};

uint64_t acpipm_deadline(const struct acpipm *pm)
{
	if (!(pm->s.enable & PM1_TMR) || pm->s.status & PM1_TMR)
		return DEADLINE_NONE;
	return clock_ticks_to_ns((pm->s.carries + 1) << (pm->timer_bits - 1), PMTIMER_HZ);
}

void acpipm_advance(struct acpipm *pm, uint64_t now_ns)
{
	sync(pm, now_ns);
	update(pm);
}

static void acpipm_reset(void *dev)
{
	struct acpipm *pm = dev;

	pm->s.carries = pmtimer_carries(clock_now(pm->clock), pm->timer_bits);
	pm->s.status = 0;
	pm->s.enable = 0;
	pm->s.control = 0;
	update(pm);
}

static bool acpipm_check(const void *state)
{
	const struct acpipm_state *s = state;

	return !(s->status & ~PM1_CLEARABLE) && !(s->enable & ~PM1_ENABLES) &&
	       !(s->control & ~(CNT_BM_RLD | CNT_SLP_TYP)) && s->irq <= 1 &&
	       s->carries < UINT64_C(1) << 41;
}

static void acpipm_resume(void *dev)
{
	struct acpipm *pm = dev;

	irq_line_set(&pm->sci, pm->s.irq);
	update(pm);
}

const struct device_ops acpipm_device_ops = {
	.name = "acpipm",
	.version = 1,
	.state_offset = offsetof(struct acpipm, s),
	.state_size = sizeof(struct acpipm_state),
	.reset = acpipm_reset,
	.check = acpipm_check,
	.resume = acpipm_resume,
};

void acpipm_init(struct acpipm *pm, const struct clock *clock, struct irq_line sci,
		 unsigned timer_bits, void (*sleep)(void *ctx, unsigned type), void *ctx)
{
	memset(pm, 0, sizeof *pm);
	pm->clock = clock;
	pm->sci = sci;
	pm->sleep = sleep;
	pm->ctx = ctx;
	pm->timer_bits = timer_bits == 32 ? 32 : 24;
	acpipm_reset(pm);
}

enum bus_status acpipm_attach(struct acpipm *pm, struct bus *bus, uint16_t port)
{
	return bus_add_pio(bus, port, ACPIPM_PORT_COUNT, &acpipm_ops, pm);
}
