/* SPDX-License-Identifier: Apache-2.0 */
/* The network device's control queue, and which pair of queues a packet is received by. */
#include "test.h"

#include <string.h>

#include "zoo_virtio.h"

#define F(bit)	   (UINT64_C(1) << (bit))
#define CTRL	   (F(17) | F(18))
#define MQ	   F(22)
#define RX	   ZOO_BUFFERS
#define TX	   (ZOO_BUFFERS + 0x1000)
#define COMMAND	   (ZOO_BUFFERS + 0x1800)
#define BUFFER	   256u
#define CTRL_QUEUE 2u
#define MQ_CTRL	   4u

static struct zoo zoo;

static void start(uint64_t features)
{
	zoo_open_named(&zoo, "virtio-net");
	zoo_start(&zoo, features);
}

static void post(unsigned queue, unsigned buffers)
{
	for (unsigned n = 0; n < buffers; n++) {
		zoo_describe(&zoo, queue, n, RX + n * BUFFER, BUFFER, VQ_DESC_WRITE, 0);
		zoo_offer(&zoo, queue, (uint16_t)n);
	}
	zoo_doorbell(&zoo, queue);
}

static uint8_t command(unsigned queue, const void *bytes, uint32_t length)
{
	unsigned char *at = zoo.ram + COMMAND;

	memcpy(at, bytes, length);
	at[64] = 0x77;
	zoo_describe(&zoo, queue, 0, COMMAND, length, VQ_DESC_NEXT, 1);
	zoo_describe(&zoo, queue, 1, COMMAND + 64, 1, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, queue, 0);
	return at[64];
}

static void commands_are_answered(void **state)
{
	(void)state;
	start(CTRL);
	assert_int_equal(command(CTRL_QUEUE, "\0\0\1", 3), 0); /* promiscuous */
	assert_int_equal(command(CTRL_QUEUE, "\0\6\1", 3), 1); /* no such mode */
	assert_int_equal(command(CTRL_QUEUE, "\1\0\0\0\0\0\0\0\0\0", 10), 0);
	assert_int_equal(command(CTRL_QUEUE, "\1\1abcdef", 8), 1); /* its address is fixed */
	assert_int_equal(command(CTRL_QUEUE, "\4\0\2\0", 4), 1);   /* without MQ */
	assert_int_equal(command(CTRL_QUEUE, "\x63\0", 2), 1);
	start(MQ | CTRL);
	assert_int_equal(command(MQ_CTRL, "\4\0\2\0", 4), 0);
	assert_int_equal(zoo.dev.net.s.pairs, 2);
	assert_int_equal(command(MQ_CTRL, "\4\0\3\0", 4), 1);
	assert_int_equal(command(MQ_CTRL, "\4\0\0\0", 4), 1);
	assert_int_equal(command(MQ_CTRL, "\4\0\1", 3), 1);
	assert_int_equal(zoo.dev.net.s.pairs, 2);
	zoo_set_status(&zoo, 0);
	assert_int_equal(zoo.dev.net.s.pairs, 1);
	start(CTRL);
	zoo_describe(&zoo, CTRL_QUEUE, 0, COMMAND, 3, 0, 0);
	zoo_submit(&zoo, CTRL_QUEUE, 0);
	assert_true(zoo_status(&zoo) & VIRTIO_NEEDS_RESET);
}

/* A TCP packet of flow n, from or to the guest. */
static void tcp(unsigned char *frame, uint8_t n, bool out)
{
	memset(frame, 0, 64);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[23] = 6;
	frame[26 + (out ? 0 : 4)] = 10;
	frame[30 - (out ? 0 : 4)] = 20;
	frame[34 + (out ? 0 : 2)] = n;
	frame[37 - (out ? 0 : 2)] = 80;
}

static void flows_come_back_to_their_pair(void **state)
{
	struct rt_net_header header = { 0 };

	(void)state;
	start(MQ | CTRL | F(29));
	command(MQ_CTRL, "\4\0\2\0", 4);
	post(0, ZOO_ENTRIES);
	post(2, ZOO_ENTRIES);
	for (uint8_t n = 0; n < 4; n++) {
		unsigned queue = n & 1 ? 3 : 1;

		memcpy(zoo.ram + TX, &header, 12);
		tcp(zoo.ram + TX + 12, n, true);
		zoo_describe(&zoo, queue, 0, TX, 12 + 64, 0, 0);
		zoo_submit(&zoo, queue, 0);
	}
	for (uint8_t n = 0; n < 4; n++) {
		uint16_t before = zoo_used_index(&zoo, n & 1 ? 2 : 0);

		tcp(zoo.net.frame, n, false);
		zoo.net.bytes = 64;
		zoo.net.waiting = 1;
		virtio_poll(zoo.virtio);
		assert_int_equal(zoo_used_index(&zoo, n & 1 ? 2 : 0), before + 1);
	}
}

static void flows_are_told_apart(void **state)
{
	unsigned char out[64], in[64], other[64];

	(void)state;
	tcp(out, 5, true);
	tcp(in, 5, false);
	tcp(other, 6, true);
	assert_int_equal(net_flow(out, 64), net_flow(in, 64));
	assert_int_not_equal(net_flow(out, 64), net_flow(other, 64));
	assert_int_equal(net_flow(out, 57), 0);
	out[12] = 0x12;
	assert_int_equal(net_flow(out, 64), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_answered),
		cmocka_unit_test(flows_come_back_to_their_pair),
		cmocka_unit_test(flows_are_told_apart),
	};

	return cmocka_run_group_tests_name("virtio_net_pairs", tests, NULL, NULL);
}
