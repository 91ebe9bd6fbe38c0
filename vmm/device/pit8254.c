/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 8254's register interface, its interrupt output, and port 0x61. The counting itself is
 * pit_channel.c's. Channel 0's line is settled up to the present before anything changes it.
 */
#include "pit8254.h"

#include <string.h>

#include "pit_channel.h"

/* Control word: bits 7:6 channel or read-back, 5:4 access, 3:1 mode, 0 BCD. */
#define CONTROL_READ_BACK   3
#define READ_BACK_NO_COUNT  0x20
#define READ_BACK_NO_STATUS 0x10

#define PORT61_GATE2	0x01
#define PORT61_WRITABLE 0x0f
#define PORT61_REFRESH	0x10
#define PORT61_OUT2	0x20

/* The refresh toggle changes every 15.085 us on a PC/AT; software uses it as a crude delay. */
#define REFRESH_HZ 66290u

static uint64_t present_tick(const struct pit *pit)
{
	return clock_ticks(clock_now(pit->clock), PIT_HZ);
}

/* Puts the interrupt line where OUT of channel 0 is; a rise since then becomes an edge even if
 * OUT has fallen again. */
static void drive(struct pit *pit, bool rose)
{
	bool out = pit_channel_out(&pit->s.channel[0], pit->s.tick);

	if (rose && pit->s.irq)
		irq_line_set(&pit->irq, false);
	if (rose)
		irq_line_set(&pit->irq, true);
	if (out != (rose || pit->s.irq))
		irq_line_set(&pit->irq, out);
	pit->s.irq = out;
}

static void settle(struct pit *pit, uint64_t tick)
{
	bool rose;

	if (tick < pit->s.tick)
		tick = pit->s.tick;
	rose = pit_channel_next_rise(&pit->s.channel[0], pit->s.tick) <= tick;
	pit->s.tick = tick;
	for (unsigned i = 0; i < 3; i++)
		pit_channel_sync(&pit->s.channel[i], tick);
	drive(pit, rose);
}

uint64_t pit_deadline(const struct pit *pit)
{
	uint64_t rise = pit_channel_next_rise(&pit->s.channel[0], pit->s.tick);

	return rise == PIT_NEVER ? DEADLINE_NONE : clock_ticks_to_ns(rise, PIT_HZ);
}

void pit_advance(struct pit *pit, uint64_t now_ns)
{
	settle(pit, clock_ticks(now_ns, PIT_HZ));
}

/* A latched count is kept until it has been read; latching again before that does nothing. */
static void latch_count(struct pit_channel *ch, uint64_t tick)
{
	if (ch->latched)
		return;
	ch->latch = pit_channel_counter(ch, tick);
	ch->latched = ch->rw == 3 ? 2 : 1;
	ch->read_high = 0;
}

static void latch_status(struct pit_channel *ch, uint64_t tick)
{
	if (ch->status_latched)
		return;
	ch->status = (uint8_t)(pit_channel_out(ch, tick) << 7 | pit_channel_null(ch, tick) << 6 |
			       ch->rw << 4 | ch->mode << 1 | ch->bcd);
	ch->status_latched = 1;
}

static void read_back(struct pit *pit, unsigned value)
{
	for (unsigned i = 0; i < 3; i++) {
		struct pit_channel *ch = &pit->s.channel[i];

		if (!(value >> (i + 1) & 1))
			continue;
		if (!(value & READ_BACK_NO_COUNT))
			latch_count(ch, pit->s.tick);
		if (!(value & READ_BACK_NO_STATUS))
			latch_status(ch, pit->s.tick);
	}
}

static void write_control(struct pit *pit, unsigned value)
{
	struct pit_channel *ch = &pit->s.channel[value >> 6 & 3];
	unsigned rw = value >> 4 & 3;
	unsigned mode = value >> 1 & 7;

	if (value >> 6 == CONTROL_READ_BACK) {
		read_back(pit, value);
		return;
	}
	if (!rw) {
		latch_count(ch, pit->s.tick);
		return;
	}
	/* Modes 6 and 7 are 2 and 3 with the don't-care bit set. */
	pit_channel_set_mode(ch, pit->s.tick, mode > 5 ? mode - 4 : mode, value & 1);
	ch->rw = (uint8_t)rw;
	ch->write_high = 0;
	ch->read_high = 0;
	ch->latched = 0;
	ch->status_latched = 0;
}

static void write_count(struct pit_channel *ch, uint64_t tick, uint8_t byte)
{
	if (ch->rw == 3 && !ch->write_high) {
		ch->write_low_byte = byte;
		ch->write_high = 1;
		pit_channel_begin_load(ch, tick);
		return;
	}
	if (ch->rw == 3)
		pit_channel_load(ch, tick, (uint16_t)(byte << 8 | ch->write_low_byte));
	else
		pit_channel_load(ch, tick, (uint16_t)(ch->rw == 1 ? byte : byte << 8));
	ch->write_high = 0;
}

static uint8_t read_count(struct pit_channel *ch, uint64_t tick)
{
	uint16_t value;
	bool high = ch->rw == 2 || (ch->rw == 3 && ch->read_high);

	if (ch->status_latched) {
		ch->status_latched = 0;
		return ch->status;
	}
	value = ch->latched ? ch->latch : pit_channel_counter(ch, tick);
	if (ch->latched)
		ch->latched--;
	if (ch->rw == 3)
		ch->read_high ^= 1;
	return (uint8_t)(high ? value >> 8 : value);
}

static uint32_t pit_read(void *dev, unsigned offset, unsigned width)
{
	struct pit *pit = dev;

	(void)width;
	settle(pit, present_tick(pit));
	return read_count(&pit->s.channel[offset % 3], pit->s.tick);
}

static void pit_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pit *pit = dev;

	(void)width;
	settle(pit, present_tick(pit));
	if (offset == 3)
		write_control(pit, value);
	else
		write_count(&pit->s.channel[offset % 3], pit->s.tick, (uint8_t)value);
	drive(pit, false);
}

static uint32_t port61_read(void *dev, unsigned offset, unsigned width)
{
	struct pit *pit = dev;
	uint64_t now = clock_now(pit->clock);
	uint32_t value = pit->s.port61;

	(void)offset;
	(void)width;
	settle(pit, clock_ticks(now, PIT_HZ));
	if (clock_ticks(now, REFRESH_HZ) & 1)
		value |= PORT61_REFRESH;
	if (pit_channel_out(&pit->s.channel[2], pit->s.tick))
		value |= PORT61_OUT2;
	return value;
}

static void port61_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pit *pit = dev;

	(void)offset;
	(void)width;
	settle(pit, present_tick(pit));
	pit->s.port61 = value & PORT61_WRITABLE;
	pit_channel_set_gate(&pit->s.channel[2], pit->s.tick, value & PORT61_GATE2);
}

static const uint8_t pit_access[4] = {
	ACCESS_RW(1),
	ACCESS_RW(1),
	ACCESS_RW(1),
	ACCESS_W(1),
};
static const uint8_t port61_access[1] = { ACCESS_RW(1) };
static const struct pio_ops pit_ops = { { pit_access, 4, 0 }, pit_read, pit_write };
static const struct pio_ops port61_ops = { { port61_access, 1, 0 }, port61_read, port61_write };

/* The chip has no reset; a machine's reset leaves the counters stopped in mode 3, as after
 * power-up of a PC before its firmware has run. */
static void pit_reset(void *dev)
{
	struct pit *pit = dev;

	memset(pit->s.channel, 0, sizeof pit->s.channel);
	pit->s.port61 = 0;
	pit->s.tick = present_tick(pit);
	for (unsigned i = 0; i < 3; i++) {
		struct pit_channel *ch = &pit->s.channel[i];

		pit_channel_set_mode(ch, pit->s.tick, 3, false);
		ch->rw = 3;
		ch->gate = i != 2;
	}
	drive(pit, false);
}

static bool pit_check(const void *state)
{
	const struct pit_state *s = state;

	for (unsigned i = 0; i < 3; i++)
		if (!pit_channel_check(&s->channel[i]))
			return false;
	return s->irq <= 1 && !(s->port61 & ~PORT61_WRITABLE);
}

static void pit_resume(void *dev)
{
	struct pit *pit = dev;

	irq_line_set(&pit->irq, pit->s.irq);
}

const struct device_ops pit_device_ops = {
	.name = "pit8254",
	.version = 1,
	.state_offset = offsetof(struct pit, s),
	.state_size = sizeof(struct pit_state),
	.reset = pit_reset,
	.check = pit_check,
	.resume = pit_resume,
};

void pit_init(struct pit *pit, const struct clock *clock, struct irq_line irq)
{
	memset(pit, 0, sizeof *pit);
	pit->clock = clock;
	pit->irq = irq;
	pit_reset(pit);
}

enum bus_status pit_attach(struct pit *pit, struct bus *bus)
{
	enum bus_status status = bus_add_pio(bus, PIT_PORT, 4, &pit_ops, pit);

	if (status == BUS_OK)
		status = bus_add_pio(bus, PIT_SPEAKER_PORT, 1, &port61_ops, pit);
	return status;
}
