/* SPDX-License-Identifier: Apache-2.0 */
/* Data of block requests; see block.h. */
#include "block.h"

#include <string.h>

/* The part of the request's data from *offset on that lies in one piece. */
static struct vq_segment piece(const struct block_io *io, uint64_t offset, size_t length)
{
	for (unsigned i = 0; i < io->segments; i++) {
		const struct vq_segment *s = &io->segment[i];

		if (offset < s->length) {
			size_t n = s->length - (size_t)offset;

			return (struct vq_segment){ s->bytes + offset,
						    (uint32_t)(n < length ? n : length) };
		}
		offset -= s->length;
	}
	return (struct vq_segment){ NULL, 0 };
}

void block_copy_in(const struct block_io *io, uint64_t offset, void *to, size_t length)
{
	unsigned char *at = to;

	while (length) {
		struct vq_segment s = piece(io, offset, length);

		if (!s.length)
			return;
		memcpy(at, s.bytes, s.length);
		at += s.length;
		offset += s.length;
		length -= s.length;
	}
}

void block_copy_out(const struct block_io *io, uint64_t offset, const void *from, size_t length)
{
	const unsigned char *at = from;

	while (length) {
		struct vq_segment s = piece(io, offset, length);

		if (!s.length)
			return;
		memcpy(s.bytes, at, s.length);
		at += s.length;
		offset += s.length;
		length -= s.length;
	}
}
