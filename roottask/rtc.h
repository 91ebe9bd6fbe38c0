/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time clock of a PC (MC146818A), read once at boot for the guests' time of day. */
#ifndef ROOT_RTC_H
#define ROOT_RTC_H

#include <stdbool.h>
#include <stdint.h>

/* The registers as they are read; which of BCD or binary and 12 or 24 hours is said by b. */
struct rtc_registers {
	uint8_t second, minute, hour, day, month, year;
	uint8_t b; /* register B: bit 1 24 hours, bit 2 binary */
};

/* Unix time of the registers, years 2000 to 2099; 0 when they make no date. Pure. */
uint64_t rtc_epoch(const struct rtc_registers *registers);

/* Reads the clock; 0 when there is none. Needs ports 0x70 and 0x71. */
uint64_t rtc_read(void);

#endif
