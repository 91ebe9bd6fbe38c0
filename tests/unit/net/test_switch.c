/* SPDX-License-Identifier: Apache-2.0 */
/* The switch's rules, with ports that the test fills and reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "switch.h"

enum { CLIENTS = 3, UPLINK = 3, FRAMES = 4096, MTU = 1500 };

/* A frame of the test: where from and to, and a mark to know it by. */
struct sent {
	uint64_t to, from;
	uint32_t bytes;
	uint32_t mark;
};

struct fake {
	struct sent queue[FRAMES];
	unsigned head, tail;
	unsigned char bytes[2048];
	struct vq_segment segment;
	unsigned char in[2048];
	struct vq_segment sink;
	struct sent got[FRAMES];
	unsigned received;
	uint32_t room; /* packets it still takes */
	unsigned held;
	bool full;
	unsigned malformed;
};

static struct ether_switch sw;
static struct fake fake[CLIENTS + 1];
static uint64_t now;

static uint64_t mac_of(unsigned n)
{
	return 0x020000000001 + n;
}

static void put_mac(unsigned char *at, uint64_t mac)
{
	for (unsigned i = 0; i < 6; i++)
		at[i] = (unsigned char)(mac >> (40 - 8 * i));
}

static enum port_next next(void *ctx, struct frame *frame)
{
	struct fake *f = ctx;
	struct rt_net_header header = { 0 };

	if (f->malformed) {
		f->malformed--;
		return PORT_MALFORMED;
	}
	if (f->head == f->tail)
		return PORT_EMPTY;
	const struct sent *s = &f->queue[f->head % FRAMES];
	put_mac(f->bytes, s->to);
	put_mac(f->bytes + 6, s->from);
	net_put16(f->bytes + 12, 0x88b5);
	net_put32(f->bytes + 14, s->mark);
	f->segment = (struct vq_segment){ f->bytes, s->bytes };
	assert_int_equal(frame_init(frame, &header, &f->segment, 1, 0, s->bytes, MTU), FRAME_GOOD);
	return PORT_FRAME;
}

static void done(void *ctx)
{
	struct fake *f = ctx;

	f->head++;
}

static void hold(void *ctx)
{
	struct fake *f = ctx;

	f->held++;
}

static bool is_full(void *ctx, uint32_t packets, uint32_t bytes)
{
	const struct fake *f = ctx;

	assert_int_equal(packets, 1);
	assert_true(bytes >= 60);
	return f->full;
}

static bool open_packet(void *ctx, const struct rt_net_header *header, uint32_t bytes,
			struct vq_sink *sink)
{
	struct fake *f = ctx;

	(void)header;
	if (!f->room)
		return false;
	f->room--;
	f->sink = (struct vq_segment){ f->in, bytes };
	*sink = (struct vq_sink){ .segment = &f->sink, .segments = 1 };
	return true;
}

static void close_packet(void *ctx, struct vq_sink *sink)
{
	struct fake *f = ctx;

	assert_int_equal(sink->at, 1);
	f->got[f->received++ % FRAMES] = (struct sent){
		.to = mac_number(f->in),
		.from = mac_number(f->in + 6),
		.bytes = f->sink.length,
		.mark = net_get32(f->in + 14),
	};
}

static void send(unsigned port, uint64_t to, uint64_t from, uint32_t mark)
{
	fake[port].queue[fake[port].tail++ % FRAMES] = (struct sent){ to, from, 60, mark };
}

static void connect(struct port *port, unsigned n, const struct port_ops *ops)
{
	assert_non_null(port);
	port->ops = ops;
	port->outlet =
		(struct outlet){ .ctx = &fake[n], .open = open_packet, .close = close_packet };
	port->up = true;
	fake[n].room = FRAMES;
}

static void start(bool uplink, uint64_t bytes_per_s, uint64_t packets_per_s)
{
	static const struct port_ops client_ops = { .next = next, .done = done, .hold = hold };
	static const struct port_ops uplink_ops = {
		.next = next, .done = done, .hold = hold, .full = is_full
	};

	memset(fake, 0, sizeof fake);
	now = 1000;
	switch_init(&sw);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct rt_net_client config = {
			.bytes_per_s = i ? 0 : bytes_per_s,
			.packets_per_s = i ? 0 : packets_per_s,
		};
		put_mac(config.mac, mac_of(i));
		connect(switch_add_client(&sw, "client", &config, now), i, &client_ops);
	}
	if (uplink)
		connect(switch_add_uplink(&sw, "uplink"), UPLINK, &uplink_ops);
}

static int setup(void **state)
{
	(void)state;
	start(true, 0, 0);
	return 0;
}

static void run(void)
{
	for (unsigned turns = 0; switch_turn(&sw, now); turns++)
		assert_true(turns < 10000);
}

static void expect(unsigned a, unsigned b, unsigned c, unsigned up)
{
	run();
	assert_int_equal(fake[0].received, a);
	assert_int_equal(fake[1].received, b);
	assert_int_equal(fake[2].received, c);
	assert_int_equal(fake[UPLINK].received, up);
	for (unsigned i = 0; i <= UPLINK; i++)
		fake[i].received = 0;
}

static void a_clients_frames_go_to_it_only(void **state)
{
	(void)state;
	send(0, mac_of(1), mac_of(0), 5);
	expect(0, 1, 0, 0);
	assert_int_equal(fake[1].got[0].mark, 5);
	assert_true(fake[1].got[0].from == mac_of(0));
	send(UPLINK, mac_of(2), 0x0a, 6);
	expect(0, 0, 1, 0);
	/* To itself: nowhere. */
	send(0, mac_of(0), mac_of(0), 7);
	expect(0, 0, 0, 0);
}

static void groups_and_unknown_addresses_are_flooded(void **state)
{
	(void)state;
	send(0, 0xffffffffffff, mac_of(0), 1);
	expect(0, 1, 1, 1);
	send(1, 0x333300000001, mac_of(1), 2);
	expect(1, 0, 1, 1);
	send(UPLINK, 0xffffffffffff, 0x0a, 3);
	expect(1, 1, 1, 0);
	send(2, 0x0b, mac_of(2), 4);
	expect(1, 1, 0, 1);
}

static void learned_addresses_are_at_the_uplink(void **state)
{
	(void)state;
	send(UPLINK, mac_of(0), 0x0b, 1);
	expect(1, 0, 0, 0);
	send(2, 0x0b, mac_of(2), 2);
	expect(0, 0, 0, 1);
	/* Between two behind the uplink: not here. */
	send(UPLINK, 0x0b, 0x0c, 3);
	expect(0, 0, 0, 0);
	now += MAC_AGE_NS;
	send(2, 0x0b, mac_of(2), 4);
	expect(1, 1, 0, 1);
}

static void forged_addresses_do_not_pass(void **state)
{
	(void)state;
	send(0, mac_of(1), mac_of(2), 1);
	send(0, mac_of(1), 0x0b, 2);
	send(0, 0xffffffffffff, 0xffffffffffff, 3);
	expect(0, 0, 0, 0);
	assert_int_equal(sw.port[0].counts.forged, 3);
	assert_true(sw.port[0].told_forged);
	/* Nor does anyone behind the uplink take a client's, or a group's. */
	send(UPLINK, mac_of(1), mac_of(0), 4);
	send(UPLINK, mac_of(1), 0x010000000000, 5);
	send(UPLINK, mac_of(1), 0, 6);
	expect(0, 0, 0, 0);
	assert_int_equal(sw.port[UPLINK].counts.forged, 3);
	send(1, mac_of(0), mac_of(1), 7);
	expect(1, 0, 0, 0);
	/* Nothing was learned from them. */
	send(1, 0x0b, mac_of(1), 8);
	expect(1, 0, 1, 1);
}

static void isolated_clients_reach_each_other(void **state)
{
	(void)state;
	start(false, 0, 0);
	send(0, 0x0b, mac_of(0), 1);
	send(0, mac_of(1), mac_of(0), 2);
	expect(0, 2, 1, 0);
}

static void a_slow_receiver_loses_its_own(void **state)
{
	(void)state;
	fake[1].room = 3;
	for (unsigned i = 0; i < 100; i++) {
		send(0, mac_of(1), mac_of(0), i);
		send(0, mac_of(2), mac_of(0), i);
	}
	expect(0, 3, 100, 0);
	assert_int_equal(sw.port[1].counts.lost, 97);
	assert_int_equal(sw.port[1].counts.received, 3);
	assert_int_equal(sw.port[0].counts.sent, 200);
	assert_int_equal(sw.port[0].counts.sent_bytes, 200 * 60);
}

static void a_port_that_is_down_is_left_alone(void **state)
{
	(void)state;
	sw.port[1].up = false;
	send(0, mac_of(1), mac_of(0), 1);
	send(1, mac_of(0), mac_of(1), 2);
	expect(0, 0, 0, 0);
	sw.port[1].up = true;
	expect(1, 0, 0, 0);
}

static void a_full_uplink_holds_its_senders_only(void **state)
{
	(void)state;
	fake[UPLINK].full = true;
	send(0, 0x0b, mac_of(0), 1);
	send(0, mac_of(1), mac_of(0), 2);
	send(2, mac_of(1), mac_of(2), 3);
	assert_false(switch_turn(&sw, now));
	assert_true(sw.held);
	assert_int_equal(fake[0].held, 1);
	assert_true(sw.port[0].waits && !sw.port[2].waits);
	expect(0, 1, 0, 0);
	fake[UPLINK].full = false;
	/* The unknown destination is flooded, then the second one goes out. */
	expect(0, 2, 1, 1);
	assert_false(sw.held);
	/* A dead uplink holds nobody. */
	fake[UPLINK].full = true;
	sw.port[UPLINK].up = false;
	send(0, 0x0b, mac_of(0), 4);
	expect(0, 1, 1, 0);
}

static void turns_are_fair_by_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		send(0, mac_of(2), mac_of(0), 0);
		fake[0].queue[i].bytes = 1500;
		send(1, mac_of(2), mac_of(1), 1);
		fake[1].queue[i].bytes = 600;
	}
	for (unsigned turn = 0; turn < 20; turn++)
		assert_true(switch_turn(&sw, now));
	uint64_t a = sw.port[0].counts.sent_bytes, b = sw.port[1].counts.sent_bytes;
	assert_in_range(a, b - 2500, b + 2500);
	assert_in_range(a, 19 * SWITCH_TURN_BYTES, 20 * SWITCH_TURN_BYTES + 1500);
}

static void a_limit_delays_and_loses_nothing(void **state)
{
	(void)state;
	start(true, 0, 1000);
	for (unsigned i = 0; i < 200; i++)
		send(0, mac_of(1), mac_of(0), i);
	send(2, mac_of(1), mac_of(2), 999);
	run();
	assert_int_equal(fake[1].received, 51); /* 50 ms of them, and the other client's */
	assert_in_range(sw.ready_ns, now, now + 1000001);
	assert_true(sw.port[0].waits);
	for (unsigned ms = 0; ms < 149; ms++) {
		assert_true(sw.ready_ns <= now + 1000001);
		now = sw.ready_ns;
		run();
	}
	now = sw.ready_ns;
	run();
	assert_int_equal(fake[1].received, 201);
	for (unsigned i = 0, n = 0; i < 201; i++)
		if (fake[1].got[i].mark != 999)
			assert_int_equal(fake[1].got[i].mark, n++);
	assert_int_equal(sw.port[1].counts.lost, 0);
	assert_true(sw.ready_ns == UINT64_MAX || sw.ready_ns > now);
}

static void bytes_are_limited_too(void **state)
{
	(void)state;
	start(true, 60 * 100, 0);
	for (unsigned i = 0; i < 1000; i++)
		send(0, mac_of(1), mac_of(0), i);
	for (unsigned ms = 0; ms < 1000; ms++, now += 1000000)
		run();
	assert_in_range(fake[1].received, 104, 107);
}

static void malformed_packets_are_counted(void **state)
{
	(void)state;
	fake[0].malformed = 1000;
	send(0, mac_of(1), mac_of(0), 1);
	expect(0, 1, 0, 0);
	assert_int_equal(sw.port[0].counts.malformed, 1000);
	assert_true(sw.port[0].told_malformed);
}

static void addresses_are_used_once(void **state)
{
	struct rt_net_client config = { 0 };

	(void)state;
	assert_null(switch_add_client(&sw, "none", &config, 0));
	put_mac(config.mac, mac_of(1));
	assert_null(switch_add_client(&sw, "again", &config, 0));
	put_mac(config.mac, 0x010000000001);
	assert_null(switch_add_client(&sw, "group", &config, 0));
	assert_null(switch_add_uplink(&sw, "second"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_clients_frames_go_to_it_only, setup),
		cmocka_unit_test_setup(groups_and_unknown_addresses_are_flooded, setup),
		cmocka_unit_test_setup(learned_addresses_are_at_the_uplink, setup),
		cmocka_unit_test_setup(forged_addresses_do_not_pass, setup),
		cmocka_unit_test_setup(isolated_clients_reach_each_other, setup),
		cmocka_unit_test_setup(a_slow_receiver_loses_its_own, setup),
		cmocka_unit_test_setup(a_port_that_is_down_is_left_alone, setup),
		cmocka_unit_test_setup(a_full_uplink_holds_its_senders_only, setup),
		cmocka_unit_test_setup(turns_are_fair_by_bytes, setup),
		cmocka_unit_test_setup(a_limit_delays_and_loses_nothing, setup),
		cmocka_unit_test_setup(bytes_are_limited_too, setup),
		cmocka_unit_test_setup(malformed_packets_are_counted, setup),
		cmocka_unit_test_setup(addresses_are_used_once, setup),
	};

	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
