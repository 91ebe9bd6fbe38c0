/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scrollback: the last bytes of a console. Positions count all bytes ever appended, so they stay
 * comparable when the ring has gone round; only the last size bytes can still be read.
 */
#ifndef CONSOLE_RING_H
#define CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	unsigned char *bytes;
	size_t size;
	uint64_t written; /* position behind the last byte */
};

void ring_append(struct ring *ring, const void *bytes, size_t length);
/* Position of the oldest byte still there. */
uint64_t ring_oldest(const struct ring *ring);
/* Copies up to length bytes from a position not before the oldest; returns how many. */
size_t ring_read(const struct ring *ring, uint64_t position, void *bytes, size_t length);
/* Position of the start of the last lines lines, or of the oldest whole line. */
uint64_t ring_last_lines(const struct ring *ring, unsigned lines);

#endif
