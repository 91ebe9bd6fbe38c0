/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the block service between hostile clients and a hostile controller. First the input moves
 * two clients, one of which writes into its rings what it likes, with a controller that works; then
 * the controller goes wrong: its registers read as anything, and it writes anything into the memory
 * that it shares with its driver. In the first part the simulated controller checks that it is sent
 * nowhere but to windows and the driver's memory, and that sectors and rights are kept; in both
 * nothing reaches beyond the arrays of service and drivers.
 */
#include "../fuzz.h"
#include "../input.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HOSTILE, HONEST, FIRST = 100, SECTORS = 64, WATCHED = 400 };

static struct input input;

static uint8_t take_byte(void)
{
	return (uint8_t)take(&input, 1);
}

static uint64_t noise(uint64_t value)
{
	uint8_t choice = take_byte();

	return choice < 128   ? value
	       : choice < 160 ? 0
	       : choice < 192 ? UINT64_MAX
			      : value ^ take_byte();
}

static void start(uint8_t which)
{
	static const struct sim_controller *const all[] = { &sim_virtio, &sim_nvme, &sim_ahci };

	sim_open(all[which % 3]);
	sim_client("", 0, which & 4);
	sim_client("", 0, true);
	sim_start();
	/* The hostile one has a piece of the disk, so that steps beyond it are seen. */
	sim.service.client[HOSTILE].extent.first = FIRST;
	sim.service.client[HOSTILE].extent.sectors = SECTORS;
	peer_open(HOSTILE);
	peer_open(HONEST);
}

static void scribble_ring(void)
{
	struct vq_ring *ring = &peer[HOSTILE].queue.ring;
	unsigned at = take_byte();

	switch (take_byte() % 6) {
	case 0:
		ring->avail->idx += take_byte() % 4;
		break;
	case 1:
		ring->avail->ring[at] = take_byte();
		break;
	case 2:
		ring->desc[at].address = (uint64_t)take_byte() << 12 | take_byte() << 4;
		break;
	case 3:
		ring->desc[at].length = (uint32_t)take_byte() << (take_byte() % 24);
		break;
	case 4:
		ring->desc[at].flags = take_byte() % 8;
		ring->desc[at].next = take_byte();
		break;
	default:
		peer[HOSTILE].window[RT_LINK_WORDS + (take_byte() << 4 | take_byte()) % 0x8000] =
			take_byte();
	}
}

static void honest_read(void)
{
	sim.failing = false;
	sim_run();
	peer_take(HONEST);
	require(peer_do(HONEST, RT_BLOCK_READ, 5, 1, 512) == RT_BLOCK_OK);
	require(!sim.service.client[HONEST].broken);
}

static void check_last(void)
{
	/* What the hostile client may reach: its piece, and nothing if it only reads. */
	for (unsigned sector = 0; sector < WATCHED; sector++)
		if (sector - FIRST >= SECTORS || sim.service.client[HOSTILE].extent.read_only)
			require(!memcmp(sim.disk[0] + sector * 512ull, "\xaa\xaa\xaa\xaa", 4));
}

static void work_well(void)
{
	for (unsigned steps = take_byte(); steps && input.left; steps--) {
		uint8_t op = take_byte();

		switch (op % 8) {
		case 0:
		case 1:
			peer_submit(HOSTILE, op & 8 ? take_byte() % 16 : op >> 7, take_byte(),
				    take_byte() % 240, take_byte() << 7);
			break;
		case 2:
			peer_submit(HONEST, RT_BLOCK_READ, take_byte(), take_byte() % 200, 4096);
			break;
		case 3:
			sim_change(HOSTILE, take_byte() % 4 ? RT_LINK_OPEN : RT_LINK_CLOSED);
			peer_poll(HOSTILE);
			break;
		case 4:
			sim.controller->work(take_byte() % 8);
			break;
		case 5:
			sim_turn();
			break;
		default:
			scribble_ring();
		}
	}
	honest_read();
	check_last();
}

/* Any byte of what device and driver share, mostly where the rings begin. */
static void scribble_memory(void)
{
	uint32_t at = (uint32_t)take_byte() << 8 | take_byte();

	if (take_byte() & 1)
		at = (at << 3) % SIM_DMA_BYTES;
	sim.dma[at] ^= take_byte();
}

static void go_wrong(void)
{
	sim.noise = noise;
	while (input.left && !sim.service.fatal) {
		switch (take_byte() % 4) {
		case 0:
			peer_submit(HONEST, take_byte() % 5, take_byte(), take_byte() % 200,
				    take_byte() << 9);
			break;
		case 1:
			sim.now_ns += (uint64_t)take_byte() << 28;
			break;
		case 2:
			for (unsigned n = take_byte() % 16; n; n--)
				scribble_memory();
			break;
		default:
			sim_turn();
		}
		require(sim.service.flying <= 2 * RT_BLOCK_IN_FLIGHT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	input = (struct input){ bytes, size };
	start(take_byte());
	for (unsigned sector = 0; sector < WATCHED; sector++)
		memset(sim.disk[0] + sector * 512ull, 0xaa, 4);
	work_well();
	go_wrong();
	sim_close();
	return 0;
}
