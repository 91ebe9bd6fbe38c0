/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame on its way through the switch. The first bytes are a private
 * copy, and all that is decided is decided by it; the rest stays in memory that its sender may
 * change at any time, and is read once. Relies on the virtqueue's segments only.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>

#include <rt/net.h>
#include <rt/virtqueue.h>

#define FRAME_START    256u /* bytes copied: all headers the switch looks at */
#define FRAME_MIN      14u  /* an Ethernet header */
#define FRAME_OVERHEAD 22u  /* an Ethernet header with two VLAN tags: beyond the MTU */
#define FRAME_MAX      (RT_NET_PACKET_MAX - sizeof(struct rt_net_header))

struct frame {
	struct rt_net_header header; /* checked; buffers is 0 */
	uint32_t bytes;
	uint32_t start_bytes;
	uint32_t skip;	  /* bytes of the segments in front of the frame */
	uint32_t headers; /* a TSO frame's headers up to and with TCP's */
	uint32_t network; /* where its IP header starts */
	uint32_t packets; /* as which it goes over a wire */
	unsigned segments;
	const struct vq_segment *segment;
	unsigned char start[FRAME_START];
};

enum frame_fault {
	FRAME_GOOD,
	FRAME_LENGTH, /* shorter than a header, or longer than the MTU allows */
	FRAME_HEADER, /* offloads asked for that its headers do not allow */
};

/* Sets up and checks the frame of length bytes behind skip bytes of the segments, which hold that
 * much and stay where they are. */
enum frame_fault frame_init(struct frame *frame, const struct rt_net_header *header,
			    const struct vq_segment *segment, unsigned segments, uint32_t skip,
			    uint32_t bytes, uint32_t mtu);

/* A position in a frame. Starts as zeroes. */
struct frame_cursor {
	uint32_t offset;
	uint32_t within; /* of the segment */
	unsigned segment;
	bool behind_start;
};

/* The next bytes that lie behind one another, at most max; length 0 at the end. */
struct vq_segment frame_piece(const struct frame *frame, struct frame_cursor *cursor, uint32_t max);

/* Appends length bytes of the frame from the cursor on. */
void frame_put(struct vq_sink *sink, const struct frame *frame, struct frame_cursor *cursor,
	       uint32_t length);

static inline uint16_t net_get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void net_put16(unsigned char *at, uint16_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static inline uint32_t net_get32(const unsigned char *at)
{
	return (uint32_t)net_get16(at) << 16 | net_get16(at + 2);
}

static inline void net_put32(unsigned char *at, uint32_t value)
{
	net_put16(at, (uint16_t)(value >> 16));
	net_put16(at + 2, (uint16_t)value);
}

#endif
