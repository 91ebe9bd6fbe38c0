/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a network device to the network service: its client's end of a link. While the service
 * is away the guest's link is down and what it sends is lost; when the service is back, both start
 * with empty rings. Pure but for the doorbell.
 */
#ifndef VMM_MACHINE_NET_LINK_H
#define VMM_MACHINE_NET_LINK_H

#include <rt/link.h>

#include "device/virtio_net.h"

#define NET_LINK_TX 256u /* packets */
#define NET_LINK_TX_BYTES \
	0x80000u	      /* of them; with the buffers for receiving they fill the window */
#define NET_LINK_BLOCK	2048u /* bytes of a buffer for receiving */
#define NET_LINK_RX	240u
#define NET_LINK_PIECES (RT_NET_PACKET_MAX / NET_LINK_BLOCK + 1)

struct net_link {
	struct rt_link link;
	unsigned char *window;
	void (*ring)(void *ctx); /* wakes the service */
	void (*log)(void *ctx, const char *text);
	void *ctx;
	struct virtio_net *device;
	bool running;
	uint32_t flags; /* RT_NET_*: what the guest takes */
	struct vq_driver tx;
	struct vq_driver rx;
	/* Packets being sent, in slots in the order of sending. Positions in their bytes count on,
	 * modulo NET_LINK_TX_BYTES. */
	uint32_t tx_put;
	uint32_t tx_got; /* what is before it is free */
	uint16_t tx_sent;
	uint16_t tx_freed;
	uint32_t tx_end[NET_LINK_TX]; /* where the slot's packet ends */
	bool tx_done[NET_LINK_TX];    /* the service has given it back */
	uint8_t tx_slot[NET_LINK_TX]; /* by descriptor */
	/* The oldest packet received, as far as it has come. */
	struct rt_net_header header;
	unsigned have;
	uint32_t bytes;
	struct vq_segment segment[NET_LINK_PIECES];
};

/* Begins with the window of a link. */
void net_link_init(struct net_link *link, void *window);

/* What the service says of the network; zeroes while it has not answered. */
struct rt_net_facts net_link_facts(const struct net_link *link);

/* For the device's parameters. */
struct net_backend net_link_backend(struct net_link *link);

/* Acts on restarts of the service; called on each wake-up, before the device is polled. */
void net_link_poll(struct net_link *link);

#endif
