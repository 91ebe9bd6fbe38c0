/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 8254's register interface, channel 0's interrupt, and port 0x61.
 */
#include "test.h"

static struct zoo zoo;
static const struct zoo_class *class;

static int setup(void **state)
{
	(void)state;
	class = zoo_find("pit8254");
	zoo_open(&zoo, class, 0);
	return 0;
}

/* Moves to the start of the given tick. */
static void at_tick(uint64_t tick)
{
	zoo.now = clock_ticks_to_ns(tick, PIT_HZ);
}

static void program(unsigned channel, unsigned mode, unsigned count)
{
	zoo_out(&zoo, 0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	zoo_out(&zoo, (uint16_t)(0x40 + channel), (uint8_t)count);
	zoo_out(&zoo, (uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static unsigned read_word(unsigned channel)
{
	unsigned low = zoo_in(&zoo, (uint16_t)(0x40 + channel));

	return low | (unsigned)zoo_in(&zoo, (uint16_t)(0x40 + channel)) << 8;
}

static void low_and_high_bytes(void **state)
{
	(void)state;
	program(0, 2, 0x1234);
	at_tick(1 + 0x34);
	assert_int_equal(read_word(0), 0x1200);
	zoo_out(&zoo, 0x43, 0x14); /* low byte only */
	zoo_out(&zoo, 0x40, 0x20);
	at_tick(1 + 0x34 + 1);
	assert_int_equal(zoo_in(&zoo, 0x40), 0x20);
	assert_int_equal(zoo_in(&zoo, 0x40), 0x20);
	zoo_out(&zoo, 0x43, 0x24); /* high byte only */
	zoo_out(&zoo, 0x40, 0x20);
	at_tick(1 + 0x34 + 2);
	assert_int_equal(zoo_in(&zoo, 0x40), 0x20);
	at_tick(1 + 0x34 + 3);
	assert_int_equal(zoo_in(&zoo, 0x40), 0x1f);
}

static void a_latched_count_stands_until_read(void **state)
{
	(void)state;
	program(0, 2, 0x1000);
	at_tick(1 + 0x10);
	zoo_out(&zoo, 0x43, 0x00);
	at_tick(1 + 0x20);
	zoo_out(&zoo, 0x43, 0x00); /* ignored: the first one is unread */
	assert_int_equal(read_word(0), 0x0ff0);
	assert_int_equal(read_word(0), 0x0fe0);
}

static void read_back_latches_several_and_status_first(void **state)
{
	(void)state;
	program(0, 2, 0x1000);
	program(2, 3, 0x0100);
	at_tick(1 + 0x10);
	zoo_out(&zoo, 0x43, 0xc2); /* count and status of channel 0 */
	at_tick(1 + 0x20);
	assert_int_equal(zoo_in(&zoo, 0x40), 0xb4); /* OUT high, loaded, word, mode 2 */
	assert_int_equal(read_word(0), 0x0ff0);
	zoo_out(&zoo, 0x43, 0xe8); /* status of channel 2 only: never loaded, its gate is low */
	assert_int_equal(zoo_in(&zoo, 0x42), 0xb6);
	zoo_out(&zoo, 0x43, 0xda); /* counts of channels 0 and 2: "not status" */
	at_tick(1 + 0x30);
	assert_int_equal(read_word(0), 0x0fe0);
	assert_int_equal(read_word(2), 0x0100);
	zoo_out(&zoo, 0x43, 0x30); /* channel 0, mode 0: no count yet */
	zoo_out(&zoo, 0x43, 0xe2);
	assert_int_equal(zoo_in(&zoo, 0x40), 0x70);
}

static void modes_6_and_7_are_2_and_3(void **state)
{
	(void)state;
	zoo_out(&zoo, 0x43, 0x3c);
	zoo_out(&zoo, 0x43, 0xe2);
	assert_int_equal(zoo_in(&zoo, 0x40) & 0x0e, 0x04);
	zoo_out(&zoo, 0x43, 0x3f);
	zoo_out(&zoo, 0x43, 0xe2);
	assert_int_equal(zoo_in(&zoo, 0x40) & 0x0f, 0x07);
}

static void the_control_port_cannot_be_read(void **state)
{
	(void)state;
	assert_int_equal(zoo_in(&zoo, 0x43), 0xff);
}

static void one_shot_interrupt(void **state)
{
	(void)state;
	program(0, 0, 1000);
	assert_false(zoo.line.level);
	assert_true(class->deadline(&zoo) == clock_ticks_to_ns(1001, PIT_HZ));
	zoo_advance(&zoo, class, class->deadline(&zoo) - 1);
	assert_false(zoo.line.level);
	zoo_advance(&zoo, class, class->deadline(&zoo));
	assert_true(zoo.line.level);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	program(0, 0, 10);
	assert_false(zoo.line.level);
}

static void writing_the_first_byte_stops_mode_0(void **state)
{
	(void)state;
	program(0, 0, 1000);
	at_tick(500);
	zoo_out(&zoo, 0x40, 0x20);
	assert_true(class->deadline(&zoo) == DEADLINE_NONE);
	at_tick(5000);
	zoo_out(&zoo, 0x40, 0x00);
	assert_true(class->deadline(&zoo) == clock_ticks_to_ns(5001 + 0x20, PIT_HZ));
}

static void periodic_interrupts_keep_their_phase(void **state)
{
	uint64_t start;

	(void)state;
	program(0, 2, 11932);
	start = 1;
	zoo.line.rises = 0;
	for (unsigned i = 1; i <= 1000; i++) {
		assert_true(class->deadline(&zoo) == clock_ticks_to_ns(start + i * 11932u, PIT_HZ));
		zoo_advance(&zoo, class, class->deadline(&zoo) + i * 7);
		assert_int_equal(zoo.line.rises, i);
	}
}

static void missed_periods_make_one_edge(void **state)
{
	(void)state;
	program(0, 2, 1000);
	zoo.line.rises = 0;
	zoo_advance(&zoo, class, clock_ticks_to_ns(1 + 50 * 1000 + 10, PIT_HZ));
	assert_int_equal(zoo.line.rises, 1);
	assert_true(class->deadline(&zoo) == clock_ticks_to_ns(1 + 51 * 1000, PIT_HZ));
	program(0, 3, 1000);
	zoo.line.rises = 0;
	at_tick(60000);
	class->advance(&zoo, zoo.now);
	assert_int_equal(zoo.line.rises, 1);
}

static void reading_late_delivers_the_edge_too(void **state)
{
	(void)state;
	program(0, 2, 1000);
	zoo.line.rises = 0;
	at_tick(2500);
	zoo_in(&zoo, 0x61);
	assert_int_equal(zoo.line.rises, 1);
}

static void an_edge_is_seen_even_if_out_fell_again(void **state)
{
	(void)state;
	program(0, 3, 1000);
	zoo.line.rises = 0;
	at_tick(1 + 600);
	class->advance(&zoo, zoo.now);
	assert_false(zoo.line.level);
	at_tick(1 + 1600);
	class->advance(&zoo, zoo.now);
	assert_int_equal(zoo.line.rises, 1);
	assert_false(zoo.line.level);
}

/* How software measures the TSC: channel 2 in mode 0, gate by port 0x61, wait for its OUT. */
static void channel_2_is_gated_by_port_61(void **state)
{
	(void)state;
	zoo_out(&zoo, 0x61, 0x00);
	program(2, 0, 59659);
	at_tick(100000);
	assert_int_equal(zoo_in(&zoo, 0x61) & 0x2f, 0);
	zoo_out(&zoo, 0x61, 0x01);
	at_tick(100000 + 59658);
	assert_int_equal(zoo_in(&zoo, 0x61) & 0x20, 0);
	at_tick(100000 + 59660);
	assert_int_equal(zoo_in(&zoo, 0x61) & 0x2f, 0x21);
	assert_int_equal(zoo.line.rises, 0); /* channel 2 interrupts nobody */
}

static void port_61_stores_four_bits_and_toggles_refresh(void **state)
{
	unsigned changes = 0, last, now;

	(void)state;
	zoo_out(&zoo, 0x61, 0xfe);
	assert_int_equal(zoo_in(&zoo, 0x61) & 0xcf, 0x0e);
	last = zoo_in(&zoo, 0x61) & 0x10;
	for (unsigned us = 0; us < 1000; us++) {
		zoo.now += 1000;
		now = zoo_in(&zoo, 0x61) & 0x10;
		changes += now != last;
		last = now;
	}
	assert_in_range(changes, 65, 67);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(low_and_high_bytes, setup),
		cmocka_unit_test_setup(a_latched_count_stands_until_read, setup),
		cmocka_unit_test_setup(read_back_latches_several_and_status_first, setup),
		cmocka_unit_test_setup(modes_6_and_7_are_2_and_3, setup),
		cmocka_unit_test_setup(the_control_port_cannot_be_read, setup),
		cmocka_unit_test_setup(one_shot_interrupt, setup),
		cmocka_unit_test_setup(writing_the_first_byte_stops_mode_0, setup),
		cmocka_unit_test_setup(periodic_interrupts_keep_their_phase, setup),
		cmocka_unit_test_setup(missed_periods_make_one_edge, setup),
		cmocka_unit_test_setup(reading_late_delivers_the_edge_too, setup),
		cmocka_unit_test_setup(an_edge_is_seen_even_if_out_fell_again, setup),
		cmocka_unit_test_setup(channel_2_is_gated_by_port_61, setup),
		cmocka_unit_test_setup(port_61_stores_four_bits_and_toggles_refresh, setup),
	};

	return cmocka_run_group_tests_name("pit", tests, NULL, NULL);
}
