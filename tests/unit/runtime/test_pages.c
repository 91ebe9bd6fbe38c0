/* SPDX-License-Identifier: Apache-2.0 */
/* The page allocator: what it hands out, what it takes back, and what it refuses. */
#include <rt/pages.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PAGES = 70 }; /* more than one word of bits, and not a multiple of 64 */

static _Alignas(4096) unsigned char area[PAGES * RT_PAGE_BYTES];
static uint64_t bits[2];
static struct rt_pages p;

static int reset(void **state)
{
	(void)state;
	memset(area, 0xaa, sizeof area);
	memset(bits, 0, sizeof bits);
	p = (struct rt_pages){ area, PAGES, bits };
	return 0;
}

static unsigned char *page(size_t n)
{
	return area + n * RT_PAGE_BYTES;
}

static void takes_zeroed_runs_in_order(void **state)
{
	(void)state;
	unsigned char *first = rt_pages_take(&p, 3);

	assert_ptr_equal(first, page(0));
	for (size_t i = 0; i < 3 * RT_PAGE_BYTES; i++)
		assert_int_equal(first[i], 0);
	assert_int_equal(first[3 * RT_PAGE_BYTES], 0xaa);
	assert_ptr_equal(rt_pages_take(&p, 1), page(3));
}

static void fills_to_the_last_page(void **state)
{
	(void)state;
	assert_null(rt_pages_take(&p, 0));
	assert_null(rt_pages_take(&p, PAGES + 1));
	assert_null(rt_pages_take(&p, SIZE_MAX));
	assert_ptr_equal(rt_pages_take(&p, PAGES), page(0));
	assert_null(rt_pages_take(&p, 1));
	assert_true(rt_pages_give(&p, page(0), PAGES));
	assert_ptr_equal(rt_pages_take(&p, PAGES), page(0));
}

static void skips_holes_that_are_too_small(void **state)
{
	(void)state;
	assert_non_null(rt_pages_take(&p, PAGES));
	assert_true(rt_pages_give(&p, page(2), 1));
	assert_true(rt_pages_give(&p, page(62), 4)); /* across the words */
	assert_ptr_equal(rt_pages_take(&p, 4), page(62));
	assert_null(rt_pages_take(&p, 2));
	assert_ptr_equal(rt_pages_take(&p, 1), page(2));
}

static void refuses_what_is_not_in_use(void **state)
{
	(void)state;
	assert_non_null(rt_pages_take(&p, 4));
	assert_false(rt_pages_give(&p, page(0), 5));
	assert_false(rt_pages_give(&p, page(0), 0));
	assert_false(rt_pages_give(&p, page(1) + 1, 1));
	assert_false(rt_pages_give(&p, page(PAGES - 1), 2));
	assert_false(rt_pages_give(&p, page(PAGES), 1));
	assert_false(rt_pages_give(&p, NULL, 1));
	assert_false(rt_pages_give(&p, page(0), SIZE_MAX));
	/* None of these changed anything. */
	assert_true(rt_pages_give(&p, page(0), 4));
	assert_false(rt_pages_give(&p, page(0), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_zeroed_runs_in_order, reset),
		cmocka_unit_test_setup(fills_to_the_last_page, reset),
		cmocka_unit_test_setup(skips_holes_that_are_too_small, reset),
		cmocka_unit_test_setup(refuses_what_is_not_in_use, reset),
	};

	return cmocka_run_group_tests_name("runtime/pages", tests, NULL, NULL);
}
