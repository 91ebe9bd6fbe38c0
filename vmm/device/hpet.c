/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter is a function of guest time. Whoever looks at more than the counter first does what
 * was due up to now: a timer fires when its comparator lies between the last look and this one,
 * once however many periods have passed.
 */
#include "hpet.h"

#include <string.h>

#define PERIOD_FS (HPET_TICK_NS * 1000000ull)

/* Offsets of registers, 2.3.3; timer n has 32 bytes from 0x100. */
#define REG_CAPABILITIES 0x000
#define REG_CONFIG	 0x010
#define REG_STATUS	 0x020
#define REG_COUNTER	 0x0f0
#define REG_TIMERS	 0x100
#define REG_END		 0x160
#define TIMER_CONFIG	 0x00
#define TIMER_COMPARE	 0x08

#define CONFIG_ENABLE 1ull
#define CONFIG_LEGACY 2ull

/* 2.3.8 */
#define TIMER_LEVEL	  0x0002ull
#define TIMER_INTERRUPT	  0x0004ull
#define TIMER_PERIODIC	  0x0008ull
#define TIMER_SET_VALUE	  0x0040ull
#define TIMER_32_BITS	  0x0100ull
#define TIMER_ROUTE	  0x3e00ull
#define TIMER_ROUTE_SHIFT 9
#define TIMER_WRITABLE                                                                      \
	(TIMER_LEVEL | TIMER_INTERRUPT | TIMER_PERIODIC | TIMER_SET_VALUE | TIMER_32_BITS | \
	 TIMER_ROUTE)
#define TIMER_FIXED (0x30ull | (uint64_t)HPET_FREE_LINES << 32) /* periodic, 64 bits */

#define REGISTERS (REG_END / 4)

static uint64_t tick_now(const struct hpet *hpet)
{
	return clock_now(hpet->clock) / HPET_TICK_NS;
}

static bool is_running(const struct hpet *hpet)
{
	return hpet->s.config & CONFIG_ENABLE;
}

bool hpet_replaces_legacy(const struct hpet *hpet)
{
	return (hpet->s.config & (CONFIG_LEGACY | CONFIG_ENABLE)) ==
	       (CONFIG_LEGACY | CONFIG_ENABLE);
}

static uint64_t timer_mask(const struct hpet_timer *timer)
{
	return timer->config & TIMER_32_BITS ? UINT32_MAX : UINT64_MAX;
}

static unsigned timer_line(const struct hpet *hpet, unsigned n)
{
	if (hpet_replaces_legacy(hpet) && n < 2)
		return n ? HPET_LINE_RTC : HPET_LINE_PIT;
	return (hpet->s.timer[n].config & TIMER_ROUTE) >> TIMER_ROUTE_SHIFT;
}

static bool may_use(const struct hpet *hpet, unsigned n)
{
	return (hpet_replaces_legacy(hpet) && n < 2) || HPET_FREE_LINES >> timer_line(hpet, n) & 1;
}

static void set_line(const struct hpet *hpet, unsigned line, bool level)
{
	if (hpet->irq.set)
		hpet->irq.set(hpet->irq.ctx, line, level);
}

/* Level-triggered timers hold their line while their status bit is set. */
static uint32_t wanted_lines(const struct hpet *hpet)
{
	uint32_t lines = 0;

	for (unsigned n = 0; n < HPET_TIMERS; n++)
		if (hpet->s.status >> n & 1 && hpet->s.timer[n].config & TIMER_INTERRUPT &&
		    may_use(hpet, n))
			lines |= 1u << timer_line(hpet, n);
	return lines;
}

static void update_lines(struct hpet *hpet)
{
	uint32_t lines = wanted_lines(hpet), changed = lines ^ hpet->s.lines;

	hpet->s.lines = lines;
	for (unsigned line = 0; changed >> line; line++)
		if (changed >> line & 1)
			set_line(hpet, line, lines >> line & 1);
}

static void fire(struct hpet *hpet, unsigned n)
{
	const struct hpet_timer *timer = &hpet->s.timer[n];

	if (!(timer->config & TIMER_INTERRUPT) || !may_use(hpet, n))
		return;
	if (timer->config & TIMER_LEVEL) {
		hpet->s.status |= 1u << n;
	} else if (!(hpet->s.lines >> timer_line(hpet, n) & 1)) {
		set_line(hpet, timer_line(hpet, n), true);
		set_line(hpet, timer_line(hpet, n), false);
	}
}

/* Ticks between the last look and the one at which the timer next matches. */
static uint64_t ticks_before(const struct hpet *hpet, const struct hpet_timer *timer)
{
	return (timer->compare - hpet->s.counter - 1) & timer_mask(timer);
}

/* The comparator moves on to the first multiple of its period that is still to come. */
static void repeat(struct hpet_timer *timer, uint64_t counter)
{
	uint64_t mask = timer_mask(timer), period = timer->period & mask;

	if (!(timer->config & TIMER_PERIODIC) || !period)
		return;
	uint64_t late = (counter - timer->compare) & mask;

	timer->compare = (timer->compare + (late / period + 1) * period) & mask;
}

static void catch_up(struct hpet *hpet, uint64_t tick)
{
	uint64_t elapsed = tick - hpet->s.tick;
	bool due[HPET_TIMERS] = { false };

	hpet->s.tick = tick;
	if (!is_running(hpet) || !elapsed)
		return;
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		due[n] = ticks_before(hpet, &hpet->s.timer[n]) < elapsed;
	hpet->s.counter += elapsed;
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		if (due[n]) {
			repeat(&hpet->s.timer[n], hpet->s.counter);
			fire(hpet, n);
		}
	update_lines(hpet);
}

void hpet_advance(struct hpet *hpet, uint64_t now_ns)
{
	catch_up(hpet, now_ns / HPET_TICK_NS);
}

uint64_t hpet_deadline(const struct hpet *hpet)
{
	uint64_t least = UINT64_MAX;

	if (!is_running(hpet))
		return DEADLINE_NONE;
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		uint64_t left = ticks_before(hpet, &hpet->s.timer[n]);

		if (hpet->s.timer[n].config & TIMER_INTERRUPT && may_use(hpet, n) && left < least)
			least = left;
	}
	if (least > DEADLINE_NONE / HPET_TICK_NS - 1 - hpet->s.tick)
		return DEADLINE_NONE;
	return (hpet->s.tick + least + 1) * HPET_TICK_NS;
}

static uint64_t timer_read(const struct hpet_timer *timer, unsigned reg)
{
	switch (reg) {
	case TIMER_CONFIG:
		return timer->config | TIMER_FIXED;
	case TIMER_COMPARE:
		return timer->compare;
	default:
		return 0; /* messages: there are none */
	}
}

/* A whole register; reg is a multiple of 8. */
static uint64_t register_read(struct hpet *hpet, unsigned reg)
{
	const struct hpet_state *s = &hpet->s;

	if (reg == REG_COUNTER)
		return is_running(hpet) ? s->counter + (tick_now(hpet) - s->tick) : s->counter;
	catch_up(hpet, tick_now(hpet));
	switch (reg) {
	case REG_CAPABILITIES:
		return HPET_BLOCK_ID | PERIOD_FS << 32;
	case REG_CONFIG:
		return s->config;
	case REG_STATUS:
		return s->status;
	default:
		if (reg < REG_TIMERS)
			return 0;
		return timer_read(&s->timer[(reg - REG_TIMERS) / 32], reg % 32);
	}
}

static uint64_t hpet_read(void *dev, uint64_t offset, unsigned width)
{
	uint64_t value = register_read(dev, (unsigned)offset & ~7u);

	return value >> (offset & 4) * 8 & bus_ones(width);
}

/* A periodic timer's comparator takes a period, and the value itself only if told so before. */
static void write_compare(struct hpet_timer *timer, uint64_t value)
{
	uint64_t mask = timer_mask(timer);

	if (!(timer->config & TIMER_PERIODIC) || timer->config & TIMER_SET_VALUE)
		timer->compare = value & mask;
	if (timer->config & TIMER_PERIODIC)
		timer->period = value & mask;
	timer->config &= ~TIMER_SET_VALUE;
}

static void write_timer(struct hpet *hpet, unsigned n, unsigned reg, uint64_t value)
{
	struct hpet_timer *timer = &hpet->s.timer[n];

	if (reg == TIMER_COMPARE) {
		write_compare(timer, value);
	} else if (reg == TIMER_CONFIG) {
		timer->config = value & TIMER_WRITABLE;
		timer->compare &= timer_mask(timer);
		if (!(timer->config & TIMER_LEVEL))
			hpet->s.status &= ~(1u << n);
	}
}

/* What replaces a line begins with it low. */
static void write_config(struct hpet *hpet, uint64_t value)
{
	bool replaced = hpet_replaces_legacy(hpet);

	hpet->s.config = value & (CONFIG_ENABLE | CONFIG_LEGACY);
	if (!replaced && hpet_replaces_legacy(hpet)) {
		set_line(hpet, HPET_LINE_PIT, false);
		set_line(hpet, HPET_LINE_RTC, false);
	}
}

static void register_write(struct hpet *hpet, unsigned reg, uint64_t value)
{
	switch (reg) {
	case REG_CONFIG:
		write_config(hpet, value);
		break;
	case REG_STATUS:
		hpet->s.status &= ~(uint32_t)value;
		break;
	case REG_COUNTER:
		if (!is_running(hpet))
			hpet->s.counter = value;
		break;
	default:
		if (reg >= REG_TIMERS)
			write_timer(hpet, (reg - REG_TIMERS) / 32, reg % 32, value);
	}
	update_lines(hpet);
}

/* Half a register is written with its other half as it is; of the status that is none. */
static void hpet_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	struct hpet *hpet = dev;
	unsigned reg = (unsigned)offset & ~7u, shift = (offset & 4) * 8;
	uint64_t mask = bus_ones(width) << shift, whole = value << shift;

	catch_up(hpet, tick_now(hpet));
	if (reg != REG_STATUS && ~mask)
		whole |= register_read(hpet, reg) & ~mask;
	register_write(hpet, reg, whole);
}

static const uint8_t access[REGISTERS] = {
#define PAIR(i) [2 * (i)] = ACCESS_RW(4 | 8), [2 * (i) + 1] = ACCESS_RW(4)
#define FOUR(i) PAIR(i), PAIR((i) + 1), PAIR((i) + 2), PAIR((i) + 3)
	FOUR(0),  FOUR(4),  FOUR(8),  FOUR(12), FOUR(16), FOUR(20),
	FOUR(24), FOUR(28), FOUR(32), FOUR(36), FOUR(40),
};

static const struct mmio_ops hpet_ops = { { access, REGISTERS, 2 }, hpet_read, hpet_write };

static void hpet_reset(void *dev)
{
	struct hpet *hpet = dev;

	hpet->s.status = 0;
	update_lines(hpet);
	memset(&hpet->s, 0, sizeof hpet->s);
	hpet->s.tick = tick_now(hpet);
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		hpet->s.timer[n].compare = UINT64_MAX;
}

static bool hpet_check(const void *state)
{
	const struct hpet copy = { .s = *(const struct hpet_state *)state };

	for (unsigned n = 0; n < HPET_TIMERS; n++)
		if (copy.s.timer[n].config & ~TIMER_WRITABLE)
			return false;
	return !(copy.s.config & ~(CONFIG_ENABLE | CONFIG_LEGACY)) &&
	       copy.s.status < 1u << HPET_TIMERS && copy.s.lines == wanted_lines(&copy);
}

static void hpet_resume(void *dev)
{
	const struct hpet *hpet = dev;

	for (unsigned line = 0; line < 32; line++)
		if (hpet->s.lines >> line & 1)
			set_line(hpet, line, true);
}

const struct device_ops hpet_device_ops = {
	.name = "hpet",
	.version = 1,
	.state_offset = offsetof(struct hpet, s),
	.state_size = sizeof(struct hpet_state),
	.reset = hpet_reset,
	.check = hpet_check,
	.resume = hpet_resume,
};

void hpet_init(struct hpet *hpet, const struct clock *clock, struct irq_line irq)
{
	*hpet = (struct hpet){ .clock = clock, .irq = irq };
	hpet_reset(hpet);
}

enum bus_status hpet_attach(struct hpet *hpet, struct bus *bus, uint64_t gpa)
{
	return bus_add_mmio(bus, gpa, HPET_BYTES, &hpet_ops, hpet);
}
