/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides of the virtqueue: what two honest sides do for each other, and how each side meets a
 * peer that writes into the rings what it must not.
 */
#include <rt/virtqueue.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = 8, WINDOW = 256, BASE = 0x1000 };

static _Alignas(16) unsigned char memory[VQ_RING_BYTES(ENTRIES)];
static unsigned char window[WINDOW];
static struct vq_ring ring;
static struct vq_driver driver;
static struct vq_device device;
static struct vq_chain chain;

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof memory);
	memset(window, 0, sizeof window);
	ring = (struct vq_ring){
		.event_idx = true, .window = window, .window_address = BASE, .window_size = WINDOW
	};
	vq_ring_place(&ring, memory, ENTRIES);
	vq_driver_init(&driver, &ring);
	vq_device_init(&device, &ring);
	return 0;
}

static void add(unsigned readable, unsigned writable)
{
	struct vq_buffer buffers[ENTRIES];

	for (unsigned i = 0; i < readable + writable; i++)
		buffers[i] = (struct vq_buffer){ BASE + i * 16, 16 };
	assert_int_equal(vq_driver_add(&driver, buffers, readable, writable), VQ_OK);
}

static void lies_as_virtio_says(void **state)
{
	(void)state;
	assert_ptr_equal(ring.desc, memory);
	assert_ptr_equal(ring.avail, memory + 16 * ENTRIES);
	assert_int_equal((unsigned char *)ring.used - memory, 16 * ENTRIES + 6 + 2 * ENTRIES + 2);
	assert_int_equal((uintptr_t)ring.used % 4, 0);
	assert_ptr_equal((unsigned char *)ring.used + 6 + 8 * ENTRIES, memory + sizeof memory);
}

static void carries_bytes_both_ways(void **state)
{
	char text[64] = { 0 };
	uint16_t head;
	uint32_t written;

	(void)state;
	memcpy(window, "request in two p", 16);
	memcpy(window + 16, "arts", 5);
	add(2, 1);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_int_equal(chain.readable_bytes, 32);
	assert_int_equal(chain.writable_bytes, 16);
	assert_int_equal(vq_chain_read(&chain, 11, text, sizeof text), 21);
	assert_string_equal(text, "two parts");
	assert_int_equal(vq_chain_write(&chain, 12, "answer", 6), 4);
	assert_memory_equal(window + 32 + 12, "answ", 4);
	vq_device_give(&device, &chain, 16);
	assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_OK);
	assert_int_equal(written, 16);
	assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_NONE);
	assert_int_equal(driver.free, ENTRIES);
}

/* More rounds than the 16-bit indexes count, with chains of all lengths and out of order. */
static void goes_round(void **state)
{
	static struct vq_chain other;
	uint16_t head;
	uint32_t written;

	(void)state;
	for (unsigned round = 0; round < 70000; round++) {
		add(1 + round % 3, round % 2);
		add(1, 0);
		assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
		assert_int_equal(vq_device_take(&device, &other), VQ_OK);
		assert_int_equal(vq_device_take(&device, &other), VQ_NONE);
		vq_device_give(&device, &other, 0);
		vq_device_give(&device, &chain, 0);
		assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_OK);
		assert_int_equal(head, other.head);
		assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_OK);
		assert_int_equal(head, chain.head);
	}
	assert_int_equal(driver.free, ENTRIES);
	assert_int_equal(driver.in_flight, 0);
}

static void full_ring_takes_no_more(void **state)
{
	struct vq_buffer buffer = { BASE, 1 };
	uint16_t head;

	(void)state;
	add(4, 4);
	assert_false(vq_driver_next(&driver, &head));
	assert_int_equal(vq_driver_add(&driver, &buffer, 1, 0), VQ_NONE);
	assert_int_equal(vq_driver_add(&driver, &buffer, 0, 0), VQ_NONE);
}

static void kicks_only_who_waits(void **state)
{
	(void)state;
	assert_false(vq_device_watch(&device));
	add(1, 0);
	assert_true(vq_driver_kick(&driver));
	assert_false(vq_driver_kick(&driver));
	add(1, 0);
	assert_false(vq_driver_kick(&driver)); /* the device did not ask again */
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_true(vq_device_watch(&device)); /* one is left */
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_false(vq_driver_watch(&driver));
	vq_device_give(&device, &chain, 0);
	assert_true(vq_device_kick(&device));
	assert_false(vq_device_kick(&device));
}

static void flags_do_without_event_indexes(void **state)
{
	(void)state;
	driver.ring.event_idx = device.ring.event_idx = false;
	ring.used->flags = 1;
	add(1, 0);
	assert_false(vq_driver_kick(&driver));
	assert_true(vq_device_watch(&device));
	add(1, 0);
	assert_true(vq_driver_kick(&driver));
	ring.avail->flags = 1;
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	vq_device_give(&device, &chain, 0);
	assert_false(vq_device_kick(&device));
}

static void untake_gives_the_same_again(void **state)
{
	(void)state;
	add(1, 0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	vq_device_untake(&device);
	vq_device_untake(&device);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_int_equal(vq_device_take(&device, &chain), VQ_NONE);
}

static void restarted_device_goes_on(void **state)
{
	(void)state;
	add(1, 0);
	add(2, 0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	vq_device_give(&device, &chain, 0);
	vq_device_init(&device, &ring);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(vq_device_take(&device, &chain), VQ_NONE);
}

static void broken_device(enum vq_error error)
{
	assert_int_equal(vq_device_take(&device, &chain), VQ_BROKEN);
	assert_int_equal(device.error, error);
	assert_int_equal(vq_device_take(&device, &chain), VQ_BROKEN);
	assert_false(vq_device_watch(&device));
	assert_false(vq_device_kick(&device));
}

static void device_refuses_index_far_ahead(void **state)
{
	(void)state;
	ring.avail->idx = ENTRIES + 1;
	broken_device(VQ_ERROR_AVAIL_INDEX);
}

static void device_refuses_head_beyond_ring(void **state)
{
	(void)state;
	add(1, 0);
	ring.avail->ring[0] = ENTRIES;
	broken_device(VQ_ERROR_HEAD);
}

static void device_refuses_next_beyond_ring(void **state)
{
	(void)state;
	add(2, 0);
	ring.desc[0].next = 0xffff;
	broken_device(VQ_ERROR_HEAD);
}

static void device_refuses_loop(void **state)
{
	(void)state;
	add(2, 0);
	ring.desc[1].flags |= VQ_DESC_NEXT;
	ring.desc[1].next = 0;
	broken_device(VQ_ERROR_LOOP);
}

static void device_refuses_what_is_outside(void **state)
{
	static const struct vq_buffer outside[] = {
		{ BASE - 1, 1 },	{ BASE + WINDOW + 1, 0 }, { BASE + WINDOW, 1 },
		{ BASE, WINDOW + 1 },	{ BASE + 1, UINT32_MAX }, { UINT64_MAX, 2 },
		{ UINT64_MAX - 1, 16 }, { BASE + WINDOW - 1, 2 }, { 0, 16 },
	};

	for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
		setup(state);
		add(1, 0);
		ring.desc[0].address = outside[i].address;
		ring.desc[0].length = outside[i].length;
		broken_device(VQ_ERROR_RANGE);
	}
}

static void device_takes_the_whole_window(void **state)
{
	(void)state;
	add(1, 0);
	ring.desc[0].address = BASE;
	ring.desc[0].length = WINDOW;
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	assert_int_equal(chain.readable_bytes, WINDOW);
}

static void device_refuses_order_and_flags(void **state)
{
	add(1, 1);
	ring.desc[0].flags |= VQ_DESC_WRITE;
	ring.desc[1].flags &= (uint16_t)~VQ_DESC_WRITE;
	broken_device(VQ_ERROR_ORDER);
	setup(state);
	add(1, 0);
	ring.desc[0].flags |= VQ_DESC_INDIRECT;
	broken_device(VQ_ERROR_FLAGS);
}

static void device_refuses_too_many_in_flight(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ENTRIES; i++) {
		ring.avail->idx++;
		ring.desc[0].address = BASE;
		assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	}
	ring.avail->idx++;
	broken_device(VQ_ERROR_IN_FLIGHT);
}

static void broken_driver(enum vq_error error)
{
	struct vq_buffer buffer = { BASE, 1 };
	uint16_t head;
	uint32_t written;

	assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_BROKEN);
	assert_int_equal(driver.error, error);
	assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_BROKEN);
	assert_int_equal(vq_driver_add(&driver, &buffer, 1, 0), VQ_BROKEN);
	assert_false(vq_driver_next(&driver, &head));
	assert_false(vq_driver_kick(&driver));
}

static void driver_refuses_lies_of_the_device(void **state)
{
	add(1, 1);
	ring.used->idx = 2;
	broken_driver(VQ_ERROR_USED_INDEX);

	setup(state);
	add(1, 1);
	ring.used->idx = 1;
	ring.used->ring[0].id = ENTRIES;
	broken_driver(VQ_ERROR_USED_ID);

	setup(state);
	add(1, 1);
	ring.used->idx = 1;
	ring.used->ring[0].id = 1; /* in a chain, but not its head */
	broken_driver(VQ_ERROR_USED_ID);

	setup(state);
	add(1, 1);
	ring.used->idx = 1;
	ring.used->ring[0].length = 17;
	broken_driver(VQ_ERROR_USED_LENGTH);
}

static void driver_never_reads_its_descriptors_back(void **state)
{
	uint16_t head;
	uint32_t written;

	(void)state;
	add(2, 1);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	memset(ring.desc, 0xff, sizeof(struct vq_desc) * ENTRIES);
	vq_device_give(&device, &chain, 3);
	assert_int_equal(vq_driver_take(&driver, &head, &written), VQ_OK);
	assert_int_equal(driver.free, ENTRIES);
	add(4, 4);
}

static void every_error_has_a_text(void **state)
{
	(void)state;
	for (int i = 0; i <= VQ_ERROR_USED_LENGTH; i++)
		assert_true(strlen(vq_error_text((enum vq_error)i)) > 5);
	assert_string_equal(vq_error_text((enum vq_error)100), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lies_as_virtio_says, setup),
		cmocka_unit_test_setup(carries_bytes_both_ways, setup),
		cmocka_unit_test_setup(goes_round, setup),
		cmocka_unit_test_setup(full_ring_takes_no_more, setup),
		cmocka_unit_test_setup(kicks_only_who_waits, setup),
		cmocka_unit_test_setup(flags_do_without_event_indexes, setup),
		cmocka_unit_test_setup(untake_gives_the_same_again, setup),
		cmocka_unit_test_setup(restarted_device_goes_on, setup),
		cmocka_unit_test_setup(device_refuses_index_far_ahead, setup),
		cmocka_unit_test_setup(device_refuses_head_beyond_ring, setup),
		cmocka_unit_test_setup(device_refuses_next_beyond_ring, setup),
		cmocka_unit_test_setup(device_refuses_loop, setup),
		cmocka_unit_test_setup(device_refuses_what_is_outside, setup),
		cmocka_unit_test_setup(device_takes_the_whole_window, setup),
		cmocka_unit_test_setup(device_refuses_order_and_flags, setup),
		cmocka_unit_test_setup(device_refuses_too_many_in_flight, setup),
		cmocka_unit_test_setup(driver_refuses_lies_of_the_device, setup),
		cmocka_unit_test_setup(driver_never_reads_its_descriptors_back, setup),
		cmocka_unit_test_setup(every_error_has_a_text, setup),
	};

	return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
