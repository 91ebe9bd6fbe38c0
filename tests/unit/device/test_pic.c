/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8259A pair against its data sheet: initialisation, priorities, end-of-interrupt commands,
 * rotation, masks, special modes, polling, spurious vectors, cascade and ELCR.
 */
#include "test.h"

#define MASTER 0x20
#define SLAVE  0xa0

static struct zoo zoo;
static struct pic *const pic = &zoo.dev.pic;

static void init_chips(uint8_t icw4)
{
	zoo_out(&zoo, MASTER, 0x11);
	zoo_out(&zoo, MASTER + 1, 0x30);
	zoo_out(&zoo, MASTER + 1, 0x04);
	zoo_out(&zoo, MASTER + 1, icw4);
	zoo_out(&zoo, SLAVE, 0x11);
	zoo_out(&zoo, SLAVE + 1, 0x38);
	zoo_out(&zoo, SLAVE + 1, 0x02);
	zoo_out(&zoo, SLAVE + 1, icw4 & 0x0f);
}

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "pic8259");
	init_chips(0x01);
	return 0;
}

static void pulse(unsigned line)
{
	pic_set_line(pic, line, true);
	pic_set_line(pic, line, false);
}

static uint8_t read_isr(uint16_t port)
{
	zoo_out(&zoo, port, 0x0b);
	return zoo_in(&zoo, port);
}

static uint8_t read_irr(uint16_t port)
{
	zoo_out(&zoo, port, 0x0a);
	return zoo_in(&zoo, port);
}

static void masked_until_initialised(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "pic8259");
	pulse(0);
	assert_false(pic_intr(pic));
	init_chips(0x01);
	assert_int_equal(zoo_in(&zoo, MASTER + 1), 0);
	assert_false(pic_intr(pic)); /* ICW1 forgot the edge */
	pulse(0);
	assert_true(pic_intr(pic));
	assert_int_equal(pic_ack(pic), 0x30);
}

static void icw4_is_optional_and_single_mode_skips_icw3(void **state)
{
	(void)state;
	zoo_out(&zoo, MASTER, 0x12); /* single, no ICW4 */
	zoo_out(&zoo, MASTER + 1, 0x47);
	zoo_out(&zoo, MASTER + 1, 0xfe); /* already a mask */
	assert_int_equal(zoo_in(&zoo, MASTER + 1), 0xfe);
	pulse(0);
	assert_int_equal(pic_ack(pic), 0x40);
}

static void masks_hold_requests_back(void **state)
{
	(void)state;
	zoo_out(&zoo, MASTER + 1, 0x10);
	pulse(4);
	assert_false(pic_intr(pic));
	assert_int_equal(read_irr(MASTER), 0x10);
	zoo_out(&zoo, MASTER + 1, 0x00);
	assert_true(pic_intr(pic));
	assert_int_equal(pic_ack(pic), 0x34);
	assert_int_equal(read_irr(MASTER), 0x00);
	assert_int_equal(read_isr(MASTER), 0x10);
}

static void higher_priorities_nest(void **state)
{
	(void)state;
	pulse(4);
	assert_int_equal(pic_ack(pic), 0x34);
	pulse(6);
	assert_false(pic_intr(pic));
	pulse(4);
	assert_false(pic_intr(pic)); /* not its own equal */
	pulse(1);
	assert_true(pic_intr(pic));
	assert_int_equal(pic_ack(pic), 0x31);
	assert_int_equal(read_isr(MASTER), 0x12);
	zoo_out(&zoo, MASTER, 0x20);
	assert_int_equal(read_isr(MASTER), 0x10); /* the highest one ended */
	zoo_out(&zoo, MASTER, 0x20);
	assert_int_equal(pic_ack(pic), 0x34);
	zoo_out(&zoo, MASTER, 0x20);
	assert_int_equal(pic_ack(pic), 0x36);
}

static void the_slave_comes_through_input_2(void **state)
{
	(void)state;
	pulse(12);
	assert_int_equal(pic_ack(pic), 0x3c);
	assert_int_equal(read_isr(MASTER), 0x04);
	assert_int_equal(read_isr(SLAVE), 0x10);
	pulse(3);
	assert_false(pic_intr(pic)); /* below the cascade */
	pulse(8);
	assert_false(
		pic_intr(pic)); /* without special fully nested mode the cascade blocks itself */
	zoo_out(&zoo, SLAVE, 0x20);
	zoo_out(&zoo, MASTER, 0x20);
	assert_int_equal(pic_ack(pic), 0x38);
}

static void special_fully_nested_lets_the_slave_nest(void **state)
{
	(void)state;
	init_chips(0x11);
	pulse(12);
	assert_int_equal(pic_ack(pic), 0x3c);
	pulse(8);
	assert_true(pic_intr(pic));
	assert_int_equal(pic_ack(pic), 0x38);
	assert_int_equal(read_isr(SLAVE), 0x11);
}

static void line_2_is_the_cascade_only(void **state)
{
	(void)state;
	pic_set_line(pic, 2, true);
	pic_set_line(pic, 16, true);
	assert_false(pic_intr(pic));
	assert_int_equal(read_irr(MASTER), 0);
	assert_int_equal(read_irr(SLAVE), 0);
}

static void specific_end_of_interrupt(void **state)
{
	(void)state;
	pulse(4);
	pic_ack(pic);
	pulse(1);
	pic_ack(pic);
	zoo_out(&zoo, MASTER, 0x64); /* input 4 */
	assert_int_equal(read_isr(MASTER), 0x02);
	zoo_out(&zoo, MASTER, 0x40); /* no operation */
	assert_int_equal(read_isr(MASTER), 0x02);
}

static void automatic_end_of_interrupt(void **state)
{
	(void)state;
	init_chips(0x03);
	pulse(5);
	assert_int_equal(pic_ack(pic), 0x35);
	assert_int_equal(read_isr(MASTER), 0);
	/* rotate in automatic mode: 5 becomes the lowest */
	zoo_out(&zoo, MASTER, 0x80);
	pulse(5);
	pic_ack(pic);
	pulse(5);
	pulse(7);
	assert_int_equal(pic_ack(pic), 0x37);
	assert_int_equal(pic_ack(pic), 0x35);
	/* and off again: 5 stays the lowest */
	zoo_out(&zoo, MASTER, 0x00);
	pulse(6);
	pulse(0);
	assert_int_equal(pic_ack(pic), 0x36);
	pulse(6);
	assert_int_equal(pic_ack(pic), 0x36);
}

static void rotation_on_end_of_interrupt(void **state)
{
	(void)state;
	pulse(0);
	pic_ack(pic);
	zoo_out(&zoo, MASTER, 0xa0); /* rotate on non-specific: 0 is now lowest */
	pulse(0);
	pulse(7);
	assert_int_equal(pic_ack(pic), 0x37);
	zoo_out(&zoo, MASTER, 0xe7); /* rotate on specific: 7 lowest, 0 highest */
	pulse(7);
	assert_int_equal(pic_ack(pic), 0x30);
	zoo_out(&zoo, MASTER, 0x20);
	zoo_out(&zoo, MASTER, 0xc3); /* set priority: 3 lowest, 4 highest */
	pulse(3);
	pulse(4);
	assert_int_equal(pic_ack(pic), 0x34);
}

static void special_mask_mode(void **state)
{
	(void)state;
	pulse(1);
	pic_ack(pic);
	pulse(5);
	assert_false(pic_intr(pic));
	zoo_out(&zoo, MASTER + 1, 0x02);
	assert_false(pic_intr(pic)); /* masking alone does not let lower ones in */
	zoo_out(&zoo, MASTER, 0x68);
	assert_true(pic_intr(pic));
	assert_int_equal(pic_ack(pic), 0x35);
	zoo_out(&zoo, MASTER, 0x20); /* passes over the masked one in service */
	assert_int_equal(read_isr(MASTER), 0x02);
	zoo_out(&zoo, MASTER, 0x48); /* mode off */
	pulse(5);
	assert_false(pic_intr(pic));
}

static void polling_acknowledges(void **state)
{
	(void)state;
	zoo_out(&zoo, MASTER, 0x0c);
	assert_int_equal(zoo_in(&zoo, MASTER), 0);
	pulse(6);
	zoo_out(&zoo, MASTER, 0x0c);
	assert_int_equal(zoo_in(&zoo, MASTER), 0x86);
	assert_false(pic_intr(pic));
	assert_int_equal(read_isr(MASTER), 0x40);
	pulse(9);
	zoo_out(&zoo, SLAVE, 0x0c);
	assert_int_equal(zoo_in(&zoo, SLAVE + 1), 0x81); /* any address polls */
	assert_int_equal(zoo_in(&zoo, SLAVE + 1), 0x00); /* once */
}

static void requests_that_went_away_are_spurious(void **state)
{
	(void)state;
	assert_int_equal(pic_ack(pic), 0x37);
	assert_int_equal(read_isr(MASTER), 0);
	pulse(4);
	zoo_out(&zoo, MASTER + 1, 0x10);
	assert_int_equal(pic_ack(pic), 0x37);
	assert_int_equal(read_isr(MASTER), 0);
}

static void an_edge_needs_a_rise(void **state)
{
	(void)state;
	pic_set_line(pic, 3, true);
	assert_int_equal(pic_ack(pic), 0x33);
	zoo_out(&zoo, MASTER, 0x20);
	pic_set_line(pic, 3, true);
	assert_false(pic_intr(pic));
	pic_set_line(pic, 3, false);
	pic_set_line(pic, 3, true);
	assert_true(pic_intr(pic));
}

static void level_lines_request_until_they_fall(void **state)
{
	(void)state;
	zoo_out(&zoo, 0x4d0, 0xff);
	zoo_out(&zoo, 0x4d1, 0xff);
	assert_int_equal(zoo_in(&zoo, 0x4d0), 0xf8);
	assert_int_equal(zoo_in(&zoo, 0x4d1), 0xde);
	pic_set_line(pic, 10, true);
	assert_int_equal(pic_ack(pic), 0x3a);
	zoo_out(&zoo, SLAVE, 0x20);
	zoo_out(&zoo, MASTER, 0x20);
	assert_true(pic_intr(pic)); /* still high */
	pic_set_line(pic, 10, false);
	assert_false(pic_intr(pic));
	pic_set_line(pic, 5, true);
	pic_set_line(pic, 5, false);
	assert_int_equal(pic_ack(pic), 0x37); /* gone: spurious */
	/* Making a line that is high level-triggered requests at once. */
	zoo_out(&zoo, 0x4d0, 0);
	pic_set_line(pic, 6, true);
	pic_ack(pic);
	zoo_out(&zoo, MASTER, 0x20);
	assert_false(pic_intr(pic));
	zoo_out(&zoo, 0x4d0, 0x40);
	assert_true(pic_intr(pic));
}

static void a_slave_request_can_be_spurious(void **state)
{
	(void)state;
	zoo_out(&zoo, 0x4d1, 0x04);
	pic_set_line(pic, 10, true);
	assert_true(pic_intr(pic));
	pic->s.chip[1].irr = 0; /* withdrawn between the master's and the slave's cycle */
	assert_int_equal(pic_ack(pic), 0x3f);
	assert_int_equal(read_isr(SLAVE), 0);
	assert_int_equal(read_isr(MASTER), 0x04);
}

static void the_output_changes_only_when_it_must(void **state)
{
	(void)state;
	pulse(4);
	pulse(5);
	pulse(6);
	assert_int_equal(zoo.line.rises, 1);
	pic_ack(pic);
	assert_int_equal(zoo.line.falls, 1);
	assert_false(zoo.line.level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masked_until_initialised, setup),
		cmocka_unit_test_setup(icw4_is_optional_and_single_mode_skips_icw3, setup),
		cmocka_unit_test_setup(masks_hold_requests_back, setup),
		cmocka_unit_test_setup(higher_priorities_nest, setup),
		cmocka_unit_test_setup(the_slave_comes_through_input_2, setup),
		cmocka_unit_test_setup(special_fully_nested_lets_the_slave_nest, setup),
		cmocka_unit_test_setup(line_2_is_the_cascade_only, setup),
		cmocka_unit_test_setup(specific_end_of_interrupt, setup),
		cmocka_unit_test_setup(automatic_end_of_interrupt, setup),
		cmocka_unit_test_setup(rotation_on_end_of_interrupt, setup),
		cmocka_unit_test_setup(special_mask_mode, setup),
		cmocka_unit_test_setup(polling_acknowledges, setup),
		cmocka_unit_test_setup(requests_that_went_away_are_spurious, setup),
		cmocka_unit_test_setup(an_edge_needs_a_rise, setup),
		cmocka_unit_test_setup(level_lines_request_until_they_fall, setup),
		cmocka_unit_test_setup(a_slave_request_can_be_spurious, setup),
		cmocka_unit_test_setup(the_output_changes_only_when_it_must, setup),
	};

	return cmocka_run_group_tests_name("pic", tests, NULL, NULL);
}
