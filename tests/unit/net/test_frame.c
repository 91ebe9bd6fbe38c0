/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender may ask for with a frame, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "model.h"

static unsigned char memory[70000];
static struct vq_segment scattered[SCATTERED];

static enum frame_fault try(const struct connection *c, struct rt_net_header header, uint32_t bytes)
{
	struct frame frame;
	unsigned n;

	model(c, memory, 0, c->payload, 0, c->flags, false);
	n = scatter(scattered, memory, bytes, 2048);
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
	WRONG(gso_type, RT_NET_GSO_TCPV6);
	WRONG(gso_type, 3);
	WRONG(gso_type, RT_NET_GSO_ECN);
	WRONG(gso_bytes, 0);
	WRONG(gso_bytes, 4); /* more segments than one frame may make */
	WRONG(csum_start, (uint16_t)(good.csum_start + 4));
	WRONG(csum_start, 0xffff);
	WRONG(csum_offset, 6);
#undef WRONG
	header = good;
	header.gso_type |= RT_NET_GSO_ECN;
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
		unsigned n = scatter(scattered, memory, bytes, 2048);
		assert_int_equal(frame_init(&frame, &header, scattered, n, 0, bytes, MTU),
				 FRAME_HEADER);
	}
	/* An extension header that never ends. */
	const struct connection *c = &connections[8];
	header = tso_header(c);
	uint32_t bytes = model(c, memory, 0, c->payload, 0, 0x18, false);
	memory[54 + 1] = 255;
	unsigned n = scatter(scattered, memory, bytes, 2048);
	assert_int_equal(frame_init(&frame, &header, scattered, n, 0, bytes, MTU), FRAME_HEADER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(wrong_headers_are_refused),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
