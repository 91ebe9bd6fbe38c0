/* SPDX-License-Identifier: Apache-2.0 */
/* The port of a client; see client.h. */
#include "client.h"

#include <rt/log.h>
#include <string.h>

/* One frame is under way at a time: its chain, and the buffers it is being delivered to. */
static struct vq_chain chain;
static struct vq_chain scratch;
static struct vq_gather gather;
static uint32_t writing; /* bytes of the packet being delivered, with its header */

static struct vq_ring ring_at(unsigned char *window, uint32_t offset)
{
	struct vq_ring ring = {
		.event_idx = true,
		.window = window + RT_NET_DATA,
		.window_address = RT_NET_DATA,
		.window_size = RT_LINK_BYTES - RT_NET_DATA,
	};

	vq_ring_place(&ring, window + offset, RT_NET_ENTRIES);
	return ring;
}

static void cut_off(struct client *client, const struct vq_device *queue)
{
	client->port->up = false;
	if (!client->broken)
		rt_log(RT_WARNING,
		       "the link of %s is broken (%s); it is ignored until that VM restarts",
		       client->port->name, vq_error_text(queue->error));
	client->broken = true;
}

static enum port_next take_frame(struct client *client, struct frame *frame)
{
	struct rt_net_header header;

	if (chain.writable || chain.readable_bytes > RT_NET_PACKET_MAX ||
	    vq_chain_read(&chain, 0, &header, sizeof header) < sizeof header ||
	    frame_init(frame, &header, chain.segment, chain.readable, sizeof header,
		       (uint32_t)(chain.readable_bytes - sizeof header), client->mtu)) {
		vq_device_give(&client->tx, &chain, 0);
		return PORT_MALFORMED;
	}
	return PORT_FRAME;
}

static enum port_next client_next(void *ctx, struct frame *frame)
{
	struct client *client = ctx;
	enum vq_result result = vq_device_take(&client->tx, &chain);

	if (result == VQ_BROKEN)
		cut_off(client, &client->tx);
	return result == VQ_OK ? take_frame(client, frame) : PORT_EMPTY;
}

static void client_done(void *ctx)
{
	struct client *client = ctx;

	vq_device_give(&client->tx, &chain, 0);
}

static void client_hold(void *ctx)
{
	struct client *client = ctx;

	vq_device_untake(&client->tx);
}

static bool client_open(void *ctx, const struct rt_net_header *header, uint32_t bytes,
			struct vq_sink *sink)
{
	struct client *client = ctx;
	struct rt_net_header own = *header;

	writing = bytes + sizeof own;
	enum vq_result result = vq_device_gather(&client->rx, writing, false, &gather, &scratch);
	if (result == VQ_BROKEN)
		cut_off(client, &client->rx);
	if (result != VQ_OK)
		return false;
	*sink = (struct vq_sink){ .segment = gather.segment, .segments = gather.segments };
	own.buffers = (uint16_t)gather.chains;
	vq_sink_put(sink, &own, sizeof own);
	return true;
}

static void client_close(void *ctx, struct vq_sink *sink)
{
	struct client *client = ctx;

	(void)sink;
	vq_device_give_gathered(&client->rx, &gather, writing);
}

void client_init(struct client *client, struct port *port, void *window)
{
	static const struct port_ops ops = {
		.next = client_next,
		.done = client_done,
		.hold = client_hold,
	};

	memset(client, 0, sizeof *client);
	client->port = port;
	client->window = window;
	port->ops = &ops;
	port->outlet = (struct outlet){ .ctx = client, .open = client_open, .close = client_close };
	rt_link_open(&client->link, window);
}

/* The port's link is up whatever the uplink's is: the other guests are there. */
void client_offer(struct client *client, const struct rt_net_client *config, uint32_t mtu)
{
	struct rt_net_facts facts = { .mtu = mtu, .link_up = true };

	client->mtu = mtu;
	memcpy(facts.mac, config->mac, sizeof facts.mac);
	rt_link_service_offer(&client->link, &facts, sizeof facts);
	client->wake = true;
}

static void serve(struct client *client)
{
	struct vq_ring tx = ring_at(client->window, RT_NET_TX);
	struct vq_ring rx = ring_at(client->window, RT_NET_RX);

	vq_device_init(&client->tx, &tx);
	vq_device_init(&client->rx, &rx);
	client->broken = false;
	client->port->up = true;
}

void client_update(struct client *client)
{
	switch (rt_link_service_poll(&client->link)) {
	case RT_LINK_STOP:
		/* Frames are copied while they are forwarded: none is under way now. */
		client->port->up = false;
		rt_link_service_stopped(&client->link);
		client->wake = true;
		break;
	case RT_LINK_SERVE:
		serve(client);
		break;
	default:
		break;
	}
	if (client->port->up)
		client->port->outlet.takes = rt_link_client_flags(&client->link);
}

bool client_watch(struct client *client)
{
	return client->port->up && vq_device_watch(&client->tx);
}

bool client_wake(struct client *client)
{
	bool wake = client->wake;

	client->wake = false;
	if (!client->port->up)
		return wake;
	bool tx = vq_device_kick(&client->tx);
	return vq_device_kick(&client->rx) || tx || wake;
}
