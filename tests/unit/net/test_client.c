/* SPDX-License-Identifier: Apache-2.0 */
/* Clients' ports with their links: two VMMs and the switch, on the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"

enum { CLIENTS = 2, BUFFER = 2048, MTU = 1500 };

/* A VMM's end. */
struct vmm {
	unsigned char *window;
	struct rt_link link;
	struct vq_driver tx;
	struct vq_driver rx;
};

static struct vmm vmm[CLIENTS];
static struct client client[CLIENTS];
static struct ether_switch sw;

static struct vq_ring ring_at(unsigned char *window, uint32_t offset)
{
	struct vq_ring ring = { .event_idx = true, .window = window, .window_size = RT_LINK_BYTES };

	vq_ring_place(&ring, window + offset, RT_NET_ENTRIES);
	return ring;
}

static struct rt_link_header *header_of(unsigned n)
{
	return (struct rt_link_header *)(void *)vmm[n].window;
}

static void root_restarts(unsigned n, uint32_t state)
{
	header_of(n)->state = state;
	header_of(n)->sequence++;
}

static uint64_t rx_buffer(unsigned head)
{
	return RT_NET_DATA + 0x80000 + (uint64_t)head * BUFFER;
}

static uint64_t tx_buffer(unsigned head)
{
	return RT_NET_DATA + (uint64_t)head * BUFFER;
}

static void post(unsigned n, unsigned count)
{
	uint16_t head;

	while (count-- && vq_driver_next(&vmm[n].rx, &head)) {
		struct vq_buffer buffer = { rx_buffer(head % 200), BUFFER };
		vq_driver_add(&vmm[n].rx, &buffer, 0, 1);
	}
}

static void connect(unsigned n, uint32_t flags)
{
	struct vq_ring tx = ring_at(vmm[n].window, RT_NET_TX);
	struct vq_ring rx = ring_at(vmm[n].window, RT_NET_RX);

	root_restarts(n, RT_LINK_OPEN);
	client_update(&client[n]);
	assert_false(client[n].port->up);
	assert_true(client_wake(&client[n]));
	assert_int_equal(rt_link_client_poll(&vmm[n].link), RT_LINK_SETUP);
	vq_driver_init(&vmm[n].tx, &tx);
	vq_driver_init(&vmm[n].rx, &rx);
	rt_link_client_start(&vmm[n].link, flags);
	client_update(&client[n]);
	assert_true(client[n].port->up);
}

static int setup(void **state)
{
	(void)state;
	switch_init(&sw);
	for (unsigned n = 0; n < CLIENTS; n++) {
		struct rt_net_client config = { .mac = { 2, 0, 0, 0, 0, (uint8_t)(n + 1) } };
		struct port *port = switch_add_client(&sw, "vm", &config, 0);

		vmm[n].window = aligned_alloc(4096, RT_LINK_BYTES);
		assert_non_null(vmm[n].window);
		memset(vmm[n].window, 0, RT_LINK_BYTES);
		rt_link_open(&vmm[n].link, vmm[n].window);
		client_init(&client[n], port, vmm[n].window);
		client_offer(&client[n], &config, MTU);
		assert_true(client_wake(&client[n]));
		connect(n, 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned n = 0; n < CLIENTS; n++)
		free(vmm[n].window);
	return 0;
}

/* Sends a packet of bytes from VMM n to the other in buffers of step bytes. */
static void send(unsigned n, const struct rt_net_header *header, uint32_t bytes, uint32_t step)
{
	struct vq_buffer buffers[64];
	unsigned char *to = vmm[n].window + tx_buffer(0);
	unsigned count = 0;

	memcpy(to, header, sizeof *header);
	memset(to + 12, 0x5a, bytes);
	memcpy(to + 12, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)(2 - n) }, 6);
	memcpy(to + 18, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)(n + 1) }, 6);
	for (uint32_t at = 0; at < bytes + 12; at += step)
		buffers[count++] =
			(struct vq_buffer){ tx_buffer(0) + at,
					    bytes + 12 - at < step ? bytes + 12 - at : step };
	assert_int_equal(vq_driver_add(&vmm[n].tx, buffers, count, 0), VQ_OK);
}

static void run(void)
{
	while (switch_turn(&sw, 0))
		;
}

static unsigned returned(struct vq_driver *queue, uint32_t *bytes)
{
	unsigned n = 0;
	uint16_t head;
	uint32_t written;

	for (*bytes = 0; vq_driver_take(queue, &head, &written) == VQ_OK; n++)
		*bytes += written;
	return n;
}

static void facts_are_told(void **state)
{
	struct rt_net_facts facts;

	(void)state;
	rt_link_facts(&vmm[1].link, &facts, sizeof facts);
	assert_int_equal(facts.mtu, MTU);
	assert_int_equal(facts.link_up, 1);
	assert_int_equal(facts.mac[5], 2);
}

static void a_packet_fills_one_buffer(void **state)
{
	struct rt_net_header header = { 0 }, got;
	uint32_t bytes;

	(void)state;
	post(1, 4);
	send(0, &header, 100, 64);
	assert_true(client_watch(&client[0]));
	run();
	assert_false(client_watch(&client[0]));
	assert_int_equal(returned(&vmm[1].rx, &bytes), 1);
	assert_int_equal(bytes, 112);
	memcpy(&got, vmm[1].window + rx_buffer(0), sizeof got);
	assert_int_equal(got.buffers, 1);
	assert_memory_equal(vmm[1].window + rx_buffer(0) + 12, vmm[0].window + tx_buffer(0) + 12,
			    100);
	assert_int_equal(returned(&vmm[0].tx, &bytes), 1);
}

/* A TSO frame over IPv4 that is as long as they get. */
static uint32_t big(unsigned n, struct rt_net_header *header)
{
	unsigned char *at = vmm[n].window + tx_buffer(0) + 12;

	*header = (struct rt_net_header){ 1, RT_NET_GSO_TCPV4, 54, 1448, 34, 16, 0 };
	send(n, header, 65000, 4096);
	memset(at + 12, 0, 42);
	at[12] = 8;
	at[14] = 0x45;
	at[23] = 6;
	at[46] = 0x50;
	return 65000;
}

static void a_packet_fills_many_buffers(void **state)
{
	struct rt_net_header header;
	uint32_t bytes;

	(void)state;
	connect(1, RT_NET_CSUM | RT_NET_TSO4);
	post(1, 31);
	big(0, &header);
	run();
	assert_int_equal(returned(&vmm[1].rx, &bytes), 0); /* 32 are needed */
	assert_int_equal(sw.port[1].counts.lost, 1);
	post(1, 1);
	big(0, &header);
	run();
	assert_int_equal(returned(&vmm[1].rx, &bytes), 32);
	assert_int_equal(bytes, 65012);
	memcpy(&header, vmm[1].window + rx_buffer(0), sizeof header);
	assert_int_equal(header.buffers, 32);
	assert_int_equal(header.gso_type, RT_NET_GSO_TCPV4);
}

static void what_a_client_does_not_take_is_cut(void **state)
{
	struct rt_net_header header;
	uint32_t bytes;

	(void)state;
	post(1, 100);
	big(0, &header);
	run();
	assert_int_equal(returned(&vmm[1].rx, &bytes), 45);
	assert_int_equal(bytes, 65000 + 44 * 54 + 45 * 12);
}

static void what_it_takes_may_change(void **state)
{
	struct rt_net_header header;
	uint32_t bytes;

	(void)state;
	post(1, 100);
	rt_link_client_change(&vmm[1].link, RT_NET_CSUM | RT_NET_TSO4);
	client_update(&client[1]);
	big(0, &header);
	run();
	assert_int_equal(returned(&vmm[1].rx, &bytes), 32);
}

static void wake_ups_are_suppressed(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;

	(void)state;
	post(1, 100);
	send(0, &header, 100, 2048);
	run();
	assert_true(client_wake(&client[1]));
	send(0, &header, 100, 2048);
	run();
	assert_false(client_wake(&client[1])); /* it has not looked yet */
	assert_int_equal(returned(&vmm[1].rx, &bytes), 2);
	assert_false(vq_driver_watch(&vmm[1].rx));
	send(0, &header, 100, 2048);
	run();
	assert_true(client_wake(&client[1]));
}

static void malformed_packets_come_back(void **state)
{
	struct rt_net_header header = { 0 };
	struct vq_buffer buffer = { RT_NET_DATA, 11 };
	struct vq_buffer writable[2] = { { RT_NET_DATA, 100 }, { RT_NET_DATA + 100, 100 } };
	uint32_t bytes;

	(void)state;
	post(1, 4);
	vq_driver_add(&vmm[0].tx, &buffer, 1, 0);
	vq_driver_add(&vmm[0].tx, writable, 1, 1);
	send(0, &header, 1600, 2048);
	header.gso_type = 9;
	send(0, &header, 100, 2048);
	run();
	assert_int_equal(returned(&vmm[0].tx, &bytes), 4);
	assert_int_equal(returned(&vmm[1].rx, &bytes), 0);
	assert_int_equal(sw.port[0].counts.malformed, 4);
	assert_true(sw.port[0].up);
}

static void broken_rings_cut_their_client_off(void **state)
{
	struct rt_net_header header = { 0 };
	struct vq_buffer wild = { 0x1000, 100 };
	struct vq_buffer readable = { RT_NET_DATA, 100 };
	uint32_t bytes;

	(void)state;
	vq_driver_add(&vmm[0].tx, &wild, 1, 0); /* the words of the link are no data */
	run();
	assert_true(client[0].broken);
	assert_false(sw.port[0].up);
	assert_false(client_watch(&client[0]));
	connect(0, 0);
	assert_false(client[0].broken);
	/* The same by the receiver's ring, found when something is delivered. */
	vq_driver_add(&vmm[1].rx, &readable, 1, 0);
	send(0, &header, 100, 2048);
	run();
	assert_true(client[1].broken);
	assert_int_equal(returned(&vmm[0].tx, &bytes), 1);
	assert_true(sw.port[0].up);
}

static void restarts_drop_what_was_under_way(void **state)
{
	struct rt_net_header header = { 0 };
	uint32_t bytes;

	(void)state;
	send(0, &header, 100, 2048);
	root_restarts(0, RT_LINK_OPEN);
	client_update(&client[0]);
	run();
	assert_int_equal(returned(&vmm[0].tx, &bytes), 0);
	connect(0, 0);
	post(1, 1);
	send(0, &header, 100, 2048);
	run();
	assert_int_equal(returned(&vmm[1].rx, &bytes), 1);
	/* A client that has ended is closed, and not waited for. */
	root_restarts(0, RT_LINK_CLOSED);
	client_update(&client[0]);
	client_update(&client[0]);
	assert_false(sw.port[0].up);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(facts_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_packet_fills_one_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_packet_fills_many_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_client_does_not_take_is_cut, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_it_takes_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(wake_ups_are_suppressed, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_packets_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_rings_cut_their_client_off, setup, teardown),
		cmocka_unit_test_setup_teardown(restarts_drop_what_was_under_way, setup, teardown),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
