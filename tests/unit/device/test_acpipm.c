/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PM timer, PM1a event and control blocks, power button.
 */
#include "test.h"

#include "device/pmtimer.h"

#define STATUS	0x600
#define ENABLE	0x602
#define CONTROL 0x604
#define TIMER	0x608

static struct zoo zoo;
static const struct zoo_class *class;

static unsigned get(uint16_t port)
{
	return bus_pio_read(&zoo.bus, port, 2);
}

static void set(uint16_t port, unsigned value)
{
	bus_pio_write(&zoo.bus, port, 2, value);
}

static int setup(void **state)
{
	(void)state;
	class = zoo_find("acpipm");
	zoo_open(&zoo, class, ZOO_START_NS);
	return 0;
}

static void the_timer_counts_at_its_frequency(void **state)
{
	(void)state;
	zoo.now = 0;
	assert_int_equal(bus_pio_read(&zoo.bus, TIMER, 4), 0);
	zoo.now = UINT64_C(1000000000);
	assert_int_equal(bus_pio_read(&zoo.bus, TIMER, 4), 3579545);
	zoo.now = UINT64_C(10000000000);
	assert_int_equal(bus_pio_read(&zoo.bus, TIMER, 4), 35795450 & 0xffffff);
	bus_pio_write(&zoo.bus, TIMER, 4, 0);
	assert_int_equal(bus_pio_read(&zoo.bus, TIMER, 4), 35795450 & 0xffffff);
}

static void both_widths(void **state)
{
	uint64_t half24 = clock_ticks_to_ns(1 << 23, PMTIMER_HZ);
	uint64_t half32 = clock_ticks_to_ns(UINT64_C(1) << 31, PMTIMER_HZ);

	(void)state;
	assert_int_equal(pmtimer_value(half24, 24), 1 << 23);
	assert_int_equal(pmtimer_value(2 * half24, 24), 0);
	assert_int_equal(pmtimer_value(2 * half24, 32), 1 << 24);
	assert_int_equal(pmtimer_carries(half24 - 1, 24), 0);
	assert_int_equal(pmtimer_carries(half24, 24), 1);
	assert_int_equal(pmtimer_value(half32 - 1, 32), 0x7fffffff);
}

/* When the 24-bit counter's top bit changes after a time. */
static uint64_t next_carry(uint64_t now_ns)
{
	return clock_ticks_to_ns((pmtimer_carries(now_ns, 24) + 1) << 23, PMTIMER_HZ);
}

static void a_carry_sets_its_status_and_interrupts(void **state)
{
	uint64_t due;

	(void)state;
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	set(ENABLE, 1);
	due = class->deadline(&zoo);
	assert_true(due == next_carry(zoo.now));
	zoo_advance(&zoo, class, due - 1);
	assert_false(zoo.line.level);
	zoo_advance(&zoo, class, due);
	assert_true(zoo.line.level);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	assert_int_equal(get(STATUS), 1);
	set(STATUS, 1);
	assert_false(zoo.line.level);
	assert_int_equal(get(STATUS), 0);
	assert_true(class->deadline(&zoo) == next_carry(due));
}

static void register_bits(void **state)
{
	(void)state;
	set(ENABLE, 0xffff);
	assert_int_equal(get(ENABLE), 0x0721);
	assert_int_equal(bus_pio_read(&zoo.bus, STATUS, 4), 0x07210000);
	bus_pio_write(&zoo.bus, ENABLE + 1, 1, 0);
	assert_int_equal(get(ENABLE), 0x0021);
	bus_pio_write(&zoo.bus, STATUS, 4, 0x01000000);
	assert_int_equal(get(ENABLE), 0x0100);
	assert_int_equal(get(CONTROL), 1); /* always in ACPI mode */
	set(CONTROL, 0);
	assert_int_equal(get(CONTROL), 1);
	set(CONTROL, 0xdfff);
	assert_int_equal(get(CONTROL), 0x1c03);
	assert_int_equal(zoo.logged, 0);
	assert_int_equal(get(STATUS + 6), 0xffff); /* between the blocks */
}

static void sleep_requests(void **state)
{
	(void)state;
	set(CONTROL, 5 << 10);
	assert_int_equal(zoo.logged, 0);
	set(CONTROL, 5 << 10 | 0x2000);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), 5);
	assert_int_equal(get(CONTROL), 5 << 10 | 1); /* SLP_EN reads as 0 */
	bus_pio_write(&zoo.bus, CONTROL + 1, 1, 3 << 2 | 0x20);
	assert_int_equal(zoo_last(&zoo), 3);
	bus_pio_write(&zoo.bus, CONTROL, 1, 0xff); /* the low byte has no SLP_EN */
	assert_int_equal(zoo.logged, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_timer_counts_at_its_frequency, setup),
		cmocka_unit_test_setup(both_widths, setup),
		cmocka_unit_test_setup(a_carry_sets_its_status_and_interrupts, setup),
		cmocka_unit_test_setup(register_bits, setup),
		cmocka_unit_test_setup(sleep_requests, setup),
	};

	return cmocka_run_group_tests_name("acpipm", tests, NULL, NULL);
}
