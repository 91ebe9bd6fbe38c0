/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to and from the network service; see net_link.h. Buffer n of a ring is always described
 * by its descriptor n, so that what the service answers only selects buffers. It is trusted with
 * the packets and nothing else.
 */
#include "net_link.h"

#include <string.h>

#define RX_DATA (RT_NET_DATA + NET_LINK_TX * NET_LINK_BLOCK)

_Static_assert(RX_DATA + NET_LINK_RX * NET_LINK_BLOCK == RT_LINK_BYTES, "the buffers fit");
_Static_assert(NET_LINK_TX == RT_NET_ENTRIES, "each descriptor has a buffer");

static uint64_t tx_offset(uint16_t n)
{
	return RT_NET_DATA + (uint64_t)n * NET_LINK_BLOCK;
}

static uint64_t rx_offset(uint16_t n)
{
	return RX_DATA + (uint64_t)n * NET_LINK_BLOCK;
}

static struct vq_ring ring_at(struct net_link *link, uint32_t offset)
{
	struct vq_ring ring = { .event_idx = true };

	vq_ring_place(&ring, link->window + offset, RT_NET_ENTRIES);
	return ring;
}

/* Gives the service the buffer of the descriptor that is next; those taken back come first, so
 * descriptors beyond the buffers stay unused. */
static void post(struct net_link *link)
{
	struct vq_buffer buffer = { .length = NET_LINK_BLOCK };
	uint16_t n;

	if (!vq_driver_next(&link->rx, &n))
		return;
	buffer.address = rx_offset(n);
	vq_driver_add(&link->rx, &buffer, 0, 1);
}

static void set_up(struct net_link *link)
{
	struct vq_ring tx = ring_at(link, RT_NET_TX), rx = ring_at(link, RT_NET_RX);

	vq_driver_init(&link->tx, &tx);
	vq_driver_init(&link->rx, &rx);
	link->have = 0;
	link->bytes = 0;
	for (unsigned i = 0; i < NET_LINK_RX; i++)
		post(link);
	vq_driver_watch(&link->rx);
	link->running = true;
	rt_link_client_start(&link->link, link->flags);
	link->ring(link->ctx);
}

/* A service that breaks the rules is not used until it is started again. */
static void cut_off(struct net_link *link, const struct vq_driver *queue)
{
	if (link->running)
		link->log(link->ctx, vq_error_text(queue->error));
	link->running = false;
}

static void reclaim(struct net_link *link)
{
	enum vq_result result;
	uint16_t n;
	uint32_t written;

	while ((result = vq_driver_take(&link->tx, &n, &written)) == VQ_OK)
		;
	if (result == VQ_BROKEN)
		cut_off(link, &link->tx);
}

static bool has_room(struct net_link *link, unsigned blocks)
{
	if (link->tx.free >= blocks)
		return true;
	reclaim(link);
	while (link->running && link->tx.free < blocks && vq_driver_watch(&link->tx))
		reclaim(link);
	return link->tx.free >= blocks;
}

static bool link_send(void *ctx, const struct rt_net_header *header, const struct vq_chain *chain,
		      uint64_t offset, uint32_t bytes)
{
	static struct vq_buffer buffers[NET_LINK_PIECES];
	struct net_link *link = ctx;
	unsigned blocks = (NET_HEADER_BYTES + bytes + NET_LINK_BLOCK - 1) / NET_LINK_BLOCK;
	uint32_t at = NET_HEADER_BYTES;
	uint16_t n;

	if (!link->running)
		return true; /* lost */
	if (!has_room(link, blocks))
		return !link->running;
	vq_driver_next(&link->tx, &n);
	memcpy(link->window + tx_offset(n), header, NET_HEADER_BYTES);
	for (unsigned i = 0; i < blocks; i++, n = link->tx.next[n]) {
		uint32_t room = NET_LINK_BLOCK - at;
		uint32_t length = bytes < room ? bytes : room;

		vq_chain_read(chain, offset, link->window + tx_offset(n) + at, length);
		buffers[i] = (struct vq_buffer){ tx_offset(n), at + length };
		offset += length;
		bytes -= length;
		at = 0;
	}
	vq_driver_add(&link->tx, buffers, blocks, 0);
	return true;
}

/* Takes one more buffer of the packet. */
static bool take_buffer(struct net_link *link)
{
	enum vq_result result;
	uint32_t written;
	uint16_t n;

	do
		result = vq_driver_take(&link->rx, &n, &written);
	while (result == VQ_NONE && vq_driver_watch(&link->rx));
	if (result == VQ_BROKEN)
		cut_off(link, &link->rx);
	if (result != VQ_OK)
		return false;
	if (!link->have)
		memcpy(&link->header, link->window + rx_offset(n), sizeof link->header);
	link->segment[link->have++] = (struct vq_segment){ link->window + rx_offset(n), written };
	link->bytes += written;
	return true;
}

static void link_consume(void *ctx)
{
	struct net_link *link = ctx;

	for (; link->have; link->have--)
		post(link);
	link->bytes = 0;
}

static bool link_receive(void *ctx, struct net_packet *packet)
{
	struct net_link *link = ctx;

	while (link->running) {
		if (!link->have && !take_buffer(link))
			return false;
		unsigned need = link->header.buffers;
		bool good = need && need <= NET_LINK_PIECES;
		while (good && link->have < need)
			if (!take_buffer(link))
				return false;
		if (good && link->segment[0].length >= NET_HEADER_BYTES) {
			*packet = (struct net_packet){
				.header = link->header,
				.segment = link->segment,
				.segments = link->have,
				.skip = NET_HEADER_BYTES,
				.bytes = link->bytes - NET_HEADER_BYTES,
			};
			return true;
		}
		link_consume(link);
	}
	return false;
}

static void link_flush(void *ctx)
{
	struct net_link *link = ctx;

	if (!link->running)
		return;
	bool tx = vq_driver_kick(&link->tx);
	if (vq_driver_kick(&link->rx) || tx)
		link->ring(link->ctx);
}

static void link_takes(void *ctx, uint32_t flags)
{
	struct net_link *link = ctx;

	if (link->flags == flags)
		return;
	link->flags = flags;
	if (!link->running)
		return;
	rt_link_client_change(&link->link, flags);
	link->ring(link->ctx);
}

void net_link_init(struct net_link *link, void *window)
{
	link->window = window;
	rt_link_open(&link->link, window);
}

struct rt_net_facts net_link_facts(const struct net_link *link)
{
	struct rt_net_facts facts;

	rt_link_facts(&link->link, &facts, sizeof facts);
	return facts;
}

struct net_backend net_link_backend(struct net_link *link)
{
	return (struct net_backend){
		.ctx = link,
		.send = link_send,
		.receive = link_receive,
		.consume = link_consume,
		.flush = link_flush,
		.takes = link_takes,
	};
}

void net_link_poll(struct net_link *link)
{
	struct rt_net_facts facts = { 0 };

	if (rt_link_client_poll(&link->link) == RT_LINK_SETUP)
		set_up(link);
	if (!rt_link_running(&link->link))
		link->running = false;
	if (link->running)
		facts = net_link_facts(link);
	virtio_net_set_link(link->device, link->running && facts.link_up);
}
