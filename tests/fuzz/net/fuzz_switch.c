/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the switch by its clients: the input writes anything into the windows of two of them, and
 * restarts them. Whatever they do, turns end; a client that keeps to the rules gets what it was
 * sent and can send, and nothing reaches it that another client sent in its name.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "client.h"

enum { CLIENTS = 3, HONEST = 2, BUFFER = 2048, MTU = 1500 };

static unsigned char *window[CLIENTS];
static struct client client[CLIENTS];
static struct ether_switch sw;
static struct vq_driver tx, rx;
static uint64_t now;

static struct vq_ring ring_at(unsigned n, uint32_t offset)
{
	struct vq_ring ring = { .event_idx = true,
				.window = window[n],
				.window_size = RT_LINK_BYTES };

	vq_ring_place(&ring, window[n] + offset, RT_NET_ENTRIES);
	return ring;
}

static void put_mac(unsigned char *at, unsigned n)
{
	memcpy(at, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)(n + 1) }, 6);
}

/* The root task starts a client, which sets up empty rings. */
static void restart(unsigned n)
{
	struct rt_link_header *header = (struct rt_link_header *)(void *)window[n];
	struct rt_link_words *words = (struct rt_link_words *)(void *)(window[n] + RT_LINK_WORDS);
	struct vq_ring tx_ring = ring_at(n, RT_NET_TX), rx_ring = ring_at(n, RT_NET_RX);
	struct vq_driver driver;

	header->state = RT_LINK_OPEN;
	header->sequence++;
	client_update(&client[n]);
	vq_driver_init(n == HONEST ? &tx : &driver, &tx_ring);
	vq_driver_init(n == HONEST ? &rx : &driver, &rx_ring);
	words->client_flags = RT_NET_CSUM | (header->sequence & 6);
	words->client_sequence = header->sequence;
	client_update(&client[n]);
	require(client[n].port->up);
}

static void start(void)
{
	now = 0;
	switch_init(&sw);
	for (unsigned n = 0; n < CLIENTS; n++) {
		struct rt_net_client config = { .packets_per_s = n ? 0 : 1000 };

		put_mac(config.mac, n);
		memset(window[n], 0, n == HONEST ? RT_LINK_BYTES : RT_NET_DATA + 16 * BUFFER);
		client_init(&client[n], switch_add_client(&sw, "client", &config, now), window[n]);
		client_offer(&client[n], &config, MTU);
		restart(n);
	}
}

static void turns(void)
{
	unsigned n = 0;

	/* A hostile client fills its queue at most as often as its indexes can be counted up. */
	while (switch_turn(&sw, now))
		require(++n < 10000);
	for (n = 0; n < CLIENTS; n++) {
		client_watch(&client[n]);
		client_wake(&client[n]);
	}
}

/* What the honest client has received, at most so many packets of each kind. */
static unsigned receive(void)
{
	uint16_t head;
	uint32_t written;
	unsigned packets = 0;

	while (vq_driver_take(&rx, &head, &written) == VQ_OK) {
		const unsigned char *at =
			window[HONEST] + RT_NET_DATA + (uint64_t)(head % 200) * BUFFER;
		struct rt_net_header header;
		unsigned char own[6];

		memcpy(&header, at, sizeof header);
		put_mac(own, HONEST);
		require(written >= sizeof header + FRAME_MIN && header.buffers);
		require(memcmp(at + sizeof header + 6, own, 6) != 0);
		packets++;
		for (unsigned i = 1; i < header.buffers; i++)
			require(vq_driver_take(&rx, &head, &written) == VQ_OK);
	}
	require(!rx.error);
	for (uint16_t next; vq_driver_next(&rx, &next);) {
		struct vq_buffer buffer = { RT_NET_DATA + (uint64_t)(next % 200) * BUFFER, BUFFER };
		vq_driver_add(&rx, &buffer, 0, 1);
	}
	return packets;
}

/* The honest client sends a frame to itself by the others: everyone gets it but itself. */
static void send_honest(void)
{
	unsigned char *at = window[HONEST] + RT_NET_DATA + 201ull * BUFFER;
	struct vq_buffer buffer = { RT_NET_DATA + 201ull * BUFFER, 72 };
	uint64_t sent = sw.port[HONEST].counts.sent;
	uint16_t head;
	uint32_t written;

	memset(at, 0, 72);
	memset(at + 12, 0xff, 6);
	put_mac(at + 18, HONEST);
	require(vq_driver_add(&tx, &buffer, 1, 0) == VQ_OK);
	turns();
	require(sw.port[HONEST].counts.sent == sent + 1);
	require(vq_driver_take(&tx, &head, &written) == VQ_OK);
}

/* Small changes near the rings reach further than random bytes anywhere. */
static void scribble(const uint8_t op[5])
{
	unsigned n = op[0] % 2;
	struct vq_ring ring = ring_at(n, op[0] & 2 ? RT_NET_TX : RT_NET_RX);
	unsigned slot = op[2];

	switch (op[1] % 5) {
	case 0:
		ring.avail->idx += op[2] % 33;
		break;
	case 1:
		ring.desc[slot] = (struct vq_desc){ RT_NET_DATA + (op[3] % 16u) * BUFFER,
						    op[4] * 8u, op[1] >> 5 & 3, op[3] };
		break;
	case 2:
		ring.desc[slot].address = (uint64_t)op[3] << 12 | (uint64_t)op[4] << 56;
		break;
	case 3:
		ring.avail->ring[slot] = (uint16_t)(op[3] | (op[4] == 7) << 8);
		break;
	default:
		window[n][RT_NET_DATA + (op[2] % 16u) * BUFFER + op[3]] = op[4];
	}
}

/* A frame that may pass, for the rest of the input to spoil. */
static void frame_at(const uint8_t op[5])
{
	unsigned char *at = window[op[0] % 2] + RT_NET_DATA + (op[2] % 16u) * BUFFER;

	memset(at, 0, 12);
	put_mac(at + 12, op[3] % 4);
	put_mac(at + 18, op[4] % 8 ? op[0] % 2 : op[4] % 4);
}

static void step(const uint8_t op[6])
{
	switch (op[0] % 8) {
	case 0:
		restart(op[1] % 2);
		break;
	case 1:
		now += op[1] * 1000000ull;
		turns();
		receive();
		break;
	case 2:
		frame_at(op + 1);
		break;
	default:
		scribble(op + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	for (unsigned n = 0; n < CLIENTS; n++)
		if (!window[n]) {
			window[n] = aligned_alloc(4096, RT_LINK_BYTES);
			require(window[n] != NULL);
			memset(window[n], 0, RT_LINK_BYTES);
		}
	start();
	receive();
	for (; size >= 6; size -= 6, bytes += 6)
		step(bytes);
	turns();
	receive();
	send_honest();
	receive();
	return 0;
}
