/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivering a frame in a form that its receiver takes: as it is, with its checksum completed, or
 * cut into segments. What the receiver takes it gets untouched.
 */
#ifndef NET_GSO_H
#define NET_GSO_H

#include "frame.h"

/* Where packets go. */
struct outlet {
	void *ctx;
	uint32_t takes; /* RT_NET_* */
	/* Makes room for a packet and writes its header where the receiver wants it; false: there
	 * is no room. */
	bool (*open)(void *ctx, const struct rt_net_header *header, uint32_t bytes,
		     struct vq_sink *sink);
	/* The packet is written. */
	void (*close)(void *ctx, struct vq_sink *sink);
};

/* Packets that an outlet gets of a frame. */
uint32_t gso_packets(const struct frame *frame, uint32_t takes);

/* Delivers the frame; returns how many packets were delivered. What there is no room for is lost.
 */
uint32_t gso_deliver(const struct frame *frame, const struct outlet *outlet);

/* The sum of RFC 1071 over the frame's bytes from offset on, folded to 16 bits. */
uint16_t gso_sum(const struct frame *frame, uint32_t offset, uint32_t length);

#endif
