/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog: who answers lives on, who does not is noticed in time, and time that nobody looked
 * does not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watchdog.h"

#define SECOND 1000000000ull
#define LIMIT  (8 * SECOND)
#define LOOK   (LIMIT / WATCHDOG_ASKS)
#define START  (100 * SECOND)

static void who_answers_lives(void **state)
{
	struct watchdog watchdog;
	uint32_t alive = 0;

	(void)state;
	watchdog_start(&watchdog, LIMIT, START);
	for (uint64_t now = START; now < START + 100 * LIMIT; now += LOOK / 2) {
		switch (watchdog_look(&watchdog, alive, now)) {
		case WATCHDOG_ASK:
			/* Some answers come late, but before the limit. */
			if (watchdog.asked % 3 || watchdog.missed == WATCHDOG_ASKS - 1)
				alive = watchdog.asked;
			break;
		case WATCHDOG_WAIT:
			break;
		case WATCHDOG_HANGS:
			fail_msg("at %llu", (unsigned long long)now);
		}
	}
	assert_true(watchdog.asked > 100);
}

/* From an answer on, or from the start. */
static uint64_t noticed_after(uint32_t answers, uint32_t last)
{
	struct watchdog watchdog;
	uint64_t now = START, stopped = START;
	uint32_t alive = 0;

	watchdog_start(&watchdog, LIMIT, START);
	for (;; now += SECOND / 10) {
		switch (watchdog_look(&watchdog, alive, now)) {
		case WATCHDOG_HANGS:
			return now - stopped;
		case WATCHDOG_ASK:
			if (watchdog.asked > answers)
				alive = last;
			else if (alive != watchdog.asked) {
				alive = watchdog.asked;
				stopped = now;
			}
			break;
		case WATCHDOG_WAIT:
			break;
		}
		assert_true(now < START + 1000 * SECOND);
	}
}

static void who_hangs_is_noticed(void **state)
{
	(void)state;
	for (uint32_t answers = 0; answers < 20; answers++) {
		uint64_t after = noticed_after(answers, answers);

		assert_true(after >= LIMIT);
		assert_true(after <= LIMIT + LOOK + SECOND);
	}
	/* Answers that nobody asked for are none. */
	assert_true(noticed_after(5, UINT32_MAX) <= LIMIT + LOOK + SECOND);
	assert_true(noticed_after(5, 1) <= LIMIT + LOOK + SECOND);
}

static void time_without_looks_does_not_count(void **state)
{
	struct watchdog watchdog;
	uint64_t now = START + LOOK;

	(void)state;
	watchdog_start(&watchdog, LIMIT, START);
	assert_int_equal(watchdog_look(&watchdog, 0, now), WATCHDOG_ASK);
	now += 1000 * LIMIT;
	assert_int_equal(watchdog_look(&watchdog, 0, now), WATCHDOG_ASK);
	assert_int_equal(watchdog_look(&watchdog, watchdog.asked, now), WATCHDOG_WAIT);
	now += LOOK;
	assert_int_equal(watchdog_look(&watchdog, watchdog.asked, now), WATCHDOG_ASK);
	assert_int_equal(watchdog.missed, 0);
}

static void off_is_off(void **state)
{
	struct watchdog watchdog;

	(void)state;
	watchdog_start(&watchdog, 0, START);
	assert_int_equal(watchdog_look(&watchdog, 0, UINT64_MAX - 1), WATCHDOG_WAIT);
	assert_true(watchdog.look_ns == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_answers_lives),
		cmocka_unit_test(who_hangs_is_noticed),
		cmocka_unit_test(time_without_looks_does_not_count),
		cmocka_unit_test(off_is_off),
	};

	return cmocka_run_group_tests_name("root watchdog", tests, NULL, NULL);
}
