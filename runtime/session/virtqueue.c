/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both sides of a split ring share: layout, error texts, the event-index rule, and copying
 * between a checked chain and private memory.
 */
#include "ring.h"

#include <string.h>

void vq_ring_place(struct vq_ring *ring, void *memory, uint16_t entries)
{
	unsigned char *at = memory;

	ring->entries = entries;
	ring->desc = (struct vq_desc *)memory;
	at += sizeof(struct vq_desc) * entries;
	ring->avail = (struct vq_avail *)(void *)at;
	at += 6 + 2 * entries;
	/* The used ring is aligned to 4: 16n + 6 + 2n is 2 past a multiple of 4 for even n. */
	at += 2;
	ring->used = (struct vq_used *)(void *)at;
}

const char *vq_error_text(enum vq_error error)
{
	static const char *const text[] = {
#define X(name, string) [VQ_ERROR_##name] = string,
		VQ_ERROR_TABLE(X)
#undef X
	};
	return (unsigned)error < sizeof text / sizeof text[0] ? text[error] : "unknown error";
}

/* Copies in the direction chosen by write; segments first to first + count - 1. */
static size_t copy(const struct vq_segment *segment, unsigned count, uint64_t offset,
		   unsigned char *own, size_t length, bool write)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < length; i++) {
		if (offset >= segment[i].length) {
			offset -= segment[i].length;
			continue;
		}
		size_t n = segment[i].length - (size_t)offset;
		if (n > length - done)
			n = length - done;
		if (write)
			memcpy(segment[i].bytes + offset, own + done, n);
		else
			memcpy(own + done, segment[i].bytes + offset, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t vq_chain_read(const struct vq_chain *chain, uint64_t offset, void *to, size_t length)
{
	return copy(chain->segment, chain->readable, offset, to, length, false);
}

size_t vq_chain_write(const struct vq_chain *chain, uint64_t offset, const void *from,
		      size_t length)
{
	union {
		const void *from;
		unsigned char *own; /* only read when write is set */
	} u = { .from = from };

	return copy(chain->segment + chain->readable, chain->writable, offset, u.own, length, true);
}
