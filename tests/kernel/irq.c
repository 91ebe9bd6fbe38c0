/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts delivered to semaphores: the PIT's line, which ACPI reports as interrupt 2, and the
 * real-time clock's (8). The tests program both chips through their ports.
 */
#include "thread.h"
#include <rt/start.h>

#define PIT_GSI	     2u
#define RTC_GSI	     8u
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIT_MODE0    0x30 /* channel 0, both bytes, interrupt on terminal count */
#define RTC_INDEX    0x70
#define RTC_DATA     0x71
#define RTC_B	     0x0b
#define RTC_C	     0x0c
#define RTC_B_PIE    0x40 /* periodic interrupt, at the rate of register A */

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* One interrupt, about a millisecond from now. */
static void pit_shot(void)
{
	out(PIT_COMMAND, PIT_MODE0);
	out(PIT_CHANNEL0, 0xa9);
	out(PIT_CHANNEL0, 0x04);
}

static uint8_t rtc(uint8_t index)
{
	out(RTC_INDEX, index);
	return in(RTC_DATA);
}

static void rtc_set(uint8_t index, uint8_t value)
{
	out(RTC_INDEX, index);
	out(RTC_DATA, value);
}

static void test_edge(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	for (unsigned cpu = 0; cpu < cpu_total(); cpu++) {
		CHECK_OK(rt_stat(VELA_ROOT_HW, cpu));
		uint64_t before = utcb()[VELA_STAT_HW_INTERRUPTS];
		CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, sm, cpu, 0));
		rt_sm_down_all(sm, 0);
		for (unsigned i = 0; i < 5; i++) {
			pit_shot();
			CHECK_OK(rt_sm_down(sm, PATIENCE)); /* no acknowledge between them */
		}
		CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_FREE, PIT_GSI, 0, 0, 0));
		CHECK_OK(rt_stat(VELA_ROOT_HW, cpu));
		CHECK(utcb()[VELA_STAT_HW_INTERRUPTS] - before >= 5);
	}
	pit_shot();
	CHECK_EQ(rt_sm_down(sm, in_ms(20)), VELA_TIMEOUT);
}

/* As a level-triggered line the RTC's stays masked after it fired until the acknowledge. */
static void test_level(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	uint8_t b = rtc(RTC_B);
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, RTC_GSI, sm, cpu_total() - 1,
			    VELA_IRQ_SET | VELA_IRQ_LEVEL));
	rtc_set(RTC_B, b | RTC_B_PIE);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_OK(rt_sm_down(sm, PATIENCE));
		rtc(RTC_C); /* the device's own acknowledge */
		CHECK_EQ(rt_sm_down(sm, in_ms(10)), VELA_TIMEOUT);
		CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_ACK, RTC_GSI, 0, 0, 0));
	}
	rtc_set(RTC_B, b);
	rtc(RTC_C);
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_FREE, RTC_GSI, 0, 0, 0));
}

static void test_refused(void)
{
	vela_sel_t sm = MAKE(SM, 0), other = MAKE(SM, 0), weak = sel_new();
	const uint64_t gsis = rt_machine()->gsis;
	CHECK(gsis >= 24);
	static const uint64_t modes[] = { 8, 1ull << 32, UINT64_MAX, VELA_IRQ_LEVEL, VELA_IRQ_LOW };
	const uint64_t bad[] = { gsis, 1ull << 32, UINT64_MAX };
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned op = VELA_HW_IRQ_BIND; op <= VELA_HW_IRQ_FREE; op++)
			CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, op, bad[i], sm, 0, 0), VELA_BAD_ARG);
	}
	for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
		CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, sm, 0, modes[i]),
			 VELA_BAD_ARG);
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, sm, cpu_total(), 0),
		 VELA_BAD_CPU);
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, sm, UINT64_MAX, 0),
		 VELA_BAD_CPU);
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, weak, 0, 0), VELA_BAD_CAP);
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, test_pd, 0, 0), VELA_BAD_KIND);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, weak, 1, 0xff & ~VELA_SM_BIND));
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, weak, 0, 0), VELA_NO_RIGHT);
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_ACK, PIT_GSI, 0, 0, 0), VELA_BAD_ARG);
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, sm, 0, 0));
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, other, 0, 0), VELA_BUSY);
	/* A line whose semaphore has ended is free, and may fire. */
	CHECK_OK(rt_destroy(sm));
	pit_shot();
	spin_until(in_ms(5));
	CHECK_EQ(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_ACK, PIT_GSI, 0, 0, 0), VELA_BAD_ARG);
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIT_GSI, other, 0, 0));
	pit_shot();
	CHECK_OK(rt_sm_down(other, PATIENCE));
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_FREE, PIT_GSI, 0, 0, 0));
}

const struct test tests_irq[] = {
	{ "edge triggered", test_edge, 0 },
	{ "level triggered", test_level, 0 },
	{ "what is refused, and the end of a semaphore", test_refused, 0 },
	{ 0 },
};
