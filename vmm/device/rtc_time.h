/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar and register encodings of the MC146818, without any clock: the conversion between
 * seconds since 1970 and the ten time registers, and the search for the next alarm. Used by
 * rtc146818.c and its tests.
 */
#ifndef VMM_DEVICE_RTC_TIME_H
#define VMM_DEVICE_RTC_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define RTC_DAY_SECONDS 86400

/* Register B bits that choose the encoding. */
#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04

struct rtc_calendar {
	int64_t year;	     /* 1970 = 1970 */
	unsigned month, day; /* from 1 */
	unsigned hour, minute, second;
	unsigned weekday; /* 1 = Sunday */
};

struct rtc_calendar rtc_calendar_of(int64_t seconds);

/* Months outside 1-12 and days, hours, ... of any value count on into the next larger unit. */
int64_t rtc_seconds_of(const struct rtc_calendar *calendar);

/* Encode and decode one register by register B's format. Hours have their own because of the 12
 * hour format. A decode of bits that are no number of the format gives some value below 256. */
uint8_t rtc_encode(unsigned value, uint8_t reg_b);
unsigned rtc_decode(uint8_t raw, uint8_t reg_b);
uint8_t rtc_encode_hour(unsigned hour, uint8_t reg_b);
unsigned rtc_decode_hour(uint8_t raw, uint8_t reg_b);

struct rtc_alarm {
	uint8_t second, minute, hour; /* as in the registers */
	uint8_t reg_b;
};

/* Seconds from the given second of the day to the first later one that matches, 1 .. 86400; 0 if
 * no time of day matches. */
unsigned rtc_alarm_distance(const struct rtc_alarm *alarm, unsigned second_of_day);

#endif
