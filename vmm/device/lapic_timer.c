/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC timer. Like all timers here it is a function of the clock: the counter is never
 * decremented, and several expirations between two looks deliver one interrupt, which is all that
 * a request bit can hold.
 */
#include "lapic_parts.h"

enum lapic_timer_mode lapic_timer_mode(const struct lapic *lapic)
{
	unsigned mode = lapic->s.lvt[LVT_TIMER] >> LVT_TIMER_SHIFT & 3;

	return mode > TIMER_TSC_DEADLINE ? TIMER_ONE_SHOT : (enum lapic_timer_mode)mode;
}

/* Bits 3, 1 and 0 of DCR: 000 divides by 2, ... 110 by 128, 111 by 1. */
static unsigned divide_shift(const struct lapic *lapic)
{
	return ((lapic->s.dcr & 3) + (lapic->s.dcr >> 1 & 4) + 1) & 7;
}

/* Timer input ticks from the start of the count to its first expiration. */
static uint64_t period_ticks(const struct lapic *lapic)
{
	return (uint64_t)lapic->s.timer_initial << divide_shift(lapic);
}

static uint64_t ticks_since_start(const struct lapic *lapic, uint64_t now)
{
	uint64_t start = lapic->s.timer_start_ns;

	return now > start ? clock_ticks(now - start, lapic->timer_hz) : 0;
}

uint32_t lapic_timer_current(const struct lapic *lapic)
{
	uint64_t ticks = ticks_since_start(lapic, clock_now(lapic->clock));
	uint64_t period = period_ticks(lapic);
	enum lapic_timer_mode mode = lapic_timer_mode(lapic);

	if (!period || mode == TIMER_TSC_DEADLINE || (mode == TIMER_ONE_SHOT && ticks >= period))
		return 0;
	return lapic->s.timer_initial - (uint32_t)(ticks % period >> divide_shift(lapic));
}

static uint64_t tsc_to_ns(const struct lapic *lapic, uint64_t tsc)
{
	if (tsc <= lapic->s.tsc_value)
		return 0;
	return deadline_add(clock_ticks_to_ns(tsc - lapic->s.tsc_value, lapic->tsc_hz),
			    lapic->s.tsc_ns);
}

/* When the timer next expires, masked or not. */
static uint64_t next_expiry(const struct lapic *lapic)
{
	uint64_t period = period_ticks(lapic);
	enum lapic_timer_mode mode = lapic_timer_mode(lapic);

	if (mode == TIMER_TSC_DEADLINE)
		return lapic->s.deadline_tsc ? tsc_to_ns(lapic, lapic->s.deadline_tsc)
					     : DEADLINE_NONE;
	if (!period || (mode == TIMER_ONE_SHOT && lapic->s.timer_fired))
		return DEADLINE_NONE;
	return deadline_add(clock_ticks_to_ns((lapic->s.timer_fired + 1) * period, lapic->timer_hz),
			    lapic->s.timer_start_ns);
}

uint64_t lapic_deadline(const struct lapic *lapic)
{
	return lapic->s.lvt[LVT_TIMER] & LVT_MASKED ? DEADLINE_NONE : next_expiry(lapic);
}

bool lapic_deadline_tsc(const struct lapic *lapic, uint64_t *tsc)
{
	uint32_t lvt = lapic->s.lvt[LVT_TIMER];

	*tsc = lvt & LVT_MASKED || !lapic->s.deadline_tsc ? UINT64_MAX : lapic->s.deadline_tsc;
	return lapic_timer_mode(lapic) == TIMER_TSC_DEADLINE;
}

void lapic_advance(struct lapic *lapic, uint64_t now_ns)
{
	uint64_t due = next_expiry(lapic);

	if (due == DEADLINE_NONE || due > now_ns)
		return;
	if (lapic_timer_mode(lapic) == TIMER_TSC_DEADLINE)
		lapic->s.deadline_tsc = 0;
	else
		lapic->s.timer_fired = ticks_since_start(lapic, now_ns) / period_ticks(lapic);
	lapic_lvt_fire(lapic, LVT_TIMER);
}

void lapic_timer_start(struct lapic *lapic, uint32_t initial)
{
	uint64_t now = clock_now(lapic->clock);

	lapic_advance(lapic, now);
	if (lapic_timer_mode(lapic) == TIMER_TSC_DEADLINE)
		return; /* the register is ignored in this mode */
	lapic->s.timer_initial = initial;
	lapic->s.timer_start_ns = now;
	lapic->s.timer_fired = 0;
}

/* A new divider takes effect on the count that is left: the counter goes on from its value. */
void lapic_timer_set_dcr(struct lapic *lapic, uint32_t dcr)
{
	uint64_t now = clock_now(lapic->clock);
	uint64_t done;

	lapic_advance(lapic, now);
	if (!lapic->s.timer_initial || !lapic_timer_current(lapic)) {
		lapic->s.dcr = dcr & DCR_WRITABLE;
		return;
	}
	done = lapic->s.timer_initial - lapic_timer_current(lapic);
	lapic->s.dcr = dcr & DCR_WRITABLE;
	done = clock_ticks_to_ns(done << divide_shift(lapic), lapic->timer_hz);
	/* A start before time 0 cannot be expressed; then the count starts anew. */
	lapic->s.timer_start_ns = done <= now ? now - done : now;
	lapic->s.timer_fired = 0;
}

/* From periodic to one-shot the count in progress still runs to its end: it becomes the first. */
static void drop_past_periods(struct lapic *lapic)
{
	uint64_t past =
		clock_ticks_to_ns(lapic->s.timer_fired * period_ticks(lapic), lapic->timer_hz);

	lapic->s.timer_start_ns = deadline_add(lapic->s.timer_start_ns, past);
	lapic->s.timer_fired = 0;
}

void lapic_timer_set_lvt(struct lapic *lapic, uint32_t value)
{
	enum lapic_timer_mode before = lapic_timer_mode(lapic), after;

	lapic_advance(lapic, clock_now(lapic->clock));
	lapic->s.lvt[LVT_TIMER] = value;
	after = lapic_timer_mode(lapic);
	if (before == after)
		return;
	if (before == TIMER_TSC_DEADLINE || after == TIMER_TSC_DEADLINE) {
		lapic->s.deadline_tsc = 0;
		lapic->s.timer_initial = 0;
		lapic->s.timer_fired = 0;
	} else if (before == TIMER_PERIODIC) {
		drop_past_periods(lapic);
	}
}

void lapic_timer_set_deadline(struct lapic *lapic, uint64_t tsc)
{
	uint64_t now = clock_now(lapic->clock);

	lapic_advance(lapic, now);
	if (lapic_timer_mode(lapic) != TIMER_TSC_DEADLINE)
		return;
	lapic->s.deadline_tsc = tsc;
	lapic_advance(lapic, now);
}

void lapic_set_tsc(struct lapic *lapic, uint64_t tsc, uint64_t at_ns)
{
	lapic_advance(lapic, at_ns);
	lapic->s.tsc_value = tsc;
	lapic->s.tsc_ns = at_ns;
}
