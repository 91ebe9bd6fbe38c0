/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC timer: one-shot, periodic and TSC-deadline mode, dividers, and changes under way.
 * The zoo's timer runs at 1 GHz, its TSC at 2.5 GHz from 0 at time 0.
 */
#include "test.h"

#include "device/lapic_regs.h"

static struct zoo zoo;
static struct lapic *const lapic = &zoo.dev.lapic;
static const struct zoo_class *class;

static uint32_t get(unsigned reg)
{
	return (uint32_t)bus_mmio_read(&zoo.bus, LAPIC_DEFAULT_BASE + reg * 16, 4);
}

static void set(unsigned reg, uint32_t value)
{
	bus_mmio_write(&zoo.bus, LAPIC_DEFAULT_BASE + reg * 16, 4, value);
}

static int setup(void **state)
{
	(void)state;
	class = zoo_find("lapic");
	zoo_open(&zoo, class, ZOO_START_NS);
	set(LAPIC_SVR, 0x1ff);
	set(LAPIC_DCR, 0x0b); /* by 1 */
	return 0;
}

/* Takes the timer's interrupt, if it is there. */
static bool take(void)
{
	int vector = lapic_pending_vector(lapic);

	if (vector < 0)
		return false;
	assert_int_equal(vector, 0x40);
	lapic_ack(lapic, 0x40);
	set(LAPIC_EOI, 0);
	return true;
}

static void one_shot(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x40);
	set(LAPIC_TIMER_INITIAL, 1000);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 1000);
	zoo.now += 400;
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 600);
	zoo_advance(&zoo, class, ZOO_START_NS + 999);
	assert_false(take());
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 1);
	zoo_advance(&zoo, class, ZOO_START_NS + 1000);
	assert_true(take());
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 0);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	zoo_advance(&zoo, class, ZOO_START_NS + 5000);
	assert_false(take());
	assert_int_equal(get(LAPIC_TIMER_INITIAL), 1000);
}

static void each_divider(void **state)
{
	static const uint8_t dcr[8] = { 0x0b, 0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0a };

	(void)state;
	for (unsigned shift = 0; shift < 8; shift++) {
		setup(NULL);
		set(LAPIC_DCR, dcr[shift]);
		set(LAPIC_LVT, 0x40);
		set(LAPIC_TIMER_INITIAL, 10);
		assert_true(class->deadline(&zoo) == ZOO_START_NS + (10u << shift));
		zoo.now += 3u << shift;
		assert_int_equal(get(LAPIC_TIMER_CURRENT), 7);
	}
}

static void periodic_keeps_its_phase(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x20040);
	set(LAPIC_TIMER_INITIAL, 1000);
	for (unsigned i = 1; i < 1000; i++) {
		assert_true(class->deadline(&zoo) == ZOO_START_NS + i * 1000u);
		zoo_advance(&zoo, class, class->deadline(&zoo) + i % 900);
		assert_true(take());
		assert_int_equal(get(LAPIC_TIMER_CURRENT), 1000 - i % 900);
	}
	zoo_advance(&zoo, class, ZOO_START_NS + 5000500); /* many at once are one request */
	assert_true(take());
	assert_false(take());
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 5001000);
	set(LAPIC_TIMER_INITIAL, 0);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 0);
}

static void a_masked_timer_counts_silently(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x10040);
	set(LAPIC_TIMER_INITIAL, 1000);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	zoo.now += 500;
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 500);
	zoo.now += 1000;
	set(LAPIC_LVT, 0x40); /* too late for the expiration */
	assert_false(take());
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
}

static void reading_late_fires_too(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x40);
	set(LAPIC_TIMER_INITIAL, 1000);
	zoo.now += 2000;
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 0);
	assert_true(take());
}

static void a_new_divider_goes_on_from_the_count(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x40);
	set(LAPIC_TIMER_INITIAL, 1000);
	zoo.now += 400;
	set(LAPIC_DCR, 0x00); /* by 2 */
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 600);
	assert_true(class->deadline(&zoo) == zoo.now + 1200);
}

static void from_periodic_to_one_shot_the_period_ends(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x20040);
	set(LAPIC_TIMER_INITIAL, 1000);
	zoo_advance(&zoo, class, ZOO_START_NS + 3400);
	assert_true(take());
	set(LAPIC_LVT, 0x40);
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 600);
	assert_true(class->deadline(&zoo) == ZOO_START_NS + 4000);
	zoo_advance(&zoo, class, ZOO_START_NS + 4000);
	assert_true(take());
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
}

static uint64_t deadline_msr(void)
{
	uint64_t value;

	assert_true(lapic_read_msr(lapic, LAPIC_MSR_TSC_DEADLINE, &value));
	return value;
}

static void tsc_deadline(void **state)
{
	uint64_t tsc = ZOO_START_NS * 5 / 2;

	(void)state;
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, tsc + 5000));
	assert_int_equal(deadline_msr(), 0); /* not in this mode */
	set(LAPIC_LVT, 0x40040);
	set(LAPIC_TIMER_INITIAL, 500);
	assert_int_equal(get(LAPIC_TIMER_INITIAL), 0); /* ignored in this mode */
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, tsc + 5000));
	assert_true(deadline_msr() == tsc + 5000);
	assert_in_range(class->deadline(&zoo), ZOO_START_NS + 2000, ZOO_START_NS + 2001);
	zoo_advance(&zoo, class, ZOO_START_NS + 1999);
	assert_false(take());
	zoo_advance(&zoo, class, ZOO_START_NS + 2001);
	assert_true(take());
	assert_int_equal(deadline_msr(), 0);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, 1); /* long past: at once */
	assert_true(take());
	lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, UINT64_MAX);
	assert_true(class->deadline(&zoo) > UINT64_C(1) << 60);
	lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, 0);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
}

static void leaving_deadline_mode_disarms(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x40040);
	lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, UINT64_C(1) << 40);
	set(LAPIC_LVT, 0x20040);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	set(LAPIC_TIMER_INITIAL, 1000);
	set(LAPIC_LVT, 0x40040);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	set(LAPIC_LVT, 0x60040); /* the reserved mode counts as one-shot */
	set(LAPIC_TIMER_INITIAL, 1000);
	assert_true(class->deadline(&zoo) == zoo.now + 1000);
}

static void the_deadline_follows_the_guests_tsc(void **state)
{
	(void)state;
	set(LAPIC_LVT, 0x40040);
	lapic_set_tsc(lapic, 1000000, zoo.now);
	lapic_write_msr(lapic, LAPIC_MSR_TSC_DEADLINE, 1025000);
	assert_true(class->deadline(&zoo) == zoo.now + 10000);
	lapic_set_tsc(lapic, 1020000, zoo.now);
	assert_true(class->deadline(&zoo) == zoo.now + 2000);
	lapic_set_tsc(lapic, 2000000, zoo.now);
	zoo_advance(&zoo, class, zoo.now);
	assert_true(take());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_shot, setup),
		cmocka_unit_test_setup(each_divider, setup),
		cmocka_unit_test_setup(periodic_keeps_its_phase, setup),
		cmocka_unit_test_setup(a_masked_timer_counts_silently, setup),
		cmocka_unit_test_setup(reading_late_fires_too, setup),
		cmocka_unit_test_setup(a_new_divider_goes_on_from_the_count, setup),
		cmocka_unit_test_setup(from_periodic_to_one_shot_the_period_ends, setup),
		cmocka_unit_test_setup(tsc_deadline, setup),
		cmocka_unit_test_setup(leaving_deadline_mode_disarms, setup),
		cmocka_unit_test_setup(the_deadline_follows_the_guests_tsc, setup),
	};

	return cmocka_run_group_tests_name("lapic_timer", tests, NULL, NULL);
}
