/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network device in the zoo. Behind it is one packet: what was sent last can be received.
 */
#include "zoo_virtio.h"

static bool net_send(void *ctx, const struct rt_net_header *header, const struct vq_chain *chain,
		     uint64_t offset, uint32_t bytes)
{
	struct zoo *zoo = ctx;

	if (zoo->net.full)
		return false;
	zoo->net.sent++;
	zoo->net.header = *header;
	zoo->net.bytes = bytes;
	vq_chain_read(chain, offset, zoo->net.frame, sizeof zoo->net.frame);
	return true;
}

static bool net_receive(void *ctx, struct net_packet *packet)
{
	struct zoo *zoo = ctx;
	struct zoo_net *net = &zoo->net;

	net->piece[0] = (struct vq_segment){ net->frame, 20 };
	net->piece[1] = (struct vq_segment){ net->frame + 20, sizeof net->frame - 20 };
	*packet = (struct net_packet){
		.header = net->header,
		.segment = net->piece,
		.segments = 2,
		.bytes = net->bytes,
	};
	return net->waiting;
}

static void net_consume(void *ctx)
{
	struct zoo *zoo = ctx;

	zoo->net.waiting--;
}

static void net_flush(void *ctx)
{
	struct zoo *zoo = ctx;

	zoo->net.flushed++;
}

static void net_takes(void *ctx, uint32_t flags)
{
	struct zoo *zoo = ctx;

	zoo->net.takes = flags;
}

void zoo_build_net(struct zoo *zoo)
{
	struct virtio_wiring wiring = zoo_wiring(zoo);
	const struct virtio_net_params params = {
		.mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.mtu = 1500,
		.pairs = 2,
		.backend = { zoo, net_send, net_receive, net_consume, net_flush, net_takes },
	};

	virtio_net_init(&zoo->dev.net, &wiring, &params);
	zoo_place(zoo, &zoo->dev.net.dev);
}

/* Packets come, room comes and goes, and the driver does what any driver may. The link's state is
 * wiring: it is not the device's to save. */
void zoo_poke_net(struct zoo *zoo, uint8_t what, uint8_t value)
{
	struct zoo_net *net = &zoo->net;

	if (what & 0x10) {
		net->bytes = value * 8u;
		net->header = (struct rt_net_header){ .flags = value & 3, .gso_type = what & 7 };
		net->waiting = what & 3;
		net->full = what & 8;
	}
	zoo_poke_virtio(zoo, what, value);
}
