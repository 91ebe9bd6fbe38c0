/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balloon: pages that go and come, reports, statistics, the target.
 */
#include "test.h"

#include <string.h>

#include "zoo_virtio.h"

#define F_STATS	  UINT64_C(0x02)
#define F_REPORTS UINT64_C(0x20)

static struct zoo zoo;
static struct virtio_balloon *const balloon = &zoo.dev.balloon;

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-balloon");
	return 0;
}

static void start(uint64_t features)
{
	zoo_start(&zoo, features);
	zoo.logged = 0;
}

static void submit_pages(unsigned queue, const uint32_t *number, uint32_t bytes)
{
	memcpy(zoo.ram + ZOO_BUFFERS, number, bytes);
	zoo_describe(&zoo, queue, 0, ZOO_BUFFERS, bytes, 0, 0);
	zoo_submit(&zoo, queue, 0);
}

static void pages_go_and_come(void **state)
{
	const uint32_t number[3] = { 1, 7, 2 };

	(void)state;
	start(0);
	submit_pages(0, number, sizeof number);
	assert_int_equal(zoo.logged, 4);
	assert_int_equal(zoo.log[0], ZOO_INFLATE | 1);
	assert_int_equal(zoo.log[1], ZOO_INFLATE | 7);
	assert_int_equal(zoo.log[2], ZOO_INFLATE | 2);
	assert_int_equal(zoo.log[3], ZOO_DONE);
	submit_pages(1, number, 4);
	assert_int_equal(zoo.log[4], ZOO_DEFLATE | 1);
	assert_int_equal(zoo_used_index(&zoo, 0), 1);
	assert_int_equal(zoo_used_index(&zoo, 1), 1);
}

static void pages_outside_ram_do_not_count(void **state)
{
	const uint32_t number[4] = { ZOO_RAM_BYTES / BALLOON_PAGE, 0xc0000, UINT32_MAX, 0x100000 };

	(void)state;
	start(0);
	submit_pages(0, number, sizeof number);
	assert_int_equal(zoo.logged, 2); /* the last is the high piece's first */
	assert_int_equal(zoo.log[1], ZOO_DONE);
	submit_pages(0, number, 3); /* half a number is none */
	assert_int_equal(zoo.logged, 3);
}

/* A chain of page numbers that fills all of RAM, and more than once, comes to an end. */
static void requests_are_bounded(void **state)
{
	(void)state;
	start(0);
	memset(zoo.ram + ZOO_BUFFERS, 0, ZOO_RAM_BYTES - ZOO_BUFFERS);
	for (unsigned i = 0; i < ZOO_ENTRIES; i++)
		zoo_describe(&zoo, 0, i, ZOO_BUFFERS - 0x8000, 0xa000,
			     i < ZOO_ENTRIES - 1 ? VQ_DESC_NEXT : 0, (uint16_t)(i + 1));
	zoo_submit(&zoo, 0, 0);
	assert_in_range(zoo.logged, 1000, 16385);
	assert_int_equal(zoo_used_index(&zoo, 0), 1);
}

static void report(unsigned queue, uint64_t address, uint32_t bytes)
{
	zoo_describe(&zoo, queue, 0, address, bytes, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, queue, 0);
}

/* The queue of the reports follows that of the statistics, if that is there. */
static void reports_name_whole_pages(void **state)
{
	(void)state;
	start(F_REPORTS);
	report(2, 0x13000, 0x1000);
	assert_int_equal(zoo.logged, 2);
	assert_int_equal(zoo.log[0], ZOO_REPORT | 0x13 << 8 | 1);
	start(F_REPORTS | F_STATS);
	report(3, 0x10100, 0x3000);
	assert_int_equal(zoo.log[0], ZOO_REPORT | 0x11 << 8 | 2);
	zoo.logged = 0;
	report(3, 0x10100, 0x1100);
	assert_int_equal(zoo.logged, 1);
	start(F_STATS);
	report(3, 0x10000, 0x1000);
	assert_int_equal(zoo.logged, 0);
	assert_int_equal(zoo_used_index(&zoo, 3), 0);
}

struct stat {
	uint16_t tag;
	uint64_t value;
} __attribute__((packed));

static void statistics_are_asked_for(void **state)
{
	const struct stat stats[3] = { { 4, 0x3000 }, { 99, 5 }, { 6, 0x7000 } };

	(void)state;
	start(F_STATS);
	virtio_balloon_ask(balloon); /* no buffer yet */
	memcpy(zoo.ram + ZOO_BUFFERS, stats, sizeof stats);
	zoo_describe(&zoo, 2, 0, ZOO_BUFFERS, sizeof stats, 0, 0);
	zoo_submit(&zoo, 2, 0);
	assert_int_equal(balloon->s.stats[4], 0x3000);
	assert_int_equal(balloon->s.stats[6], 0x7000);
	assert_int_equal(balloon->s.stats[0], UINT64_MAX);
	assert_int_equal(zoo_used_index(&zoo, 2), 0); /* kept until the next question */
	assert_int_equal(zoo.logged, 0);
	virtio_balloon_ask(balloon);
	assert_int_equal(zoo_used_index(&zoo, 2), 1);
	virtio_balloon_ask(balloon);
	assert_int_equal(zoo_used_index(&zoo, 2), 1);
	zoo_submit(&zoo, 2, 0);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo.log[0], ZOO_TOLD | 3 << 8 | 7);
	zoo_set_status(&zoo, 0);
	assert_int_equal(balloon->s.stats[6], UINT64_MAX);
}

static void the_target_is_the_hosts(void **state)
{
	(void)state;
	start(0);
	zoo_enable_msix(&zoo);
	zoo.logged = 0;
	assert_true(virtio_balloon_set_target(balloon, 16 * BALLOON_PAGE));
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_MSI | 0x40);
	assert_false(virtio_balloon_set_target(balloon, 16 * BALLOON_PAGE));
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 4), 16);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG, 4, 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 4), 16);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 4, 4, 12);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 4, 4), 12);
	zoo_set_status(&zoo, 0); /* the driver's figure goes with it, the target stays */
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 8), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pages_go_and_come, setup),
		cmocka_unit_test_setup(pages_outside_ram_do_not_count, setup),
		cmocka_unit_test_setup(requests_are_bounded, setup),
		cmocka_unit_test_setup(reports_name_whole_pages, setup),
		cmocka_unit_test_setup(statistics_are_asked_for, setup),
		cmocka_unit_test_setup(the_target_is_the_hosts, setup),
	};

	return cmocka_run_group_tests_name("virtio_balloon", tests, NULL, NULL);
}
