/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segmentation and checksums against a model: it makes each expected segment from the connection's
 * addresses, sequence number and data, with checksums summed byte by byte over a pseudo header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "gso.h"

enum { MTU = 1500, PACKETS = 64 };

struct connection {
	bool v6;
	unsigned tags;	     /* VLAN tags */
	unsigned ip_options; /* bytes: of IPv4, or a destination options header of IPv6 */
	unsigned tcp_options;
	unsigned char flags;
	uint32_t payload;
	uint16_t mss;
};

static unsigned char memory[70000];
static struct vq_segment scattered[64];
static unsigned char got[PACKETS][70000];
static struct rt_net_header got_header[PACKETS];
static uint32_t got_bytes[PACKETS];
static struct vq_segment got_segment[3];
static unsigned count, room;

static bool take(void *ctx, const struct rt_net_header *header, uint32_t bytes, struct sink *sink)
{
	(void)ctx;
	if (count == room)
		return false;
	/* Pieces of odd lengths. */
	got_segment[0] = (struct vq_segment){ got[count], 1 };
	got_segment[1] = (struct vq_segment){ got[count] + 1, bytes < 20 ? bytes - 1 : 19 };
	got_segment[2] = (struct vq_segment){ got[count] + 20, bytes < 20 ? 0 : bytes - 20 };
	*sink = (struct sink){ .segment = got_segment, .segments = 3 };
	got_header[count] = *header;
	got_bytes[count] = bytes;
	return true;
}

static void taken(void *ctx, struct sink *sink)
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

/* A checksum's sum, byte by byte. */
static uint32_t model_sum(const unsigned char *bytes, uint32_t length)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t ip_bytes(const struct connection *c)
{
	return (c->v6 ? 40 : 20) + c->ip_options;
}

static uint32_t tcp_at(const struct connection *c)
{
	return 14 + 4 * c->tags + ip_bytes(c);
}

static uint32_t payload_at(const struct connection *c)
{
	return tcp_at(c) + 20 + c->tcp_options;
}

static uint32_t ether_header(const struct connection *c, unsigned char *at)
{
	static const unsigned char macs[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint32_t n = sizeof macs;

	memcpy(at, macs, n);
	for (unsigned i = 0; i < c->tags; i++, n += 4)
		memcpy(at + n, i + 1 == c->tags ? "\x81\x00\x00\x05" : "\x88\xa8\x00\x07", 4);
	net_put16(at + n, c->v6 ? 0x86dd : 0x0800);
	return n + 2;
}

/* The IP header in front of so many bytes of TCP; returns the sum of the pseudo header. */
static uint32_t ip_header(const struct connection *c, unsigned char *ip, uint32_t tcp, uint16_t id)
{
	unsigned char pseudo[40] = { 0 };

	memset(ip, 0, ip_bytes(c));
	if (c->v6) {
		ip[0] = 0x60;
		net_put16(ip + 4, (uint16_t)(c->ip_options + tcp));
		ip[6] = c->ip_options ? 60 : 6;
		ip[7] = 64;
		for (unsigned i = 0; i < 32; i++)
			ip[8 + i] = (unsigned char)(0x20 + i * 7);
		if (c->ip_options) {
			ip[40] = 6;
			ip[41] = (unsigned char)(c->ip_options / 8 - 1);
			ip[42] = 1; /* PadN */
			ip[43] = (unsigned char)(c->ip_options - 4);
		}
		memcpy(pseudo, ip + 8, 32);
		net_put32(pseudo + 32, tcp);
		pseudo[39] = 6;
		return model_sum(pseudo, 40);
	}
	ip[0] = (unsigned char)(0x45 + c->ip_options / 4);
	net_put16(ip + 2, (uint16_t)(ip_bytes(c) + tcp));
	net_put16(ip + 4, id);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	memset(ip + 20, 1, c->ip_options);
	net_put16(ip + 10, (uint16_t)~model_sum(ip, ip_bytes(c)));
	memcpy(pseudo, ip + 12, 8);
	pseudo[9] = 6;
	net_put16(pseudo + 10, (uint16_t)tcp);
	return model_sum(pseudo, 12);
}

static unsigned char data_byte(uint32_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

/*
 * One packet of the connection: length bytes of data from offset on, as packet number n. Its
 * checksum is complete, or the pseudo header's sum.
 */
static uint32_t model(const struct connection *c, unsigned char *at, uint32_t offset,
		      uint32_t length, uint16_t n, unsigned char flags, bool completed)
{
	uint32_t l3 = ether_header(c, at), l4 = tcp_at(c);
	uint32_t tcp_bytes = 20 + c->tcp_options + length;
	uint32_t pseudo = ip_header(c, at + l3, tcp_bytes, (uint16_t)(0xfffe + n));
	unsigned char *tcp = at + l4;

	memset(tcp, 0, 20);
	memcpy(tcp, "\x12\x34\x00\x50", 4);
	net_put32(tcp + 4, 0xfffff000u + offset);
	net_put32(tcp + 8, 77);
	tcp[12] = (unsigned char)((5 + c->tcp_options / 4) << 4);
	tcp[13] = flags;
	net_put16(tcp + 14, 500);
	memset(tcp + 20, 1, c->tcp_options);
	for (uint32_t i = 0; i < length; i++)
		tcp[20 + c->tcp_options + i] = data_byte(offset + i);
	net_put16(tcp + 16, (uint16_t)pseudo);
	if (completed) {
		uint16_t sum = (uint16_t)~model_sum(tcp, tcp_bytes);
		net_put16(tcp + 16, sum ? sum : 0xffff);
	}
	return l4 + tcp_bytes;
}

/* Lays length bytes behind a header's room out in pieces of step bytes with gaps between. */
static unsigned scatter(const unsigned char *bytes, uint32_t length, uint32_t step)
{
	static unsigned char pieces[64 * 2100];
	unsigned n = 0;

	for (uint32_t at = 0; at < length; n++) {
		uint32_t piece = length - at < step ? length - at : step;
		unsigned char *to = pieces + n * 2100;

		assert_true(n < 64);
		memcpy(to, bytes + at, piece);
		scattered[n] = (struct vq_segment){ to, piece };
		at += piece;
	}
	return n;
}

static struct rt_net_header tso_header(const struct connection *c)
{
	return (struct rt_net_header){
		.flags = NET_HEADER_NEEDS_CSUM,
		.gso_type = c->v6 ? NET_GSO_TCPV6 : NET_GSO_TCPV4,
		.gso_bytes = c->mss,
		.csum_start = (uint16_t)tcp_at(c),
		.csum_offset = 16,
	};
}

static enum frame_fault big_frame(const struct connection *c, struct frame *frame, uint32_t step)
{
	struct rt_net_header header = tso_header(c);
	uint32_t bytes = model(c, memory + 12, 0, c->payload, 0, c->flags, false);
	unsigned n = scatter(memory, bytes + 12, step);

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
		assert_int_equal(got_header[n].gso_type, NET_GSO_NONE);
		assert_int_equal(got_header[n].flags,
				 takes & RT_NET_CSUM ? NET_HEADER_NEEDS_CSUM : 0);
	}
	assert_int_equal(count, n);
}

static const struct connection connections[] = {
	{ .payload = 5000, .mss = 1448, .tcp_options = 12, .flags = 0x98 },
	{ .payload = 2896, .mss = 1448, .tcp_options = 12, .flags = 0x19 },
	{ .payload = 65000, .mss = 1460, .flags = 0x18 },
	{ .payload = 100, .mss = 33, .ip_options = 8, .tcp_options = 40, .flags = 0x91 },
	{ .payload = 1000, .mss = 999, .tags = 1, .flags = 0x10 },
	{ .payload = 1000, .mss = 501, .tags = 2, .ip_options = 40, .flags = 0x18 },
	{ .payload = 9000, .mss = 1428, .v6 = true, .tcp_options = 12, .flags = 0x18 },
	{ .payload = 4001, .mss = 777, .v6 = true, .tags = 1, .flags = 0x99 },
	{ .payload = 3000, .mss = 1000, .v6 = true, .ip_options = 16, .flags = 0x18 },
	{ .payload = 10, .mss = 1448, .flags = 0x18 },
};

static void segments_are_as_the_model_makes_them(void **state)
{
	static const uint32_t steps[] = { 2048, 2100, 1999 };

	(void)state;
	for (unsigned i = 0; i < sizeof connections / sizeof connections[0]; i++)
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
	for (unsigned i = 0; i < sizeof connections / sizeof connections[0]; i++) {
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
	struct rt_net_header header = { .flags = NET_HEADER_NEEDS_CSUM,
					.csum_start = 34,
					.csum_offset = 6 };
	struct frame frame;

	(void)state;
	for (uint32_t payload = 0; payload < 1400; payload += 111) {
		struct outlet to = outlet(0);
		uint32_t bytes = datagram(memory + 12, payload, false);

		datagram(want, payload, true);
		unsigned n = scatter(memory, bytes + 12, 333);
		assert_int_equal(frame_init(&frame, &header, scattered, n, 12, bytes, MTU),
				 FRAME_GOOD);
		assert_int_equal(gso_deliver(&frame, &to), 1);
		assert_int_equal(got_bytes[0], bytes);
		assert_memory_equal(got[0], want, bytes);
		assert_int_equal(got_header[0].flags, 0);
		to = outlet(RT_NET_CSUM);
		assert_int_equal(gso_deliver(&frame, &to), 1);
		assert_memory_equal(got[0], memory + 12, bytes);
		assert_int_equal(got_header[0].flags, NET_HEADER_NEEDS_CSUM);
		assert_int_equal(got_header[0].csum_start, 34);
	}
}

static void a_sum_of_zero_is_sent_as_ones(void **state)
{
	struct rt_net_header header = { .flags = NET_HEADER_NEEDS_CSUM,
					.csum_start = 14,
					.csum_offset = 0 };
	struct outlet to = outlet(0);
	struct frame frame;

	(void)state;
	memset(memory, 0, 100);
	net_put16(memory + 14, 0xffff);
	unsigned n = scatter(memory, 60, 60);
	assert_int_equal(frame_init(&frame, &header, scattered, n, 0, 60, MTU), FRAME_GOOD);
	gso_deliver(&frame, &to);
	assert_int_equal(net_get16(got[0] + 14), 0xffff);
}

static enum frame_fault try(const struct connection *c, struct rt_net_header header, uint32_t bytes)
{
	struct frame frame;
	unsigned n;

	model(c, memory, 0, c->payload, 0, c->flags, false);
	n = scatter(memory, bytes, 2048);
	return frame_init(&frame, &header, scattered, n, 0, bytes, MTU);
}

static void wrong_requests_are_refused(void **state)
{
	const struct connection *c = &connections[0];
	struct rt_net_header good = tso_header(c), header;
	uint32_t bytes = payload_at(c) + c->payload;

	(void)state;
	assert_int_equal(try(c, good, bytes), FRAME_GOOD);
	assert_int_equal(try(c, good, 13), FRAME_LENGTH);
	assert_int_equal(try(c, good, payload_at(c)), FRAME_HEADER);
	assert_int_equal(try(c, good, 40), FRAME_HEADER);
#define WRONG(field, value)     \
	header = good;          \
	header.field = (value); \
	assert_int_equal(try(c, header, bytes), FRAME_HEADER)
	WRONG(flags, 0);
	WRONG(gso_type, NET_GSO_TCPV6);
	WRONG(gso_type, 3);
	WRONG(gso_type, NET_GSO_ECN);
	WRONG(gso_bytes, 0);
	WRONG(gso_bytes, 4); /* more segments than one frame may make */
	WRONG(csum_start, (uint16_t)(good.csum_start + 4));
	WRONG(csum_start, 0xffff);
	WRONG(csum_offset, 6);
#undef WRONG
	header = good;
	header.gso_type |= NET_GSO_ECN;
	assert_int_equal(try(c, header, bytes), FRAME_GOOD);
	/* Without segmentation the MTU holds, and the checksum lies in the headers. */
	header = (struct rt_net_header){ 0 };
	assert_int_equal(try(c, header, MTU + FRAME_OVERHEAD), FRAME_GOOD);
	assert_int_equal(try(c, header, MTU + FRAME_OVERHEAD + 1), FRAME_LENGTH);
	header = (struct rt_net_header){ .flags = 1, .csum_start = 250, .csum_offset = 4 };
	assert_int_equal(try(c, header, 1000), FRAME_GOOD);
	header.csum_offset = 5;
	assert_int_equal(try(c, header, 1000), FRAME_HEADER);
	header.csum_offset = 0xffff;
	assert_int_equal(try(c, header, 1000), FRAME_HEADER);
	header = (struct rt_net_header){ .flags = 1, .csum_start = 13 };
	assert_int_equal(try(c, header, 1000), FRAME_HEADER);
}

static void wrong_headers_are_refused(void **state)
{
	static const struct {
		unsigned at;
		unsigned char value;
	} wrong[] = {
		{ 12, 0 },	   /* EtherType */
		{ 14, 0x65 },	   /* version */
		{ 14, 0x44 },	   /* header length */
		{ 14, 0x46 },	   /* TCP is not where it is said to be */
		{ 14 + 6, 0x20 },  /* more fragments */
		{ 14 + 7, 1 },	   /* fragment offset */
		{ 14 + 9, 17 },	   /* protocol */
		{ 34 + 12, 0x40 }, /* data offset */
	};
	struct rt_net_header header;
	struct frame frame;

	(void)state;
	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		header = tso_header(&connections[0]);
		uint32_t bytes = model(&connections[0], memory, 0, 5000, 0, 0x18, false);
		memory[wrong[i].at] = wrong[i].value;
		unsigned n = scatter(memory, bytes, 2048);
		assert_int_equal(frame_init(&frame, &header, scattered, n, 0, bytes, MTU),
				 FRAME_HEADER);
	}
	/* An extension header that never ends. */
	const struct connection *c = &connections[8];
	header = tso_header(c);
	uint32_t bytes = model(c, memory, 0, c->payload, 0, 0x18, false);
	memory[54 + 1] = 255;
	unsigned n = scatter(memory, bytes, 2048);
	assert_int_equal(frame_init(&frame, &header, scattered, n, 0, bytes, MTU), FRAME_HEADER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_as_the_model_makes_them),
		cmocka_unit_test(what_the_receiver_takes_is_untouched),
		cmocka_unit_test(segments_without_room_are_lost),
		cmocka_unit_test(checksums_are_completed),
		cmocka_unit_test(a_sum_of_zero_is_sent_as_ones),
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(wrong_headers_are_refused),
	};

	return cmocka_run_group_tests_name("gso", tests, NULL, NULL);
}
