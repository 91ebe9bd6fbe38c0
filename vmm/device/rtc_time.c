/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar arithmetic in the proleptic Gregorian calendar, counting from 1 March so that the leap
 * day is a year's last.
 */
#include "rtc_time.h"

#define DAYS_PER_ERA	146097 /* 400 years */
#define DAYS_TO_1970	719468 /* from 0000-03-01 */
#define RTC_HOUR_PM	0x80
#define ALARM_DONT_CARE 0xc0
#define EPOCH_WEEKDAY	4 /* 1970-01-01 was a Thursday; Sunday is 0 */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct rtc_calendar rtc_calendar_of(int64_t seconds)
{
	int64_t days = floor_div(seconds, RTC_DAY_SECONDS);
	unsigned rest = (unsigned)(seconds - days * RTC_DAY_SECONDS);
	int64_t era = floor_div(days + DAYS_TO_1970, DAYS_PER_ERA);
	unsigned day_of_era = (unsigned)(days + DAYS_TO_1970 - era * DAYS_PER_ERA);
	/* Leap days up to here taken out, each year has 365 days. */
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;

	return (struct rtc_calendar){
		.year = era * 400 + year_of_era + (month <= 2),
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.weekday =
			(unsigned)(days - floor_div(days + EPOCH_WEEKDAY, 7) * 7 + EPOCH_WEEKDAY) +
			1,
	};
}

int64_t rtc_seconds_of(const struct rtc_calendar *calendar)
{
	unsigned month0 = calendar->month ? calendar->month - 1 : 0;
	int64_t year = calendar->year + month0 / 12 - (month0 % 12 < 2);
	unsigned march_month = (month0 % 12 + 10) % 12;
	int64_t era = floor_div(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t days = era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 -
		       year_of_era / 100 + (153 * march_month + 2) / 5 + calendar->day - 1 -
		       DAYS_TO_1970;

	return days * RTC_DAY_SECONDS + calendar->hour * 3600 + calendar->minute * 60 +
	       calendar->second;
}

uint8_t rtc_encode(unsigned value, uint8_t reg_b)
{
	if (reg_b & RTC_B_BINARY)
		return (uint8_t)value;
	return (uint8_t)((value / 10 % 10) << 4 | value % 10);
}

unsigned rtc_decode(uint8_t raw, uint8_t reg_b)
{
	if (reg_b & RTC_B_BINARY)
		return raw;
	return (raw >> 4) * 10u + (raw & 15);
}

uint8_t rtc_encode_hour(unsigned hour, uint8_t reg_b)
{
	if (reg_b & RTC_B_24H)
		return rtc_encode(hour, reg_b);
	return rtc_encode((hour + 11) % 12 + 1, reg_b) | (hour >= 12 ? RTC_HOUR_PM : 0);
}

unsigned rtc_decode_hour(uint8_t raw, uint8_t reg_b)
{
	unsigned hour;

	if (reg_b & RTC_B_24H)
		return rtc_decode(raw, reg_b);
	hour = rtc_decode(raw & (uint8_t)~RTC_HOUR_PM, reg_b);
	if (hour == 12)
		hour = 0;
	return hour + (raw & RTC_HOUR_PM ? 12 : 0);
}

static bool matches(uint8_t raw, unsigned decoded, unsigned value)
{
	return raw >= ALARM_DONT_CARE || decoded == value;
}

/* Steps over whole hours and minutes that cannot match, so that a day takes at most 24 + 60 + 60
 * steps and each of the two days that may be looked at the same. */
unsigned rtc_alarm_distance(const struct rtc_alarm *alarm, unsigned second_of_day)
{
	unsigned hour = rtc_decode_hour(alarm->hour, alarm->reg_b);
	unsigned minute = rtc_decode(alarm->minute, alarm->reg_b);
	unsigned second = rtc_decode(alarm->second, alarm->reg_b);
	unsigned at = second_of_day + 1;

	while (at <= second_of_day + RTC_DAY_SECONDS) {
		unsigned now = at % RTC_DAY_SECONDS;

		if (!matches(alarm->hour, hour, now / 3600))
			at += 3600 - now % 3600;
		else if (!matches(alarm->minute, minute, now / 60 % 60))
			at += 60 - now % 60;
		else if (!matches(alarm->second, second, now % 60))
			at++;
		else
			return at - second_of_day;
	}
	return 0;
}
