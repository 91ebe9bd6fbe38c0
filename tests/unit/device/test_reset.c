/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reset ports, and the two debug ports.
 */
#include "test.h"

static struct zoo zoo;

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "reset");
	return 0;
}

static void cf9_resets_on_a_rising_bit(void **state)
{
	(void)state;
	zoo_out(&zoo, 0xcf9, 0x02);
	assert_int_equal(zoo.logged, 0);
	zoo_out(&zoo, 0xcf9, 0x06);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), RESET_BY_CF9);
	zoo_out(&zoo, 0xcf9, 0x06);
	assert_int_equal(zoo.logged, 1);
	zoo_out(&zoo, 0xcf9, 0xf2);
	assert_int_equal(zoo_in(&zoo, 0xcf9), 0x02);
	zoo_out(&zoo, 0xcf9, 0x0e);
	assert_int_equal(zoo.logged, 2);
}

static void port_92(void **state)
{
	(void)state;
	assert_int_equal(zoo_in(&zoo, 0x92), 0x02);
	zoo_out(&zoo, 0x92, 0x00);
	assert_int_equal(zoo_in(&zoo, 0x92), 0x02); /* A20 stays open */
	zoo_out(&zoo, 0x92, 0x03);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), RESET_BY_PORT92);
	zoo_out(&zoo, 0x92, 0x03);
	assert_int_equal(zoo.logged, 1);
	zoo_out(&zoo, 0x92, 0x02);
	zoo_out(&zoo, 0x92, 0x01);
	assert_int_equal(zoo.logged, 2);
}

static void debug_exit_takes_any_width(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "debugexit");
	bus_pio_write(&zoo.bus, DEBUGEXIT_PORT, 4, 0x12345678);
	assert_int_equal(zoo_last(&zoo), 0x12345678);
	assert_int_equal(bus_pio_read(&zoo.bus, DEBUGEXIT_PORT, 4), 0x12345678);
	assert_int_equal(bus_pio_read(&zoo.bus, DEBUGEXIT_PORT, 2), 0x5678);
	zoo_out(&zoo, DEBUGEXIT_PORT, 3);
	assert_int_equal(zoo_last(&zoo), 3);
	assert_int_equal(zoo.dev.debugexit.s.writes, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cf9_resets_on_a_rising_bit, setup),
		cmocka_unit_test_setup(port_92, setup),
		cmocka_unit_test(debug_exit_takes_any_width),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
