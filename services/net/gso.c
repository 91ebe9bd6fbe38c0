/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums and segmentation; see gso.h. A TSO frame's TCP checksum field holds the sum of its
 * pseudo header; only the length in it differs for the segments, so it is never made anew, and IPv4
 * and IPv6 are the same but for the header in front.
 */
#include "gso.h"

#include <string.h>

#define TCP_FIN_PSH 0x09u
#define TCP_CWR	    0x80u

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

#define SUM_WORDS 8u /* of 64 bits, added at a time */

/* A sum of 64-bit words and the carries out of it. */
struct sum {
	uint64_t words;
	uint64_t carries;
};

/* Adds count words; a constant, so that they become one chain of additions with carry. */
static inline void sum_add(struct sum *sum, const unsigned char *bytes, unsigned count)
{
	unsigned long long carry = 0;

#pragma clang loop unroll(full)
	for (unsigned i = 0; i < count; i++) {
		uint64_t word;

		memcpy(&word, bytes + 8u * i, sizeof word);
		sum->words = __builtin_addcll(sum->words, word, carry, &carry);
	}
	sum->carries += carry;
}

/* A sum of the bytes as 16-bit words in network order: that of longer words in the processor's
 * order is the same with its bytes swapped (RFC 1071 section 2). */
static uint16_t sum_bytes(const unsigned char *bytes, uint32_t length)
{
	struct sum sum = { 0 };
	unsigned char rest[8] = { 0 };

	for (; length >= 8 * SUM_WORDS; length -= 8 * SUM_WORDS, bytes += 8 * SUM_WORDS)
		sum_add(&sum, bytes, SUM_WORDS);
	for (; length >= 8; length -= 8, bytes += 8)
		sum_add(&sum, bytes, 1);
	memcpy(rest, bytes, length);
	sum_add(&sum, rest, 1);
	return __builtin_bswap16(fold((sum.words >> 32) + (sum.words & UINT32_MAX) + sum.carries));
}

uint16_t gso_sum(const struct frame *frame, uint32_t offset, uint32_t length)
{
	struct frame_cursor cursor = { .offset = offset };
	uint64_t sum = 0;
	bool odd = false;

	while (length) {
		struct vq_segment piece = frame_piece(frame, &cursor, length);
		if (!piece.length)
			break;
		uint16_t part = sum_bytes(piece.bytes, piece.length);
		sum += odd ? __builtin_bswap16(part) : part;
		odd ^= piece.length & 1;
		length -= piece.length;
	}
	return fold(sum);
}

/* The value of a checksum field. 0 would mean to UDP that there is none. */
static uint16_t complete(uint64_t sum)
{
	uint16_t value = (uint16_t)~fold(sum);

	return value ? value : 0xffff;
}

static bool takes_tso(const struct frame *frame, uint32_t takes)
{
	uint32_t want = (frame->header.gso_type & ~RT_NET_GSO_ECN) == RT_NET_GSO_TCPV4
				? RT_NET_TSO4
				: RT_NET_TSO6;

	return (takes & want) && (takes & RT_NET_CSUM);
}

uint32_t gso_packets(const struct frame *frame, uint32_t takes)
{
	if (frame->header.gso_type == RT_NET_GSO_NONE || takes_tso(frame, takes))
		return 1;
	return frame->packets;
}

/* Of the packet that is being made. */
static unsigned char packet_start[FRAME_START];

/* The frame as one packet, with a header of its own. */
static uint32_t deliver_whole(const struct frame *frame, const struct outlet *outlet,
			      const struct rt_net_header *header)
{
	struct frame_cursor cursor = { 0 };
	struct vq_sink sink;

	if (!outlet->open(outlet->ctx, header, frame->bytes, &sink))
		return 0;
	frame_put(&sink, frame, &cursor, frame->bytes);
	outlet->close(outlet->ctx, &sink);
	return 1;
}

/* The frame with its checksum completed in a copy of its start. */
static uint32_t deliver_summed(const struct frame *frame, const struct outlet *outlet)
{
	uint32_t from = frame->header.csum_start;
	uint32_t field = from + frame->header.csum_offset;
	struct frame_cursor cursor = { .offset = frame->start_bytes };
	struct rt_net_header header = { 0 };
	struct vq_sink sink;

	if (!outlet->open(outlet->ctx, &header, frame->bytes, &sink))
		return 0;
	memcpy(packet_start, frame->start, frame->start_bytes);
	net_put16(packet_start + field, complete(gso_sum(frame, from, frame->bytes - from)));
	vq_sink_put(&sink, packet_start, frame->start_bytes);
	frame_put(&sink, frame, &cursor, frame->bytes - frame->start_bytes);
	outlet->close(outlet->ctx, &sink);
	return 1;
}

/* Lengths, identification and IP checksum of the headers of segment n. */
static void network_header(const struct frame *frame, unsigned char *start, uint32_t n,
			   uint32_t bytes)
{
	unsigned char *ip = start + frame->network;

	if ((frame->header.gso_type & ~RT_NET_GSO_ECN) == RT_NET_GSO_TCPV6) {
		net_put16(ip + 4, (uint16_t)(bytes - frame->network - 40));
		return;
	}
	net_put16(ip + 2, (uint16_t)(bytes - frame->network));
	net_put16(ip + 4, (uint16_t)(net_get16(ip + 4) + n));
	net_put16(ip + 10, 0);
	net_put16(ip + 10, (uint16_t)~sum_bytes(ip, (ip[0] & 15) * 4u));
}

/* The same for TCP (RFC 9293 section 3.1): only the first segment reports congestion window
 * reduced, only the last one ends the stream. */
static void tcp_header(const struct frame *frame, unsigned char *tcp, uint32_t n)
{
	net_put32(tcp + 4, net_get32(tcp + 4) + n * frame->header.gso_bytes);
	if (n)
		tcp[13] &= (unsigned char)~TCP_CWR;
	if (n + 1 < frame->packets)
		tcp[13] &= (unsigned char)~TCP_FIN_PSH;
}

static bool deliver_segment(const struct frame *frame, const struct outlet *outlet,
			    struct frame_cursor *cursor, uint32_t n)
{
	uint32_t payload = frame->header.gso_bytes;
	uint32_t tcp = frame->header.csum_start;
	uint32_t offset = cursor->offset;
	struct rt_net_header header = { 0 };
	struct vq_sink sink;

	if (payload > frame->bytes - offset)
		payload = frame->bytes - offset;
	uint32_t bytes = frame->headers + payload;
	if (outlet->takes & RT_NET_CSUM)
		header = (struct rt_net_header){ .flags = RT_NET_NEEDS_CSUM,
						 .csum_start = frame->header.csum_start,
						 .csum_offset = frame->header.csum_offset };
	if (!outlet->open(outlet->ctx, &header, bytes, &sink))
		return false;
	memcpy(packet_start, frame->start, frame->headers);
	network_header(frame, packet_start, n, bytes);
	tcp_header(frame, packet_start + tcp, n);
	unsigned char *field = packet_start + tcp + frame->header.csum_offset;
	net_put16(field, fold((uint64_t)net_get16(field) + (uint16_t)~(frame->bytes - tcp) +
			      (uint16_t)(bytes - tcp)));
	if (!(outlet->takes & RT_NET_CSUM))
		net_put16(field,
			  complete((uint64_t)sum_bytes(packet_start + tcp, frame->headers - tcp) +
				   gso_sum(frame, offset, payload)));
	vq_sink_put(&sink, packet_start, frame->headers);
	frame_put(&sink, frame, cursor, payload);
	outlet->close(outlet->ctx, &sink);
	return true;
}

uint32_t gso_deliver(const struct frame *frame, const struct outlet *outlet)
{
	struct frame_cursor cursor = { .offset = frame->headers };
	struct rt_net_header header = frame->header;
	uint32_t n = 0;

	if (header.gso_type != RT_NET_GSO_NONE && !takes_tso(frame, outlet->takes)) {
		while (n < frame->packets && deliver_segment(frame, outlet, &cursor, n))
			n++;
		return n;
	}
	if ((header.flags & RT_NET_NEEDS_CSUM) && !(outlet->takes & RT_NET_CSUM))
		return deliver_summed(frame, outlet);
	if (!(outlet->takes & RT_NET_CSUM))
		header.flags = 0;
	return deliver_whole(frame, outlet, &header);
}
