/* SPDX-License-Identifier: Apache-2.0 */
/* The network device; see virtio_net.h. Numbers of sections are VIRTIO 1.2's. */
#include "virtio_net.h"

#include <string.h>

#define NET_ENTRIES    256
#define CLASS_ETHERNET 0x020000u
#define FRAME_MIN      14u
#define FRAME_MAX      (RT_NET_PACKET_MAX - NET_HEADER_BYTES)

#define FEATURES                                                                             \
	(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC | \
	 VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_HOST_TSO4 |        \
	 VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS |             \
	 VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX)

/* Devices are called by one thread at a time and keep no chain. */
static struct vq_chain chain;
static struct vq_gather gather;

static unsigned receive_queue(unsigned pair)
{
	return 2 * pair;
}

static unsigned send_queue(unsigned pair)
{
	return 2 * pair + 1;
}

/* Section 5.1.2: it is behind all pairs that the driver knows of. */
static unsigned control_queue(const struct virtio_net *net)
{
	return virtio_has(&net->dev, VIRTIO_NET_F_MQ) ? 2u * net->config.max_virtqueue_pairs : 2;
}

/* Whether the driver may ask for what the header says, by the features it has taken. */
static bool header_allowed(const struct virtio_net *net, const struct rt_net_header *header)
{
	unsigned kind = header->gso_type & ~RT_NET_GSO_ECN;

	if (header->flags & RT_NET_NEEDS_CSUM && !virtio_has(&net->dev, VIRTIO_NET_F_CSUM))
		return false;
	return header->gso_type == RT_NET_GSO_NONE ||
	       (kind == RT_NET_GSO_TCPV4 && virtio_has(&net->dev, VIRTIO_NET_F_HOST_TSO4)) ||
	       (kind == RT_NET_GSO_TCPV6 && virtio_has(&net->dev, VIRTIO_NET_F_HOST_TSO6));
}

static void note_flow(struct virtio_net *net, unsigned pair)
{
	unsigned char start[NET_FLOW_BYTES];

	if (net->s.pairs > 1)
		net->flow[net_flow(start, vq_chain_read(&chain, NET_HEADER_BYTES, start,
							sizeof start))] = (uint8_t)pair;
}

/* Sends the packet in the chain; false: it has to wait. */
static bool send(struct virtio_net *net, unsigned pair)
{
	uint64_t bytes = chain.readable_bytes - NET_HEADER_BYTES;
	struct rt_net_header header;

	vq_chain_read(&chain, 0, &header, sizeof header);
	if (bytes < FRAME_MIN || bytes > FRAME_MAX || !header_allowed(net, &header)) {
		net->counts.dropped++;
		return true;
	}
	header.flags &= RT_NET_NEEDS_CSUM;
	header.buffers = 0;
	if (!net->backend.send(net->backend.ctx, &header, &chain, NET_HEADER_BYTES,
			       (uint32_t)bytes))
		return false;
	net->counts.sent++;
	note_flow(net, pair);
	return true;
}

static void send_all(struct virtio_net *net, unsigned pair)
{
	unsigned queue = send_queue(pair);

	net->full &= ~(1u << pair);
	while (virtio_take(&net->dev, queue, &chain)) {
		if (chain.readable_bytes < NET_HEADER_BYTES) {
			virtio_fail(&net->dev, queue, "packet shorter than its header");
			return;
		}
		if (!send(net, pair)) {
			virtio_untake(&net->dev, queue);
			net->full |= 1u << pair;
			break;
		}
		virtio_give(&net->dev, queue, chain.head, 0);
	}
	virtio_kick(&net->dev, queue);
}

/* What the driver does not take must not reach it, section 5.1.6.4.1; it may still come after a
 * change of what it takes. */
static bool packet_fits(const struct virtio_net *net, const struct net_packet *packet)
{
	const struct rt_net_header *header = &packet->header;
	unsigned kind = header->gso_type & ~RT_NET_GSO_ECN;

	if (packet->bytes < FRAME_MIN || packet->bytes > FRAME_MAX ||
	    (header->flags & RT_NET_NEEDS_CSUM && !virtio_has(&net->dev, VIRTIO_NET_F_GUEST_CSUM)))
		return false;
	return header->gso_type == RT_NET_GSO_NONE ||
	       (kind == RT_NET_GSO_TCPV4 && virtio_has(&net->dev, VIRTIO_NET_F_GUEST_TSO4)) ||
	       (kind == RT_NET_GSO_TCPV6 && virtio_has(&net->dev, VIRTIO_NET_F_GUEST_TSO6));
}

static void copy(const struct net_packet *packet, struct vq_sink *sink)
{
	uint32_t skip = packet->skip;

	for (unsigned i = 0; i < packet->segments; i++) {
		const struct vq_segment *segment = &packet->segment[i];
		uint32_t n = skip < segment->length ? skip : segment->length;

		vq_sink_put(sink, segment->bytes + n, segment->length - n);
		skip -= n;
	}
}

static void copy_start(const struct net_packet *packet, unsigned char *start, uint32_t bytes)
{
	const struct vq_segment room = { start, bytes };
	struct vq_sink sink = { .segment = &room, .segments = 1 };

	memset(start, 0, bytes);
	copy(packet, &sink);
}

static unsigned choose_pair(const struct virtio_net *net, const struct net_packet *packet)
{
	unsigned char start[NET_FLOW_BYTES];

	if (net->s.pairs <= 1)
		return 0;
	copy_start(packet, start, sizeof start);
	return net->flow[net_flow(start, packet->bytes)] % net->s.pairs;
}

/* Puts the packet into the driver's buffers. False: there is no room now. */
static bool deliver(struct virtio_net *net, const struct net_packet *packet, unsigned queue)
{
	bool merge = virtio_has(&net->dev, VIRTIO_NET_F_MRG_RXBUF);
	uint32_t bytes = NET_HEADER_BYTES + packet->bytes;
	struct rt_net_header header = packet->header;

	if (!virtio_gather(&net->dev, queue, merge ? bytes : 1, &gather, &chain))
		return gather.chains; /* one that never fits is dropped */
	if (gather.bytes < bytes) {
		/* Who sends must not be able to break who receives. */
		virtio_untake(&net->dev, queue);
		net->counts.unfit++;
		return true;
	}
	header.buffers = (uint16_t)gather.chains;
	header.flags &= RT_NET_NEEDS_CSUM | RT_NET_DATA_VALID;
	if (!virtio_has(&net->dev, VIRTIO_NET_F_GUEST_CSUM))
		header.flags = 0;
	struct vq_sink sink = { .segment = gather.segment, .segments = gather.segments };
	vq_sink_put(&sink, &header, sizeof header);
	copy(packet, &sink);
	virtio_give_gathered(&net->dev, queue, &gather, bytes);
	net->counts.received++;
	return true;
}

static void receive_all(struct virtio_net *net)
{
	struct net_packet packet;
	uint32_t touched = 0;

	while (net->backend.receive(net->backend.ctx, &packet)) {
		unsigned pair = choose_pair(net, &packet);

		if (!packet_fits(net, &packet) ||
		    !virtio_queue_live(&net->dev, receive_queue(pair)))
			net->counts.unfit++;
		else if (!deliver(net, &packet, receive_queue(pair)))
			break;
		net->backend.consume(net->backend.ctx);
		touched |= 1u << pair;
	}
	for (unsigned pair = 0; touched >> pair; pair++)
		if (touched >> pair & 1)
			virtio_kick(&net->dev, receive_queue(pair));
}

static uint8_t set_pairs(struct virtio_net *net)
{
	uint16_t pairs;

	if (!virtio_has(&net->dev, VIRTIO_NET_F_MQ) || vq_chain_read(&chain, 2, &pairs, 2) < 2 ||
	    !pairs || pairs > net->config.max_virtqueue_pairs)
		return VIRTIO_NET_ERR;
	net->s.pairs = pairs;
	return VIRTIO_NET_OK;
}

/* Filters are the driver's wishes: the switch delivers what is for it, which is always allowed. */
static uint8_t command(struct virtio_net *net)
{
	uint8_t word[2];

	vq_chain_read(&chain, 0, word, sizeof word);
	if (word[0] == VIRTIO_NET_CTRL_RX && virtio_has(&net->dev, VIRTIO_NET_F_CTRL_RX))
		return word[1] <= VIRTIO_NET_CTRL_RX_LAST ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
	if (word[0] == VIRTIO_NET_CTRL_MAC && virtio_has(&net->dev, VIRTIO_NET_F_CTRL_RX))
		return word[1] == VIRTIO_NET_CTRL_MAC_TABLE_SET ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
	if (word[0] == VIRTIO_NET_CTRL_MQ && word[1] == VIRTIO_NET_CTRL_MQ_PAIRS_SET)
		return set_pairs(net);
	return VIRTIO_NET_ERR;
}

static void control_all(struct virtio_net *net)
{
	unsigned queue = control_queue(net);

	while (virtio_take(&net->dev, queue, &chain)) {
		if (chain.readable_bytes < 2 || !chain.writable_bytes) {
			virtio_fail(&net->dev, queue, "command without room for its answer");
			return;
		}
		uint8_t answer = command(net);
		vq_chain_write(&chain, 0, &answer, sizeof answer);
		virtio_give(&net->dev, queue, chain.head, sizeof answer);
	}
	virtio_kick(&net->dev, queue);
}

static void net_notify(void *ctx, unsigned queue)
{
	struct virtio_net *net = ctx;

	if (virtio_has(&net->dev, VIRTIO_NET_F_CTRL_VQ) && queue == control_queue(net)) {
		control_all(net);
	} else if (queue % 2) {
		send_all(net, queue / 2);
		net->backend.flush(net->backend.ctx);
	} else {
		receive_all(net);
		net->backend.flush(net->backend.ctx);
	}
}

static void net_poll(void *ctx)
{
	struct virtio_net *net = ctx;

	for (unsigned pair = 0; net->full >> pair; pair++)
		if (net->full >> pair & 1)
			send_all(net, pair);
	receive_all(net);
	net->backend.flush(net->backend.ctx);
}

/* Packets from before the driver was ready are not its own. */
static void net_activate(void *ctx)
{
	struct virtio_net *net = ctx;
	struct net_packet packet;
	uint32_t takes = 0;

	if (virtio_has(&net->dev, VIRTIO_NET_F_GUEST_CSUM))
		takes |= RT_NET_CSUM;
	if (virtio_has(&net->dev, VIRTIO_NET_F_GUEST_TSO4))
		takes |= RT_NET_TSO4;
	if (virtio_has(&net->dev, VIRTIO_NET_F_GUEST_TSO6))
		takes |= RT_NET_TSO6;
	net->backend.takes(net->backend.ctx, takes);
	while (net->backend.receive(net->backend.ctx, &packet))
		net->backend.consume(net->backend.ctx);
	net->backend.flush(net->backend.ctx);
}

static bool net_reset_driver(void *ctx)
{
	struct virtio_net *net = ctx;

	net->s.pairs = 1;
	net->full = 0;
	memset(net->flow, 0, sizeof net->flow);
	return true;
}

/* Section 5.1.3.1: which features need others. */
static bool net_accepts(void *ctx, uint64_t features)
{
	(void)ctx;
	if (features & (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6) &&
	    !(features & VIRTIO_NET_F_GUEST_CSUM))
		return false;
	if (features & (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6) &&
	    !(features & VIRTIO_NET_F_CSUM))
		return false;
	return !(features & (VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_MQ)) ||
	       features & VIRTIO_NET_F_CTRL_VQ;
}

static const struct virtio_ops net_ops = {
	.name = "virtio-net",
	.type = VIRTIO_TYPE_NET,
	.class_code = CLASS_ETHERNET,
	.activate = net_activate,
	.notify = net_notify,
	.reset = net_reset_driver,
	.poll = net_poll,
	.accepts = net_accepts,
};

static void net_reset(void *dev)
{
	struct virtio_net *net = dev;

	virtio_reset(&net->dev);
	net_reset_driver(net);
}

static bool net_check(const void *state)
{
	const struct virtio_net_state *s = state;

	return virtio_check(&s->virtio) && s->pairs >= 1 && s->pairs <= VIRTIO_NET_PAIRS_MAX;
}

/* Packets may have waited for room; the next poll looks for them. */
static void net_resume(void *dev)
{
	struct virtio_net *net = dev;

	if (net->s.pairs > net->config.max_virtqueue_pairs)
		net->s.pairs = net->config.max_virtqueue_pairs;
	net->full = (1u << net->config.max_virtqueue_pairs) - 1;
	virtio_resume(&net->dev);
}

const struct device_ops virtio_net_device_ops = {
	.name = "virtio-net",
	.version = 1,
	.state_offset = offsetof(struct virtio_net, s),
	.state_size = sizeof(struct virtio_net_state),
	.reset = net_reset,
	.check = net_check,
	.resume = net_resume,
};

void virtio_net_init(struct virtio_net *net, const struct virtio_wiring *wiring,
		     const struct virtio_net_params *params)
{
	unsigned pairs =
		params->pairs < VIRTIO_NET_PAIRS_MAX ? params->pairs : VIRTIO_NET_PAIRS_MAX;
	const struct virtio_params virtio = {
		.features = FEATURES | (pairs > 1 ? VIRTIO_NET_F_MQ : 0),
		.queues = (uint16_t)(2 * pairs + 1),
		.entries = NET_ENTRIES,
		.config = &net->config,
		.config_bytes = sizeof net->config,
	};

	memset(net, 0, sizeof *net);
	memcpy(net->config.mac, params->mac, sizeof net->config.mac);
	net->config.max_virtqueue_pairs = (uint16_t)pairs;
	net->config.mtu = params->mtu;
	net->s.pairs = 1;
	net->backend = params->backend;
	virtio_init(&net->dev, &net_ops, &virtio, wiring, &net->s.virtio, net);
}

void virtio_net_set_link(struct virtio_net *net, bool up)
{
	uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

	if (net->config.status == status)
		return;
	net->config.status = status;
	virtio_config_changed(&net->dev);
}
