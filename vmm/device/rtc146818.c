/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818. While the clock runs, time registers are computed from the guest clock; while it is
 * stopped (SET, or the divider held in reset) they are bytes in CMOS, and become the time again
 * when it starts. Flags are brought up to date from the interval since they last were.
 */
#include "rtc146818.h"

#include <string.h>

#include "rtc_time.h"

#define NS_PER_S 1000000000u
#define BASE_HZ	 32768u

#define A_UIP	   0x80
#define A_DIVIDER  0x70
#define A_DIV_32K  0x20 /* the only time base; any other value holds the divider in reset */
#define A_RATE	   0x0f
#define B_SET	   0x80
#define B_PIE	   0x40
#define B_AIE	   0x20
#define B_UIE	   0x10
#define B_SQWE	   0x08
#define C_IRQF	   0x80
#define C_PF	   0x40
#define C_AF	   0x20
#define C_UF	   0x10
#define C_FLAGS	   (C_PF | C_AF | C_UF)
#define D_VRT	   0x80
#define INDEX_MASK 0x7f

/* UIP rises 244 us before an update, which takes 1984 us; here the update ends with the second. */
#define UIP_NS	    2228000u
#define HALF_SECOND 500000000u

static bool is_running(const struct rtc_state *s)
{
	return !(s->cmos[RTC_REG_B] & B_SET) && (s->cmos[RTC_REG_A] & A_DIVIDER) == A_DIV_32K;
}

/* Divider phase: nanoseconds since the divider's second boundary base_ns. */
static uint64_t since_base(const struct rtc_state *s, uint64_t now)
{
	return now > s->base_ns ? now - s->base_ns : 0;
}

static int64_t seconds_at(const struct rtc_state *s, uint64_t now)
{
	return s->base_s + (int64_t)(since_base(s, now) / NS_PER_S);
}

/* Periodic rate in ticks of the time base, 0 = off (MC146818A table 5). */
static unsigned period_ticks(const struct rtc_state *s)
{
	unsigned rate = s->cmos[RTC_REG_A] & A_RATE;

	if (!rate || (s->cmos[RTC_REG_A] & A_DIVIDER) != A_DIV_32K)
		return 0;
	return 1u << (rate < 3 ? rate + 6 : rate - 1);
}

static unsigned alarm_distance(const struct rtc_state *s, int64_t seconds)
{
	struct rtc_alarm alarm = {
		.second = s->cmos[RTC_SECONDS_ALARM],
		.minute = s->cmos[RTC_MINUTES_ALARM],
		.hour = s->cmos[RTC_HOURS_ALARM],
		.reg_b = s->cmos[RTC_REG_B],
	};
	int64_t of_day = seconds % RTC_DAY_SECONDS;

	return rtc_alarm_distance(&alarm,
				  (unsigned)(of_day < 0 ? of_day + RTC_DAY_SECONDS : of_day));
}

static void update_irq(struct rtc *rtc)
{
	uint8_t flags = rtc->s.cmos[RTC_REG_C] & C_FLAGS;
	bool level = flags & rtc->s.cmos[RTC_REG_B];

	rtc->s.cmos[RTC_REG_C] = flags | (level ? C_IRQF : 0);
	if (level != rtc->s.irq) {
		rtc->s.irq = level;
		irq_line_set(&rtc->irq, level);
	}
}

/* Sets the flags of everything that happened up to now. */
static void sync(struct rtc *rtc, uint64_t now)
{
	struct rtc_state *s = &rtc->s;
	unsigned period = period_ticks(s);
	uint64_t from = since_base(s, s->synced_ns), to = since_base(s, now);

	if (now <= s->synced_ns)
		return;
	if (period && clock_ticks(to, BASE_HZ) / period != clock_ticks(from, BASE_HZ) / period)
		s->cmos[RTC_REG_C] |= C_PF;
	if (is_running(s) && to / NS_PER_S != from / NS_PER_S) {
		int64_t last = seconds_at(s, s->synced_ns);
		unsigned distance = alarm_distance(s, last);

		s->cmos[RTC_REG_C] |= C_UF;
		if (distance && distance <= (uint64_t)(seconds_at(s, now) - last))
			s->cmos[RTC_REG_C] |= C_AF;
	}
	s->synced_ns = now;
	update_irq(rtc);
}

uint64_t rtc_deadline(const struct rtc *rtc)
{
	const struct rtc_state *s = &rtc->s;
	uint64_t since = since_base(s, s->synced_ns), best = DEADLINE_NONE;
	uint8_t wanted = s->cmos[RTC_REG_B] & C_FLAGS;
	unsigned period = period_ticks(s);

	if (s->cmos[RTC_REG_C] & C_IRQF)
		return DEADLINE_NONE;
	if (wanted & B_PIE && period)
		best = clock_ticks_to_ns((clock_ticks(since, BASE_HZ) / period + 1) * period,
					 BASE_HZ);
	if (is_running(s) && wanted & (B_UIE | B_AIE)) {
		unsigned distance =
			wanted & B_UIE ? 1 : alarm_distance(s, seconds_at(s, s->synced_ns));
		uint64_t due = (since / NS_PER_S + distance) * NS_PER_S;

		if (distance && due < best)
			best = due;
	}
	return deadline_add(best, best == DEADLINE_NONE ? 0 : s->base_ns);
}

void rtc_advance(struct rtc *rtc, uint64_t now_ns)
{
	sync(rtc, now_ns);
}

/* The time registers for the given time, into CMOS. */
static void show_time(struct rtc_state *s, int64_t seconds)
{
	struct rtc_calendar c = rtc_calendar_of(seconds);
	uint8_t b = s->cmos[RTC_REG_B];

	s->cmos[RTC_SECONDS] = rtc_encode(c.second, b);
	s->cmos[RTC_MINUTES] = rtc_encode(c.minute, b);
	s->cmos[RTC_HOURS] = rtc_encode_hour(c.hour, b);
	s->cmos[RTC_DAY_OF_WEEK] = rtc_encode((c.weekday - 1 + s->week_shift) % 7 + 1, b);
	s->cmos[RTC_DAY] = rtc_encode(c.day, b);
	s->cmos[RTC_MONTH] = rtc_encode(c.month, b);
	s->cmos[RTC_YEAR] = rtc_encode((unsigned)(c.year % 100), b);
	s->cmos[RTC_CENTURY] = rtc_encode((unsigned)(c.year / 100), b);
}

/* The time in the registers becomes the time at now. */
static void take_time(struct rtc_state *s, uint64_t now)
{
	uint8_t b = s->cmos[RTC_REG_B];
	unsigned weekday = rtc_decode(s->cmos[RTC_DAY_OF_WEEK], b);
	struct rtc_calendar c = {
		.year = (int64_t)rtc_decode(s->cmos[RTC_CENTURY], b) * 100 +
			rtc_decode(s->cmos[RTC_YEAR], b),
		.month = rtc_decode(s->cmos[RTC_MONTH], b),
		.day = rtc_decode(s->cmos[RTC_DAY], b),
		.hour = rtc_decode_hour(s->cmos[RTC_HOURS], b),
		.minute = rtc_decode(s->cmos[RTC_MINUTES], b),
		.second = rtc_decode(s->cmos[RTC_SECONDS], b),
	};
	int64_t seconds = rtc_seconds_of(&c);

	s->base_s = seconds - (int64_t)(since_base(s, now) / NS_PER_S);
	s->week_shift = (uint8_t)((weekday + 7 - rtc_calendar_of(seconds).weekday % 7) % 7);
}

static bool is_time_register(unsigned index)
{
	return index == RTC_CENTURY ||
	       (index <= RTC_YEAR && (index >= RTC_DAY_OF_WEEK || !(index & 1)));
}

/* Writes register A or B, either of which may stop or start the clock. A start after the divider
 * was held in reset makes the first update half a second later; SET alone keeps the phase. */
static void write_control(struct rtc *rtc, unsigned index, uint8_t value, uint64_t now)
{
	struct rtc_state *s = &rtc->s;
	bool was_running = is_running(s);
	bool was_held = (s->cmos[RTC_REG_A] & A_DIVIDER) != A_DIV_32K;

	if (was_running)
		show_time(s, seconds_at(s, now));
	if (index == RTC_REG_A)
		s->cmos[RTC_REG_A] = value & (uint8_t)~A_UIP;
	else
		s->cmos[RTC_REG_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
	if (was_held && (s->cmos[RTC_REG_A] & A_DIVIDER) == A_DIV_32K)
		s->base_ns = now - (now < HALF_SECOND ? now : HALF_SECOND);
	if (was_running && is_running(s))
		return; /* the time goes on, shown in what may be another format */
	if (is_running(s))
		take_time(s, now);
}

static void write_register(struct rtc *rtc, unsigned index, uint8_t value, uint64_t now)
{
	struct rtc_state *s = &rtc->s;

	if (index == RTC_REG_A || index == RTC_REG_B) {
		write_control(rtc, index, value, now);
	} else if (is_time_register(index)) {
		if (is_running(s))
			show_time(s, seconds_at(s, now));
		s->cmos[index] = value;
		if (is_running(s))
			take_time(s, now);
	} else if (index != RTC_REG_C && index != RTC_REG_D) {
		s->cmos[index] = value;
	}
	update_irq(rtc);
}

static uint8_t read_register(struct rtc *rtc, unsigned index, uint64_t now)
{
	struct rtc_state *s = &rtc->s;
	uint8_t value;

	if (is_time_register(index) && is_running(s))
		show_time(s, seconds_at(s, now));
	value = s->cmos[index];
	if (index == RTC_REG_A && is_running(s) &&
	    since_base(s, now) % NS_PER_S >= NS_PER_S - UIP_NS)
		value |= A_UIP;
	if (index == RTC_REG_C) {
		s->cmos[RTC_REG_C] = 0;
		update_irq(rtc);
	}
	return value;
}

/* Port 0x70 is write-only on a PC and reads as an empty bus. */
static uint32_t rtc_read(void *dev, unsigned offset, unsigned width)
{
	struct rtc *rtc = dev;
	uint64_t now = clock_now(rtc->clock);

	(void)width;
	if (!offset)
		return 0xff;
	sync(rtc, now);
	return read_register(rtc, rtc->s.index & INDEX_MASK, now);
}

static void rtc_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct rtc *rtc = dev;
	uint64_t now = clock_now(rtc->clock);

	(void)width;
	if (!offset) {
		rtc->s.index = (uint8_t)value;
		return;
	}
	sync(rtc, now);
	write_register(rtc, rtc->s.index & INDEX_MASK, (uint8_t)value, now);
}

static const uint8_t rtc_access[2] = { ACCESS_RW(1), ACCESS_RW(1) };
static const struct pio_ops rtc_ops = { { rtc_access, 2, 0 }, rtc_read, rtc_write };

/* The RESET pin: interrupts off, flags clear. Time and memory have a battery. */
static void rtc_reset(void *dev)
{
	struct rtc *rtc = dev;

	sync(rtc, clock_now(rtc->clock));
	rtc->s.cmos[RTC_REG_B] &= (uint8_t)~(B_PIE | B_AIE | B_UIE | B_SQWE);
	rtc->s.cmos[RTC_REG_C] = 0;
	rtc->s.index = 0;
	update_irq(rtc);
}

/* Times beyond some 30,000 years would overflow the arithmetic. */
static bool rtc_check(const void *state)
{
	const struct rtc_state *s = state;
	const int64_t limit = INT64_C(1) << 40;

	return s->base_s > -limit && s->base_s < limit && s->week_shift < 7 && s->irq <= 1 &&
	       s->cmos[RTC_REG_D] == D_VRT && !(s->cmos[RTC_REG_A] & A_UIP);
}

static void rtc_resume(void *dev)
{
	struct rtc *rtc = dev;

	irq_line_set(&rtc->irq, rtc->s.irq);
	update_irq(rtc);
}

const struct device_ops rtc_device_ops = {
	.name = "rtc146818",
	.version = 1,
	.state_offset = offsetof(struct rtc, s),
	.state_size = sizeof(struct rtc_state),
	.reset = rtc_reset,
	.check = rtc_check,
	.resume = rtc_resume,
};

void rtc_init(struct rtc *rtc, const struct clock *clock, struct irq_line irq, int64_t epoch_s)
{
	memset(rtc, 0, sizeof *rtc);
	rtc->clock = clock;
	rtc->irq = irq;
	rtc->s.base_s = epoch_s;
	rtc->s.base_ns = clock_now(clock);
	rtc->s.synced_ns = rtc->s.base_ns;
	rtc->s.cmos[RTC_REG_A] = A_DIV_32K | 6; /* 1024 Hz, as PC firmware leaves it */
	rtc->s.cmos[RTC_REG_B] = RTC_B_24H;
	rtc->s.cmos[RTC_REG_D] = D_VRT;
}

enum bus_status rtc_attach(struct rtc *rtc, struct bus *bus)
{
	return bus_add_pio(bus, RTC_PORT, 2, &rtc_ops, rtc);
}
