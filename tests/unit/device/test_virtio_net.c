/* SPDX-License-Identifier: Apache-2.0 */
/* The network device with a driver's rings and a backend of the test's. */
#include "test.h"

#include <string.h>

#include "zoo_virtio.h"

#define F(bit)	   (UINT64_C(1) << (bit))
#define CSUM	   F(0)
#define GUEST_CSUM F(1)
#define GUEST_TSO4 F(7)
#define HOST_TSO4  F(11)
#define MRG_RXBUF  F(15)
#define CTRL	   (F(17) | F(18))
#define MQ	   F(22)
#define RX	   ZOO_BUFFERS
#define TX	   (ZOO_BUFFERS + 0x1000)
#define BUFFER	   256u

static struct zoo zoo;

static void start(uint64_t features)
{
	zoo_open_named(&zoo, "virtio-net");
	zoo_start(&zoo, features);
	assert_int_equal(zoo_status(&zoo), 15);
}

/* Sends a packet in two descriptors, as packet n. */
static void send(unsigned queue, unsigned n, const struct rt_net_header *header, uint32_t bytes)
{
	unsigned char *at = zoo.ram + TX;

	memcpy(at, header, sizeof *header);
	for (uint32_t i = 0; i < bytes; i++)
		at[12 + i] = (unsigned char)(i * 3);
	zoo_describe(&zoo, queue, 2 * n, TX, 20, VQ_DESC_NEXT, (uint16_t)(2 * n + 1));
	zoo_describe(&zoo, queue, 2 * n + 1, TX + 20, bytes + 12 - 20, 0, 0);
	zoo_submit(&zoo, queue, (uint16_t)(2 * n));
}

static void post(unsigned queue, unsigned buffers, uint32_t bytes)
{
	for (unsigned n = 0; n < buffers; n++) {
		zoo_describe(&zoo, queue, n, RX + n * BUFFER, bytes, VQ_DESC_WRITE, 0);
		zoo_offer(&zoo, queue, (uint16_t)n);
	}
	zoo_doorbell(&zoo, queue);
}

static void arrive(const struct rt_net_header *header, uint32_t bytes, unsigned packets)
{
	zoo.net.header = *header;
	zoo.net.bytes = bytes;
	zoo.net.waiting = packets;
	for (uint32_t i = 0; i < bytes; i++)
		zoo.net.frame[i] = (unsigned char)(i * 5 + 1);
	virtio_poll(zoo.virtio);
}

static struct rt_net_header received_header(void)
{
	struct rt_net_header header;

	memcpy(&header, zoo.ram + RX, sizeof header);
	return header;
}

static void configuration_is_as_told(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-net");
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 4), 0x01005452);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 4, 2), 0x0302);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 6, 2), 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 8, 2), 2);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 10, 2), 1500);
}

static void features_need_each_other(void **state)
{
	static const uint64_t wrong[] = { GUEST_TSO4, HOST_TSO4, MQ, F(18), GUEST_TSO4 | CSUM };

	(void)state;
	zoo_open_named(&zoo, "virtio-net");
	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		zoo_negotiate(&zoo, wrong[i]);
		assert_false(zoo_status(&zoo) & VIRTIO_FEATURES_OK);
	}
	zoo_negotiate(&zoo, GUEST_TSO4 | GUEST_CSUM | HOST_TSO4 | CSUM | MQ | CTRL);
	assert_true(zoo_status(&zoo) & VIRTIO_FEATURES_OK);
}

static void packets_are_sent(void **state)
{
	struct rt_net_header header = {
		.flags = 3, .csum_start = 14, .csum_offset = 16, .buffers = 7
	};

	(void)state;
	start(CSUM);
	send(1, 0, &header, 200);
	assert_int_equal(zoo.net.sent, 1);
	assert_int_equal(zoo.net.bytes, 200);
	assert_memory_equal(zoo.net.frame, zoo.ram + TX + 12, 200);
	assert_int_equal(zoo.net.header.flags, 1); /* it may not claim that it is valid */
	assert_int_equal(zoo.net.header.buffers, 0);
	assert_int_equal(zoo_used_index(&zoo, 1), 1);
	assert_true(zoo.net.flushed > 0);
	assert_true(zoo.line.level);
}

static void what_was_not_negotiated_is_dropped(void **state)
{
	struct rt_net_header csum = { .flags = 1 }, tso = { .flags = 1, .gso_type = 1 },
			     udp = { .flags = 1, .gso_type = 3 }, none = { 0 };

	(void)state;
	start(0);
	send(1, 0, &csum, 100);
	assert_int_equal(zoo.dev.net.counts.dropped, 1);
	start(CSUM);
	send(1, 0, &tso, 100);
	send(1, 1, &udp, 100);
	send(1, 2, &none, 13); /* shorter than an Ethernet header */
	assert_int_equal(zoo.dev.net.counts.dropped, 3);
	assert_int_equal(zoo.net.sent, 0);
	assert_int_equal(zoo_used_index(&zoo, 1), 3);
	start(CSUM | HOST_TSO4);
	send(1, 0, &tso, 100);
	assert_int_equal(zoo.net.sent, 1);
	assert_int_equal(zoo.faults, 0);
}

static void a_packet_without_header_breaks_the_device(void **state)
{
	(void)state;
	start(0);
	zoo_describe(&zoo, 1, 0, TX, 11, 0, 0);
	zoo_submit(&zoo, 1, 0);
	assert_true(zoo_status(&zoo) & VIRTIO_NEEDS_RESET);
	assert_int_equal(zoo.faults, 1);
}

static void packets_wait_for_room(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	start(0);
	zoo.net.full = true;
	send(1, 0, &header, 100);
	send(1, 1, &header, 101);
	assert_int_equal(zoo.net.sent, 0);
	assert_int_equal(zoo_used_index(&zoo, 1), 0);
	virtio_poll(zoo.virtio);
	assert_int_equal(zoo.net.sent, 0);
	zoo.net.full = false;
	virtio_poll(zoo.virtio);
	assert_int_equal(zoo.net.sent, 2);
	assert_int_equal(zoo.net.bytes, 101);
	assert_int_equal(zoo_used_index(&zoo, 1), 2);
	virtio_poll(zoo.virtio);
	assert_int_equal(zoo.net.sent, 2);
}

static void packets_are_received(void **state)
{
	struct rt_net_header header = { .flags = 2, .buffers = 9 };

	(void)state;
	start(GUEST_CSUM);
	post(0, 2, BUFFER);
	arrive(&header, 150, 1);
	assert_int_equal(zoo_used_index(&zoo, 0), 1);
	assert_int_equal(zoo_used(&zoo, 0, 0).length, 162);
	assert_memory_equal(zoo.ram + RX + 12, zoo.net.frame, 150);
	assert_int_equal(received_header().flags, 2);
	assert_int_equal(received_header().buffers, 1);
	assert_int_equal(zoo.net.waiting, 0);
	assert_true(zoo.line.level);
}

static void packets_wait_for_buffers(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	start(0);
	arrive(&header, 100, 3);
	assert_int_equal(zoo.net.waiting, 3);
	post(0, 2, BUFFER);
	assert_int_equal(zoo.net.waiting, 1);
	assert_int_equal(zoo_used_index(&zoo, 0), 2);
}

static void merged_buffers_are_given_at_once(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	start(MRG_RXBUF);
	post(0, 3, BUFFER);
	arrive(&header, 1000, 1);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	assert_int_equal(zoo.net.waiting, 1); /* three are too few */
	for (unsigned n = 3; n < 5; n++) {
		zoo_describe(&zoo, 0, n, RX + n * BUFFER, BUFFER, VQ_DESC_WRITE, 0);
		zoo_submit(&zoo, 0, (uint16_t)n);
	}
	assert_int_equal(zoo_used_index(&zoo, 0), 4);
	assert_int_equal(received_header().buffers, 4);
	assert_int_equal(zoo_used(&zoo, 0, 2).length, BUFFER);
	assert_int_equal(zoo_used(&zoo, 0, 3).length, 1012 - 3 * BUFFER);
	assert_memory_equal(zoo.ram + RX + 12, zoo.net.frame, 1000);
}

static void what_never_fits_is_dropped(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	start(0);
	post(0, 2, 64); /* without merging each packet has one buffer */
	arrive(&header, 100, 2);
	assert_int_equal(zoo.dev.net.counts.unfit, 2);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	arrive(&header, 52, 1);
	assert_int_equal(zoo_used_index(&zoo, 0), 1);
	start(MRG_RXBUF);
	post(0, ZOO_ENTRIES, 64);
	arrive(&header, 1000, 1);
	assert_int_equal(zoo.net.waiting, 0);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	assert_int_equal(zoo.faults, 0);
}

static void what_the_driver_does_not_take_is_dropped(void **state)
{
	struct rt_net_header csum = { .flags = 1 }, tso = { .flags = 1, .gso_type = 1 },
			     valid = { .flags = 2 };

	(void)state;
	start(0);
	assert_int_equal(zoo.net.takes, 0);
	post(0, 4, BUFFER);
	arrive(&csum, 100, 1);
	arrive(&tso, 100, 1);
	assert_int_equal(zoo.dev.net.counts.unfit, 2);
	arrive(&valid, 100, 1);
	assert_int_equal(received_header().flags, 0);
	start(GUEST_CSUM | GUEST_TSO4);
	assert_int_equal(zoo.net.takes, RT_NET_CSUM | RT_NET_TSO4);
	post(0, 4, BUFFER);
	arrive(&tso, 100, 1);
	assert_int_equal(received_header().gso_type, 1);
	tso.gso_type = 4;
	arrive(&tso, 100, 1);
	assert_int_equal(zoo.dev.net.counts.unfit, 1);
	arrive(&valid, 13, 1);
	assert_int_equal(zoo.dev.net.counts.unfit, 2);
}

static void packets_from_before_are_not_the_drivers(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	zoo_open_named(&zoo, "virtio-net");
	arrive(&header, 100, 5);
	assert_int_equal(zoo.net.waiting, 5);
	zoo_start(&zoo, 0);
	assert_int_equal(zoo.net.waiting, 0);
}

static void the_link_comes_and_goes(void **state)
{
	(void)state;
	start(F(16));
	virtio_net_set_link(&zoo.dev.net, true);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 6, 2), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 2);
	virtio_net_set_link(&zoo.dev.net, true);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 0);
	virtio_net_set_link(&zoo.dev.net, false);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 6, 2), 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_ISR, 1), 2);
}

/* Packets that wait for room wait on in a loaded device, and go when it has some. */
static void what_waits_is_sent_after_a_load(void **state)
{
	static struct zoo twin;
	static uint8_t record[sizeof(struct device_header) + DEVICE_STATE_MAX];
	struct rt_net_header header = { 0 };
	size_t size;

	(void)state;
	start(MQ | CTRL);
	zoo.net.full = true;
	send(3, 0, &header, 60);
	assert_int_equal(zoo_used_index(&zoo, 3), 0);
	size = device_save(&virtio_net_device_ops, &zoo.dev, record, sizeof record);
	zoo_open_named(&twin, "virtio-net");
	zoo_share(&twin, &zoo);
	assert_true(device_load(&virtio_net_device_ops, &twin.dev, record, size));
	virtio_poll(twin.virtio);
	assert_int_equal(zoo_used_index(&twin, 3), 0);
	twin.net.full = false;
	virtio_poll(twin.virtio);
	assert_int_equal(zoo_used_index(&twin, 3), 1);
	assert_int_equal(twin.net.sent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configuration_is_as_told),
		cmocka_unit_test(features_need_each_other),
		cmocka_unit_test(packets_are_sent),
		cmocka_unit_test(what_was_not_negotiated_is_dropped),
		cmocka_unit_test(a_packet_without_header_breaks_the_device),
		cmocka_unit_test(packets_wait_for_room),
		cmocka_unit_test(packets_are_received),
		cmocka_unit_test(packets_wait_for_buffers),
		cmocka_unit_test(merged_buffers_are_given_at_once),
		cmocka_unit_test(what_never_fits_is_dropped),
		cmocka_unit_test(what_the_driver_does_not_take_is_dropped),
		cmocka_unit_test(packets_from_before_are_not_the_drivers),
		cmocka_unit_test(the_link_comes_and_goes),
		cmocka_unit_test(what_waits_is_sent_after_a_load),
	};

	return cmocka_run_group_tests_name("virtio_net", tests, NULL, NULL);
}
