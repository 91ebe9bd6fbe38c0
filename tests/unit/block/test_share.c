/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block service over time: a controller that fails or hangs, links that stop under load, turns
 * that are fair, and limits.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
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

static void an_error_of_the_disk_is_passed_on(void **state)
{
	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	sim.failing = true;
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_ERROR);
	sim.failing = false;
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

static void a_link_stops_after_its_transfers(void **state)
{
	uint32_t sequence;

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	peer_submit(0, RT_BLOCK_READ, 0, 0, 4096);
	sim_turn();
	assert_int_equal(sim.service.flying, 1);
	sim_change(0, RT_LINK_OPEN);
	sequence = peer[0].link.header->sequence;
	sim_turn();
	assert_int_not_equal(peer[0].link.words->service_sequence, sequence);
	assert_int_equal(sim.controller->work(1), 1);
	sim_turn();
	sim_turn();
	assert_int_equal(peer[0].link.words->service_sequence, sequence);
	assert_int_equal(peer[0].window[RT_BLOCK_HEADERS + 16], 0xff);
	sim_run();
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

static void a_controller_that_hangs_is_reset(void **state)
{
	unsigned resets;
	uint16_t head;

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	memset(sim.disk[0], 7, 512);
	sim.dead = true;
	resets = sim.resets;
	head = peer_submit(0, RT_BLOCK_READ, 0, 0, 512);
	sim_run();
	sim.now_ns += SERVICE_TIMEOUT_NS - 1;
	sim_run();
	assert_int_equal(sim.resets, resets);
	sim.now_ns += 2000000000;
	sim_turn();
	assert_true(sim.resets > resets);
	sim_run();
	peer_take(0);
	assert_int_equal(peer[0].status[head], RT_BLOCK_OK);
	assert_int_equal(peer_page(0, 0)[511], 7);
	assert_non_null(strstr(sim.log, "has not answered a request for 30 s"));
}

static void a_second_loss_is_an_error(void **state)
{
	uint16_t head;

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	head = peer_submit(0, RT_BLOCK_READ, 0, 0, 512);
	for (unsigned i = 0; i < SERVICE_TRIES; i++) {
		assert_int_equal(peer[0].status[head], 0xff);
		sim.dead = true;
		sim_run();
		sim.now_ns += SERVICE_TIMEOUT_NS + 2000000000;
		sim_turn();
		peer_take(0);
	}
	assert_int_equal(peer[0].status[head], RT_BLOCK_ERROR);
	assert_int_equal(peer_do(0, RT_BLOCK_READ, 0, 0, 512), RT_BLOCK_OK);
}

/* It may still write into the windows, so no link may say that it has stopped. */
static void a_controller_that_stays_dead_ends_the_service(void **state)
{
	uint32_t sequence;

	(void)state;
	sim_client("", 0, false);
	peers_start(1);
	sim.gone = true;
	peer_submit(0, RT_BLOCK_READ, 0, 0, 512);
	sim_run();
	sequence = peer[0].link.words->service_sequence;
	sim_change(0, RT_LINK_OPEN);
	sim.now_ns += SERVICE_TIMEOUT_NS + 2000000000;
	sim_run();
	assert_non_null(sim.service.fatal);
	assert_int_equal(peer[0].link.words->service_sequence, sequence);
}

/* Commands carried out for each client while both always have work. */
static void share(uint32_t bytes0, uint32_t bytes1, uint64_t done[2])
{
	done[0] = done[1] = 0;
	for (unsigned i = 0; i < 2000; i++) {
		for (unsigned n = 0; n < 2; n++) {
			uint32_t bytes = n ? bytes1 : bytes0;

			while (peer[n].queue.in_flight < 48)
				peer_submit(n, RT_BLOCK_READ, n ? 2048 : 0, 0, bytes);
		}
		sim_turn();
		sim.controller->work(1);
		for (unsigned n = 0; n < 2; n++) {
			unsigned before = peer[n].answers;

			peer_take(n);
			done[n] += (uint64_t)(peer[n].answers - before) * (n ? bytes1 : bytes0);
		}
	}
	sim_run();
	peer_take(0);
	peer_take(1);
}

static void shares_are_fair_by_bytes(void **state)
{
	uint64_t done[2];

	(void)state;
	sim_client("", 0, true);
	sim_client("", 0, true);
	peers_start(2);
	share(4096, 131072, done);
	assert_true(done[0] * 3 > done[1] && done[1] * 3 > done[0]);
	share(512, 512, done);
	assert_true(done[0] * 2 > done[1] && done[1] * 2 > done[0]);
}

/* Answers within a second of the simulated clock. */
static unsigned second(uint32_t bytes)
{
	unsigned before = peer[0].answers;

	for (unsigned ms = 0; ms < 1000; ms++) {
		while (peer[0].queue.in_flight < 32)
			peer_submit(0, RT_BLOCK_READ, 0, 0, bytes);
		sim_run();
		peer_take(0);
		sim.now_ns += 1000000;
	}
	return peer[0].answers - before;
}

static void limits_are_kept(void **state)
{
	struct rt_block_client *client = sim_client("", 0, true);

	(void)state;
	client->operations_per_s = 200;
	peers_start(1);
	second(512);
	assert_in_range(second(512), 180, 220);
	client->operations_per_s = 0;
	client->bytes_per_s = 1 << 20;
	peer_open(0);
	second(65536);
	assert_in_range(second(65536), 14, 18);
}

static void a_limited_client_says_when(void **state)
{
	struct rt_block_client *client = sim_client("", 0, true);
	uint64_t again;

	(void)state;
	client->operations_per_s = 10;
	peers_start(1);
	for (unsigned i = 0; i < 8; i++)
		peer_submit(0, RT_BLOCK_READ, 0, 0, 512);
	sim_run();
	again = sim_turn();
	assert_true(again > sim.now_ns && again <= sim.now_ns + 200000000);
	sim.now_ns = again;
	unsigned before = sim.dones;
	sim_run();
	assert_int_equal(sim.dones, before + 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_error_of_the_disk_is_passed_on),
		T(a_link_stops_after_its_transfers),
		T(a_controller_that_hangs_is_reset),
		T(a_second_loss_is_an_error),
		T(a_controller_that_stays_dead_ends_the_service),
		T(shares_are_fair_by_bytes),
		T(limits_are_kept),
		T(a_limited_client_says_when),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
