/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the checks of frames and their segmentation: the input is a packet with its header,
 * repeated up to a length that the input chooses, in pieces that it chooses. Whatever is accepted
 * is delivered whole: all data, in order, within the room that was asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "gso.h"

enum { FIXED = 8, MTU = 1500 };

static unsigned char *frame_bytes;
static unsigned char *data; /* received behind the headers */
static uint32_t data_bytes, packets, longest;
static unsigned char packet[70000];
static struct vq_segment room;
static uint32_t headers; /* of the frame, when it is cut */

static bool take(void *ctx, const struct rt_net_header *header, uint32_t bytes,
		 struct vq_sink *sink)
{
	(void)ctx;
	require(bytes <= FRAME_MAX && header->buffers == 0);
	room = (struct vq_segment){ packet, bytes };
	*sink = (struct vq_sink){ .segment = &room, .segments = 1 };
	return true;
}

static void taken(void *ctx, struct vq_sink *sink)
{
	(void)ctx;
	require(sink->at == 1);
	packets++;
	if (room.length > longest)
		longest = room.length;
	uint32_t n = room.length - headers;
	require(data_bytes + n <= FRAME_MAX);
	memcpy(data + data_bytes, packet + headers, n);
	data_bytes += n;
}

static void deliver(const struct frame *frame, uint32_t takes)
{
	struct outlet outlet = { .takes = takes, .open = take, .close = taken };
	uint32_t expected = gso_packets(frame, takes);
	bool cut = expected > 1 || (frame->headers && !(takes & RT_NET_TSO4));

	packets = data_bytes = longest = 0;
	headers = cut ? frame->headers : 0;
	require(gso_deliver(frame, &outlet) == expected && packets == expected);
	require(data_bytes == frame->bytes - headers);
	if (cut)
		require(longest <= frame->headers + frame->header.gso_bytes);
	/* Data is untouched; without segmentation only a checksum in the start may differ. */
	uint32_t from = headers ? 0 : frame->start_bytes;
	require(!memcmp(data + from, frame_bytes + headers + from, data_bytes - from));
}

static void make(const uint8_t *bytes, size_t size, uint32_t length)
{
	for (uint32_t at = 0; at < length; at += (uint32_t)size)
		memcpy(frame_bytes + at, bytes, length - at < size ? length - at : size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct vq_segment segment[VQ_ENTRIES_MAX];
	struct rt_net_header header;
	struct frame frame;
	unsigned n = 0;

	if (size < FIXED + sizeof header + 1)
		return 0;
	if (!frame_bytes) {
		frame_bytes = malloc(70000);
		data = malloc(70000);
		require(frame_bytes && data);
	}
	uint32_t length = (uint32_t)(bytes[0] | bytes[1] << 8) + bytes[2] % 64;
	uint32_t skip = bytes[3] % 64;
	uint32_t step = 300 + bytes[4] * 16u;
	memcpy(&header, bytes + FIXED, sizeof header);
	make(bytes + FIXED + sizeof header, size - FIXED - sizeof header, length);
	/* Exactly as much memory as the frame has: a read beyond it is seen. */
	unsigned char *exact = malloc(skip + length + 1);
	require(exact != NULL);
	memset(exact, 0xee, skip + length);
	memcpy(exact + skip, frame_bytes, length);
	for (uint32_t at = 0; at < skip + length && n < VQ_ENTRIES_MAX; at += step, n++)
		segment[n] = (struct vq_segment){ exact + at, skip + length - at < step
								      ? skip + length - at
								      : step };
	if (frame_init(&frame, &header, segment, n, skip, length, MTU) == FRAME_GOOD) {
		deliver(&frame, 0);
		deliver(&frame, RT_NET_CSUM);
		deliver(&frame, RT_NET_CSUM | RT_NET_TSO4 | RT_NET_TSO6);
	}
	free(exact);
	return 0;
}
