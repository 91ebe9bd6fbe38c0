/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers of the three kinds of controllers, each with a simulated one, by what clients see. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct sim_controller *const controllers[] = { &sim_virtio, &sim_nvme, &sim_ahci };

/* Runs a test with each controller and a client of each of its units. */
static void each(void (*test)(unsigned units))
{
	for (unsigned i = 0; i < sizeof controllers / sizeof controllers[0]; i++) {
		unsigned units = controllers[i] == &sim_virtio ? 1 : 2;

		sim_open(controllers[i]);
		for (unsigned n = 0; n < units; n++)
			sim_client("", n, false);
		peers_start(units);
		test(units);
		assert_null(sim.service.fatal);
		sim_close();
	}
}

static void check_facts(unsigned units)
{
	struct rt_block_facts facts;
	char line[80];

	for (unsigned n = 0; n < units; n++) {
		rt_link_facts(&peer[n].link, &facts, sizeof facts);
		assert_int_equal(facts.sectors, SIM_SECTORS);
		assert_int_equal(facts.block_bytes, 512);
		assert_true(facts.can_flush && facts.discard_sectors);
		assert_int_equal(!facts.zeroes_sectors, sim.controller == &sim_ahci);
		assert_string_equal(facts.serial, "SIM0001");
		snprintf(line, sizeof line, "%s at 00:04.0, unit %u: 2 MiB, blocks of 512 bytes",
			 sim.controller->name, n);
		assert_non_null(strstr(sim.log, line));
	}
}

static void every_disk_is_found(void **state)
{
	(void)state;
	each(check_facts);
}

static void check_transfers(unsigned units)
{
	for (unsigned n = 0; n < units; n++) {
		for (unsigned i = 0; i < 131072; i++)
			peer_page(n, 0)[i] = (unsigned char)(i * 3 + (i >> 8) + n);
		assert_int_equal(peer_do(n, RT_BLOCK_WRITE, 100, 0, 131072), RT_BLOCK_OK);
		assert_memory_equal(sim.disk[n] + 100 * 512, peer_page(n, 0), 131072);
		for (uint32_t bytes = 512; bytes <= 131072; bytes = bytes * 5 / 2 & ~511u) {
			assert_int_equal(peer_do(n, RT_BLOCK_READ, 101, 40, bytes), RT_BLOCK_OK);
			assert_memory_equal(peer_page(n, 40), peer_page(n, 0) + 512, bytes);
			assert_int_equal(sim.last.unit, n);
		}
		assert_int_equal(peer_do(n, RT_BLOCK_FLUSH, 0, 0, 0), RT_BLOCK_OK);
		assert_int_equal(sim.last.type, RT_BLOCK_FLUSH);
	}
}

static void data_of_all_sizes_goes_both_ways(void **state)
{
	(void)state;
	each(check_transfers);
}

/* Pieces of memory that are no neighbours, as a client with fragmented memory has them. */
static void check_scattered(unsigned units)
{
	struct rt_block_request header = { RT_BLOCK_READ, 0, 8 };
	struct vq_buffer buffer[12] = { { RT_BLOCK_HEADERS, sizeof header } };
	unsigned char *status = peer[0].window + RT_BLOCK_HEADERS + 16;

	(void)units;
	for (unsigned i = 0; i < 10 * 4096; i++)
		sim.disk[0][8 * 512 + i] = (unsigned char)(i >> 9);
	memcpy(peer[0].window + RT_BLOCK_HEADERS, &header, sizeof header);
	for (unsigned i = 0; i < 10; i++)
		buffer[1 + i] = (struct vq_buffer){ RT_BLOCK_DATA + (20 - 2 * i) * 4096u,
						    i == 9 ? 512 : 4096 };
	buffer[11] = (struct vq_buffer){ RT_BLOCK_HEADERS + 16, 1 };
	*status = 0xff;
	assert_int_equal(vq_driver_add(&peer[0].queue, buffer, 1, 11), VQ_OK);
	sim_run();
	assert_int_equal(*status, RT_BLOCK_OK);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(peer_page(0, 20 - 2 * i)[0], i * 8);
	assert_int_equal(peer_page(0, 3)[0], 0);
}

static void scattered_memory_is_reached(void **state)
{
	(void)state;
	each(check_scattered);
}

static uint8_t range(unsigned n, uint32_t type, uint64_t sector, uint32_t sectors)
{
	struct rt_block_range r = { sector, sectors, 1 };

	memcpy(peer_page(n, 9), &r, sizeof r);
	return peer_do(n, type, 0, 9, sizeof r);
}

static void check_ranges(unsigned units)
{
	for (unsigned n = 0; n < units; n++) {
		memset(sim.disk[n], 1, 8192);
		assert_int_equal(range(n, RT_BLOCK_DISCARD, 2, 3), RT_BLOCK_OK);
		assert_int_equal(sim.last.type, RT_BLOCK_DISCARD);
		assert_int_equal(sim.last.sector, 2);
		assert_int_equal(sim.last.sectors, 3);
		assert_int_equal(sim.last.unit, n);
		if (sim.controller == &sim_ahci) {
			assert_int_equal(range(n, RT_BLOCK_WRITE_ZEROES, 8, 2),
					 RT_BLOCK_UNSUPPORTED);
			continue;
		}
		assert_int_equal(range(n, RT_BLOCK_WRITE_ZEROES, 8, 2), RT_BLOCK_OK);
		assert_int_equal(sim.disk[n][8 * 512 - 1], 1);
		assert_int_equal(sim.disk[n][9 * 512], 0);
		assert_int_equal(sim.disk[n][10 * 512], 1);
	}
}

static void ranges_are_discarded_and_zeroed(void **state)
{
	(void)state;
	each(check_ranges);
}

/* Full queues of reads, writes and flushes, answered in part between turns. */
static void check_load(unsigned units)
{
	unsigned submitted = 0, answered = 0;

	srand(5);
	for (unsigned round = 0; round < 3000; round++) {
		unsigned n = (unsigned)rand() % units;
		uint32_t dice = (uint32_t)rand() % 16;
		uint32_t type = !dice ? RT_BLOCK_FLUSH : dice < 8 ? RT_BLOCK_READ : RT_BLOCK_WRITE;

		if (peer[n].queue.in_flight < 70) {
			peer_submit(n, type, (uint64_t)rand() % 4000, (unsigned)rand() % 200,
				    type == RT_BLOCK_FLUSH ? 0 : 512 * (1 + (uint32_t)rand() % 16));
			submitted++;
		}
		if (rand() % 2)
			sim_turn();
		if (rand() % 4)
			sim.controller->work((unsigned)rand() % 4);
	}
	sim_run();
	for (unsigned n = 0; n < units; n++) {
		peer_take(n);
		answered += peer[n].answers;
		for (unsigned head = 0; head < VQ_ENTRIES_MAX; head++)
			assert_true(peer[n].status[head] == 0xff ||
				    peer[n].status[head] == RT_BLOCK_OK);
	}
	assert_int_equal(answered, submitted);
	assert_int_equal(sim.service.flying, 0);
}

static void full_queues_are_worked_off(void **state)
{
	(void)state;
	each(check_load);
}

/* One of many requests under way fails: all others succeed. */
static void check_error(unsigned units)
{
	uint16_t head[20];

	(void)units;
	sim.bad = 1007;
	for (unsigned i = 0; i < 20; i++)
		head[i] = peer_submit(0, i % 5 == 4 ? RT_BLOCK_FLUSH : RT_BLOCK_READ, 1000 + i, i,
				      i % 5 == 4 ? 0 : 512);
	sim_run();
	peer_take(0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(peer[0].status[head[i]], i == 7 ? RT_BLOCK_ERROR : RT_BLOCK_OK);
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, 1007, 0, 512), RT_BLOCK_ERROR);
	sim.bad = 0;
	assert_int_equal(peer_do(0, RT_BLOCK_WRITE, 1007, 0, 512), RT_BLOCK_OK);
}

static void one_error_is_one_request_s(void **state)
{
	(void)state;
	each(check_error);
}

static void check_hang(unsigned units)
{
	uint16_t head[SIM_UNITS][4];
	unsigned resets = sim.resets;

	sim.dead = true;
	for (unsigned n = 0; n < units; n++)
		for (unsigned i = 0; i < 4; i++)
			head[n][i] = peer_submit(n, i == 3 ? RT_BLOCK_FLUSH : RT_BLOCK_WRITE, i, i,
						 i == 3 ? 0 : 512);
	sim_run();
	sim.now_ns += SERVICE_TIMEOUT_NS + 2000000000;
	sim_run();
	assert_true(sim.resets > resets);
	for (unsigned n = 0; n < units; n++) {
		peer_take(n);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(peer[n].status[head[n][i]], RT_BLOCK_OK);
	}
}

static void a_controller_that_hangs_is_reset(void **state)
{
	(void)state;
	each(check_hang);
}

static void a_controller_that_is_gone_is_refused(void **state)
{
	char text[RT_LINK_TEXT_BYTES];

	(void)state;
	for (unsigned i = 0; i < sizeof controllers / sizeof controllers[0]; i++) {
		sim_open(controllers[i]);
		sim_client("", 0, false);
		sim.gone = true;
		sim_start();
		peer_open(0);
		rt_link_refusal(&peer[0].link, text);
		assert_non_null(strstr(text, "it does not answer"));
		sim_close();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_disk_is_found),
		cmocka_unit_test(data_of_all_sizes_goes_both_ways),
		cmocka_unit_test(scattered_memory_is_reached),
		cmocka_unit_test(ranges_are_discarded_and_zeroed),
		cmocka_unit_test(full_queues_are_worked_off),
		cmocka_unit_test(one_error_is_one_request_s),
		cmocka_unit_test(a_controller_that_hangs_is_reset),
		cmocka_unit_test(a_controller_that_is_gone_is_refused),
	};

	return cmocka_run_group_tests_name("drivers", tests, NULL, NULL);
}
