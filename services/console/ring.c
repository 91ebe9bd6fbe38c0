/* SPDX-License-Identifier: Apache-2.0 */
/* The scrollback of one console; see ring.h. Pure: no I/O, no memory of its own. */
#include "ring.h"

#include <string.h>

void ring_append(struct ring *ring, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;

	if (length > ring->size) {
		ring->written += length - ring->size;
		from += length - ring->size;
		length = ring->size;
	}
	while (length) {
		size_t at = ring->written % ring->size;
		size_t n = ring->size - at < length ? ring->size - at : length;

		memcpy(ring->bytes + at, from, n);
		ring->written += n;
		from += n;
		length -= n;
	}
}

uint64_t ring_oldest(const struct ring *ring)
{
	return ring->written > ring->size ? ring->written - ring->size : 0;
}

size_t ring_read(const struct ring *ring, uint64_t position, void *bytes, size_t length)
{
	unsigned char *to = bytes;
	size_t done = 0;

	if (position < ring_oldest(ring) || position >= ring->written)
		return 0;
	if (length > ring->written - position)
		length = (size_t)(ring->written - position);
	while (done < length) {
		size_t at = (position + done) % ring->size;
		size_t n = ring->size - at < length - done ? ring->size - at : length - done;

		memcpy(to + done, ring->bytes + at, n);
		done += n;
	}
	return done;
}

uint64_t ring_last_lines(const struct ring *ring, unsigned lines)
{
	uint64_t oldest = ring_oldest(ring);
	uint64_t start = oldest;

	/* The newline that ends the last line does not begin another one. */
	for (uint64_t at = ring->written; at > oldest + 1; at--) {
		if (ring->bytes[(at - 2) % ring->size] != '\n')
			continue;
		start = at - 1;
		if (--lines == 0)
			break;
	}
	return lines && oldest == 0 ? 0 : start;
}
