/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to and from the network service; see net_link.h. A packet that is sent lies in one piece,
 * behind the one sent before. Buffer n for receiving is always described by descriptor n. So what
 * the service answers only selects buffers. It is trusted with the packets and nothing else.
 */
#include "net_link.h"

#include <string.h>

#define RX_DATA	 (RT_NET_DATA + NET_LINK_TX_BYTES)
#define TX_ALIGN 64u

_Static_assert(RX_DATA + NET_LINK_RX * NET_LINK_BLOCK == RT_LINK_BYTES, "the buffers fit");
_Static_assert(NET_LINK_TX == RT_NET_ENTRIES, "a packet has one descriptor");
_Static_assert(!(NET_LINK_TX_BYTES & (NET_LINK_TX_BYTES - 1)), "positions wrap around");
_Static_assert(NET_LINK_TX_BYTES > 2 * (RT_NET_PACKET_MAX + TX_ALIGN), "any packet fits");

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
	link->tx_put = link->tx_got = 0;
	link->tx_sent = link->tx_freed = 0;
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
		link->tx_done[link->tx_slot[n]] = true;
	if (result == VQ_BROKEN)
		cut_off(link, &link->tx);
	/* Whatever the order of the answers is, room comes back in the order of sending. */
	while (link->tx_freed != link->tx_sent && link->tx_done[link->tx_freed % NET_LINK_TX])
		link->tx_got = link->tx_end[link->tx_freed++ % NET_LINK_TX];
}

/* Finds the position of a packet of so many bytes; false: there is no room. */
static bool tx_find(const struct net_link *link, uint32_t bytes, uint32_t *at)
{
	uint32_t rest = NET_LINK_TX_BYTES - link->tx_put % NET_LINK_TX_BYTES;

	*at = link->tx_put + (bytes > rest ? rest : 0);
	return link->tx.free && (uint16_t)(link->tx_sent - link->tx_freed) < NET_LINK_TX &&
	       *at + bytes - link->tx_got <= NET_LINK_TX_BYTES;
}

static bool has_room(struct net_link *link, uint32_t bytes, uint32_t *at)
{
	if (tx_find(link, bytes, at))
		return true;
	reclaim(link);
	while (link->running && !tx_find(link, bytes, at) && vq_driver_watch(&link->tx))
		reclaim(link);
	return tx_find(link, bytes, at);
}

static bool link_send(void *ctx, const struct rt_net_header *header, const struct vq_chain *chain,
		      uint64_t offset, uint32_t bytes)
{
	struct net_link *link = ctx;
	uint32_t length = NET_HEADER_BYTES + bytes;
	uint32_t room = (length + TX_ALIGN - 1) & ~(TX_ALIGN - 1);
	uint16_t slot = link->tx_sent % NET_LINK_TX;
	uint32_t at;
	uint16_t n;

	if (!link->running)
		return true; /* lost */
	if (!has_room(link, room, &at))
		return !link->running;
	uint64_t place = RT_NET_DATA + at % NET_LINK_TX_BYTES;
	memcpy(link->window + place, header, NET_HEADER_BYTES);
	vq_chain_read(chain, offset, link->window + place + NET_HEADER_BYTES, bytes);
	vq_driver_next(&link->tx, &n);
	vq_driver_add(&link->tx, &(struct vq_buffer){ place, length }, 1, 0);
	link->tx_slot[n] = (uint8_t)slot;
	link->tx_done[slot] = false;
	link->tx_end[slot] = link->tx_put = at + room;
	link->tx_sent++;
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
