/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block service as its clients see it: what they read and write, what they are refused,
 * and that a client that breaks the rules is alone with it.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	(void)state;
	sim_open(&sim_virtio);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_close();
	return 0;
}

static struct rt_block_facts facts_of(unsigned n)
{
	struct rt_block_facts facts;

	rt_link_facts(&peer[n].link, &facts, sizeof facts);
	return facts;
}

static void clients_learn_their_disk(void **state)
{
	struct rt_block_facts facts;

	(void)state;
	sim_client("", 0, false);
	sim_client("", 0, true);
	peers_start(2);
	facts = facts_of(0);
	assert_int_equal(facts.sectors, SIM_SECTORS);
	assert_int_equal(facts.block_bytes, 512);
	assert_true(facts.can_flush && facts.discard_sectors && facts.zeroes_sectors);
	assert_string_equal(facts.serial, "SIM0001");
	assert_false(facts.read_only);
	facts = facts_of(1);
	assert_true(facts.read_only);
	assert_int_equal(facts.discard_sectors, 0);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	memset(peer_page(0, 0), 0xa5, 8192);
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, 8, 0, 8192), RT_BLOCK_OK);
	assert_memory_equal(sim.disk[0] + 4096, peer_page(0, 0), 8192);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 12, 4, 4096), RT_BLOCK_OK);
	assert_memory_equal(peer_page(0, 4), peer_page(0, 0), 4096);
	assert_int_equal(peer_do(0, RT_BLOCK_FLUSH, 0, 0, 0), RT_BLOCK_OK);
	assert_int_equal(sim.flushes, 1);
}

static uint8_t range(unsigned n, uint32_t type, uint64_t sector, uint32_t sectors)
{
	struct rt_block_range r = { sector, sectors, 1 };

	memcpy(peer_page(n, 9), &r, sizeof r);
	return peer_do(n, type, 0, 9, sizeof r);
}

static void discards_and_zeroes(void **state)
{
	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	memset(sim.disk[0], 1, 4096);
	assert_int_equal(range(0, RT_BLOCK_WRITE_ZEROES, 1, 2), RT_BLOCK_OK);
	assert_int_equal(sim.disk[0][511], 1);
	assert_int_equal(sim.disk[0][512], 0);
	assert_int_equal(sim.disk[0][1535], 0);
	assert_int_equal(sim.disk[0][1536], 1);
	assert_int_equal(range(0, RT_BLOCK_DISCARD, 7, 1), RT_BLOCK_OK);
	assert_int_equal(sim.last.type, RT_BLOCK_DISCARD);
	assert_int_equal(range(0, RT_BLOCK_DISCARD, SIM_SECTORS - 1, 2), RT_BLOCK_ERROR);
	assert_int_equal(range(0, RT_BLOCK_DISCARD, UINT64_MAX, 2), RT_BLOCK_ERROR);
	assert_int_equal(range(0, RT_BLOCK_DISCARD, 0, 0), RT_BLOCK_ERROR);
	assert_int_equal(range(0, RT_BLOCK_DISCARD, 0, UINT32_MAX), RT_BLOCK_ERROR);
}

static void nothing_beyond_the_disk(void **state)
{
	unsigned before;

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	before = sim.dones;
	assert_int_equal(peer_do(0, RT_BLOCK_READ, SIM_SECTORS, 0, 512), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, SIM_SECTORS - 1, 0, 1024), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, UINT64_MAX, 0, 512), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, 0, 0, 100), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 0), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, 99, 0, 0, 0), RT_BLOCK_UNSUPPORTED);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, RT_BLOCK_REQUEST_BYTES + 512),
			 RT_BLOCK_ERROR);
	assert_int_equal(sim.dones, before);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, SIM_SECTORS - 1, 0, 512), RT_BLOCK_OK);
}

static void read_only_is_kept(void **state)
{
	(void)state;
	sim_client("", 0, true);
	peers_start(1);
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, 0, 0, 512), RT_BLOCK_ERROR);
	assert_int_equal(range(0, RT_BLOCK_WRITE_ZEROES, 0, 1), RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

static void data_lies_where_data_belongs(void **state)
{
	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	struct vq_buffer odd[][3] = {
		{ { 0x4000, 16 }, { RT_BLOCK_DATA + 512, 512 }, { 0x4010, 1 } },
		{ { 0x4000, 16 }, { 0x7000, 512 }, { 0x4010, 1 } },
	};
	for (unsigned i = 0; i < 2; i++) {
		memset(peer[0].window + 0x4000, 0, 16);
		peer[0].window[0x4010] = 0xff;
		vq_driver_add(&peer[0].queue, odd[i], 1, 2);
		sim_run();
		assert_int_equal(peer[0].window[0x4010], RT_BLOCK_ERROR);
	}
	assert_false(sim.service.client[0].broken);
}

static void a_refusal_says_why(void **state)
{
	char text[RT_LINK_TEXT_BYTES];

	(void)state;
	sim_client("", 5, false);
	sim_client("debian", 0, false);
	sim_client("", 0, false);
	sim_start();
	peer_open(0);
	assert_false(peer[0].started);
	rt_link_refusal(&peer[0].link, text);
	assert_string_equal(text, "virtio-blk at 00:04.0, unit 5: the controller has no such unit");
	peer_open(1);
	rt_link_refusal(&peer[1].link, text);
	assert_string_equal(text, "virtio-blk at 00:04.0, unit 0 \"debian\": "
				  "it has no GUID partition table");
	peer_open(2);
	assert_true(peer[2].started);
	assert_int_equal(peer_do(2, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

static void two_writers_are_one_too_many(void **state)
{
	char text[RT_LINK_TEXT_BYTES];

	(void)state;
	sim_client("", 0, false);
	sim_client("", 0, false);
	sim_client("", 0, true);
	sim_start();
	peer_open(1);
	assert_false(peer[1].started);
	rt_link_refusal(&peer[1].link, text);
	assert_non_null(strstr(text, "VM vm0 writes to the same sectors"));
	peer_open(2);
	assert_true(peer[2].started);
}

static void no_controller_is_told(void **state)
{
	char text[RT_LINK_TEXT_BYTES];

	(void)state;
	sim.info.device.vendor = 0x8086;
	sim_client("", 0, false);
	sim_start();
	peer_open(0);
	rt_link_refusal(&peer[0].link, text);
	assert_non_null(strstr(text, "it is no disk controller"));
}

static void a_broken_ring_breaks_one_link(void **state)
{
	(void)state;
	sim_client("", 0, false);
	sim_client("", 0, true);
	peers_start(2);
	peer[0].queue.ring.avail->idx += 300;
	sim_run();
	assert_non_null(strstr(sim.log, "the link of vm0 is broken (available index"));
	assert_true(sim.service.client[0].broken);
	assert_int_equal(peer_do(1, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
	peer_open(0);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

/* A status byte in the header's page would end the service: that page is read-only for it. */
static void nothing_in_front_of_the_rings_is_written(void **state)
{
	struct vq_buffer bad[2] = { { 0x4000, 16 }, { 8, 1 } };

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	vq_driver_add(&peer[0].queue, bad, 1, 1);
	sim_run();
	assert_true(sim.service.client[0].broken);
	assert_int_equal(peer[0].window[8], 0);
}

static void a_request_without_frame_breaks_the_link(void **state)
{
	struct vq_buffer bad = { 0x4000, 16 };

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	vq_driver_add(&peer[0].queue, &bad, 1, 0);
	sim_run();
	assert_non_null(strstr(sim.log, "request without header or status byte"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(clients_learn_their_disk),
		T(what_is_written_is_read),
		T(discards_and_zeroes),
		T(nothing_beyond_the_disk),
		T(read_only_is_kept),
		T(data_lies_where_data_belongs),
		T(a_refusal_says_why),
		T(two_writers_are_one_too_many),
		T(no_controller_is_told),
		T(a_broken_ring_breaks_one_link),
		T(nothing_in_front_of_the_rings_is_written),
		T(a_request_without_frame_breaks_the_link),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
