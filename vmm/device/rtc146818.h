/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818 real-time clock with 128 bytes of CMOS memory behind ports 0x70 and 0x71 (Motorola
 * MC146818A data sheet). Time of day is an epoch given at start plus guest time; flags are
 * computed when somebody looks, and deadlines exist only for enabled interrupts.
 */
#ifndef VMM_DEVICE_RTC146818_H
#define VMM_DEVICE_RTC146818_H

#include "bus.h"

#define RTC_PORT       0x70
#define RTC_CMOS_BYTES 128

/* CMOS indices. RTC_CENTURY is where ACPI's FADT says the century is. */
enum {
	RTC_SECONDS,
	RTC_SECONDS_ALARM,
	RTC_MINUTES,
	RTC_MINUTES_ALARM,
	RTC_HOURS,
	RTC_HOURS_ALARM,
	RTC_DAY_OF_WEEK,
	RTC_DAY,
	RTC_MONTH,
	RTC_YEAR,
	RTC_REG_A,
	RTC_REG_B,
	RTC_REG_C,
	RTC_REG_D,
	RTC_CENTURY = 0x32,
};

struct rtc_state {
	int64_t base_s;	    /* seconds since 1970 shown at base_ns */
	uint64_t base_ns;   /* a second boundary of the divider, in guest time */
	uint64_t synced_ns; /* flags in register C are complete up to here */
	uint8_t cmos[RTC_CMOS_BYTES];
	uint8_t index;	    /* as written to port 0x70, with the NMI mask in bit 7 */
	uint8_t week_shift; /* day of week as the guest set it, minus the calendar's, mod 7 */
	uint8_t irq;
	uint8_t reserved[5];
};

struct rtc {
	struct rtc_state s;
	const struct clock *clock;
	struct irq_line irq;
};

extern const struct device_ops rtc_device_ops;

/* epoch_s: seconds since 1970 (the time zone the guest expects) at the clock's present time. */
void rtc_init(struct rtc *rtc, const struct clock *clock, struct irq_line irq, int64_t epoch_s);
enum bus_status rtc_attach(struct rtc *rtc, struct bus *bus);

uint64_t rtc_deadline(const struct rtc *rtc);
void rtc_advance(struct rtc *rtc, uint64_t now_ns);

#endif
