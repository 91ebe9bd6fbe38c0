/* SPDX-License-Identifier: Apache-2.0 */
/* The table of addresses and the limits, with a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "limit.h"
#include "mac_table.h"

enum { SECOND = 1000000000 };

static struct mac_table table;

static int setup(void **state)
{
	(void)state;
	memset(&table, 0, sizeof table);
	return 0;
}

static void addresses_are_numbers(void **state)
{
	static const unsigned char mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

	(void)state;
	assert_true(mac_number(mac) == 0x525400123456);
	assert_false(mac_is_group(mac_number(mac)));
	assert_true(mac_is_group(0xffffffffffff));
	assert_true(mac_is_group(0x01005e000001));
}

static void fixed_addresses_stay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 33; i++)
		assert_true(mac_table_fix(&table, 0x020000000000 + i, i));
	assert_false(mac_table_fix(&table, 0x020000000005, 40));
	for (unsigned i = 0; i < 33; i++) {
		assert_int_equal(mac_table_fixed(&table, 0x020000000000 + i), i);
		assert_int_equal(mac_table_find(&table, 0x020000000000 + i, 400ull * SECOND), i);
	}
	assert_int_equal(mac_table_fixed(&table, 0x030000000000), MAC_NO_PORT);
}

static void a_full_table_of_fixed_ones_refuses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MAC_FIXED_SLOTS; i++)
		assert_true(mac_table_fix(&table, 0x020000000000 + i, i));
	assert_false(mac_table_fix(&table, 0x021000000000, 1));
	assert_int_equal(mac_table_fixed(&table, 0x021000000000), MAC_NO_PORT);
}

static void learned_addresses_age(void **state)
{
	(void)state;
	assert_int_equal(mac_table_find(&table, 0x0a, 5), MAC_NO_PORT);
	mac_table_learn(&table, 0x0a, 3, 5);
	assert_int_equal(mac_table_find(&table, 0x0a, 5), 3);
	assert_int_equal(mac_table_find(&table, 0x0a, 4 + MAC_AGE_NS), 3);
	assert_int_equal(mac_table_find(&table, 0x0a, 5 + MAC_AGE_NS), MAC_NO_PORT);
	mac_table_learn(&table, 0x0a, 4, SECOND);
	assert_int_equal(mac_table_find(&table, 0x0a, SECOND + MAC_AGE_NS - 1), 4);
}

static void the_oldest_make_room(void **state)
{
	uint64_t now = SECOND;
	unsigned found = 0;

	(void)state;
	mac_table_fix(&table, 0x020000000001, 7);
	for (unsigned i = 0; i < 100000; i++)
		mac_table_learn(&table, 0x0a0000000000 + i, 1, now++);
	for (unsigned i = 0; i < 100000; i++)
		found += mac_table_find(&table, 0x0a0000000000 + i, now) == 1;
	assert_in_range(found, 1, MAC_BUCKETS * MAC_BUCKET_SLOTS);
	assert_int_equal(mac_table_find(&table, 0x0a0000000000 + 99999, now), 1);
	assert_int_equal(mac_table_find(&table, 0x020000000001, now), 7);
}

/* What is spent in a second of steps, a unit's size at a time. */
static uint64_t spend_for(struct limit *limit, uint64_t from_ns, uint64_t step_ns, uint64_t size)
{
	uint64_t spent = 0, ready = UINT64_MAX;

	for (uint64_t now = from_ns; now < from_ns + SECOND; now += step_ns)
		while (limit_ready(limit, now, &ready)) {
			limit_spend(limit, size);
			spent += size;
		}
	return spent;
}

static void no_limit_is_no_limit(void **state)
{
	struct limit limit;
	uint64_t ready = 77;

	(void)state;
	limit_init(&limit, 0, 0);
	for (unsigned i = 0; i < 1000; i++) {
		limit_spend(&limit, UINT32_MAX);
		assert_true(limit_ready(&limit, 0, &ready));
	}
	assert_true(ready == 77);
}

static void a_rate_is_kept(void **state)
{
	static const uint64_t rates[] = { 1, 10, 1000, 1000000, 12345678901 };

	(void)state;
	for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++)
		for (uint64_t size = 1; size <= 70000; size = size * 40 + 1) {
			struct limit limit;
			if (rates[i] / size > 1000000)
				continue;
			limit_init(&limit, rates[i], 5);
			spend_for(&limit, 5, SECOND / 1000, size);
			uint64_t spent = 0;
			for (unsigned s = 1; s <= 4; s++)
				spent += spend_for(&limit, 5 + (uint64_t)s * SECOND, SECOND / 1000,
						   size);
			assert_in_range(spent, 0, 4 * rates[i] + size);
			if (4 * rates[i] >= size)
				assert_in_range(spent, 4 * rates[i] - size - rates[i] / 900 - 1,
						4 * rates[i] + size);
		}
}

static void ready_is_when_it_says(void **state)
{
	struct limit limit;
	uint64_t ready = UINT64_MAX;

	(void)state;
	limit_init(&limit, 1000000, 0);
	assert_true(limit_ready(&limit, 0, &ready));
	limit_spend(&limit, 150000); /* 50,000 of them were there */
	assert_false(limit_ready(&limit, 0, &ready));
	assert_in_range(ready, 100000000, 100000001);
	uint64_t earlier = 9;
	assert_false(limit_ready(&limit, 10, &earlier));
	assert_int_equal(earlier, 9);
	assert_false(limit_ready(&limit, ready - 2, &ready));
	assert_true(limit_ready(&limit, ready, &ready));
}

static void long_idle_saves_one_burst(void **state)
{
	struct limit limit;
	uint64_t ready = UINT64_MAX, spent = 0;

	(void)state;
	limit_init(&limit, LIMIT_RATE_MAX * 4, 0);
	assert_true(limit_ready(&limit, UINT64_MAX / 2, &ready));
	limit_init(&limit, 1000, 0);
	while (limit_ready(&limit, 1000000ull * SECOND, &ready)) {
		limit_spend(&limit, 1);
		spent++;
	}
	assert_int_equal(spent, 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses_are_numbers, setup),
		cmocka_unit_test_setup(fixed_addresses_stay, setup),
		cmocka_unit_test_setup(a_full_table_of_fixed_ones_refuses, setup),
		cmocka_unit_test_setup(learned_addresses_age, setup),
		cmocka_unit_test_setup(the_oldest_make_room, setup),
		cmocka_unit_test(no_limit_is_no_limit),
		cmocka_unit_test(a_rate_is_kept),
		cmocka_unit_test(ready_is_when_it_says),
		cmocka_unit_test(long_idle_saves_one_burst),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
