/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU that waits for memory: what is asked when, until it comes or never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/fetch.h"

#define START 5000000000ull
#define BLOCK 7

static struct fetch fetch;

static const struct fetch_news silence = { .gone = true };
static const struct fetch_news refusal = { .gone = true, .answered = true };
static const struct fetch_news granted = { .answered = true };
static const struct fetch_news there = { .there = true, .gone = true };

static int setup(void **state)
{
	(void)state;
	fetch_begin(&fetch, BLOCK, START);
	assert_true(fetch_waits(&fetch));
	assert_int_equal(fetch.block, BLOCK);
	assert_int_equal(fetch_next(&fetch, &refusal, START), FETCH_ASK); /* of an older request */
	return 0;
}

static void expect_done(const struct fetch_news *news, uint64_t now)
{
	assert_int_equal(fetch_next(&fetch, news, now), FETCH_DONE);
	assert_false(fetch_waits(&fetch));
	assert_int_equal(fetch_next(&fetch, &silence, now), FETCH_DONE); /* nothing more is asked */
}

static void memory_comes_with_the_answer(void **state)
{
	(void)state;
	for (uint64_t now = START; now < START + 100 * FETCH_ANSWER_NS; now = fetch.again_ns) {
		assert_int_equal(fetch_next(&fetch, &silence, now), FETCH_WAIT);
		assert_int_equal(fetch.again_ns, now + FETCH_ANSWER_NS);
	}
	expect_done(&granted, fetch.again_ns);
}

/* There is none for some time, and then there is. */
static void memory_comes_late(void **state)
{
	uint64_t now = START;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(fetch_next(&fetch, &refusal, now), FETCH_SHORT);
		assert_int_equal(fetch.again_ns, now + FETCH_PAUSE_NS);
		/* Woken for something else it asks nothing. */
		assert_int_equal(fetch_next(&fetch, &refusal, fetch.again_ns - 1), FETCH_WAIT);
		now = fetch.again_ns;
		assert_int_equal(fetch_next(&fetch, &refusal, now), FETCH_ASK);
		assert_int_equal(fetch_next(&fetch, &silence, now), FETCH_WAIT);
	}
	expect_done(&granted, now);
}

static void patience_ends(void **state)
{
	uint64_t now = START;
	unsigned asked = 1;

	(void)state;
	while (fetch_next(&fetch, &refusal, now) == FETCH_SHORT) {
		now = fetch.again_ns;
		assert_int_equal(fetch_next(&fetch, &refusal, now), FETCH_ASK);
		asked++;
	}
	assert_int_equal(now, START + FETCH_PATIENCE_NS);
	assert_int_equal(asked, 1 + FETCH_PATIENCE_NS / FETCH_PAUSE_NS);
	assert_true(fetch_waits(&fetch));
}

/* Another virtual CPU or a device asked for the same block. */
static void somebody_else_got_it(void **state)
{
	(void)state;
	expect_done(&there, START);
	setup(NULL);
	assert_int_equal(fetch_next(&fetch, &refusal, START), FETCH_SHORT);
	expect_done(&there, START + 1);
	fetch_begin(&fetch, BLOCK, START);
	expect_done(&there, START);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(memory_comes_with_the_answer),
		TEST(memory_comes_late),
		TEST(patience_ends),
		TEST(somebody_else_got_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
