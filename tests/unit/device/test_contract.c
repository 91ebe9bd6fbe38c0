/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device contract, for every class in the zoo: whatever the accesses, handlers are entered
 * only with what their tables name; reset gives the power-up state; a saved device loads into
 * another one that behaves and saves the same; a busy one is not saved before it has been drained;
 * foreign and damaged records are refused.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zoo_virtio.h"

#define RECORD_BYTES (sizeof(struct device_header) + DEVICE_STATE_MAX)

static struct zoo zoo, twin;

static uint32_t random_state;

static uint32_t random_next(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

/* One access of any width somewhere in or around the device. */
static uint64_t access_somewhere(struct zoo *z, const struct zoo_class *class, uint32_t random)
{
	unsigned width = 1u << (random & 3);
	bool is_write = random & 4;
	uint32_t value = random >> 3 & 0xff;
	uint32_t where = random >> 11;

	if (class->mmio && (!class->ports[0][1] || random & 16)) {
		uint64_t gpa = class->mmio + where % 0x400;

		if (random & 8)
			gpa &= ~UINT64_C(15);
		if (!is_write)
			return bus_mmio_read(&z->bus, gpa, width);
		bus_mmio_write(&z->bus, gpa, width, value);
		return 0;
	}
	const uint16_t *range = class->ports[where & 3];
	uint16_t port = (uint16_t)(range[0] - 1 + (where >> 2) % (range[1] + 3u));

	if (width == 8)
		width = 1;
	if (!is_write)
		return bus_pio_read(&z->bus, port, width);
	bus_pio_write(&z->bus, port, width, value * 0x01010101u);
	return 0;
}

static void exercise(struct zoo *z, const struct zoo_class *class, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		uint32_t random = random_next();

		if (class->poke && random % 7 == 0)
			class->poke(z, (uint8_t)(random >> 8), (uint8_t)(random >> 16));
		else if (random % 11 == 0)
			zoo_advance(z, class, z->now + (random >> 4));
		else
			access_somewhere(z, class, random);
	}
}

static size_t save(struct zoo *z, const struct zoo_class *class, uint8_t *buf, size_t size)
{
	zoo_drain(z, class);
	return device_save(class->ops, &z->dev, buf, size);
}

static void every_class_is_well_described(void **state)
{
	(void)state;
	for (unsigned i = 0; i < zoo_class_count; i++) {
		const struct device_ops *ops = zoo_classes[i].ops;

		assert_in_range(strlen(ops->name), 1, 15);
		assert_in_range(ops->state_size, 1, DEVICE_STATE_MAX);
		assert_ptr_equal(zoo_find(ops->name), &zoo_classes[i]);
		assert_non_null(ops->reset);
		assert_non_null(ops->check);
		assert_non_null(ops->resume);
		assert_int_equal(!zoo_classes[i].deadline, !zoo_classes[i].advance);
		assert_int_equal(!ops->idle, !zoo_classes[i].serve);
	}
}

/* Every width at every port or offset: the answer fits the width and nothing is harmed. */
static void every_width_everywhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < zoo_class_count; i++) {
		const struct zoo_class *class = &zoo_classes[i];

		zoo_open(&zoo, class, ZOO_START_NS);
		for (unsigned width = 1; width <= 8; width *= 2) {
			for (unsigned at = 0; class->mmio && at < 4096; at++) {
				uint64_t got = bus_mmio_read(&zoo.bus, class->mmio + at, width);

				assert_false(got & ~bus_ones(width));
				bus_mmio_write(&zoo.bus, class->mmio + at, width, UINT64_MAX);
			}
			for (unsigned at = 0; !class->mmio && width < 8 && at < 0x10000; at++) {
				uint32_t got = bus_pio_read(&zoo.bus, (uint16_t)at, width);

				assert_false(got & ~bus_ones(width));
				bus_pio_write(&zoo.bus, (uint16_t)at, width, UINT32_MAX);
			}
		}
	}
}

/* After reset a used device answers like a new one. Time of day and the levels of inputs belong to
 * the outside and are left as they are. */
static void reset_gives_the_initial_registers(void **state)
{
	uint8_t fresh[RECORD_BYTES], used[RECORD_BYTES];

	(void)state;
	for (unsigned i = 0; i < zoo_class_count; i++) {
		const struct zoo_class *class = &zoo_classes[i];
		size_t size = device_save_size(class->ops);

		if (class->ops == &rtc_device_ops)
			continue;
		random_state = i;
		zoo_open(&zoo, class, ZOO_START_NS);
		exercise(&zoo, class, 2000);
		for (unsigned line = 0; class->poke && line < 32; line++)
			if (class->ops == &pic_device_ops || class->ops == &ioapic_device_ops)
				class->poke(&zoo, (uint8_t)line, 0);
		class->ops->reset(&zoo.dev);
		zoo_open(&twin, class, zoo.now);
		assert_int_equal(zoo.line.level, twin.line.level);
		assert_int_equal(save(&zoo, class, used, sizeof used), size);
		assert_int_equal(save(&twin, class, fresh, sizeof fresh), size);
		if (memcmp(used, fresh, size))
			fail_msg("%s: state after reset differs from a new device's",
				 class->ops->name);
	}
}

static void a_loaded_device_is_the_saved_one(void **state)
{
	uint8_t first[RECORD_BYTES], second[RECORD_BYTES];

	(void)state;
	for (unsigned i = 0; i < zoo_class_count * 20; i++) {
		const struct zoo_class *class = &zoo_classes[i % zoo_class_count];
		size_t size = device_save_size(class->ops);
		uint32_t seed;

		random_state = i;
		zoo_open(&zoo, class, ZOO_START_NS);
		exercise(&zoo, class, 500);
		zoo_open(&twin, class, zoo.now);
		assert_int_equal(save(&zoo, class, first, sizeof first), size);
		zoo_share(&twin, &zoo);
		assert_true(device_load(class->ops, &twin.dev, first, size));
		assert_int_equal(save(&twin, class, second, sizeof second), size);
		assert_memory_equal(first, second, size);
		assert_int_equal(zoo.line.level, twin.line.level);

		/* From here on both see the same and must do the same. */
		seed = random_state;
		exercise(&zoo, class, 500);
		random_state = seed;
		exercise(&twin, class, 500);
		save(&zoo, class, first, sizeof first);
		save(&twin, class, second, sizeof second);
		if (memcmp(first, second, size))
			fail_msg("%s: a loaded device went another way", class->ops->name);
		assert_int_equal(zoo.line.level, twin.line.level);
	}
}

/* A device with requests under way is neither saved nor loaded; when they have been answered, it is
 * what it saves. */
static void a_busy_device_is_drained_first(void **state)
{
	uint8_t first[RECORD_BYTES], second[RECORD_BYTES];
	unsigned drained = 0;

	(void)state;
	for (unsigned i = 0; i < zoo_class_count * 50; i++) {
		const struct zoo_class *class = &zoo_classes[i % zoo_class_count];
		size_t size = device_save_size(class->ops);

		random_state = i;
		zoo_open(&zoo, class, ZOO_START_NS);
		save(&zoo, class, second, sizeof second);
		for (unsigned step = 0; step < 500 && device_idle(class->ops, &zoo.dev); step++)
			exercise(&zoo, class, 1);
		if (device_idle(class->ops, &zoo.dev))
			continue;
		assert_int_equal(device_save(class->ops, &zoo.dev, first, sizeof first), 0);
		assert_false(device_load(class->ops, &zoo.dev, second, size));
		drained += zoo_drain(&zoo, class);
		assert_true(device_idle(class->ops, &zoo.dev));
		assert_int_equal(device_save(class->ops, &zoo.dev, first, sizeof first), size);
		zoo_open(&twin, class, zoo.now);
		zoo_share(&twin, &zoo);
		assert_true(device_load(class->ops, &twin.dev, first, size));
		save(&twin, class, second, sizeof second);
		assert_memory_equal(first, second, size);
	}
	assert_true(drained > 10);
}

static void foreign_records_are_refused(void **state)
{
	uint8_t record[RECORD_BYTES], before[RECORD_BYTES], after[RECORD_BYTES];

	(void)state;
	for (unsigned i = 0; i < zoo_class_count; i++) {
		const struct zoo_class *class = &zoo_classes[i];
		size_t size = device_save_size(class->ops);

		zoo_open(&zoo, class, ZOO_START_NS);
		assert_int_equal(save(&zoo, class, record, size - 1), 0);
		assert_int_equal(save(&zoo, class, record, size), size);
		save(&zoo, class, before, sizeof before);
		assert_false(device_load(class->ops, &zoo.dev, record, size - 1));
		for (unsigned byte = 0; byte < sizeof(struct device_header); byte++) {
			record[byte] ^= 1;
			assert_false(device_load(class->ops, &zoo.dev, record, size));
			record[byte] ^= 1;
		}
		save(&zoo, class, after, sizeof after);
		assert_memory_equal(before, after, size);
		assert_true(device_load(class->ops, &zoo.dev, record, size));
	}
}

/* Every single-byte damage either is refused or leaves a device that can be used without harm
 * (the sanitizers watch) and that the next reset repairs. */
static void damaged_records_do_no_harm(void **state)
{
	uint8_t record[RECORD_BYTES];
	unsigned refused = 0;

	(void)state;
	for (unsigned i = 0; i < zoo_class_count; i++) {
		const struct zoo_class *class = &zoo_classes[i];
		size_t size = device_save_size(class->ops);

		random_state = i;
		zoo_open(&twin, class, ZOO_START_NS);
		exercise(&twin, class, 300);
		save(&twin, class, record, sizeof record);
		for (size_t at = sizeof(struct device_header); at < size; at++) {
			uint8_t damage = (uint8_t)(1 + random_next() % 255);

			record[at] ^= damage;
			zoo_open(&zoo, class, ZOO_START_NS);
			if (device_load(class->ops, &zoo.dev, record, size))
				exercise(&zoo, class, 60);
			else
				refused++;
			record[at] ^= damage;
		}
	}
	assert_true(refused > 50);
}

/* After an advance to a deadline, the next one is later: a machine loop always makes progress. */
static void deadlines_move_on(void **state)
{
	(void)state;
	for (unsigned i = 0; i < zoo_class_count * 20; i++) {
		const struct zoo_class *class = &zoo_classes[i % zoo_class_count];

		if (!class->deadline)
			continue;
		random_state = i;
		zoo_open(&zoo, class, ZOO_START_NS);
		for (unsigned step = 0; step < 200; step++) {
			uint64_t due;

			exercise(&zoo, class, 5);
			zoo_advance(&zoo, class, zoo.now);
			due = class->deadline(&zoo);
			assert_true(due > zoo.now);
			if (due == DEADLINE_NONE || due - zoo.now > UINT64_C(100000000000))
				continue;
			zoo_advance(&zoo, class, due);
			assert_true(class->deadline(&zoo) > due);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_is_well_described),
		cmocka_unit_test(every_width_everywhere),
		cmocka_unit_test(reset_gives_the_initial_registers),
		cmocka_unit_test(a_loaded_device_is_the_saved_one),
		cmocka_unit_test(a_busy_device_is_drained_first),
		cmocka_unit_test(foreign_records_are_refused),
		cmocka_unit_test(damaged_records_do_no_harm),
		cmocka_unit_test(deadlines_move_on),
	};

	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
