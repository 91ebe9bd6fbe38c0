/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a balloon: which blocks are due to be given back, and which are gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/holes.h"

#define BLOCK RT_BALLOON_BLOCK
#define PAGE  4096u

static struct holes holes;

static int setup(void **state)
{
	(void)state;
	holes_init(&holes, 64 * BLOCK);
	return 0;
}

static void inflate_block(uint64_t block)
{
	for (uint64_t at = 0; at < BLOCK; at += PAGE)
		holes_inflate(&holes, block * BLOCK + at);
}

static void a_block_is_due_with_its_last_page(void **state)
{
	(void)state;
	for (uint64_t at = 0; at < BLOCK - PAGE; at += PAGE)
		assert_false(holes_inflate(&holes, 5 * BLOCK + at));
	assert_int_equal(holes.batch, 0);
	holes_deflate(&holes, 5 * BLOCK);
	holes_inflate(&holes, 6 * BLOCK - PAGE);
	assert_int_equal(holes.batch, 0);
	holes_inflate(&holes, 5 * BLOCK);
	assert_int_equal(holes.batch, 1);
	assert_int_equal(holes.block[0], 5);
	holes_inflate(&holes, 5 * BLOCK); /* more pages than there are do not count */
	assert_int_equal(holes.batch, 1);
}

static void a_full_batch_must_be_given(void **state)
{
	(void)state;
	for (uint64_t block = 1; block < HOLES_BATCH; block++)
		inflate_block(block);
	assert_int_equal(holes.batch, HOLES_BATCH - 1);
	for (uint64_t at = 0; at < BLOCK - PAGE; at += PAGE)
		assert_false(holes_inflate(&holes, HOLES_BATCH * BLOCK + at));
	assert_true(holes_inflate(&holes, HOLES_BATCH * BLOCK));
}

static void reports_count_whole_blocks(void **state)
{
	(void)state;
	assert_int_equal(holes_report(&holes, 3 * BLOCK + PAGE, 2 * BLOCK), 2 * BLOCK);
	assert_int_equal(holes.batch, 1);
	assert_int_equal(holes.block[0], 4);
	assert_int_equal(holes_report(&holes, 4 * BLOCK, BLOCK), BLOCK); /* once is enough */
	assert_int_equal(holes_report(&holes, 7 * BLOCK + PAGE, BLOCK), BLOCK);
	assert_int_equal(holes_report(&holes, 7 * BLOCK, PAGE), PAGE);
	assert_int_equal(holes_report(&holes, 0, BLOCK), BLOCK); /* the first one stays */
	assert_int_equal(holes.batch, 1);
}

/* A report longer than the batch is taken in pieces; none of it is lost. */
static void long_reports_go_on(void **state)
{
	uint64_t offset = 10 * BLOCK + PAGE, bytes = 40 * BLOCK, seen = 0;

	(void)state;
	while (bytes) {
		uint64_t n = holes_report(&holes, offset, bytes);

		assert_true(n || holes.batch);
		for (unsigned i = 0; i < holes.batch; i++) {
			holes_set(&holes, holes.block[i], true);
			seen++;
		}
		holes.batch = 0;
		offset += n;
		bytes -= n;
	}
	assert_int_equal(seen, 39);
	assert_int_equal(holes.given, 39);
	for (uint64_t block = 0; block < 64; block++)
		assert_int_equal(holes_is_gone(&holes, block), block > 10 && block < 50);
}

static void what_is_gone_is_found(void **state)
{
	(void)state;
	assert_int_equal(holes_find(&holes, 0, 64 * BLOCK), 64);
	holes_set(&holes, 20, true);
	holes_set(&holes, 20, true);
	holes_set(&holes, 40, true);
	assert_int_equal(holes.given, 2);
	assert_int_equal(holes_find(&holes, 0, 64 * BLOCK), 20);
	assert_int_equal(holes_find(&holes, 21 * BLOCK - 1, 1), 20);
	assert_int_equal(holes_find(&holes, 21 * BLOCK - 1, 0), 20);
	assert_int_equal(holes_find(&holes, 19 * BLOCK, BLOCK), 64);
	assert_int_equal(holes_find(&holes, 19 * BLOCK, BLOCK + 1), 20);
	assert_int_equal(holes_find(&holes, 21 * BLOCK, 30 * BLOCK), 40);
	holes_report(&holes, 20 * BLOCK, 3 * BLOCK); /* what is gone cannot go again */
	assert_int_equal(holes.batch, 2);
	holes_set(&holes, 20, false);
	holes_set(&holes, 20, false);
	assert_int_equal(holes.given, 1);
	holes_set(&holes, 64, true);
	holes_set(&holes, UINT64_MAX, true);
	assert_int_equal(holes.given, 1);
}

static void memory_beyond_the_books_stays(void **state)
{
	(void)state;
	holes_init(&holes, (HOLES_BLOCKS + 8) * BLOCK);
	assert_int_equal(holes.blocks, HOLES_BLOCKS);
	inflate_block(HOLES_BLOCKS + 1);
	holes_deflate(&holes, (HOLES_BLOCKS + 1) * BLOCK);
	assert_int_equal(holes_report(&holes, (HOLES_BLOCKS - 1) * BLOCK, 4 * BLOCK), 4 * BLOCK);
	assert_int_equal(holes.batch, 1);
	assert_int_equal(holes.block[0], HOLES_BLOCKS - 1);
	assert_false(holes_is_gone(&holes, HOLES_BLOCKS));
	assert_int_equal(holes_find(&holes, HOLES_BLOCKS * BLOCK, BLOCK), HOLES_BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_block_is_due_with_its_last_page, setup),
		cmocka_unit_test_setup(a_full_batch_must_be_given, setup),
		cmocka_unit_test_setup(reports_count_whole_blocks, setup),
		cmocka_unit_test_setup(long_reports_go_on, setup),
		cmocka_unit_test_setup(what_is_gone_is_found, setup),
		cmocka_unit_test_setup(memory_beyond_the_books_stays, setup),
	};

	return cmocka_run_group_tests_name("holes", tests, NULL, NULL);
}
