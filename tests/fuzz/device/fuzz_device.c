/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes one device class, DEVICE_UNDER_TEST: the input is a sequence of accesses, time steps and
 * outside events. Beside memory safety it checks that answers fit their width, that a deadline
 * that was reached makes way for a later one, and that saving and loading changes nothing.
 */
#include <string.h>

#include "../fuzz.h"
#include "../input.h"
#include "zoo.h"

#define RECORD_BYTES (sizeof(struct device_header) + DEVICE_STATE_MAX)

static struct zoo zoo;
static const struct zoo_class *class;
/* Set once a damaged record was loaded: times in it may be anything, so that promises about
 * deadlines no longer hold; safety still must. */
static bool damaged;

static void access_port(struct input *in, bool is_write)
{
	uint32_t where = take(in, 1);
	unsigned width = 1u << (where >> 6 & 3) & 7;
	const uint16_t *range = class->ports[where & 3];
	uint16_t port = (uint16_t)(range[0] + (where >> 2 & 15) % (range[1] + 1u));

	if (!width)
		width = 1;
	if (is_write)
		bus_pio_write(&zoo.bus, port, width, take(in, width));
	else
		require(!(bus_pio_read(&zoo.bus, port, width) & ~bus_ones(width)));
}

static void access_memory(struct input *in, bool is_write)
{
	uint32_t where = take(in, 1);
	unsigned width = where & 0x80 ? 1u << (take(in, 1) & 3) : 4;
	uint64_t gpa = class->mmio + (where & 0x7f) * 16 + (where & 0x80 ? take(in, 1) & 15 : 0);

	if (is_write)
		bus_mmio_write(&zoo.bus, gpa, width, take(in, 4));
	else
		require(!(bus_mmio_read(&zoo.bus, gpa, width) & ~bus_ones(width)));
}

static void access_msr(struct input *in, bool is_write)
{
	static const uint32_t others[2] = { LAPIC_MSR_BASE, LAPIC_MSR_TSC_DEADLINE };
	uint32_t where = take(in, 1);
	uint32_t msr = where < 0xf0 ? class->msr + where : others[where & 1];
	uint64_t value;

	if (!is_write) {
		lapic_read_msr(&zoo.dev.lapic, msr, &value);
		return;
	}
	value = take(in, 4);
	if (where & 1)
		value |= (uint64_t)take(in, 2) << 32;
	lapic_write_msr(&zoo.dev.lapic, msr, value);
}

static void check_deadline(void)
{
	if (class->deadline && !damaged)
		require(class->deadline(&zoo) > zoo.now);
}

/* To the next deadline if that is near, or by some time from nanoseconds to hours. */
static void pass_time(struct input *in)
{
	uint32_t how = take(in, 1);
	uint64_t due = class->deadline ? class->deadline(&zoo) : DEADLINE_NONE;

	if (how & 0x80 && due < DEADLINE_NONE / 2 && due > zoo.now)
		zoo_advance(&zoo, class, due);
	else
		zoo_advance(&zoo, class, zoo.now + (UINT64_C(1) << how % 43) + take(in, 1));
	check_deadline();
}

static void save_and_load(struct input *in, bool damage)
{
	uint8_t record[RECORD_BYTES], again[RECORD_BYTES];
	size_t size;
	bool level;

	zoo_drain(&zoo, class);
	size = device_save(class->ops, &zoo.dev, record, sizeof record);
	level = zoo.line.level;
	require(size == device_save_size(class->ops));
	if (damage) {
		record[take(in, 2) % size] ^= (uint8_t)take(in, 1);
		if (device_load(class->ops, &zoo.dev, record, size))
			damaged = true;
		return;
	}
	require(device_load(class->ops, &zoo.dev, record, size));
	require(device_save(class->ops, &zoo.dev, again, sizeof again) == size);
	require(!memcmp(record, again, size));
	require(damaged || zoo.line.level == level);
}

static void step(struct input *in)
{
	uint32_t what = take(in, 1);
	bool is_write = what & 0x80;

	switch (what & 15) {
	case 0 ... 8:
		if (class->msr && what & 0x40)
			access_msr(in, is_write);
		else if (class->mmio && (what & 0x20 || !class->ports[0][1]))
			access_memory(in, is_write);
		else
			access_port(in, is_write);
		break;
	case 9 ... 11:
		pass_time(in);
		break;
	case 12 ... 13:
		if (class->poke) {
			uint8_t input = (uint8_t)take(in, 1);

			class->poke(&zoo, input, (uint8_t)take(in, 1));
		}
		break;
	case 14:
		save_and_load(in, is_write && what & 0x40);
		break;
	default:
		class->ops->reset(&zoo.dev);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	class = zoo_find(DEVICE_UNDER_TEST);
	require(class != NULL);
	damaged = false;
	zoo_open(&zoo, class, ZOO_START_NS);
	while (in.left)
		step(&in);
	return 0;
}
