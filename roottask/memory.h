/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory of the machine that is the root task's to give out: a short list of free extents,
 * sorted and merged. Pure; every give is checked against what can have been taken.
 */
#ifndef ROOT_MEMORY_H
#define ROOT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_PAGE	   4096ull
#define MEMORY_BLOCK	   0x200000ull	 /* unit of guest memory */
#define MEMORY_HUGE	   0x40000000ull /* page of the largest size */
#define MEMORY_EXTENTS_MAX 2048u
#define MEMORY_REGIONS_MAX 128u

struct extent {
	uint64_t base; /* bytes, page aligned */
	uint64_t size;
};

struct memory {
	unsigned count;
	unsigned regions; /* what can be given: added and not reserved */
	uint64_t free_bytes;
	struct extent free[MEMORY_EXTENTS_MAX]; /* ascending, no two touch */
	struct extent region[MEMORY_REGIONS_MAX];
};

/* Adds RAM; whole pages of it. False: the list is full or the range overlaps what is there. */
bool memory_add(struct memory *memory, uint64_t base, uint64_t size);

/*
 * Takes out a range for good, with every page it touches; to be called before the first take.
 * False: the lists are full, and part of the range may still be in them.
 */
bool memory_reserve(struct memory *memory, uint64_t base, uint64_t size);

/* Takes size bytes (rounded up to pages) from the smallest extent that fits. */
bool memory_take(struct memory *memory, uint64_t size, struct extent *taken);

/*
 * Takes size bytes, a multiple of MEMORY_BLOCK, in at most max aligned extents. Returns their
 * number; 0 and nothing taken when there is not enough. One of MEMORY_HUGE or more begins at a
 * multiple of that where it can, so that it is mapped in the largest pages.
 */
size_t memory_take_blocks(struct memory *memory, uint64_t size, struct extent *taken, size_t max);

/* Gives an extent back. False, and nothing changed: it was not taken. */
bool memory_give(struct memory *memory, struct extent extent);

#endif
