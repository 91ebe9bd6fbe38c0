/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation and checksums against a model of the connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "gso.h"
#include "model.h"

enum { PACKETS = 64 };

static unsigned char memory[70000];
static struct vq_segment scattered[SCATTERED];
static unsigned char got[PACKETS][70000];
static struct rt_net_header got_header[PACKETS];
static uint32_t got_bytes[PACKETS];
static struct vq_segment got_segment[3];
static unsigned count, room;

static bool take(void *ctx, const struct rt_net_header *header, uint32_t bytes,
		 struct vq_sink *sink)
{
	(void)ctx;
	if (count == room)
		return false;
	/* Pieces of odd lengths. */
	got_segment[0] = (struct vq_segment){ got[count], 1 };
	got_segment[1] = (struct vq_segment){ got[count] + 1, bytes < 20 ? bytes - 1 : 19 };
	got_segment[2] = (struct vq_segment){ got[count] + 20, bytes < 20 ? 0 : bytes - 20 };
	*sink = (struct vq_sink){ .segment = got_segment, .segments = 3 };
	got_header[count] = *header;
	got_bytes[count] = bytes;
	return true;
}

static void taken(void *ctx, struct vq_sink *sink)
{
	(void)ctx;
	assert_int_equal(sink->at, 3);
	count++;
}

static struct outlet outlet(uint32_t takes)
{
	count = 0;
	room = PACKETS;
	return (struct outlet){ .takes = takes, .open = take, .close = taken };
}

static enum frame_fault big_frame(const struct connection *c, struct frame *frame, uint32_t step)
{
	struct rt_net_header header = tso_header(c);
	uint32_t bytes = model(c, memory + 12, 0, c->payload, 0, c->flags, false);
	unsigned n = scatter(scattered, memory, bytes + 12, step);

	return frame_init(frame, &header, scattered, n, 12, bytes, MTU);
}

static void check_cut(const struct connection *c, uint32_t takes, uint32_t step)
{
	static unsigned char want[70000];
	struct outlet to = outlet(takes);
	struct frame frame;
	unsigned n = 0;

	assert_int_equal(big_frame(c, &frame, step), FRAME_GOOD);
	assert_int_equal(gso_deliver(&frame, &to), gso_packets(&frame, takes));
	for (uint32_t at = 0; at < c->payload; at += c->mss, n++) {
		uint32_t length = c->payload - at < c->mss ? c->payload - at : c->mss;
		unsigned char flags = c->flags;

		if (at)
			flags &= 0x7f;
		if (at + length < c->payload)
			flags &= (unsigned char)~9;
		uint32_t bytes =
			model(c, want, at, length, (uint16_t)n, flags, !(takes & RT_NET_CSUM));
		assert_int_equal(got_bytes[n], bytes);
		assert_memory_equal(got[n], want, bytes);
		assert_int_equal(got_header[n].gso_type, RT_NET_GSO_NONE);
		assert_int_equal(got_header[n].flags, takes & RT_NET_CSUM ? RT_NET_NEEDS_CSUM : 0);
	}
	assert_int_equal(count, n);
}

static void segments_are_as_the_model_makes_them(void **state)
{
	static const uint32_t steps[] = { 2048, 2100, 1999 };

	(void)state;
	for (unsigned i = 0; i < connection_count; i++)
		for (unsigned s = 0; s < 3; s++) {
			check_cut(&connections[i], 0, steps[s]);
			check_cut(&connections[i], RT_NET_CSUM, steps[s]);
			check_cut(&connections[i], RT_NET_TSO4 | RT_NET_TSO6, steps[s]);
		}
	struct connection tiny = { .payload = 300, .mss = 50, .flags = 0x18 };
	for (uint32_t step = 13; step < 200; step += 7)
		check_cut(&tiny, 0, step);
}

static void what_the_receiver_takes_is_untouched(void **state)
{
	uint32_t all = RT_NET_CSUM | RT_NET_TSO4 | RT_NET_TSO6;

	(void)state;
	for (unsigned i = 0; i < connection_count; i++) {
		const struct connection *c = &connections[i];
		struct outlet to = outlet(all);
		struct frame frame;

		assert_int_equal(big_frame(c, &frame, 2048), FRAME_GOOD);
		assert_int_equal(gso_packets(&frame, all), 1);
		assert_int_equal(gso_deliver(&frame, &to), 1);
		assert_int_equal(got_bytes[0], frame.bytes);
		assert_memory_equal(got[0], memory + 12, frame.bytes);
		assert_int_equal(got_header[0].gso_bytes, c->mss);
		assert_int_equal(got_header[0].header_bytes, payload_at(c));
		assert_int_equal(got_header[0].csum_start, tcp_at(c));
	}
	/* The other family's segmentation is not enough. */
	struct outlet to = outlet(RT_NET_CSUM | RT_NET_TSO6);
	struct frame frame;
	big_frame(&connections[0], &frame, 2048);
	assert_int_equal(gso_deliver(&frame, &to), 4);
}

static void segments_without_room_are_lost(void **state)
{
	struct outlet to = outlet(0);
	struct frame frame;

	(void)state;
	room = 2;
	big_frame(&connections[0], &frame, 2048);
	assert_int_equal(gso_deliver(&frame, &to), 2);
	room = 0;
	count = 0;
	assert_int_equal(gso_deliver(&frame, &to), 0);
}

/* A UDP datagram whose checksum is to be made. */
static uint32_t datagram(unsigned char *at, uint32_t payload, bool completed)
{
	struct connection c = { .payload = payload };
	uint32_t l4 = 34, bytes = 8 + payload;

	ether_header(&c, at);
	ip_header(&c, at + 14, bytes, 1);
	at[14 + 9] = 17;
	net_put16(at + 14 + 10, 0);
	net_put16(at + 14 + 10, (uint16_t)~model_sum(at + 14, 20));
	memcpy(at + l4, "\x00\x35\x00\x35", 4);
	net_put16(at + l4 + 4, (uint16_t)bytes);
	for (uint32_t i = 0; i < payload; i++)
		at[l4 + 8 + i] = data_byte(i);
	unsigned char pseudo[12] = { 10, 0, 0, 1, 10, 0, 0, 2, 0, 17 };
	net_put16(pseudo + 10, (uint16_t)bytes);
	net_put16(at + l4 + 6, (uint16_t)model_sum(pseudo, 12));
	if (completed) {
		uint16_t sum = (uint16_t)~model_sum(at + l4, bytes);
		net_put16(at + l4 + 6, sum ? sum : 0xffff);
	}
	return l4 + bytes;
}

static void checksums_are_completed(void **state)
{
	static unsigned char want[2000];
	struct rt_net_header header = { .flags = RT_NET_NEEDS_CSUM,
					.csum_start = 34,
					.csum_offset = 6 };
	struct frame frame;

	(void)state;
	for (uint32_t payload = 0; payload < 1400; payload += 111) {
		struct outlet to = outlet(0);
		uint32_t bytes = datagram(memory + 12, payload, false);

		datagram(want, payload, true);
		unsigned n = scatter(scattered, memory, bytes + 12, 333);
		assert_int_equal(frame_init(&frame, &header, scattered, n, 12, bytes, MTU),
				 FRAME_GOOD);
		assert_int_equal(gso_deliver(&frame, &to), 1);
		assert_int_equal(got_bytes[0], bytes);
		assert_memory_equal(got[0], want, bytes);
		assert_int_equal(got_header[0].flags, 0);
		to = outlet(RT_NET_CSUM);
		assert_int_equal(gso_deliver(&frame, &to), 1);
		assert_memory_equal(got[0], memory + 12, bytes);
		assert_int_equal(got_header[0].flags, RT_NET_NEEDS_CSUM);
		assert_int_equal(got_header[0].csum_start, 34);
	}
}

static void sums_have_any_length_and_place(void **state)
{
	struct rt_net_header header = { 0 };
	struct frame frame;

	(void)state;
	/* All ones carry most. */
	for (uint32_t i = 0; i < 1500; i++)
		memory[i] = i % 7 < 4 ? 0xff : data_byte(i);
	for (uint32_t step = 61; step < 1500; step += 239) {
		unsigned n = scatter(scattered, memory, 1500, step);

		assert_int_equal(frame_init(&frame, &header, scattered, n, 0, 1500, MTU),
				 FRAME_GOOD);
		for (uint32_t from = 0; from < 300; from += 13)
			for (uint32_t length = 0; from + length <= 1500;
			     length += length < 100 ? 1 : 97)
				assert_int_equal(gso_sum(&frame, from, length),
						 model_sum(memory + from, length));
	}
}

static void a_sum_of_zero_is_sent_as_ones(void **state)
{
	struct rt_net_header header = { .flags = RT_NET_NEEDS_CSUM,
					.csum_start = 14,
					.csum_offset = 0 };
	struct outlet to = outlet(0);
	struct frame frame;

	(void)state;
	memset(memory, 0, 100);
	net_put16(memory + 14, 0xffff);
	unsigned n = scatter(scattered, memory, 60, 60);
	assert_int_equal(frame_init(&frame, &header, scattered, n, 0, 60, MTU), FRAME_GOOD);
	gso_deliver(&frame, &to);
	assert_int_equal(net_get16(got[0] + 14), 0xffff);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_as_the_model_makes_them),
		cmocka_unit_test(what_the_receiver_takes_is_untouched),
		cmocka_unit_test(segments_without_room_are_lost),
		cmocka_unit_test(checksums_are_completed),
		cmocka_unit_test(sums_have_any_length_and_place),
		cmocka_unit_test(a_sum_of_zero_is_sent_as_ones),
	};

	return cmocka_run_group_tests_name("gso", tests, NULL, NULL);
}
