/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory: its two pieces, the edges, and the map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/memory.h"

static unsigned char window[3 * 4096];

/* Two pages low, one high: sizes as guest_memory_init never makes them, to test without 3 GiB. */
static const struct guest_memory memory = { .base = window,
					    .low_bytes = 2 * 4096,
					    .high_bytes = 4096 };

static void finds_both_pieces(void **state)
{
	(void)state;
	assert_ptr_equal(guest_ptr(&memory, 0, 1), window);
	assert_ptr_equal(guest_ptr(&memory, 4096, 4096), window + 4096);
	assert_ptr_equal(guest_ptr(&memory, HIGH_RAM_BASE + 5, 1), window + 8192 + 5);
}

static void refuses_edges(void **state)
{
	(void)state;
	assert_null(guest_ptr(&memory, 8192, 1));
	assert_null(guest_ptr(&memory, 8191, 2));
	assert_null(guest_ptr(&memory, 1, UINT64_MAX));
	assert_null(guest_ptr(&memory, UINT64_MAX, 2));
	assert_null(guest_ptr(&memory, HIGH_RAM_BASE - 1, 1));
	assert_null(guest_ptr(&memory, HIGH_RAM_BASE + 4095, 2));
	assert_null(guest_ptr(&memory, HIGH_RAM_BASE + 4096, 1));
}

static void copies_all_or_nothing(void **state)
{
	uint32_t value = 0x12345678;

	(void)state;
	assert_true(guest_write(&memory, 8188, &value, 4));
	assert_false(guest_write(&memory, 8190, "zzzz", 4));
	value = 0;
	assert_true(guest_read(&memory, 8188, &value, 4));
	assert_int_equal(value, 0x12345678);
	assert_false(guest_read(&memory, 8189, &value, 4));
	assert_true(guest_zero(&memory, 8188, 4));
	assert_int_equal(window[8188], 0);
}

static void splits_at_the_hole(void **state)
{
	struct guest_memory big;
	struct memory_region map[MEMORY_REGIONS_MAX];

	(void)state;
	guest_memory_init(&big, window, LOW_RAM_MAX + (1ull << 30));
	assert_int_equal(big.low_bytes, LOW_RAM_MAX);
	assert_int_equal(big.high_bytes, 1ull << 30);
	assert_int_equal(guest_memory_map(&big, map), 5);
	assert_int_equal(map[2].base + map[2].size, LOW_RAM_MAX);
	assert_int_equal(map[3].base, PCI_ECAM_BASE);
	assert_int_equal(map[3].type, MEMORY_RESERVED);
	assert_int_equal(map[4].base, HIGH_RAM_BASE);
	assert_int_equal(map[4].size, 1ull << 30);
	for (unsigned i = 1; i < 5; i++)
		assert_true(map[i - 1].base + map[i - 1].size <= map[i].base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_both_pieces),
		cmocka_unit_test(refuses_edges),
		cmocka_unit_test(copies_all_or_nothing),
		cmocka_unit_test(splits_at_the_hole),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
