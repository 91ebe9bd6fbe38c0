/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network device has behind it: a way to send packets and to get those received. Packets
 * begin with a struct rt_net_header, which is VIRTIO 1.2 section 5.1.6's.
 */
#ifndef VMM_DEVICE_NET_H
#define VMM_DEVICE_NET_H

#include <rt/net.h>
#include <rt/virtqueue.h>

#include <stdbool.h>
#include <stddef.h>

#define NET_HEADER_BYTES sizeof(struct rt_net_header)

/* A received packet. Its bytes may change while it is looked at. */
struct net_packet {
	struct rt_net_header header;	  /* a copy; buffers means nothing */
	const struct vq_segment *segment; /* hold skip bytes, then the frame */
	unsigned segments;
	uint32_t skip;
	uint32_t bytes; /* of the frame */
};

struct net_backend {
	void *ctx;
	/* Sends bytes of the chain's readable bytes from offset on. False: there is no room now;
	 * the device is polled when there may be. */
	bool (*send)(void *ctx, const struct rt_net_header *header, const struct vq_chain *chain,
		     uint64_t offset, uint32_t bytes);
	/* The oldest packet received, which stays until it is consumed. False: there is none, and
	 * the device is polled when there is. */
	bool (*receive)(void *ctx, struct net_packet *packet);
	void (*consume)(void *ctx);
	/* What was done since the last call is passed on. */
	void (*flush)(void *ctx);
	/* Which packets the guest takes, RT_NET_*; others that are under way may still come. */
	void (*takes)(void *ctx, uint32_t flags);
};

/* Which of so many flows a frame is of, by the addresses and ports of IPv4 and IPv6 in its first
 * NET_FLOW_BYTES bytes; the same for both directions. */
#define NET_FLOWS      256u
#define NET_FLOW_BYTES 58u
unsigned net_flow(const unsigned char *frame, size_t bytes);

#endif
