/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions between nanoseconds and TSC ticks: exactness, saturation, the edges of 64 bits. */
#include <rt/tsc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void muldiv_is_exact(void **state)
{
	(void)state;
	assert_int_equal(rt_muldiv(7, 9, 2), 31);
	assert_int_equal(rt_muldiv(0, UINT64_MAX, 1), 0);
	assert_int_equal(rt_muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
	assert_int_equal(rt_muldiv(UINT64_MAX, 3, 4), 0xbfffffffffffffffull);
	assert_int_equal(rt_muldiv(1ull << 63, 1ull << 63, 1ull << 63), 1ull << 63);
}

static void muldiv_saturates(void **state)
{
	(void)state;
	assert_int_equal(rt_muldiv(1ull << 32, 1ull << 32, 1), UINT64_MAX);
	assert_int_equal(rt_muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1), UINT64_MAX);
	assert_int_equal(rt_muldiv(UINT64_MAX, 2, 1), UINT64_MAX);
	assert_int_equal(rt_muldiv(5, 5, 0), UINT64_MAX);
	assert_int_equal(rt_muldiv(0, 0, 0), UINT64_MAX);
}

static void ticks_and_nanoseconds(void **state)
{
	(void)state;
	assert_int_equal(rt_tsc_from_ns(RT_NS_PER_S, 2893201), 2893201000);
	assert_int_equal(rt_ns_from_tsc(2893201000, 2893201), RT_NS_PER_S);
	assert_int_equal(rt_tsc_from_ns(1, 1000000), 1);
	assert_int_equal(rt_tsc_from_ns(999, 1), 0);
	/* A century at 5 GHz, both ways to a tick. */
	uint64_t century = 3155760000ull * RT_NS_PER_S;
	assert_int_equal(rt_tsc_from_ns(century, 5000000), century * 5);
	assert_int_equal(rt_ns_from_tsc(century * 5, 5000000), century);
}

static void unknown_rate_is_never(void **state)
{
	(void)state;
	assert_int_equal(rt_tsc_from_ns(5, 0), UINT64_MAX);
	assert_int_equal(rt_ns_from_tsc(5, 0), UINT64_MAX);
	assert_int_equal(rt_tsc_deadline(10, 5, 0), VELA_NO_DEADLINE);
}

static void deadlines(void **state)
{
	(void)state;
	assert_int_equal(rt_tsc_deadline(1000, 50, 2000000), 1100);
	assert_int_equal(rt_tsc_deadline(1000, 0, 2000000), 1000);
	assert_int_equal(rt_tsc_deadline(UINT64_MAX - 10, 5, 1000000), UINT64_MAX - 5);
	assert_int_equal(rt_tsc_deadline(UINT64_MAX - 10, 11, 1000000), VELA_NO_DEADLINE);
	assert_int_equal(rt_tsc_deadline(1, UINT64_MAX, 1000000), VELA_NO_DEADLINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(muldiv_is_exact),
		cmocka_unit_test(muldiv_saturates),
		cmocka_unit_test(ticks_and_nanoseconds),
		cmocka_unit_test(unknown_rate_is_never),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests_name("runtime/tsc", tests, NULL, NULL);
}
