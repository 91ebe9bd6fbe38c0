/* SPDX-License-Identifier: Apache-2.0 */
/* What the registers of the real-time clock mean; see rtc.h. */
#include "rtc.h"

#define B_24_HOURS 0x02u
#define B_BINARY   0x04u
#define HOUR_PM	   0x80u

static unsigned number(const struct rtc_registers *registers, uint8_t value)
{
	return registers->b & B_BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static unsigned hour(const struct rtc_registers *registers)
{
	unsigned value = number(registers, registers->hour & ~HOUR_PM);

	if (registers->b & B_24_HOURS)
		return value;
	return value % 12 + (registers->hour & HOUR_PM ? 12 : 0);
}

/* Days from 1 January 1970 to the date; months count from March so that leap days come last. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month > 2 ? year : year - 1;
	unsigned m = month > 2 ? month - 3 : month + 9;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t rtc_epoch(const struct rtc_registers *registers)
{
	unsigned month = number(registers, registers->month);
	unsigned day = number(registers, registers->day);
	unsigned minute = number(registers, registers->minute);
	unsigned second = number(registers, registers->second);
	unsigned year = number(registers, registers->year);

	if (month < 1 || month > 12 || day < 1 || day > 31 || year > 99 || hour(registers) > 23 ||
	    minute > 59 || second > 59)
		return 0;
	return days(2000 + year, month, day) * 86400 + hour(registers) * 3600u + minute * 60u +
	       second;
}
