/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks of guest RAM the guest does without, and which of them were given back. Pure books:
 * what to do about a block is the caller's. Offsets are from the start of the RAM window.
 */
#ifndef VMM_MACHINE_HOLES_H
#define VMM_MACHINE_HOLES_H

#include <rt/balloon.h>
#include <stdbool.h>

/* Of larger guests the memory behind the first 32 GiB is never given back. */
#define HOLES_BLOCKS 16384u
#define HOLES_BATCH  16u

struct holes {
	unsigned blocks;
	unsigned given; /* blocks that are with the root task */
	unsigned batch; /* blocks that wait to be given */
	uint32_t block[HOLES_BATCH];
	uint16_t out[HOLES_BLOCKS]; /* pages of each block in the balloon */
	uint64_t gone[HOLES_BLOCKS / 64];
};

void holes_init(struct holes *holes, uint64_t ram_bytes);

static inline bool holes_is_gone(const struct holes *holes, uint64_t block)
{
	return block < holes->blocks && holes->gone[block / 64] >> block % 64 & 1;
}

/* A page goes into the balloon or comes out. True: the batch is full and must be given now. */
bool holes_inflate(struct holes *holes, uint64_t offset);
void holes_deflate(struct holes *holes, uint64_t offset);

/* The blocks that lie within a range wait to be given. Takes as much of it as the batch has room
 * for, and returns how many bytes these were; fewer than bytes: the batch is full. */
uint64_t holes_report(struct holes *holes, uint64_t offset, uint64_t bytes);

/* A block is gone, or there again. */
void holes_set(struct holes *holes, uint64_t block, bool gone);

/* The first block in a range that is gone; blocks if there is none. */
uint64_t holes_find(const struct holes *holes, uint64_t offset, uint64_t bytes);

#endif
