/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of a virtio device in use: what a doorbell does in which state, broken rings, interrupts,
 * requests in flight.
 */
#include <string.h>

#include "fake.h"

static void a_queue_without_rings_is_left_alone(void **state)
{
	(void)state;
	zoo_negotiate(&zoo, 0);
	zoo_setup_queue(&zoo, 0, ZOO_ENTRIES);
	zoo_set_status(&zoo, DRIVER_OK);
	assert_true(virtio_queue_live(&fake.dev, 0));
	assert_false(virtio_queue_live(&fake.dev, 1));
	assert_false(virtio_queue_live(&fake.dev, 2));
	unsigned before = fake.notifications;

	zoo_doorbell(&zoo, 1);
	zoo_doorbell(&zoo, 5);
	assert_int_equal(fake.notifications, before);
	assert_false(virtio_take(&fake.dev, 1, &fake.chain));
	virtio_give(&fake.dev, 1, 0, 0);
	virtio_kick(&fake.dev, 1);
	assert_int_equal(zoo.faults, 0);
}

static void doorbells_wait_for_the_driver(void **state)
{
	(void)state;
	zoo_doorbell(&zoo, 0);
	zoo_negotiate(&zoo, 0);
	zoo_setup_queue(&zoo, 0, ZOO_ENTRIES);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(fake.notifications, 0);
	zoo_set_status(&zoo, DRIVER_OK); /* what was there before is found now */
	assert_int_equal(fake.notifications, 1);
	assert_int_equal(fake.taken, 1);
}

static void doorbells_are_ports(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	unsigned before = fake.notifications;

	bus_pio_write(&zoo.bus, ZOO_IO, 2, 1); /* the port decides, not the value */
	bus_pio_write(&zoo.bus, ZOO_IO + 4, 4, 0);
	assert_int_equal(fake.notifications, before + 2);
	bus_pio_write(&zoo.bus, ZOO_IO, 1, 0);
	bus_pio_write(&zoo.bus, ZOO_IO + 2, 2, 0);
	bus_pio_write(&zoo.bus, ZOO_IO + 8, 2, 2);
	assert_int_equal(fake.notifications, before + 2);
	assert_int_equal(bus_pio_read(&zoo.bus, ZOO_IO, 2), 0xffff);
}

static void nothing_moves_without_bus_mastering(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	zoo_config_set(&zoo, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(fake.taken, 0);
	assert_works();
}

static void break_queue(uint16_t head)
{
	zoo_describe(&zoo, 0, 0, ZOO_BAR, 16, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, head);
}

/* A broken ring is looked at once, then the device does nothing more until its reset. */
static void a_broken_ring_needs_a_reset(void **state)
{
	(void)state;
	zoo_start(&zoo, VIRTIO_F_INDIRECT_DESC);
	zoo_enable_msix(&zoo);
	zoo.logged = 0;
	break_queue(0); /* DMA to its own registers */
	assert_broken(vq_error_text(VQ_ERROR_RANGE));
	assert_int_equal(zoo_status(&zoo), BROKEN);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_MSI | 0x40); /* the configuration's vector */
	unsigned before = fake.notifications;

	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, 0, 0);
	zoo_submit(&zoo, 1, 0);
	assert_int_equal(fake.notifications, before);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	assert_int_equal(zoo.logged, 1);
	zoo_set_status(&zoo, DRIVER_OK); /* is no way out */
	assert_int_equal(zoo_status(&zoo), BROKEN);
	assert_works();
	break_queue(77);
	assert_broken(vq_error_text(VQ_ERROR_RANGE)); /* the first reason was the one reported */
	assert_int_equal(zoo.faults, 1);
	assert_int_equal(fake.dev.faults, 2);
	assert_works();
}

static void an_index_that_jumps_breaks(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	*(uint16_t *)(void *)(zoo.ram + ZOO_AVAIL(1) + 2) = ZOO_ENTRIES + 1;
	zoo_doorbell(&zoo, 1);
	assert_broken(vq_error_text(VQ_ERROR_AVAIL_INDEX));
	assert_true(zoo.line.level); /* INTA, without MSI-X */
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 2);
	assert_false(zoo.line.level);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 0);
	assert_works();
}

static void requests_in_flight_hold_a_reset(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	fake.async = true;
	zoo_describe(&zoo, 0, 2, ZOO_BUFFERS, 16, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 2);
	assert_int_equal(fake.taken, 1);
	zoo_set_status(&zoo, 0);
	assert_int_not_equal(zoo_status(&zoo), 0); /* the driver has to wait */
	assert_false(virtio_live(&fake.dev));
	zoo_set_status(&zoo, 0);
	zoo_set_status(&zoo, DRIVER_OK);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2,
		    0); /* nor does anything else have an effect */
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2), 1);
	/* The answer comes: it does not reach the driver's memory any more. */
	virtio_give(&fake.dev, 0, 2, 16);
	virtio_kick(&fake.dev, 0);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	fake.taken = 0;
	virtio_reset_done(&fake.dev);
	assert_int_equal(zoo_status(&zoo), 0);
	assert_works();
	virtio_reset_done(&fake.dev); /* of no effect now */
	assert_int_equal(zoo_status(&zoo), DRIVER_OK);
}

static void give_one(unsigned queue)
{
	zoo_describe(&zoo, queue, 0, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, queue, 0);
	virtio_give(&fake.dev, queue, 0, 0);
	virtio_kick(&fake.dev, queue);
}

static void interrupts_by_msix(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	zoo_enable_msix(&zoo);
	zoo.logged = 0;
	give_one(1);
	assert_int_equal(zoo.logged, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_MSI | 0x42);
	assert_false(zoo.line.level);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 0);
	virtio_config_changed(&fake.dev);
	assert_int_equal(zoo_last(&zoo), ZOO_MSI | 0x40);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_GENERATION, 1), 1);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2, 1);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_VECTOR, 2, 9); /* there is none */
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_VECTOR, 2), VIRTIO_NO_VECTOR);
	zoo.logged = 0;
	give_one(1);
	assert_int_equal(zoo.logged, 0);
}

static void interrupts_by_inta(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	give_one(0);
	assert_true(zoo.line.level);
	assert_int_equal(zoo_config_get(&zoo, PCI_STATUS, 2) & 8, 8);
	zoo_config_set(&zoo, PCI_COMMAND, 2,
		       zoo_config_get(&zoo, PCI_COMMAND, 2) | PCI_COMMAND_NO_INT);
	assert_false(zoo.line.level);
	zoo_config_set(&zoo, PCI_COMMAND, 2,
		       zoo_config_get(&zoo, PCI_COMMAND, 2) & ~PCI_COMMAND_NO_INT);
	assert_true(zoo.line.level);
	virtio_config_changed(&fake.dev);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 3);
	assert_false(zoo.line.level);
	give_one(0);
	zoo_set_status(&zoo, 0);
	assert_false(zoo.line.level);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 0);
}

/* With event indexes the driver says after which chain it wants to hear. */
static void interrupts_are_suppressed(void **state)
{
	uint16_t *used_event = (void *)(zoo.ram + ZOO_AVAIL(0) + 4 + 2 * ZOO_ENTRIES);

	(void)state;
	zoo_start(&zoo, VIRTIO_F_EVENT_IDX);
	zoo_enable_msix(&zoo);
	*used_event = 2;
	zoo.logged = 0;
	give_one(0);
	give_one(0);
	assert_int_equal(zoo.logged, 0);
	give_one(0);
	assert_int_equal(zoo.logged, 1);
	zoo_start(&zoo, 0);
	zoo.logged = 0;
	*(uint16_t *)(void *)(zoo.ram + ZOO_AVAIL(0)) = 1; /* no interrupts */
	give_one(0);
	assert_int_equal(zoo.logged, 0);
}

static void configuration_has_an_end(void **state)
{
	(void)state;
	memcpy(fake.config, "\1\2\3\4\5\6\7\10", 8);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 8), 0x0807060504030201);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 6, 2), 0x0807);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 8, 4), 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 3, 4), 0xffffffff);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 4, 4, 0x11223344);
	assert_int_equal(fake.writes, 1);
	assert_int_equal(fake.config[4], 0x44);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 8, 4, 1);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 0xff8, 8, 1);
	assert_int_equal(fake.writes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_queue_without_rings_is_left_alone, fake_setup),
		cmocka_unit_test_setup(doorbells_wait_for_the_driver, fake_setup),
		cmocka_unit_test_setup(doorbells_are_ports, fake_setup),
		cmocka_unit_test_setup(nothing_moves_without_bus_mastering, fake_setup),
		cmocka_unit_test_setup(a_broken_ring_needs_a_reset, fake_setup),
		cmocka_unit_test_setup(an_index_that_jumps_breaks, fake_setup),
		cmocka_unit_test_setup(requests_in_flight_hold_a_reset, fake_setup),
		cmocka_unit_test_setup(interrupts_by_msix, fake_setup),
		cmocka_unit_test_setup(interrupts_by_inta, fake_setup),
		cmocka_unit_test_setup(interrupts_are_suppressed, fake_setup),
		cmocka_unit_test_setup(configuration_has_an_end, fake_setup),
	};

	return cmocka_run_group_tests_name("virtio_queue", tests, NULL, NULL);
}
