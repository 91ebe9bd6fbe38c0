/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six counting modes of the 8254. Each mode is described by where OUT is low as a function of
 * the ticks elapsed since the count entered the counter; nothing is ever counted down.
 * Differences of ticks are taken as signed numbers, so that a start before tick 0 works.
 */
#include "pit_channel.h"

static bool is_periodic(const struct pit_channel *ch)
{
	return ch->mode == 2 || ch->mode == 3;
}

static bool is_triggered(const struct pit_channel *ch)
{
	return ch->mode == 1 || ch->mode == 5;
}

static bool is_loaded(const struct pit_channel *ch, uint64_t tick)
{
	return ch->run == PIT_RUNNING && (int64_t)(tick - ch->start_tick) >= 0;
}

static uint64_t elapsed(const struct pit_channel *ch, uint64_t tick)
{
	if (ch->run == PIT_PAUSED)
		return ch->held;
	return is_loaded(ch, tick) ? tick - ch->start_tick : 0;
}

/* Mode 3: length of the low half; the high half has the odd tick. */
static uint32_t low_half(uint32_t count)
{
	return count / 2;
}

static uint32_t modulus(const struct pit_channel *ch)
{
	return ch->bcd ? 10000 : 65536;
}

/* The count that the written bits stand for: 0 is the largest; digits above 9 carry. The periodic
 * modes cannot count 1, which the data sheet forbids; it counts as 2. */
static uint32_t decode_count(const struct pit_channel *ch, uint16_t raw)
{
	uint32_t count = raw;

	if (ch->bcd)
		count = ((raw >> 12) * 1000u + (raw >> 8 & 15) * 100u + (raw >> 4 & 15) * 10u +
			 (raw & 15)) %
			10000u;
	if (!count)
		count = modulus(ch);
	return is_periodic(ch) && count < 2 ? 2 : count;
}

static uint16_t encode_counter(const struct pit_channel *ch, uint32_t value)
{
	if (!ch->bcd)
		return (uint16_t)value;
	return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
			  value % 10);
}

static uint32_t square_counter(uint32_t count, uint64_t ticks)
{
	uint32_t high = count - low_half(count);
	uint32_t at = (uint32_t)(ticks % count);

	if (at >= high)
		at -= high;
	return (count & ~1u) - 2 * at;
}

static uint32_t counter(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t ticks = elapsed(ch, tick);

	if (ch->run == PIT_IDLE || (ch->run == PIT_RUNNING && !is_loaded(ch, tick)))
		return ch->held;
	if (ch->mode == 3)
		return square_counter(ch->count, ticks);
	if (ch->mode == 2)
		return ch->count - (uint32_t)(ticks % ch->count);
	return (ch->count + modulus(ch) - (uint32_t)(ticks % modulus(ch))) % modulus(ch);
}

uint16_t pit_channel_counter(const struct pit_channel *ch, uint64_t tick)
{
	return encode_counter(ch, counter(ch, tick));
}

bool pit_channel_out(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t ticks = elapsed(ch, tick);

	if (ch->mode == 0)
		return ch->run != PIT_IDLE && ticks >= ch->count;
	if (ch->run == PIT_IDLE)
		return true;
	if (ch->run == PIT_RUNNING && !is_loaded(ch, tick))
		return ch->held_out;
	switch (ch->mode) {
	case 1:
		return ticks >= ch->count;
	case 2:
		return ticks % ch->count != ch->count - 1;
	case 3:
		return ticks % ch->count < ch->count - low_half(ch->count);
	default: /* the strobe; in mode 4 a gate that stops the counter at its end prolongs it */
		return ticks != ch->count;
	}
}

bool pit_channel_null(const struct pit_channel *ch, uint64_t tick)
{
	if (is_triggered(ch) || !ch->count)
		return ch->null_count;
	return ch->switch_tick != PIT_NEVER || (ch->run == PIT_RUNNING && !is_loaded(ch, tick));
}

uint64_t pit_channel_next_rise(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t rise;

	if (ch->run != PIT_RUNNING)
		return PIT_NEVER;
	if (ch->switch_tick != PIT_NEVER)
		return ch->switch_tick + (ch->switch_low ? low_half(ch->next_count) : 0);
	if (is_periodic(ch))
		return ch->start_tick + (elapsed(ch, tick) / ch->count + 1) * ch->count;
	if (ch->mode >= 4 && !is_loaded(ch, tick) && !ch->held_out)
		return ch->start_tick; /* the end of a strobe that a new count interrupted */
	rise = ch->start_tick + ch->count + (ch->mode >= 4);
	return (int64_t)(rise - tick) > 0 ? rise : PIT_NEVER;
}

void pit_channel_sync(struct pit_channel *ch, uint64_t tick)
{
	if (ch->switch_tick == PIT_NEVER || ch->switch_tick > tick)
		return;
	ch->count = ch->next_count;
	ch->start_tick = ch->switch_tick;
	if (ch->switch_low)
		ch->start_tick -= ch->count - low_half(ch->count);
	ch->switch_tick = PIT_NEVER;
	ch->switch_low = 0;
}

void pit_channel_set_mode(struct pit_channel *ch, uint64_t tick, unsigned mode, bool bcd)
{
	uint32_t value = counter(ch, tick);

	ch->held = value;
	ch->run = PIT_IDLE;
	ch->mode = (uint8_t)mode;
	ch->bcd = bcd;
	ch->count = 0;
	ch->next_count = 0;
	ch->switch_tick = PIT_NEVER;
	ch->switch_low = 0;
	ch->null_count = 1;
}

void pit_channel_begin_load(struct pit_channel *ch, uint64_t tick)
{
	if (ch->mode != 0)
		return;
	ch->held = counter(ch, tick);
	ch->run = PIT_IDLE;
}

static void start(struct pit_channel *ch, uint64_t tick)
{
	ch->held = counter(ch, tick);
	ch->held_out = pit_channel_out(ch, tick);
	ch->count = ch->next_count;
	ch->start_tick = tick + 1;
	ch->run = PIT_RUNNING;
	ch->switch_tick = PIT_NEVER;
	ch->switch_low = 0;
	ch->null_count = 0;
}

/* A running periodic counter finishes its cycle (mode 2) or half-cycle (mode 3) first. */
static void schedule_switch(struct pit_channel *ch, uint64_t tick)
{
	uint32_t at = (uint32_t)(elapsed(ch, tick) % ch->count);
	uint32_t high = ch->count - low_half(ch->count);

	if (ch->switch_tick != PIT_NEVER)
		return;
	ch->switch_low = ch->mode == 3 && at < high;
	ch->switch_tick = tick - at + (ch->switch_low ? high : ch->count);
}

void pit_channel_load(struct pit_channel *ch, uint64_t tick, uint16_t raw)
{
	ch->next_count = decode_count(ch, raw);
	ch->null_count = 1;
	if (is_triggered(ch))
		return;
	if (is_periodic(ch) && is_loaded(ch, tick)) {
		schedule_switch(ch, tick);
	} else if (ch->gate) {
		start(ch, tick);
	} else {
		ch->count = ch->next_count;
		ch->start_tick = tick + 1;
		ch->run = is_periodic(ch) ? PIT_IDLE : PIT_PAUSED;
		ch->held = is_periodic(ch) ? ch->count : 0;
	}
}

static void gate_rises(struct pit_channel *ch, uint64_t tick)
{
	if (ch->run == PIT_PAUSED) {
		/* A count that has not entered the counter yet does so when it would have. */
		if ((int64_t)(tick - ch->start_tick) >= 0)
			ch->start_tick = tick - ch->held;
		ch->run = PIT_RUNNING;
	} else if ((is_triggered(ch) || is_periodic(ch)) && ch->next_count) {
		start(ch, tick);
	}
}

/* Modes 0 and 4 stand still while the gate is low. What is held stays small however long the
 * counter has been going round past its end: only the position after the end matters. */
static void gate_falls(struct pit_channel *ch, uint64_t tick)
{
	uint64_t ticks = elapsed(ch, tick);

	if (ch->run != PIT_RUNNING || is_triggered(ch))
		return;
	if (is_periodic(ch)) {
		ch->held = counter(ch, tick);
		ch->run = PIT_IDLE;
		ch->switch_tick = PIT_NEVER;
		ch->switch_low = 0;
		return;
	}
	if (ticks > ch->count)
		ticks = ch->count + 1 + (ticks - ch->count - 1) % modulus(ch);
	ch->held = (uint32_t)ticks;
	ch->run = PIT_PAUSED;
}

void pit_channel_set_gate(struct pit_channel *ch, uint64_t tick, bool gate)
{
	if (gate == ch->gate)
		return;
	ch->gate = gate;
	if (gate)
		gate_rises(ch, tick);
	else
		gate_falls(ch, tick);
}

bool pit_channel_check(const struct pit_channel *ch)
{
	uint32_t least = is_periodic(ch) ? 2 : 1;
	bool pending = ch->switch_tick != PIT_NEVER;

	if (ch->mode > 5 || ch->bcd > 1 || ch->rw < 1 || ch->rw > 3 || ch->gate > 1 ||
	    ch->latched > 2 || ch->run > PIT_RUNNING || ch->switch_low > 1 || ch->held_out > 1)
		return false;
	if (ch->count > 65536 || ch->next_count > 65536 || ch->held > 3 * 65536u)
		return false;
	if (ch->run != PIT_IDLE && (ch->count < least || ch->next_count < least))
		return false;
	return !pending || (ch->run == PIT_RUNNING && is_periodic(ch));
}
