/* SPDX-License-Identifier: Apache-2.0 */
/* Checking frames and walking over their bytes; see frame.h. */
#include "frame.h"

#include <string.h>

#define ETHERTYPE_IPV4	0x0800u
#define ETHERTYPE_IPV6	0x86ddu
#define ETHERTYPE_VLAN	0x8100u
#define ETHERTYPE_QINQ	0x88a8u
#define PROTOCOL_TCP	6u
#define PACKETS_MAX	1024u /* of one TSO frame: bounds the work it makes */
#define TCP_CSUM_OFFSET 16u

/* The EtherType behind up to two VLAN tags; *network is where its header starts. */
static uint16_t ether_type(const struct frame *frame, uint32_t *network)
{
	uint32_t at = 12;

	for (unsigned tags = 0; tags < 2 && at + 4 <= frame->start_bytes; tags++) {
		uint16_t type = net_get16(frame->start + at);
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		at += 4;
	}
	*network = at + 2;
	return at + 2 <= frame->start_bytes ? net_get16(frame->start + at) : 0;
}

/* Where an IPv4 packet's TCP header starts; 0: it has none. RFC 791 section 3.1. */
static uint32_t ipv4_tcp(const struct frame *frame)
{
	const unsigned char *ip = frame->start + frame->network;

	if (frame->network + 20 > frame->start_bytes || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 ||
	    ip[9] != PROTOCOL_TCP || (net_get16(ip + 6) & 0x3fff))
		return 0;
	return frame->network + (ip[0] & 15) * 4u;
}

/* The same of an IPv6 packet, behind hop-by-hop, routing and destination options. RFC 8200. */
static uint32_t ipv6_tcp(const struct frame *frame)
{
	const unsigned char *start = frame->start;
	uint32_t at = frame->network + 40;

	if (at > frame->start_bytes || start[frame->network] >> 4 != 6)
		return 0;
	unsigned next = start[frame->network + 6];
	while (next == 0 || next == 43 || next == 60) {
		if (at + 8 > frame->start_bytes)
			return 0;
		next = start[at];
		at += 8 + 8u * start[at + 1];
	}
	return next == PROTOCOL_TCP ? at : 0;
}

/* A TSO frame's headers are all in its start, and agree with what its sender says of them. */
static bool check_tso(struct frame *frame)
{
	struct rt_net_header *header = &frame->header;
	uint16_t type = ether_type(frame, &frame->network);
	unsigned kind = header->gso_type & ~RT_NET_GSO_ECN;
	uint32_t tcp = 0;

	if (kind == RT_NET_GSO_TCPV4 && type == ETHERTYPE_IPV4)
		tcp = ipv4_tcp(frame);
	else if (kind == RT_NET_GSO_TCPV6 && type == ETHERTYPE_IPV6)
		tcp = ipv6_tcp(frame);
	if (!tcp || tcp + 20 > frame->start_bytes || !(header->flags & RT_NET_NEEDS_CSUM) ||
	    header->csum_start != tcp || header->csum_offset != TCP_CSUM_OFFSET ||
	    !header->gso_bytes)
		return false;
	unsigned tcp_bytes = (frame->start[tcp + 12] >> 4) * 4u;
	frame->headers = tcp + tcp_bytes;
	if (tcp_bytes < 20 || frame->headers > frame->start_bytes || frame->headers >= frame->bytes)
		return false;
	header->header_bytes = (uint16_t)frame->headers;
	frame->packets =
		(frame->bytes - frame->headers + header->gso_bytes - 1) / header->gso_bytes;
	return frame->packets <= PACKETS_MAX;
}

static bool check_header(struct frame *frame)
{
	struct rt_net_header *header = &frame->header;

	header->flags &= RT_NET_NEEDS_CSUM | RT_NET_DATA_VALID;
	header->buffers = 0;
	header->header_bytes = 0;
	frame->packets = 1;
	frame->headers = 0;
	if (header->gso_type != RT_NET_GSO_NONE)
		return check_tso(frame);
	header->gso_bytes = 0;
	if (!(header->flags & RT_NET_NEEDS_CSUM)) {
		header->csum_start = 0;
		header->csum_offset = 0;
		return true;
	}
	return header->csum_start >= FRAME_MIN &&
	       header->csum_start + header->csum_offset + 2u <= frame->start_bytes;
}

enum frame_fault frame_init(struct frame *frame, const struct rt_net_header *header,
			    const struct vq_segment *segment, unsigned segments, uint32_t skip,
			    uint32_t bytes, uint32_t mtu)
{
	struct frame_cursor cursor = { 0 };
	uint32_t copied = 0;

	if (bytes < FRAME_MIN || bytes > FRAME_MAX)
		return FRAME_LENGTH;
	frame->header = *header;
	frame->segment = segment;
	frame->segments = segments;
	frame->skip = skip;
	frame->bytes = bytes;
	frame->start_bytes = 0;
	while (copied < FRAME_START && copied < bytes) {
		struct vq_segment piece = frame_piece(frame, &cursor, FRAME_START - copied);
		memcpy(frame->start + copied, piece.bytes, piece.length);
		copied += piece.length;
	}
	frame->start_bytes = copied;
	if (!check_header(frame))
		return FRAME_HEADER;
	if (header->gso_type == RT_NET_GSO_NONE && bytes > mtu + FRAME_OVERHEAD)
		return FRAME_LENGTH;
	return FRAME_GOOD;
}

/* Moves the cursor to its offset in the segments. */
static void seek(const struct frame *frame, struct frame_cursor *cursor)
{
	uint32_t left = frame->skip + cursor->offset;

	cursor->segment = 0;
	while (cursor->segment < frame->segments && left >= frame->segment[cursor->segment].length)
		left -= frame->segment[cursor->segment++].length;
	cursor->within = left;
	cursor->behind_start = true;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

struct vq_segment frame_piece(const struct frame *frame, struct frame_cursor *cursor, uint32_t max)
{
	struct vq_segment piece = { 0 };

	max = smaller(max, frame->bytes - cursor->offset);
	if (cursor->offset < frame->start_bytes) {
		piece.length = smaller(max, frame->start_bytes - cursor->offset);
		piece.bytes = (unsigned char *)(uintptr_t)frame->start + cursor->offset;
		cursor->offset += piece.length;
		return piece;
	}
	if (!cursor->behind_start)
		seek(frame, cursor);
	while (cursor->segment < frame->segments &&
	       cursor->within == frame->segment[cursor->segment].length) {
		cursor->segment++;
		cursor->within = 0;
	}
	if (cursor->segment == frame->segments)
		return piece;
	const struct vq_segment *segment = &frame->segment[cursor->segment];
	piece.bytes = segment->bytes + cursor->within;
	piece.length = smaller(max, segment->length - cursor->within);
	cursor->within += piece.length;
	cursor->offset += piece.length;
	return piece;
}

void frame_put(struct vq_sink *sink, const struct frame *frame, struct frame_cursor *cursor,
	       uint32_t length)
{
	while (length) {
		struct vq_segment piece = frame_piece(frame, cursor, length);
		if (!piece.length)
			return;
		vq_sink_put(sink, piece.bytes, piece.length);
		length -= piece.length;
	}
}
