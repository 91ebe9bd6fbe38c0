/* SPDX-License-Identifier: Apache-2.0 */
/* The keyboard controller and its keyboard, as a driver talks to them. */
#include "test.h"

#define STATUS_FULL    0x01
#define STATUS_SYSTEM  0x04
#define STATUS_COMMAND 0x08
#define ACK	       0xfa
#define RESEND	       0xfe

static struct zoo zoo;

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "i8042");
	return 0;
}

static uint8_t status(void)
{
	return zoo_in(&zoo, I8042_COMMAND_PORT);
}

static void command(uint8_t byte)
{
	zoo_out(&zoo, I8042_COMMAND_PORT, byte);
}

static void data(uint8_t byte)
{
	zoo_out(&zoo, I8042_DATA_PORT, byte);
}

/* The next byte, which has to be there. */
static uint8_t take(void)
{
	assert_true(status() & STATUS_FULL);
	return zoo_in(&zoo, I8042_DATA_PORT);
}

static void assert_bytes(unsigned count, const uint8_t *bytes)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(take(), bytes[i]);
	assert_false(status() & STATUS_FULL);
}

#define ASSERT_BYTES(...) \
	assert_bytes(sizeof((const uint8_t[]){ __VA_ARGS__ }), (const uint8_t[]){ __VA_ARGS__ })

static void set_mode(uint8_t mode)
{
	command(0x60);
	data(mode);
}

static bool key(uint16_t code, bool down)
{
	return i8042_key(&zoo.dev.i8042, code, down);
}

static void status_and_tests(void **state)
{
	(void)state;
	assert_int_equal(status(), 0x10 | STATUS_SYSTEM);
	command(0xaa);
	assert_int_equal(status(), 0x10 | STATUS_SYSTEM | STATUS_FULL | STATUS_COMMAND);
	ASSERT_BYTES(0x55);
	command(0xab);
	ASSERT_BYTES(0x00);
	command(0xa9); /* there is no second port */
	assert_int_not_equal(take(), 0);
	command(0xa4);
	ASSERT_BYTES(0xf1);
	command(0xa8);
	command(0xd4);
	data(0xf2);
	assert_false(status() & STATUS_FULL);
	assert_false(status() & STATUS_COMMAND);
}

static void command_byte_and_ram(void **state)
{
	(void)state;
	command(0x20);
	ASSERT_BYTES(0x65);
	set_mode(0x34);
	command(0x20);
	ASSERT_BYTES(0x34);
	command(0x7f);
	data(0x99);
	command(0x3f);
	ASSERT_BYTES(0x99);
	set_mode(0x30); /* the system flag shows in the status */
	assert_false(status() & STATUS_SYSTEM);
	command(0xad);
	command(0x20);
	ASSERT_BYTES(0x30);
	command(0xae);
	command(0x20);
	ASSERT_BYTES(0x20);
}

static void output_port_and_reset(void **state)
{
	(void)state;
	command(0xd0);
	assert_int_equal(take() & 3, 3); /* runs, A20 open */
	data(0x00);			 /* for the keyboard */
	command(0xd1);
	data(0xdf);
	command(0xd1);
	command(0xad); /* another command in between */
	data(0x00);
	command(0xff);
	command(0xfd);
	assert_int_equal(zoo.logged, 0);
	command(0xd1);
	data(0xde);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_RESET);
	command(0xfe);
	command(0xf0);
	assert_int_equal(zoo.logged, 3);
}

static void keyboard_commands(void **state)
{
	(void)state;
	set_mode(0x05);
	data(0xf2);
	ASSERT_BYTES(ACK, 0xab, 0x83);
	data(0xff);
	ASSERT_BYTES(ACK, 0xaa);
	data(0xee);
	ASSERT_BYTES(0xee);
	data(0xed);
	ASSERT_BYTES(ACK);
	data(0x07);
	ASSERT_BYTES(ACK);
	assert_int_equal(zoo.dev.i8042.s.keyboard.leds, 7);
	data(0xf3);
	ASSERT_BYTES(ACK);
	data(0x00);
	ASSERT_BYTES(ACK);
	data(0xfe);
	ASSERT_BYTES(ACK); /* again */
	data(0xf0);
	ASSERT_BYTES(ACK);
	data(0x00);
	ASSERT_BYTES(ACK, 2);
	data(0xf0);
	ASSERT_BYTES(ACK);
	data(0x03); /* set 3 is not there */
	ASSERT_BYTES(RESEND);
	data(0xed); /* a command instead of its data */
	ASSERT_BYTES(ACK);
	data(0xf4);
	ASSERT_BYTES(ACK);
	data(0x05); /* no command */
	ASSERT_BYTES(RESEND);
	/* A reply that nobody fetched is dropped by the next command. */
	data(0xf2);
	data(0xee);
	assert_int_equal(take(), ACK);
	ASSERT_BYTES(0xee);
}

/* Translation changes the second identification byte, too; drivers know. */
static void keys_are_translated(void **state)
{
	(void)state;
	assert_true(key(0x1c, true)); /* A */
	assert_true(key(0x1c, false));
	assert_true(key(0xe075, true)); /* up */
	assert_true(key(0xe075, false));
	assert_true(key(0x83, true)); /* F7 */
	ASSERT_BYTES(0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8, 0x41);
	data(0xf2);
	ASSERT_BYTES(ACK, 0xab, 0x41);
	set_mode(0x05);
	key(0x1c, true);
	key(0xe075, false);
	ASSERT_BYTES(0x1c, 0xe0, 0xf0, 0x75);
	data(0xf0);
	ASSERT_BYTES(ACK);
	data(0x01); /* set 1 from the keyboard itself */
	ASSERT_BYTES(ACK);
	key(0x1c, true);
	key(0xe075, false);
	ASSERT_BYTES(0x1e, 0xe0, 0xc8);
}

static void interrupts(void **state)
{
	(void)state;
	key(0x1c, true);
	key(0x1c, false);
	assert_true(zoo.line.level);
	assert_int_equal(zoo.line.rises, 1);
	take(); /* the next byte is another edge */
	assert_int_equal(zoo.line.rises, 2);
	assert_int_equal(zoo.line.falls, 1);
	take();
	assert_false(zoo.line.level);
	set_mode(0x64);
	key(0x1c, true);
	assert_false(zoo.line.level);
	set_mode(0x65);
	assert_true(zoo.line.level);
	take();
	command(0xd2); /* as if the keyboard had sent it */
	data(0x42);
	assert_true(zoo.line.level);
	ASSERT_BYTES(0x42);
}

static void disabled_keyboards_are_silent(void **state)
{
	(void)state;
	command(0xad);
	assert_true(key(0x1c, true));
	assert_false(status() & STATUS_FULL);
	command(0xae);
	ASSERT_BYTES(0x1e);
	data(0xf5);
	ASSERT_BYTES(ACK);
	assert_false(key(0x1c, true));
	data(0xf4);
	ASSERT_BYTES(ACK);
	assert_true(key(0x1c, true));
	ASSERT_BYTES(0x1e);
}

/* What does not fit is dropped by whole keys. */
static void keys_overflow(void **state)
{
	unsigned kept = 0;

	(void)state;
	command(0xad);
	while (key(0xe075, false))
		kept++;
	assert_int_equal(kept, 5);
	command(0xae);
	for (unsigned i = 0; i < kept; i++) {
		assert_int_equal(take(), 0xe0);
		assert_int_equal(take(), 0xc8);
	}
	assert_false(status() & STATUS_FULL);
}

/* All six or none, in both scan code sets. */
static void ctrl_alt_del(void **state)
{
	(void)state;
	assert_true(i8042_ctrl_alt_del(&zoo.dev.i8042));
	assert_false(i8042_ctrl_alt_del(&zoo.dev.i8042));
	ASSERT_BYTES(0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d);
	set_mode(0x05);
	assert_true(i8042_ctrl_alt_del(&zoo.dev.i8042));
	ASSERT_BYTES(0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0, 0x71, 0xf0, 0x11, 0xf0, 0x14);
	data(0xf5); /* the keyboard is told not to tell */
	ASSERT_BYTES(0xfa);
	assert_false(i8042_ctrl_alt_del(&zoo.dev.i8042));
	data(0xf4);
	ASSERT_BYTES(0xfa);
}

/* What a stock Linux does, in its order: i8042.c and atkbd.c. */
static void a_driver_finds_it(void **state)
{
	(void)state;
	assert_false(status() & STATUS_FULL);
	command(0x20);
	uint8_t mode = take();

	assert_true(status() & 0x10);
	assert_true(mode & 0x40);
	set_mode((mode | 0x10) & ~0x01);
	set_mode((mode & ~0x10) | 0x01);
	data(0xf2);
	ASSERT_BYTES(ACK, 0xab, 0x41);
	data(0xed);
	ASSERT_BYTES(ACK);
	data(0x00);
	ASSERT_BYTES(ACK);
	data(0xf3);
	ASSERT_BYTES(ACK);
	data(0x00);
	ASSERT_BYTES(ACK);
	data(0xf4);
	ASSERT_BYTES(ACK);
	assert_true(zoo.line.rises >= 8);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(status_and_tests),
		TEST(command_byte_and_ram),
		TEST(output_port_and_reset),
		TEST(keyboard_commands),
		TEST(keys_are_translated),
		TEST(interrupts),
		TEST(disabled_keyboards_are_silent),
		TEST(keys_overflow),
		TEST(ctrl_alt_del),
		TEST(a_driver_finds_it),
	};

	return cmocka_run_group_tests_name("i8042", tests, NULL, NULL);
}
