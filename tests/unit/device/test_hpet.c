/* SPDX-License-Identifier: Apache-2.0 */
/* The HPET's counter, its timers in every mode, and which line they use. */
#include "test.h"

#define CAPABILITIES 0x000
#define CONFIG	     0x010
#define STATUS	     0x020
#define COUNTER	     0x0f0
#define TIMER(n)     (0x100 + 0x20 * (n))
#define COMPARE(n)   (TIMER(n) + 8)

#define LEVEL	  0x002
#define INTERRUPT 0x004
#define PERIODIC  0x008
#define SET_VALUE 0x040
#define SHORT	  0x100
#define ROUTE(n)  ((n) << 9)

static struct zoo zoo;
static const struct zoo_class *class;
static unsigned lines; /* bit per line that was raised */

static void note_line(void *ctx, unsigned line, bool level)
{
	(void)ctx;
	zoo.line.rises += level;
	zoo.line.level = level;
	lines |= level ? 1u << line : 0;
}

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "hpet");
	class = zoo_find("hpet");
	zoo.dev.hpet.irq.set = note_line;
	zoo.now = 1000000000;
	lines = 0;
	return 0;
}

static uint64_t get(unsigned reg)
{
	return bus_mmio_read(&zoo.bus, HPET_BASE + reg, 8);
}

static void set(unsigned reg, uint64_t value)
{
	bus_mmio_write(&zoo.bus, HPET_BASE + reg, 8, value);
}

static void pass(uint64_t ticks)
{
	zoo_advance(&zoo, class, zoo.now + ticks * HPET_TICK_NS);
}

static void capabilities(void **state)
{
	(void)state;
	assert_int_equal(get(CAPABILITIES), 0x009896808086a201ull);
	assert_int_equal(bus_mmio_read(&zoo.bus, HPET_BASE + 4, 4), 10000000);
	set(CAPABILITIES, 0);
	assert_int_equal(get(CAPABILITIES), 0x009896808086a201ull);
	assert_int_equal(get(TIMER(2)), 0x00000c0000000030ull);
	set(TIMER(2), UINT64_MAX);
	assert_int_equal(get(TIMER(2)), 0x00000c0000003f7eull);
	assert_int_equal(get(TIMER(2) + 16), 0);
	assert_int_equal(get(0x30), 0);
}

static void counter(void **state)
{
	(void)state;
	assert_int_equal(get(COUNTER), 0);
	pass(100);
	assert_int_equal(get(COUNTER), 0); /* halted */
	set(COUNTER, 0xfffffff0);
	set(CONFIG, 1);
	pass(0x20);
	assert_int_equal(get(COUNTER), 0x100000010ull);
	assert_int_equal(bus_mmio_read(&zoo.bus, HPET_BASE + COUNTER, 4), 0x10);
	set(COUNTER, 5); /* not while it runs */
	assert_int_equal(get(COUNTER), 0x100000010ull);
	set(CONFIG, 0);
	pass(7);
	bus_mmio_write(&zoo.bus, HPET_BASE + COUNTER + 4, 4, 2);
	assert_int_equal(get(COUNTER), 0x200000010ull);
}

static void one_shot(void **state)
{
	(void)state;
	set(TIMER(2), INTERRUPT | ROUTE(11));
	set(COMPARE(2), 500);
	assert_int_equal(hpet_deadline(&zoo.dev.hpet), DEADLINE_NONE);
	set(CONFIG, 1);
	assert_int_equal(hpet_deadline(&zoo.dev.hpet), zoo.now + 5000);
	pass(499);
	assert_int_equal(zoo.line.rises, 0);
	pass(1);
	assert_int_equal(zoo.line.rises, 1);
	assert_false(zoo.line.level);
	assert_int_equal(lines, 1u << 11);
	pass(100000);
	assert_int_equal(zoo.line.rises, 1);
	/* A line that is not offered stays silent. */
	set(TIMER(2), INTERRUPT | ROUTE(5));
	set(COMPARE(2), get(COUNTER) + 10);
	assert_int_equal(hpet_deadline(&zoo.dev.hpet), DEADLINE_NONE);
	pass(20);
	assert_int_equal(zoo.line.rises, 1);
}

/* As Linux starts it: the value, then the period. */
static void periodic(void **state)
{
	(void)state;
	set(CONFIG, 1);
	set(TIMER(2), INTERRUPT | PERIODIC | SET_VALUE | SHORT | ROUTE(10));
	set(COMPARE(2), 1000);
	assert_false(get(TIMER(2)) & SET_VALUE);
	set(COMPARE(2), 300);
	assert_int_equal(get(COMPARE(2)), 1000);
	pass(1000);
	assert_int_equal(zoo.line.rises, 1);
	assert_int_equal(get(COMPARE(2)), 1300);
	pass(300);
	assert_int_equal(zoo.line.rises, 2);
	/* Periods that passed unnoticed make one interrupt. */
	pass(3000);
	assert_int_equal(zoo.line.rises, 3);
	assert_int_equal(get(COMPARE(2)), 4600);
	assert_int_equal(hpet_deadline(&zoo.dev.hpet), zoo.now + 3000);
}

static void short_timers_wrap(void **state)
{
	(void)state;
	set(COUNTER, 0x1fffffff0ull);
	set(TIMER(2), INTERRUPT | SHORT | ROUTE(10));
	set(COMPARE(2), 0x10);
	set(CONFIG, 1);
	assert_int_equal(hpet_deadline(&zoo.dev.hpet), zoo.now + 0x20 * 10);
	pass(0x20);
	assert_int_equal(zoo.line.rises, 1);
	pass(0x100000000ull);
	assert_int_equal(zoo.line.rises, 2);
}

static void level_triggered(void **state)
{
	(void)state;
	set(CONFIG, 1);
	set(TIMER(1), INTERRUPT | LEVEL | ROUTE(10));
	set(COMPARE(1), 100);
	pass(100);
	assert_true(zoo.line.level);
	assert_int_equal(get(STATUS), 2);
	bus_mmio_write(&zoo.bus, HPET_BASE + STATUS, 4, 5); /* others' bits */
	assert_true(zoo.line.level);
	set(TIMER(1), LEVEL | ROUTE(10));
	assert_false(zoo.line.level);
	set(TIMER(1), INTERRUPT | LEVEL | ROUTE(10));
	assert_true(zoo.line.level);
	bus_mmio_write(&zoo.bus, HPET_BASE + STATUS, 4, 2);
	assert_false(zoo.line.level);
	assert_int_equal(get(STATUS), 0);
}

static void legacy_replacement(void **state)
{
	(void)state;
	set(TIMER(0), INTERRUPT | PERIODIC | SET_VALUE);
	set(COMPARE(0), 100);
	set(COMPARE(0), 100);
	set(TIMER(1), INTERRUPT);
	set(COMPARE(1), 250);
	assert_false(hpet_replaces_legacy(&zoo.dev.hpet));
	set(CONFIG, 2);
	assert_false(hpet_replaces_legacy(&zoo.dev.hpet)); /* not while it is halted */
	set(CONFIG, 3);
	assert_true(hpet_replaces_legacy(&zoo.dev.hpet));
	pass(100);
	assert_int_equal(lines, 1u << 0);
	pass(150);
	assert_int_equal(lines, 1u << 0 | 1u << 8);
	assert_int_equal(zoo.line.rises, 3);
	set(CONFIG, 1);
	pass(1000);
	assert_int_equal(zoo.line.rises, 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(capabilities),	  TEST(counter),	   TEST(one_shot),
		TEST(periodic),		  TEST(short_timers_wrap), TEST(level_triggered),
		TEST(legacy_replacement),
	};

	return cmocka_run_group_tests_name("hpet", tests, NULL, NULL);
}
