/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions with registers: BARs that are sized and moved, over one another too, MSI-X, and
 * access to BARs by configuration space. The functions are virtio devices.
 */
#include <string.h>

#include "fake.h"

#define BAR0	PCI_BAR
#define BAR2	(PCI_BAR + 8)
#define CAP_PCI 5 /* cfg_type of access by configuration space */

static struct fake other; /* a second function behind the first */
static const struct virtio_ops other_ops = { .name = "other", .type = 62 };
#define OTHER_DEVFN PCI_DEVFN(2, 0)
#define OTHER_BAR   (ZOO_BAR + 0x10000)

static int setup(void **state)
{
	const struct virtio_params params = { .queues = 1, .entries = 8 };
	const struct virtio_wiring wiring = { .ctx = &zoo };
	const struct virtio_place place = { OTHER_DEVFN, OTHER_BAR, ZOO_IO + 0x100 };

	assert_int_equal(fake_setup(state), 0);
	memset(&other, 0, sizeof other);
	virtio_init(&other.dev, &other_ops, &params, &wiring, &other.s, &other);
	assert_true(virtio_attach(&other.dev, &zoo.pci, &place));
	return 0;
}

static void set_bar0(unsigned devfn, uint64_t address)
{
	pcihost_config_write(&zoo.pci, devfn, BAR0, 4, (uint32_t)address);
	pcihost_config_write(&zoo.pci, devfn, BAR0 + 4, 4, (uint32_t)(address >> 32));
}

/* Which device answers there: its number of queues tells, 0xffff: none. */
static unsigned queues_at(uint64_t bar)
{
	return (unsigned)bus_mmio_read(&zoo.bus, bar + 0x1000 + VIRTIO_REG_QUEUES, 2);
}

static void bars_are_sized(void **state)
{
	(void)state;
	assert_int_equal(zoo_config_get(&zoo, BAR0, 4), ZOO_BAR | 4);
	assert_int_equal(zoo_config_get(&zoo, BAR2, 4), ZOO_IO | 1);
	for (unsigned offset = BAR0; offset < PCI_BAR + 4 * PCI_BARS; offset += 4)
		zoo_config_set(&zoo, offset, 4, UINT32_MAX);
	assert_int_equal(zoo_config_get(&zoo, BAR0, 4), -VIRTIO_BAR_BYTES | 4);
	assert_int_equal(zoo_config_get(&zoo, BAR0 + 4, 4), UINT32_MAX);
	assert_int_equal(zoo_config_get(&zoo, BAR2, 4), -VIRTIO_IO_BYTES | 1);
	for (unsigned offset = BAR2 + 4; offset < PCI_BAR + 4 * PCI_BARS; offset += 4)
		assert_int_equal(zoo_config_get(&zoo, offset, 4), 0);
	assert_int_equal(queues_at(ZOO_BAR), 0xffff);
	set_bar0(ZOO_DEVFN, ZOO_BAR);
	assert_int_equal(queues_at(ZOO_BAR), 2);
}

static void bars_move(void **state)
{
	static const uint64_t places[] = { 0xd0000000, UINT64_C(0x4000000000), 0xe0004000, 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
		set_bar0(ZOO_DEVFN, places[i]);
		assert_int_equal(queues_at(places[i]), 2);
		assert_int_equal(queues_at(ZOO_BAR), 0xffff);
	}
	set_bar0(ZOO_DEVFN, ZOO_BAR);
	assert_works();
	unsigned before = fake.notifications;

	zoo_config_set(&zoo, BAR2, 4, 0xd000);
	zoo_doorbell(&zoo, 0);
	assert_int_equal(fake.notifications, before);
	bus_pio_write(&zoo.bus, 0xd000, 2, 0);
	assert_int_equal(fake.notifications, before + 1);
	zoo_config_set(&zoo, BAR2, 4, 0x1000d000); /* no such port */
	bus_pio_write(&zoo.bus, 0xd000, 2, 0);
	assert_int_equal(fake.notifications, before + 1);
}

static void decoding_is_switched(void **state)
{
	(void)state;
	assert_works();
	unsigned before = fake.notifications;

	zoo_config_set(&zoo, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_IO);
	assert_int_equal(queues_at(ZOO_BAR), 0xffff);
	zoo_doorbell(&zoo, 0);
	assert_int_equal(fake.notifications, before + 1);
	zoo_config_set(&zoo, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	assert_int_equal(queues_at(ZOO_BAR), 2);
	zoo_doorbell(&zoo, 0);
	assert_int_equal(fake.notifications, before + 1);
}

/* The lower number wins, whoever came first; when they part, both are there. */
static void overlapping_bars_do_no_harm(void **state)
{
	(void)state;
	set_bar0(OTHER_DEVFN, ZOO_BAR);
	assert_int_equal(queues_at(ZOO_BAR), 2);
	assert_true(zoo.pci.collisions > 0);
	set_bar0(OTHER_DEVFN, OTHER_BAR);
	assert_int_equal(queues_at(OTHER_BAR), 1);
	set_bar0(ZOO_DEVFN, OTHER_BAR);
	assert_int_equal(queues_at(OTHER_BAR), 2);
	set_bar0(ZOO_DEVFN, ZOO_BAR);
	assert_int_equal(queues_at(OTHER_BAR), 1);
	assert_int_equal(queues_at(ZOO_BAR), 2);
	/* Over the ECAM and over ports of the host bridge: those stay. */
	set_bar0(ZOO_DEVFN, ZOO_ECAM);
	zoo_config_set(&zoo, BAR2, 4, 0xc80);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM, 4),
			 PCIHOST_DEVICE_ID << 16 | PCIHOST_VENDOR_ID);
	bus_pio_write(&zoo.bus, PCI_ADDRESS_PORT, 4, 0x80000000);
	assert_int_equal(bus_pio_read(&zoo.bus, PCI_DATA_PORT, 2), PCIHOST_VENDOR_ID);
	set_bar0(ZOO_DEVFN, ZOO_BAR);
	zoo_config_set(&zoo, BAR2, 4, ZOO_IO);
	assert_works();
}

/* Thousands of moves leave the bus as it was. */
static void moving_wears_nothing_out(void **state)
{
	(void)state;
	unsigned regions = zoo.bus.mmio_regions;

	for (unsigned i = 0; i < 5000; i++) {
		set_bar0(ZOO_DEVFN, (uint64_t)(i * 7919u % 256) << 14 | UINT64_C(0xc0000000));
		set_bar0(OTHER_DEVFN, (uint64_t)(i * 104729u % 256) << 14 | UINT64_C(0xc0000000));
		zoo_config_set(&zoo, BAR2, 4, i * 31u << 7 & 0xffff);
	}
	set_bar0(ZOO_DEVFN, ZOO_BAR);
	set_bar0(OTHER_DEVFN, OTHER_BAR);
	zoo_config_set(&zoo, BAR2, 4, ZOO_IO);
	assert_int_equal(zoo.bus.mmio_regions, regions);
	assert_works();
}

static void ecam_is_the_same_space(void **state)
{
	(void)state;
	for (unsigned offset = 0; offset < 256; offset += 4)
		assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM + (ZOO_DEVFN << 12) + offset, 4),
				 zoo_config_get(&zoo, offset, 4));
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM + (ZOO_DEVFN << 12) + 2, 2), 0x107f);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM + (ZOO_DEVFN << 12) + 256, 4),
			 0xffffffff);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM + (PCI_DEVFN(9, 0) << 12), 4),
			 0xffffffff);
	bus_mmio_write(&zoo.bus, ZOO_ECAM + (ZOO_DEVFN << 12) + PCI_LINE, 1, 0x5a);
	assert_int_equal(zoo_config_get(&zoo, PCI_LINE, 1), 0x5a);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ECAM + (ZOO_DEVFN << 12), 8), UINT64_MAX);
}

static uint64_t entry(unsigned vector)
{
	return ZOO_MSIX + vector * 16;
}

static void msix_vectors_are_masked(void **state)
{
	unsigned control = fake.dev.pci.msix + 2;

	(void)state;
	zoo_start(&zoo, 0);
	zoo_enable_msix(&zoo);
	assert_int_equal(zoo_config_get(&zoo, control, 2), 0x8002);
	zoo.logged = 0;
	bus_mmio_write(&zoo.bus, entry(1) + 12, 4, 1);
	pci_msix_send(&fake.dev.pci, 1);
	pci_msix_send(&fake.dev.pci, 1);
	assert_int_equal(zoo.logged, 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_MSIX + 0x800, 8), 2);
	bus_mmio_write(&zoo.bus, entry(1) + 8, 8, 0x77); /* data, and unmasked */
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_MSI | 0x77);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_MSIX + 0x800, 8), 0);
	zoo_config_set(&zoo, control, 2, 0xc000); /* the whole function */
	pci_msix_send(&fake.dev.pci, 0);
	pci_msix_send(&fake.dev.pci, 2);
	assert_int_equal(zoo.logged, 1);
	zoo_config_set(&zoo, control, 2, 0x8000);
	assert_int_equal(zoo.logged, 3);
	pci_msix_send(&fake.dev.pci, 3); /* there is none */
	pci_msix_send(&fake.dev.pci, VIRTIO_NO_VECTOR);
	zoo_config_set(&zoo, PCI_COMMAND, 2, 0); /* no bus master sends nothing */
	pci_msix_send(&fake.dev.pci, 0);
	assert_int_equal(zoo.logged, 3);
}

static void msix_table_takes_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bus_mmio_read(&zoo.bus, entry(i) + 12, 4), 1);
	bus_mmio_write(&zoo.bus, entry(2), 8, UINT64_MAX);
	bus_mmio_write(&zoo.bus, entry(2) + 8, 8, UINT64_MAX);
	assert_int_equal(bus_mmio_read(&zoo.bus, entry(2), 8), ~UINT64_C(3));
	assert_int_equal(bus_mmio_read(&zoo.bus, entry(2) + 4, 4), UINT32_MAX);
	assert_int_equal(bus_mmio_read(&zoo.bus, entry(2) + 8, 8), UINT64_C(0x1ffffffff));
	bus_mmio_write(&zoo.bus, entry(2), 2, 0);
	bus_mmio_write(&zoo.bus, entry(2) + 4, 8, 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, entry(2), 8), ~UINT64_C(3));
	bus_mmio_write(&zoo.bus, entry(3), 8, UINT64_MAX); /* beyond the table */
	assert_int_equal(bus_mmio_read(&zoo.bus, entry(3), 8), 0);
	bus_mmio_write(&zoo.bus, ZOO_MSIX + 0x800, 8, UINT64_MAX);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_MSIX + 0x800, 8), 0);
}

/* Follows the list as a driver does; returns the capability with this id and, for a vendor's, this
 * cfg_type. Every list has an end. */
static unsigned find(uint8_t id, uint8_t type)
{
	unsigned at = zoo_config_get(&zoo, PCI_CAPABILITIES, 1);

	for (unsigned n = 0; at && n < 48; n++) {
		if (zoo_config_get(&zoo, at, 1) == id &&
		    (id != PCI_CAP_VENDOR || zoo_config_get(&zoo, at + 3, 1) == type))
			return at;
		at = zoo_config_get(&zoo, at + 1, 1);
	}
	return 0;
}

static void capabilities_say_where_registers_are(void **state)
{
	static const uint32_t want[6][4] = { /* BAR, offset, bytes, length of the capability */
					     { 0, 0, 0, 0 },	   { 0, 0x1000, 0x3c, 16 },
					     { 2, 0, 8, 20 },	   { 0, 0x2000, 1, 16 },
					     { 0, 0x3000, 8, 16 }, { 0, 0, 0, 20 }
	};

	(void)state;
	assert_int_equal(zoo_config_get(&zoo, PCI_STATUS, 2) & 0x10, 0x10);
	for (uint8_t type = 1; type <= 5; type++) {
		unsigned at = find(PCI_CAP_VENDOR, type);

		assert_int_not_equal(at, 0);
		assert_int_equal(zoo_config_get(&zoo, at + 2, 1), want[type][3]);
		assert_int_equal(zoo_config_get(&zoo, at + 4, 1), want[type][0]);
		assert_int_equal(zoo_config_get(&zoo, at + 8, 4), want[type][1]);
		assert_int_equal(zoo_config_get(&zoo, at + 12, 4), want[type][2]);
	}
	assert_int_equal(zoo_config_get(&zoo, find(PCI_CAP_VENDOR, 2) + 16, 4), 4);
	assert_int_equal(find(PCI_CAP_MSIX, 0), fake.dev.pci.msix);
	assert_int_equal(zoo_config_get(&zoo, find(PCI_CAP_MSIX, 0) + 4, 4), 0);
	assert_int_equal(zoo_config_get(&zoo, find(PCI_CAP_MSIX, 0) + 8, 4), 0x800);
}

static void aim(unsigned bar, uint32_t offset, uint32_t length)
{
	unsigned at = find(PCI_CAP_VENDOR, CAP_PCI);

	zoo_config_set(&zoo, at + 4, 1, bar);
	zoo_config_set(&zoo, at + 8, 4, offset);
	zoo_config_set(&zoo, at + 12, 4, length);
}

/* Works without any decoding, as firmware uses it. */
static void registers_by_configuration_space(void **state)
{
	unsigned data = find(PCI_CAP_VENDOR, CAP_PCI) + 16;

	(void)state;
	zoo_config_set(&zoo, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	aim(0, 0x1000 + VIRTIO_REG_QUEUES, 2);
	assert_int_equal(zoo_config_get(&zoo, data, 2), 2);
	aim(0, 0x1000 + VIRTIO_REG_STATUS, 1);
	zoo_config_set(&zoo, data, 1, VIRTIO_ACKNOWLEDGE);
	assert_int_equal(zoo_config_get(&zoo, data, 1), VIRTIO_ACKNOWLEDGE);
	assert_int_equal(fake.s.status, VIRTIO_ACKNOWLEDGE);
	zoo_config_set(&zoo, data, 2, 0); /* not the length that was set */
	assert_int_equal(fake.s.status, VIRTIO_ACKNOWLEDGE);
	aim(0, 0x1000 + VIRTIO_REG_QUEUES + 1, 2); /* not aligned */
	zoo_config_get(&zoo, data, 2);
	aim(0, VIRTIO_BAR_BYTES, 4);
	assert_int_equal(zoo_config_get(&zoo, data, 4), UINT32_MAX);
	aim(0, UINT32_MAX - 3, 4);
	assert_int_equal(zoo_config_get(&zoo, data, 4), UINT32_MAX);
	aim(7, 0x1000, 4);
	zoo_config_set(&zoo, data, 4, 1);
	assert_int_equal(zoo_config_get(&zoo, data, 4), UINT32_MAX);
	aim(2, 4, 2);
	zoo_config_set(&zoo, data, 2, 1); /* a doorbell, before the driver is ready */
	assert_int_equal(fake.notifications, 0);
	assert_works();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bars_are_sized, setup),
		cmocka_unit_test_setup(bars_move, setup),
		cmocka_unit_test_setup(decoding_is_switched, setup),
		cmocka_unit_test_setup(overlapping_bars_do_no_harm, setup),
		cmocka_unit_test_setup(moving_wears_nothing_out, setup),
		cmocka_unit_test_setup(ecam_is_the_same_space, setup),
		cmocka_unit_test_setup(msix_vectors_are_masked, setup),
		cmocka_unit_test_setup(msix_table_takes_words, setup),
		cmocka_unit_test_setup(capabilities_say_where_registers_are, setup),
		cmocka_unit_test_setup(registers_by_configuration_space, setup),
	};

	return cmocka_run_group_tests_name("pci_function", tests, NULL, NULL);
}
