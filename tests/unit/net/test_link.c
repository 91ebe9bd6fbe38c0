/* SPDX-License-Identifier: Apache-2.0 */
/* Two monitors' ends of links with the network service between them, and its restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "machine/net_link.h"

enum { CLIENTS = 2, MTU = 1500 };

static unsigned char *window[CLIENTS];
static struct net_link vm[CLIENTS];
static struct virtio_net device[CLIENTS];
static struct net_backend backend[CLIENTS];
static struct client client[CLIENTS];
static struct ether_switch sw;
static unsigned rings, logs;
static unsigned char packet_bytes[70000];

static void ring(void *ctx)
{
	(void)ctx;
	rings++;
}

static void log_text(void *ctx, const char *text)
{
	(void)ctx;
	assert_non_null(text);
	logs++;
}

static struct rt_link_header *header_of(unsigned n)
{
	return (struct rt_link_header *)(void *)window[n];
}

static void serve(void)
{
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned n = 0; n < CLIENTS; n++) {
			client_update(&client[n]);
			net_link_poll(&vm[n]);
		}
		while (switch_turn(&sw, 0))
			;
	}
}

static void start_service(void)
{
	switch_init(&sw);
	for (unsigned n = 0; n < CLIENTS; n++) {
		struct rt_net_client config = { .mac = { 2, 0, 0, 0, 0, (uint8_t)(n + 1) } };
		struct rt_link_words *words = (void *)(window[n] + RT_LINK_WORDS);

		words->status = RT_LINK_STARTING;
		client_init(&client[n], switch_add_client(&sw, "vm", &config, 0), window[n]);
		client_offer(&client[n], &config, MTU);
		header_of(n)->state = RT_LINK_OPEN;
		header_of(n)->sequence++;
	}
}

static int setup(void **state)
{
	(void)state;
	rings = logs = 0;
	for (unsigned n = 0; n < CLIENTS; n++) {
		const struct virtio_wiring wiring = { 0 };
		struct virtio_net_params params = { .mtu = MTU, .pairs = 1 };

		window[n] = aligned_alloc(4096, RT_LINK_BYTES);
		assert_non_null(window[n]);
		memset(window[n], 0, RT_LINK_BYTES);
		memset(&vm[n], 0, sizeof vm[n]);
		net_link_init(&vm[n], window[n]);
		vm[n].ring = ring;
		vm[n].log = log_text;
		vm[n].device = &device[n];
		params.backend = backend[n] = net_link_backend(&vm[n]);
		virtio_net_init(&device[n], &wiring, &params);
	}
	start_service();
	serve();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned n = 0; n < CLIENTS; n++)
		free(window[n]);
	return 0;
}

static bool is_up(unsigned n)
{
	return device[n].config.status & VIRTIO_NET_S_LINK_UP;
}

/* Sends a frame from VM 0 to VM 1. */
static bool send(const struct rt_net_header *header, uint32_t bytes)
{
	static struct vq_chain chain;

	memset(packet_bytes, 0, 100);
	for (uint32_t i = 64; i < bytes; i++)
		packet_bytes[NET_HEADER_BYTES + i] = (unsigned char)(i * 7 + i / 256);
	memcpy(packet_bytes + NET_HEADER_BYTES, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0\x45", 15);
	packet_bytes[NET_HEADER_BYTES + 23] = 6;
	packet_bytes[NET_HEADER_BYTES + 46] = 0x50;
	chain.readable = 2;
	chain.segment[0] = (struct vq_segment){ packet_bytes, 700 };
	chain.segment[1] = (struct vq_segment){ packet_bytes + 700, sizeof packet_bytes - 700 };
	return backend[0].send(&vm[0], header, &chain, NET_HEADER_BYTES, bytes);
}

/* The next packet of VM 1; its bytes are compared with what was sent. */
static bool receive(struct rt_net_header *header, uint32_t *bytes)
{
	struct net_packet packet;

	if (!backend[1].receive(&vm[1], &packet))
		return false;
	*header = packet.header;
	*bytes = packet.bytes;
	uint32_t at = 0, skip = packet.skip;
	for (unsigned i = 0; i < packet.segments; i++) {
		uint32_t n = packet.segment[i].length - skip;
		assert_memory_equal(packet.segment[i].bytes + skip,
				    packet_bytes + NET_HEADER_BYTES + at, n);
		at += n;
		skip = 0;
	}
	assert_int_equal(at, packet.bytes);
	backend[1].consume(&vm[1]);
	return true;
}

static void packets_pass(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;

	(void)state;
	assert_true(is_up(0) && is_up(1));
	assert_int_equal(net_link_facts(&vm[1]).mtu, MTU);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t length = 60 + i * 37 % 1440;

		assert_true(send(&header, length));
		serve();
		assert_true(receive(&header, &bytes));
		assert_int_equal(bytes, length);
		assert_false(receive(&header, &bytes));
	}
}

static void long_packets_pass(void **state)
{
	struct rt_net_header tso = { 1, RT_NET_GSO_TCPV4, 54, 1448, 34, 16, 0 }, header;
	uint32_t bytes;

	(void)state;
	backend[1].takes(&vm[1], RT_NET_CSUM | RT_NET_TSO4);
	for (uint32_t length = 100; length < 65549; length += 701) {
		assert_true(send(&tso, length));
		serve();
		assert_true(receive(&header, &bytes));
		assert_int_equal(bytes, length);
		assert_int_equal(header.gso_type, RT_NET_GSO_TCPV4);
	}
	/* What the guest does not take any more is cut. */
	backend[1].takes(&vm[1], 0);
	assert_true(send(&tso, 3000));
	serve();
	struct net_packet packet;
	assert_true(backend[1].receive(&vm[1], &packet));
	assert_int_equal(packet.bytes, 54 + 1448);
}

static void without_room_the_device_waits(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;
	unsigned sent = 0;

	(void)state;
	while (send(&header, 1000))
		assert_true(++sent <= NET_LINK_TX);
	assert_int_equal(sent, NET_LINK_TX);
	rings = 0;
	backend[0].flush(&vm[0]);
	assert_int_equal(rings, 1);
	serve();
	assert_true(client_wake(&client[0])); /* it was asked for */
	assert_true(send(&header, 1000));
	for (sent = 0; receive(&header, &bytes); sent++)
		;
	assert_int_equal(sent, NET_LINK_RX); /* the others were lost at the receiver */
}

static void a_restarted_service_finds_its_clients(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;

	(void)state;
	send(&header, 500);
	start_service();
	for (unsigned n = 0; n < CLIENTS; n++)
		net_link_poll(&vm[n]);
	assert_false(is_up(0) || is_up(1));
	assert_true(send(&header, 500)); /* lost */
	serve();
	assert_true(is_up(0) && is_up(1));
	assert_false(receive(&header, &bytes));
	assert_true(send(&header, 600));
	serve();
	assert_true(receive(&header, &bytes));
	assert_int_equal(bytes, 600);
}

static void a_service_that_is_gone_loses_packets(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	header_of(0)->state = RT_LINK_FAILED;
	header_of(0)->sequence++;
	net_link_poll(&vm[0]);
	assert_false(is_up(0));
	for (unsigned i = 0; i < 1000; i++)
		assert_true(send(&header, 500));
}

static struct vq_used *used_of(unsigned n, uint32_t offset)
{
	struct vq_ring ring_of;

	vq_ring_place(&ring_of, window[n] + offset, RT_NET_ENTRIES);
	return ring_of.used;
}

static void a_service_that_breaks_its_rings_is_left_alone(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;

	(void)state;
	used_of(1, RT_NET_RX)->idx += 300;
	assert_false(receive(&header, &bytes));
	assert_int_equal(logs, 1);
	net_link_poll(&vm[1]);
	assert_false(is_up(1));
	for (unsigned i = 0; i < 256; i++)
		send(&header, 100);
	used_of(0, RT_NET_TX)->ring[0].id = 70000;
	used_of(0, RT_NET_TX)->idx += 1;
	assert_true(send(&header, 100));
	assert_int_equal(logs, 2);
	start_service();
	serve();
	assert_true(is_up(0) && is_up(1));
	assert_true(send(&header, 600));
	serve();
	assert_true(receive(&header, &bytes));
}

/* Two buffers are waited for: the next packet is the second. */
static void expect_two_as_one(void)
{
	struct rt_net_header header = { 0 };
	struct net_packet packet;

	assert_true(send(&header, 500));
	serve();
	assert_true(backend[1].receive(&vm[1], &packet));
	assert_int_equal(packet.bytes, 500 + 512);
	backend[1].consume(&vm[1]);
}

/* Headers that the service makes up. */
static void wrong_packets_are_dropped(void **state)
{
	struct rt_net_header header = { 0 };
	static const uint16_t buffers[] = { 0, 2, 34, 240, 65535 };
	uint32_t bytes;

	(void)state;
	for (unsigned i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
		assert_true(send(&header, 500));
		while (switch_turn(&sw, 0))
			;
		const struct vq_used *used = used_of(1, RT_NET_RX);
		uint32_t id = used->ring[(uint16_t)(used->idx - 1) % RT_NET_ENTRIES].id;
		struct rt_net_header *at =
			(void *)(window[1] + RT_NET_DATA + (NET_LINK_TX + id) * NET_LINK_BLOCK);
		at->buffers = buffers[i];
		assert_false(receive(&header, &bytes));
		if (buffers[i] == 2)
			expect_two_as_one();
	}
	assert_true(send(&header, 500));
	serve();
	assert_true(receive(&header, &bytes));
	assert_int_equal(logs, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packets_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(long_packets_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(without_room_the_device_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restarted_service_finds_its_clients, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_service_that_is_gone_loses_packets, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_service_that_breaks_its_rings_is_left_alone,
						setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_packets_are_dropped, setup, teardown),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
