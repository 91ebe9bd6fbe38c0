/* SPDX-License-Identifier: Apache-2.0 */
/* The physical memory allocator: alignment, merging, refusals, and a long random life. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"

#include <rt/balloon.h>

#define MIB 0x100000ull

static struct memory memory;

static int setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof memory);
	return 0;
}

static void adds_whole_pages_only(void **state)
{
	(void)state;
	assert_true(memory_add(&memory, 0, 0x9fc00));
	assert_int_equal(memory.free[0].base, MEMORY_PAGE); /* page 0 stays out */
	assert_int_equal(memory.free_bytes, 0x9e000);
	assert_true(memory_add(&memory, MIB + 1, 2 * MEMORY_PAGE));
	assert_int_equal(memory.free[1].base, MIB + MEMORY_PAGE);
	assert_int_equal(memory.free[1].size, MEMORY_PAGE);
	assert_true(memory_add(&memory, 16 * MIB + 1, MEMORY_PAGE)); /* no whole page in it */
	assert_int_equal(memory.count, 2);
	assert_false(memory_add(&memory, 0x1000, MEMORY_PAGE)); /* known already */
	assert_false(memory_add(&memory, UINT64_MAX - 5, 100));
}

static void reserved_ranges_are_never_given(void **state)
{
	struct extent taken;

	(void)state;
	memory_add(&memory, MIB, 8 * MIB);
	memory_add(&memory, 16 * MIB, MIB);
	assert_true(memory_reserve(&memory, 2 * MIB + 1, MEMORY_PAGE)); /* touches two pages */
	assert_true(memory_reserve(&memory, 0, MIB + MEMORY_PAGE));
	assert_true(memory_reserve(&memory, 8 * MIB, 64 * MIB));
	assert_true(memory_reserve(&memory, 3 * MIB, 0));
	assert_false(memory_reserve(&memory, UINT64_MAX - 5, 10));
	assert_int_equal(memory.count, 2);
	assert_int_equal(memory.free[0].base, MIB + MEMORY_PAGE);
	assert_int_equal(memory.free[0].size, MIB - MEMORY_PAGE);
	assert_int_equal(memory.free[1].base, 2 * MIB + 2 * MEMORY_PAGE);
	assert_int_equal(memory.free[1].size, 6 * MIB - 2 * MEMORY_PAGE);
	assert_int_equal(memory.free_bytes, 7 * MIB - 3 * MEMORY_PAGE);
	while (memory_take(&memory, MEMORY_PAGE, &taken))
		;
	assert_int_equal(memory.free_bytes, 0);
	assert_false(memory_give(&memory, (struct extent){ 2 * MIB, MEMORY_PAGE }));
	assert_false(memory_give(&memory, (struct extent){ 16 * MIB, MEMORY_PAGE }));
	assert_true(memory_give(&memory, (struct extent){ MIB + MEMORY_PAGE, MEMORY_PAGE }));
}

static void takes_from_the_smallest_that_fits(void **state)
{
	struct extent taken;

	(void)state;
	memory_add(&memory, MIB, 8 * MIB);
	memory_add(&memory, 32 * MIB, MIB);
	assert_true(memory_take(&memory, 5000, &taken));
	assert_int_equal(taken.base, 32 * MIB);
	assert_int_equal(taken.size, 2 * MEMORY_PAGE);
	assert_true(memory_take(&memory, MIB, &taken));
	assert_int_equal(taken.base, MIB);
	assert_false(memory_take(&memory, 8 * MIB, &taken));
	assert_false(memory_take(&memory, 0, &taken));
	assert_false(memory_take(&memory, UINT64_MAX, &taken));
}

static void blocks_are_aligned_and_split_if_they_must(void **state)
{
	struct extent taken[4];

	(void)state;
	memory_add(&memory, MIB, 8 * MIB);	/* three blocks from 2 MiB on */
	memory_add(&memory, 32 * MIB, 7 * MIB); /* three blocks */
	uint64_t free_bytes = memory.free_bytes;
	assert_int_equal(memory_take_blocks(&memory, 6 * MIB, taken, 4), 1);
	assert_int_equal(taken[0].base % MEMORY_BLOCK, 0);
	assert_true(memory_give(&memory, taken[0]));
	assert_int_equal(memory_take_blocks(&memory, 10 * MIB, taken, 4), 2);
	assert_int_equal(taken[0].base % MEMORY_BLOCK, 0);
	assert_int_equal(taken[1].base % MEMORY_BLOCK, 0);
	assert_int_equal(taken[0].size + taken[1].size, 10 * MIB);
	assert_true(memory_give(&memory, taken[0]));
	assert_true(memory_give(&memory, taken[1]));
	assert_int_equal(memory.free_bytes, free_bytes);
	assert_int_equal(memory.count, 2);
}

static void large_guests_begin_where_large_pages_do(void **state)
{
	struct extent taken[4];

	(void)state;
	memory_add(&memory, MIB, 3070 * MIB);
	assert_int_equal(memory_take_blocks(&memory, 1500 * MIB, taken, 4), 1);
	assert_int_equal(taken[0].base, MEMORY_HUGE);
	assert_int_equal(taken[0].size, 1500 * MIB);
	assert_true(memory_give(&memory, taken[0]));
	/* No multiple that leaves room enough: then just blocks. */
	assert_int_equal(memory_take_blocks(&memory, 3068 * MIB, taken, 4), 1);
	assert_int_equal(taken[0].base, 2 * MIB);
}

static void blocks_that_do_not_fit_take_nothing(void **state)
{
	struct extent taken[4];

	(void)state;
	memory_add(&memory, MIB, 8 * MIB);
	memory_add(&memory, 32 * MIB, 7 * MIB);
	assert_int_equal(memory_take_blocks(&memory, 14 * MIB, taken, 4), 0);
	assert_int_equal(memory_take_blocks(&memory, 10 * MIB, taken, 1), 0);
	assert_int_equal(memory_take_blocks(&memory, 3 * MIB, taken, 4), 0);
	assert_int_equal(memory_take_blocks(&memory, 0, taken, 4), 0);
	assert_int_equal(memory.free_bytes, 15 * MIB);
	assert_int_equal(memory.count, 2);
}

static void refuses_what_was_not_taken(void **state)
{
	struct extent taken;

	(void)state;
	memory_add(&memory, MIB, MIB);
	assert_true(memory_take(&memory, 4 * MEMORY_PAGE, &taken));
	assert_false(memory_give(&memory, (struct extent){ taken.base, 5 * MEMORY_PAGE }));
	assert_false(
		memory_give(&memory, (struct extent){ taken.base - MEMORY_PAGE, MEMORY_PAGE }));
	assert_false(memory_give(&memory, (struct extent){ taken.base + 1, MEMORY_PAGE }));
	assert_false(memory_give(&memory, (struct extent){ taken.base, 0 }));
	assert_false(memory_give(&memory, (struct extent){ 64 * MIB, MEMORY_PAGE }));
	assert_false(memory_give(&memory, (struct extent){ ~0xfffull, 2 * MEMORY_PAGE }));
	assert_true(memory_give(&memory, taken));
	assert_false(memory_give(&memory, taken));
	assert_int_equal(memory.free_bytes, MIB);
	assert_int_equal(memory.count, 1);
}

static void merges_in_any_order(void **state)
{
	static const unsigned order[6] = { 3, 0, 5, 1, 4, 2 };
	struct extent taken[6];

	(void)state;
	memory_add(&memory, MIB, 6 * MEMORY_PAGE);
	for (unsigned i = 0; i < 6; i++)
		assert_true(memory_take(&memory, MEMORY_PAGE, &taken[i]));
	assert_int_equal(memory.count, 0);
	for (unsigned i = 0; i < 6; i++)
		assert_true(memory_give(&memory, taken[order[i]]));
	assert_int_equal(memory.count, 1);
	assert_int_equal(memory.free[0].size, 6 * MEMORY_PAGE);
}

static void full_list_refuses_and_stays_whole(void **state)
{
	struct extent page[2 * MEMORY_EXTENTS_MAX + 4];
	unsigned count = 0, refused = 0;

	(void)state;
	memory_add(&memory, MIB, (2 * MEMORY_EXTENTS_MAX + 4) * MEMORY_PAGE);
	while (memory_take(&memory, MEMORY_PAGE, &page[count]))
		count++;
	for (unsigned i = 0; i < count; i += 2)
		refused += !memory_give(&memory, page[i]);
	assert_int_equal(memory.count, MEMORY_EXTENTS_MAX);
	assert_true(refused > 0);
	for (unsigned i = 1; i < count; i += 2)
		assert_true(memory_give(&memory, page[i]));
}

/* Whatever is taken never overlaps, and everything given back is one piece again. */
static void lives_long(void **state)
{
	struct extent taken[40];
	unsigned count = 0;
	uint32_t seed = 1;

	(void)state;
	memory_add(&memory, MIB, 64 * MIB);
	for (unsigned round = 0; round < 20000; round++) {
		seed = seed * 1664525 + 1013904223;
		if (count && (seed >> 20 & 1 || count == 40)) {
			unsigned i = (seed >> 8) % count;

			assert_true(memory_give(&memory, taken[i]));
			taken[i] = taken[--count];
		} else if (seed >> 21 & 1) {
			count += memory_take(&memory, 1 + (seed >> 4) % 300000, &taken[count]);
		} else {
			uint64_t size = MEMORY_BLOCK * (1 + (seed >> 4) % 4);

			count += (unsigned)memory_take_blocks(&memory, size, &taken[count], 1);
		}
		for (unsigned i = 0; i + 1 < count; i++)
			assert_true(taken[i].base + taken[i].size <= taken[count - 1].base ||
				    taken[count - 1].base + taken[count - 1].size <= taken[i].base);
	}
	while (count)
		assert_true(memory_give(&memory, taken[--count]));
	assert_int_equal(memory.count, 1);
	assert_int_equal(memory.free_bytes, 64 * MIB);
}

static void balloon_maps_have_a_bit_for_each_block(void **state)
{
	static const uint64_t sizes[] = { 16ull << 20, 64ull << 30, (64ull << 30) + (2 << 20),
					  512ull << 30 };

	(void)state;
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_true(rt_balloon_map_bytes(sizes[i]) * 8 >= sizes[i] / MEMORY_BLOCK);
		assert_true((rt_balloon_map_bytes(sizes[i]) - MEMORY_PAGE) * 8 <
			    sizes[i] / MEMORY_BLOCK);
		assert_int_equal(rt_balloon_bytes(sizes[i]) % MEMORY_PAGE, 0);
		assert_true(rt_balloon_bytes(sizes[i]) ==
			    RT_BALLOON_MAPS + 2 * rt_balloon_map_bytes(sizes[i]));
	}
	assert_int_equal(rt_balloon_map_bytes(64ull << 30), 4096);
	assert_int_equal(rt_balloon_map_bytes((64ull << 30) + (2 << 20)), 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(adds_whole_pages_only, setup),
		cmocka_unit_test_setup(reserved_ranges_are_never_given, setup),
		cmocka_unit_test_setup(takes_from_the_smallest_that_fits, setup),
		cmocka_unit_test_setup(blocks_are_aligned_and_split_if_they_must, setup),
		cmocka_unit_test_setup(large_guests_begin_where_large_pages_do, setup),
		cmocka_unit_test_setup(blocks_that_do_not_fit_take_nothing, setup),
		cmocka_unit_test_setup(refuses_what_was_not_taken, setup),
		cmocka_unit_test_setup(merges_in_any_order, setup),
		cmocka_unit_test_setup(full_list_refuses_and_stays_whole, setup),
		cmocka_unit_test_setup(lives_long, setup),
		cmocka_unit_test(balloon_maps_have_a_bit_for_each_block),
	};

	return cmocka_run_group_tests_name("root memory", tests, NULL, NULL);
}
