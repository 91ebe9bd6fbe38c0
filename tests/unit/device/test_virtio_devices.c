/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small virtio devices: entropy and console.
 */
#include "test.h"

#include <string.h>

#include "zoo_virtio.h"

static struct zoo zoo;

static void rng_fills_what_it_is_given(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-rng");
	zoo_start(&zoo, 0);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 3, VQ_DESC_WRITE | VQ_DESC_NEXT, 1);
	zoo_describe(&zoo, 0, 1, ZOO_HIGH + 8, 5, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(zoo_used(&zoo, 0, 0).length, 8);
	assert_memory_equal(zoo.ram + ZOO_BUFFERS, "\xa5\xa5\xa5\0", 4);
	assert_memory_equal(zoo.high + 8, "\xa5\xa5\xa5\xa5\xa5\0", 6);
	assert_true(zoo.line.level);
}

/* However long the buffer, the device's own is not outgrown. */
static void rng_bounds_a_request(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-rng");
	zoo_start(&zoo, 0);
	for (unsigned i = 0; i < ZOO_ENTRIES; i++)
		zoo_describe(&zoo, 0, i, 0x8000, ZOO_RAM_BYTES - 0x8000,
			     VQ_DESC_WRITE | (i < ZOO_ENTRIES - 1 ? VQ_DESC_NEXT : 0),
			     (uint16_t)(i + 1));
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(zoo_used(&zoo, 0, 0).length, 256);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 64, 0, 0); /* nothing to write to */
	zoo_submit(&zoo, 0, 0);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 0, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(zoo_used_index(&zoo, 0), 3);
	assert_int_equal(zoo_used(&zoo, 0, 1).length, 0);
	assert_int_equal(zoo_used(&zoo, 0, 2).length, 0);
	assert_int_equal(zoo.faults, 0);
}

static void console_writes(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-console");
	zoo_start(&zoo, 0);
	assert_false(virtio_console_in_use(&zoo.dev.console));
	memcpy(zoo.ram + ZOO_BUFFERS, "Hello", 5);
	zoo_describe(&zoo, 1, 4, ZOO_BUFFERS, 5, 0, 0);
	zoo_submit(&zoo, 1, 4);
	assert_int_equal(zoo.logged, 5);
	assert_int_equal(zoo.log[0], 'H');
	assert_int_equal(zoo_last(&zoo), 'o');
	assert_int_equal(zoo_used(&zoo, 1, 0).id, 4);
	assert_true(virtio_console_in_use(&zoo.dev.console));
	zoo_set_status(&zoo, 0);
	assert_false(virtio_console_in_use(&zoo.dev.console));
}

/* A long buffer is put out in pieces, and not without end. */
static void console_bounds_a_request(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-console");
	zoo_start(&zoo, 0);
	zoo_describe(&zoo, 1, 0, 0, ZOO_RAM_BYTES, VQ_DESC_NEXT, 1);
	zoo_describe(&zoo, 1, 1, 0, ZOO_RAM_BYTES, 0, 0);
	zoo_submit(&zoo, 1, 0);
	assert_int_equal(zoo.logged, 65536);
	assert_int_equal(zoo_used_index(&zoo, 1), 1);
}

static void console_reads(void **state)
{
	struct virtio_console *console = &zoo.dev.console;
	uint8_t bytes[2 * VIRTIO_CONSOLE_INPUT];

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	zoo_open_named(&zoo, "virtio-console");
	assert_int_equal(virtio_console_room(console), 0);
	assert_int_equal(virtio_console_push(console, bytes, 5), 0);
	zoo_start(&zoo, 0);
	assert_int_equal(virtio_console_push(console, "typed", 5), 5); /* waits for a buffer */
	assert_int_equal(virtio_console_push(console, bytes, sizeof bytes),
			 VIRTIO_CONSOLE_INPUT - 5);
	assert_int_equal(virtio_console_room(console), 0);
	zoo.logged = 0;
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 6, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 0);
	assert_memory_equal(zoo.ram + ZOO_BUFFERS, "typedx", 7);
	assert_int_equal(zoo_used(&zoo, 0, 0).length, 6);
	assert_int_equal(zoo.logged, 0);
	zoo_describe(&zoo, 0, 1, ZOO_BUFFERS, 1024, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 1);
	assert_int_equal(zoo_used(&zoo, 0, 1).length, VIRTIO_CONSOLE_INPUT - 6);
	assert_int_equal(zoo_last(&zoo), ZOO_DRAINED);
	assert_int_equal(virtio_console_room(console), VIRTIO_CONSOLE_INPUT);
}

static void console_emergency_writes_need_no_driver(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-console");
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 8, 4, '!');
	assert_int_equal(zoo_last(&zoo), '!');
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 4, 4, '?'); /* the number of ports is fixed */
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 4, 4), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rng_fills_what_it_is_given),
		cmocka_unit_test(rng_bounds_a_request),
		cmocka_unit_test(console_writes),
		cmocka_unit_test(console_bounds_a_request),
		cmocka_unit_test(console_reads),
		cmocka_unit_test(console_emergency_writes_need_no_driver),
	};

	return cmocka_run_group_tests_name("virtio_devices", tests, NULL, NULL);
}
