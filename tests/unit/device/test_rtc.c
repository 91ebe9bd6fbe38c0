/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818 against its data sheet: time registers in all formats, setting the time, update cycle,
 * the three interrupts, CMOS memory. The zoo's clock starts at 2024-02-28 23:59:59.
 */
#include "test.h"

#define SECOND UINT64_C(1000000000)

static struct zoo zoo;
static const struct zoo_class *class;

static int setup(void **state)
{
	(void)state;
	class = zoo_find("rtc146818");
	zoo_open(&zoo, class, ZOO_START_NS);
	return 0;
}

static uint8_t get(unsigned index)
{
	zoo_out(&zoo, 0x70, (uint8_t)index);
	return zoo_in(&zoo, 0x71);
}

static void set(unsigned index, uint8_t value)
{
	zoo_out(&zoo, 0x70, (uint8_t)index);
	zoo_out(&zoo, 0x71, value);
}

static void assert_time(unsigned hour, unsigned minute, unsigned second)
{
	assert_int_equal(get(RTC_HOURS), hour);
	assert_int_equal(get(RTC_MINUTES), minute);
	assert_int_equal(get(RTC_SECONDS), second);
}

static void assert_date(unsigned century, unsigned year, unsigned month, unsigned day,
			unsigned week)
{
	assert_int_equal(get(RTC_CENTURY), century);
	assert_int_equal(get(RTC_YEAR), year);
	assert_int_equal(get(RTC_MONTH), month);
	assert_int_equal(get(RTC_DAY), day);
	assert_int_equal(get(RTC_DAY_OF_WEEK), week);
}

static void time_passes_over_a_leap_day(void **state)
{
	(void)state;
	assert_time(0x23, 0x59, 0x59);
	assert_date(0x20, 0x24, 0x02, 0x28, 4);
	zoo.now += SECOND - 1;
	assert_time(0x23, 0x59, 0x59);
	zoo.now += 1;
	assert_time(0x00, 0x00, 0x00);
	assert_date(0x20, 0x24, 0x02, 0x29, 5);
	zoo.now += 86400 * SECOND;
	assert_date(0x20, 0x24, 0x03, 0x01, 6);
}

static void formats_follow_register_b(void **state)
{
	(void)state;
	assert_int_equal(get(RTC_REG_B), 0x02);
	set(RTC_REG_B, 0x06);
	assert_time(23, 59, 59);
	assert_date(20, 24, 2, 28, 4);
	set(RTC_REG_B, 0x04);
	assert_time(0x80 | 11, 59, 59);
	set(RTC_REG_B, 0x00);
	assert_time(0x91, 0x59, 0x59);
	set(RTC_HOURS, 0x12); /* midnight */
	set(RTC_REG_B, 0x02);
	assert_time(0x00, 0x59, 0x59);
}

/* The way Linux sets the time: SET and a held divider around the writes. */
static void setting_the_time_with_the_divider_held(void **state)
{
	(void)state;
	set(RTC_REG_B, 0x82);
	set(RTC_REG_A, 0x70 | 6);
	zoo.now += 10 * SECOND;
	assert_time(0x23, 0x59, 0x59); /* stopped */
	set(RTC_SECONDS, 0x30);
	set(RTC_MINUTES, 0x45);
	set(RTC_HOURS, 0x06);
	set(RTC_DAY, 0x31);
	set(RTC_MONTH, 0x12);
	set(RTC_YEAR, 0x99);
	set(RTC_CENTURY, 0x19);
	set(RTC_REG_B, 0x02);
	zoo.now += 3 * SECOND;
	assert_time(0x06, 0x45, 0x30); /* the divider is still held */
	set(RTC_REG_A, 0x26);
	zoo.now += SECOND / 2 - 1;
	assert_time(0x06, 0x45, 0x30);
	zoo.now += 1; /* the first update comes half a second after the divider starts */
	assert_time(0x06, 0x45, 0x31);
	assert_int_equal(get(RTC_CENTURY), 0x19);
	zoo.now += 18 * 3600 * SECOND;
	assert_int_equal(get(RTC_CENTURY), 0x20);
	assert_int_equal(get(RTC_YEAR), 0x00);
	assert_int_equal(get(RTC_MONTH), 0x01);
	assert_int_equal(get(RTC_DAY), 0x01);
}

static void set_alone_keeps_the_second_phase(void **state)
{
	(void)state;
	zoo.now += SECOND * 3 / 10;
	set(RTC_REG_B, 0x82);
	zoo.now += SECOND * 5;
	set(RTC_SECONDS, 0x10);
	set(RTC_REG_B, 0x02);
	assert_int_equal(get(RTC_SECONDS), 0x10);
	zoo.now += SECOND * 7 / 10 - 1;
	assert_int_equal(get(RTC_SECONDS), 0x10);
	zoo.now += 1;
	assert_int_equal(get(RTC_SECONDS), 0x11);
}

static void a_register_written_while_running_counts_on(void **state)
{
	(void)state;
	set(RTC_HOURS, 0x10);
	assert_time(0x10, 0x59, 0x59);
	zoo.now += SECOND;
	assert_time(0x11, 0x00, 0x00);
	set(RTC_DAY_OF_WEEK, 1);
	assert_int_equal(get(RTC_DAY_OF_WEEK), 1);
	zoo.now += 13 * 3600 * SECOND;
	assert_int_equal(get(RTC_DAY_OF_WEEK), 2);
}

static void update_in_progress_precedes_the_second(void **state)
{
	(void)state;
	assert_int_equal(get(RTC_REG_A), 0x26);
	zoo.now += SECOND - 2228001;
	assert_int_equal(get(RTC_REG_A), 0x26);
	zoo.now += 1;
	assert_int_equal(get(RTC_REG_A), 0xa6);
	zoo.now += 2227999;
	assert_int_equal(get(RTC_REG_A), 0xa6);
	zoo.now += 1;
	assert_int_equal(get(RTC_REG_A), 0x26);
	set(RTC_REG_B, 0x82);
	zoo.now += SECOND - 1;
	assert_int_equal(get(RTC_REG_A), 0x26); /* no updates while SET */
}

static void update_ended_interrupt(void **state)
{
	(void)state;
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	set(RTC_REG_B, 0x12);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + SECOND);
	zoo_advance(&zoo, class, ZOO_START_NS + SECOND);
	assert_true(zoo.line.level);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	assert_int_equal(get(RTC_REG_C) & 0x90, 0x90);
	assert_false(zoo.line.level);
	assert_int_equal(get(RTC_REG_C), 0);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 2 * SECOND);
	set(RTC_REG_B, 0x92); /* SET clears UIE */
	assert_int_equal(get(RTC_REG_B), 0x82);
}

static void alarm_interrupt(void **state)
{
	(void)state;
	set(RTC_SECONDS_ALARM, 0x05);
	set(RTC_MINUTES_ALARM, 0x00);
	set(RTC_HOURS_ALARM, 0xff);
	set(RTC_REG_B, 0x22);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 6 * SECOND);
	zoo_advance(&zoo, class, ZOO_START_NS + 6 * SECOND - 1);
	assert_false(zoo.line.level);
	zoo_advance(&zoo, class, ZOO_START_NS + 6 * SECOND);
	assert_true(zoo.line.level);
	assert_int_equal(get(RTC_REG_C) & 0xa0, 0xa0);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 3606 * SECOND);
	assert_int_equal(get(RTC_SECONDS_ALARM), 0x05);
	set(RTC_SECONDS_ALARM, 0x61); /* never */
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
}

static void an_alarm_inside_a_long_gap_is_noticed(void **state)
{
	(void)state;
	set(RTC_SECONDS_ALARM, 0x00);
	set(RTC_MINUTES_ALARM, 0x30);
	set(RTC_HOURS_ALARM, 0x12);
	assert_int_equal(get(RTC_REG_C), 0);
	zoo.now += 12 * 3600 * SECOND;
	assert_int_equal(get(RTC_REG_C) & 0x20, 0);
	zoo.now += 2 * 3600 * SECOND;
	assert_int_equal(get(RTC_REG_C) & 0x20, 0x20);
}

static void periodic_interrupt_at_each_rate(void **state)
{
	static const unsigned hz[16] = { 0,   256, 128, 8192, 4096, 2048, 1024, 512,
					 256, 128, 64,	32,   16,   8,	  4,	2 };

	(void)state;
	for (unsigned rate = 0; rate < 16; rate++) {
		unsigned count = 0;

		setup(NULL);
		set(RTC_REG_A, (uint8_t)(0x20 | rate));
		set(RTC_REG_B, 0x42);
		while (class->deadline(&zoo) <= ZOO_START_NS + 2 * SECOND) {
			zoo_advance(&zoo, class, class->deadline(&zoo));
			assert_true(zoo.line.level);
			assert_int_equal(get(RTC_REG_C) & 0xc0, 0xc0);
			count++;
		}
		assert_int_equal(count, 2 * hz[rate]);
	}
}

static void flags_without_enables_do_not_interrupt(void **state)
{
	(void)state;
	zoo_advance(&zoo, class, ZOO_START_NS + 3 * SECOND);
	assert_false(zoo.line.level);
	set(RTC_REG_B, 0x12); /* UF is standing: enabling it interrupts */
	assert_true(zoo.line.level);
	assert_int_equal(get(RTC_REG_C) & 0xd0, 0xd0);
}

static void reset_pin_keeps_the_time(void **state)
{
	(void)state;
	set(0x40, 0x77);
	set(RTC_REG_B, 0x7a);
	zoo_advance(&zoo, class, ZOO_START_NS + 2 * SECOND);
	assert_true(zoo.line.level);
	class->ops->reset(&zoo.dev);
	assert_false(zoo.line.level);
	assert_int_equal(get(RTC_REG_B), 0x02);
	assert_int_equal(get(RTC_REG_C), 0);
	assert_time(0x00, 0x00, 0x01);
	assert_int_equal(get(0x40), 0x77);
}

static void memory_and_fixed_registers(void **state)
{
	(void)state;
	for (unsigned i = RTC_REG_D + 1; i < RTC_CMOS_BYTES; i++)
		if (i != RTC_CENTURY)
			set(i, (uint8_t)(i * 5));
	for (unsigned i = RTC_REG_D + 1; i < RTC_CMOS_BYTES; i++)
		if (i != RTC_CENTURY)
			assert_int_equal(get(i), (uint8_t)(i * 5));
	set(RTC_REG_C, 0xff);
	set(RTC_REG_D, 0x00);
	assert_int_equal(get(RTC_REG_C), 0);
	assert_int_equal(get(RTC_REG_D), 0x80);
	assert_int_equal(get(0x80 | RTC_REG_D), 0x80); /* the NMI mask is no part of the index */
	assert_int_equal(zoo_in(&zoo, 0x70), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(time_passes_over_a_leap_day, setup),
		cmocka_unit_test_setup(formats_follow_register_b, setup),
		cmocka_unit_test_setup(setting_the_time_with_the_divider_held, setup),
		cmocka_unit_test_setup(set_alone_keeps_the_second_phase, setup),
		cmocka_unit_test_setup(a_register_written_while_running_counts_on, setup),
		cmocka_unit_test_setup(update_in_progress_precedes_the_second, setup),
		cmocka_unit_test_setup(update_ended_interrupt, setup),
		cmocka_unit_test_setup(alarm_interrupt, setup),
		cmocka_unit_test_setup(an_alarm_inside_a_long_gap_is_noticed, setup),
		cmocka_unit_test_setup(periodic_interrupt_at_each_rate, setup),
		cmocka_unit_test_setup(flags_without_enables_do_not_interrupt, setup),
		cmocka_unit_test_setup(reset_pin_keeps_the_time, setup),
		cmocka_unit_test_setup(memory_and_fixed_registers, setup),
	};

	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}
