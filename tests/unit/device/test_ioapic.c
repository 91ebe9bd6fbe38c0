/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O APIC: registers, edge and level pins, remote IRR and both ways of ending an interrupt.
 */
#include "test.h"

static struct zoo zoo;
static struct ioapic *const ioapic = &zoo.dev.ioapic;

static void write_at(unsigned offset, uint32_t value)
{
	bus_mmio_write(&zoo.bus, IOAPIC_DEFAULT_BASE + offset, 4, value);
}

static uint32_t get(unsigned index)
{
	write_at(0x00, index);
	return (uint32_t)bus_mmio_read(&zoo.bus, IOAPIC_DEFAULT_BASE + 0x10, 4);
}

static void set(unsigned index, uint32_t value)
{
	write_at(0x00, index);
	write_at(0x10, value);
}

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "ioapic");
	return 0;
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(get(0), 0);
	assert_int_equal(get(1), 0x00170020);
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		assert_int_equal(get(0x10 + pin * 2), 0x10000);
		assert_int_equal(get(0x11 + pin * 2), 0);
	}
	assert_int_equal(get(0x40), 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, IOAPIC_DEFAULT_BASE, 4), 0x40);
}

static void writable_bits(void **state)
{
	(void)state;
	set(0, 0xffffffff);
	assert_int_equal(get(0), 0x0f000000);
	assert_int_equal(get(2), 0x0f000000);
	set(1, 0xffffffff);
	assert_int_equal(get(1), 0x00170020);
	set(0x10, 0xffffffff);
	set(0x11, 0xffffffff);
	assert_int_equal(get(0x10), 0x1afff); /* delivery status and remote IRR are the chip's */
	assert_int_equal(get(0x11), 0xff000000);
	set(0x40, 0xffffffff);
}

static void an_edge_is_sent_once(void **state)
{
	(void)state;
	set(0x10 + 2 * 4 + 1, 0x03000000);
	set(0x10 + 2 * 4, 0x0931); /* lowest priority, logical */
	ioapic_set_line(ioapic, 4, true);
	assert_int_equal(zoo.messages, 1);
	assert_int_equal(zoo.message[0].dest, 3);
	assert_int_equal(zoo.message[0].vector, 0x31);
	assert_int_equal(zoo.message[0].delivery, APIC_LOWEST);
	assert_true(zoo.message[0].logical);
	assert_false(zoo.message[0].level);
	ioapic_set_line(ioapic, 4, true);
	ioapic_set_line(ioapic, 4, false);
	assert_int_equal(zoo.messages, 1);
	ioapic_set_line(ioapic, 4, true);
	assert_int_equal(zoo.messages, 2);
	assert_int_equal(get(0x10 + 2 * 4), 0x0931); /* no remote IRR for edges */
	ioapic_set_line(ioapic, 24, true);
	ioapic_set_line(ioapic, 99, true);
	assert_int_equal(zoo.messages, 2);
}

static void a_masked_edge_is_lost(void **state)
{
	(void)state;
	set(0x10, 0x10031);
	ioapic_set_line(ioapic, 0, true);
	set(0x10, 0x31);
	assert_int_equal(zoo.messages, 0);
}

static void physical_broadcast(void **state)
{
	(void)state;
	set(0x11, 0xff000000);
	set(0x10, 0x31);
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(zoo.message[0].dest, APIC_BROADCAST);
}

static void a_level_waits_for_its_end(void **state)
{
	(void)state;
	set(0x10 + 2 * 10, 0x8041);
	ioapic_set_line(ioapic, 10, true);
	assert_int_equal(zoo.messages, 1);
	assert_true(zoo.message[0].level);
	assert_int_equal(get(0x10 + 2 * 10), 0xc041);
	ioapic_set_line(ioapic, 10, false);
	ioapic_set_line(ioapic, 10, true);
	assert_int_equal(zoo.messages, 1);
	ioapic_eoi(ioapic, 0x42); /* another vector */
	assert_int_equal(zoo.messages, 1);
	ioapic_eoi(ioapic, 0x41);
	assert_int_equal(zoo.messages, 2); /* still high: again */
	ioapic_set_line(ioapic, 10, false);
	ioapic_eoi(ioapic, 0x41);
	assert_int_equal(zoo.messages, 2);
	assert_int_equal(get(0x10 + 2 * 10), 0x8041);
}

static void a_level_is_remembered_while_masked(void **state)
{
	(void)state;
	set(0x10, 0x18041);
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(zoo.messages, 0);
	set(0x10, 0x8041);
	assert_int_equal(zoo.messages, 1);
	set(0x10, 0x18041);
	ioapic_eoi(ioapic, 0x41);
	assert_int_equal(zoo.messages, 1);
	assert_int_equal(get(0x10), 0x18041);
}

static void two_pins_can_share_a_vector(void **state)
{
	(void)state;
	set(0x10, 0x8041);
	set(0x12, 0x8041);
	ioapic_set_line(ioapic, 0, true);
	ioapic_set_line(ioapic, 1, true);
	assert_int_equal(zoo.messages, 2);
	ioapic_eoi(ioapic, 0x41);
	assert_int_equal(zoo.messages, 4);
}

static void the_eoi_register_ends_too(void **state)
{
	(void)state;
	set(0x10, 0x8041);
	ioapic_set_line(ioapic, 0, true);
	ioapic_set_line(ioapic, 0, false);
	write_at(0x40, 0x41);
	assert_int_equal(get(0x10), 0x8041);
	assert_int_equal(bus_mmio_read(&zoo.bus, IOAPIC_DEFAULT_BASE + 0x40, 4), 0xffffffff);
}

static void switching_to_edge_frees_a_stuck_pin(void **state)
{
	(void)state;
	set(0x10, 0x8041);
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(get(0x10), 0xc041);
	set(0x10, 0x10041);
	assert_int_equal(get(0x10), 0x10041);
	set(0x10, 0x8041);
	assert_int_equal(zoo.messages, 2);
}

static void a_message_nobody_takes_does_not_stick(void **state)
{
	(void)state;
	zoo.deaf = true;
	set(0x10, 0x8041);
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(get(0x10), 0x8041);
	assert_int_equal(ioapic->undelivered, 1);
	zoo.deaf = false;
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(get(0x10), 0xc041);
}

static void other_kinds_are_always_edges(void **state)
{
	(void)state;
	set(0x10, 0x8400); /* NMI, level bit set */
	ioapic_set_line(ioapic, 0, true);
	assert_int_equal(zoo.message[0].delivery, APIC_NMI);
	assert_false(zoo.message[0].level);
	assert_int_equal(get(0x10), 0x8400);
	ioapic_set_line(ioapic, 0, true); /* still high: no second one */
	set(0x10, 0x8400);
	assert_int_equal(zoo.messages, 1);
}

static void the_page_has_three_registers(void **state)
{
	(void)state;
	assert_int_equal(bus_mmio_read(&zoo.bus, IOAPIC_DEFAULT_BASE + 0x20, 4), 0xffffffff);
	assert_int_equal(bus_mmio_read(&zoo.bus, IOAPIC_DEFAULT_BASE + 0x10, 1), 0xff);
	assert_int_equal(zoo.bus.counters.mmio_refused, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, setup),
		cmocka_unit_test_setup(writable_bits, setup),
		cmocka_unit_test_setup(an_edge_is_sent_once, setup),
		cmocka_unit_test_setup(a_masked_edge_is_lost, setup),
		cmocka_unit_test_setup(physical_broadcast, setup),
		cmocka_unit_test_setup(a_level_waits_for_its_end, setup),
		cmocka_unit_test_setup(a_level_is_remembered_while_masked, setup),
		cmocka_unit_test_setup(two_pins_can_share_a_vector, setup),
		cmocka_unit_test_setup(the_eoi_register_ends_too, setup),
		cmocka_unit_test_setup(switching_to_edge_frees_a_stuck_pin, setup),
		cmocka_unit_test_setup(a_message_nobody_takes_does_not_stick, setup),
		cmocka_unit_test_setup(other_kinds_are_always_edges, setup),
		cmocka_unit_test_setup(the_page_has_three_registers, setup),
	};

	return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}
