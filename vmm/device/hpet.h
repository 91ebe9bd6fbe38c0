/* SPDX-License-Identifier: Apache-2.0 */
/*
 * High precision event timer (IA-PC HPET specification 1.0a): a 64-bit counter of 100 MHz and three
 * timers, all periodic or not. Interrupts by lines only; with legacy replacement timers 0 and 1
 * take the lines of PIT and RTC, whose own the machine then keeps away.
 */
#ifndef VMM_DEVICE_HPET_H
#define VMM_DEVICE_HPET_H

#include "bus.h"

#define HPET_BASE	0xfed00000ull
#define HPET_BYTES	0x400u
#define HPET_TIMERS	3u
#define HPET_BLOCK_ID	0x8086a201u /* the lower half of the capabilities, which ACPI repeats */
#define HPET_LINE_PIT	0u
#define HPET_LINE_RTC	8u
#define HPET_TICK_NS	10u
#define HPET_FREE_LINES 0xc00u /* 10 and 11: what a timer can be routed to */

struct hpet_timer {
	uint64_t config;
	uint64_t compare;
	uint64_t period;
};

struct hpet_state {
	uint64_t config;
	uint64_t counter; /* at tick */
	uint64_t tick;	  /* of guest time, up to which everything is done */
	struct hpet_timer timer[HPET_TIMERS];
	uint32_t status;
	uint32_t lines; /* that are held high */
};

struct hpet {
	struct hpet_state s;
	const struct clock *clock;
	struct irq_line irq; /* its line number is not used: the timers have theirs */
};

extern const struct device_ops hpet_device_ops;

void hpet_init(struct hpet *hpet, const struct clock *clock, struct irq_line irq);
enum bus_status hpet_attach(struct hpet *hpet, struct bus *bus, uint64_t gpa);

uint64_t hpet_deadline(const struct hpet *hpet);
void hpet_advance(struct hpet *hpet, uint64_t now_ns);

/* Whether PIT and RTC have no interrupts at present. */
bool hpet_replaces_legacy(const struct hpet *hpet);

#endif
