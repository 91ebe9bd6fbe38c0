/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration mechanism #1, the host bridge, and the interface for further functions.
 */
#include "test.h"

static struct zoo zoo;
static struct pcihost *const host = &zoo.dev.pcihost;
static struct pci_function nic, second;
static struct pci_state nic_state, second_state;
static unsigned changes, changed_offset, changed_width;

static void changed(struct pci_function *function, unsigned offset, unsigned width)
{
	assert_ptr_equal(function->dev, &nic);
	changes++;
	changed_offset = offset;
	changed_width = width;
}

static int setup(void **state)
{
	static const struct pci_identity identity = {
		.vendor = 0x1af4,
		.device = 0x1041,
		.subsystem_vendor = 0x1af5,
		.subsystem = 0x1100,
		.class_code = 0x020000,
		.revision = 1,
	};

	(void)state;
	zoo_open_named(&zoo, "pcihost");
	pci_function_init(&nic, &nic_state, &identity);
	pci_function_init(&second, &second_state, &identity);
	nic.dev = &nic;
	nic.changed = changed;
	changes = 0;
	return 0;
}

static uint32_t get(uint32_t address, unsigned byte, unsigned width)
{
	bus_pio_write(&zoo.bus, 0xcf8, 4, address);
	return bus_pio_read(&zoo.bus, (uint16_t)(0xcfc + byte), width);
}

static void set(uint32_t address, unsigned byte, unsigned width, uint32_t value)
{
	bus_pio_write(&zoo.bus, 0xcf8, 4, address);
	bus_pio_write(&zoo.bus, (uint16_t)(0xcfc + byte), width, value);
}

/* How Linux decides that mechanism #1 works. */
static void linux_finds_mechanism_1(void **state)
{
	(void)state;
	bus_pio_write(&zoo.bus, 0xcfb, 1, 0x01);
	bus_pio_write(&zoo.bus, 0xcf8, 4, 0x80000000);
	assert_int_equal(bus_pio_read(&zoo.bus, 0xcf8, 4), 0x80000000);
	assert_int_equal(get(0x80000008, 2, 2), 0x0600); /* a host bridge at 00:00.0 */
}

static void the_host_bridge(void **state)
{
	(void)state;
	assert_int_equal(get(0x80000000, 0, 4), PCIHOST_DEVICE_ID << 16 | PCIHOST_VENDOR_ID);
	assert_int_equal(get(0x80000000, 2, 2), PCIHOST_DEVICE_ID);
	assert_int_equal(get(0x80000008, 3, 1), 0x06);
	assert_int_equal(get(0x8000000c, 2, 1), 0x00);
	for (unsigned offset = 0; offset < 256; offset += 4) {
		uint32_t before = get(0x80000000 | offset, 0, 4);

		set(0x80000000 | offset, 0, 4, ~before);
		assert_int_equal(get(0x80000000 | offset, 0, 4), before);
	}
}

static void the_address_register_takes_words_only(void **state)
{
	(void)state;
	bus_pio_write(&zoo.bus, 0xcf8, 4, 0xffffffff);
	assert_int_equal(bus_pio_read(&zoo.bus, 0xcf8, 4), 0x80fffffc);
	bus_pio_write(&zoo.bus, 0xcf8, 1, 0);
	bus_pio_write(&zoo.bus, 0xcf8, 2, 0);
	assert_int_equal(bus_pio_read(&zoo.bus, 0xcf8, 4), 0x80fffffc);
	assert_int_equal(bus_pio_read(&zoo.bus, 0xcf8, 2), 0xffff);
}

static void nothing_there_reads_as_ones(void **state)
{
	(void)state;
	assert_int_equal(get(0x00000000, 0, 4), 0xffffffff); /* not enabled */
	assert_int_equal(get(0x80010000, 0, 4), 0xffffffff); /* bus 1 */
	assert_int_equal(get(0x80000800, 0, 4), 0xffffffff); /* device 1 */
	assert_int_equal(get(0x80000100, 0, 2), 0xffff);     /* function 1 */
	set(0x80000800, 0, 4, 0);
	assert_int_equal(pcihost_config_read(host, 256, 0, 4), 0xffffffff);
	assert_int_equal(pcihost_config_read(host, 0, 254, 4), 0xffffffff);
	pcihost_config_write(host, 0, 254, 4, 0);
	pcihost_config_write(host, 256, 0, 4, 0);
}

static void functions_are_added_by_devfn(void **state)
{
	(void)state;
	assert_false(pcihost_add(host, PCI_DEVFN(0, 0), &nic));
	assert_false(pcihost_add(host, PCI_DEVFN(2, 1), &nic)); /* no function 0 yet */
	assert_false(pcihost_add(host, 256, &nic));
	assert_true(pcihost_add(host, PCI_DEVFN(2, 0), &nic));
	assert_int_equal(get(0x80001000, 0, 4), 0x10411af4);
	assert_int_equal(get(0x80001008, 0, 4), 0x02000001);
	assert_int_equal(get(0x8000102c, 0, 4), 0x11001af5);
	assert_int_equal(get(0x8000100c, 2, 1), 0x00);
	assert_true(pcihost_add(host, PCI_DEVFN(2, 3), &second));
	assert_int_equal(get(0x8000100c, 2, 1), 0x80); /* now a multi-function device */
}

static void writes_reach_the_writable_bits_only(void **state)
{
	(void)state;
	pcihost_add(host, PCI_DEVFN(2, 0), &nic);
	nic.writable[4] = 0x07;
	nic.writable[0x10 + 1] = 0xf0;
	nic_state.config[7] = 0xff;
	nic.clears[7] = 0xf9;
	set(0x80001004, 0, 2, 0xffff);
	assert_int_equal(get(0x80001004, 0, 2), 0x0007);
	assert_int_equal(changes, 1);
	assert_int_equal(changed_offset, 4);
	assert_int_equal(changed_width, 2);
	set(0x80001010, 0, 4, 0xffffffff);
	assert_int_equal(get(0x80001010, 0, 4), 0x0000f000);
	set(0x80001004, 3, 1, 0x81); /* status: write one to clear */
	assert_int_equal(get(0x80001004, 3, 1), 0x7e);
	assert_int_equal(pci_get16(&nic, 0x10), 0xf000);
	assert_int_equal(changed_offset, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_finds_mechanism_1, setup),
		cmocka_unit_test_setup(the_host_bridge, setup),
		cmocka_unit_test_setup(the_address_register_takes_words_only, setup),
		cmocka_unit_test_setup(nothing_there_reads_as_ones, setup),
		cmocka_unit_test_setup(functions_are_added_by_devfn, setup),
		cmocka_unit_test_setup(writes_reach_the_writable_bits_only, setup),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
