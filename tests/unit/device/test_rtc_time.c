/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar, register encodings and alarm search, against the C library's calendar and against
 * plain searching.
 */
#include "test.h"

#include <time.h>

#include "device/rtc_time.h"

static void calendar_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -200000; day < 200000; day += 1) {
		time_t seconds = day * RTC_DAY_SECONDS + (day * 7919 % 86400 + 86400) % 86400;
		struct rtc_calendar got = rtc_calendar_of(seconds);
		struct tm want;

		gmtime_r(&seconds, &want);
		assert_int_equal(got.year, want.tm_year + 1900);
		assert_int_equal(got.month, want.tm_mon + 1);
		assert_int_equal(got.day, want.tm_mday);
		assert_int_equal(got.hour, want.tm_hour);
		assert_int_equal(got.minute, want.tm_min);
		assert_int_equal(got.second, want.tm_sec);
		assert_int_equal(got.weekday, want.tm_wday + 1);
		assert_true(rtc_seconds_of(&got) == seconds);
	}
}

static void wrong_dates_count_on(void **state)
{
	struct rtc_calendar thirtieth = { .year = 2023, .month = 2, .day = 30 };
	struct rtc_calendar second = { .year = 2023, .month = 3, .day = 2 };
	struct rtc_calendar month13 = { .year = 2023, .month = 13, .day = 1, .second = 75 };
	struct rtc_calendar january = {
		.year = 2024, .month = 1, .day = 1, .minute = 1, .second = 15
	};
	struct rtc_calendar zero = { 0 };

	(void)state;
	assert_true(rtc_seconds_of(&thirtieth) == rtc_seconds_of(&second));
	assert_true(rtc_seconds_of(&month13) == rtc_seconds_of(&january));
	assert_true(rtc_seconds_of(&zero) < 0);
}

static void numbers_encode_both_ways(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 100; value++) {
		uint8_t bcd = rtc_encode(value, 0);

		assert_int_equal(bcd, value / 10 * 16 + value % 10);
		assert_int_equal(rtc_decode(bcd, 0), value);
		assert_int_equal(rtc_encode(value, RTC_B_BINARY), value);
		assert_int_equal(rtc_decode((uint8_t)value, RTC_B_BINARY), value);
	}
}

static void hours_encode_four_ways(void **state)
{
	(void)state;
	assert_int_equal(rtc_encode_hour(0, 0), 0x12);
	assert_int_equal(rtc_encode_hour(11, 0), 0x11);
	assert_int_equal(rtc_encode_hour(12, 0), 0x92);
	assert_int_equal(rtc_encode_hour(13, RTC_B_BINARY), 0x81);
	assert_int_equal(rtc_encode_hour(23, RTC_B_BINARY), 0x8b);
	assert_int_equal(rtc_encode_hour(23, RTC_B_24H), 0x23);
	assert_int_equal(rtc_encode_hour(23, RTC_B_24H | RTC_B_BINARY), 23);
	for (unsigned hour = 0; hour < 24; hour++)
		for (unsigned b = 0; b < 8; b++)
			assert_int_equal(
				rtc_decode_hour(rtc_encode_hour(hour, (uint8_t)b), (uint8_t)b),
				hour);
}

static bool matches(uint8_t raw, unsigned want)
{
	return raw >= 0xc0 || raw == want;
}

static unsigned search(const struct rtc_alarm *alarm, unsigned from)
{
	for (unsigned distance = 1; distance <= RTC_DAY_SECONDS; distance++) {
		unsigned at = (from + distance) % RTC_DAY_SECONDS;

		if (matches(alarm->hour, at / 3600) && matches(alarm->minute, at / 60 % 60) &&
		    matches(alarm->second, at % 60))
			return distance;
	}
	return 0;
}

static void alarms_are_found(void **state)
{
	static const uint8_t hours[] = { 0, 7, 23, 24, 0xff };
	static const uint8_t minutes[] = { 0, 30, 59, 60, 0xc0 };
	static const uint8_t froms[] = { 0, 1, 100, 200 };

	(void)state;
	for (unsigned i = 0; i < 5 * 5 * 5 * 4; i++) {
		struct rtc_alarm alarm = {
			.hour = hours[i % 5],
			.minute = minutes[i / 5 % 5],
			.second = minutes[i / 25 % 5],
			.reg_b = RTC_B_24H | RTC_B_BINARY,
		};
		unsigned from = froms[i / 125] * 431u;

		assert_int_equal(rtc_alarm_distance(&alarm, from), search(&alarm, from));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendar_agrees_with_the_c_library),
		cmocka_unit_test(wrong_dates_count_on),
		cmocka_unit_test(numbers_encode_both_ways),
		cmocka_unit_test(hours_encode_four_ways),
		cmocka_unit_test(alarms_are_found),
	};

	return cmocka_run_group_tests_name("rtc_time", tests, NULL, NULL);
}
