/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Books about blocks. A count of pages per block and no list of which: a driver that counts a page
 * twice loses its own memory and nobody else's. Block 0 has what firmware left there and stays.
 */
#include "holes.h"

#include <string.h>

#define PAGE_BYTES	4096u
#define PAGES_PER_BLOCK (RT_BALLOON_BLOCK / PAGE_BYTES)

void holes_init(struct holes *holes, uint64_t ram_bytes)
{
	uint64_t blocks = ram_bytes / RT_BALLOON_BLOCK;

	memset(holes, 0, sizeof *holes);
	holes->blocks = blocks < HOLES_BLOCKS ? (unsigned)blocks : HOLES_BLOCKS;
}

/* False: the batch is full already. */
static bool add(struct holes *holes, uint64_t block)
{
	if (!block || block >= holes->blocks || holes_is_gone(holes, block))
		return true;
	for (unsigned i = 0; i < holes->batch; i++)
		if (holes->block[i] == block)
			return true;
	if (holes->batch == HOLES_BATCH)
		return false;
	holes->block[holes->batch++] = (uint32_t)block;
	return true;
}

bool holes_inflate(struct holes *holes, uint64_t offset)
{
	uint64_t block = offset / RT_BALLOON_BLOCK;

	if (block >= holes->blocks || holes->out[block] == PAGES_PER_BLOCK)
		return false;
	if (++holes->out[block] == PAGES_PER_BLOCK)
		add(holes, block);
	return holes->batch == HOLES_BATCH;
}

void holes_deflate(struct holes *holes, uint64_t offset)
{
	uint64_t block = offset / RT_BALLOON_BLOCK;

	if (block < holes->blocks && holes->out[block])
		holes->out[block]--;
}

uint64_t holes_report(struct holes *holes, uint64_t offset, uint64_t bytes)
{
	uint64_t end = (offset + bytes) / RT_BALLOON_BLOCK;

	for (uint64_t block = (offset + RT_BALLOON_BLOCK - 1) / RT_BALLOON_BLOCK; block < end;
	     block++)
		if (!add(holes, block))
			return block * RT_BALLOON_BLOCK - offset;
	return bytes;
}

void holes_set(struct holes *holes, uint64_t block, bool gone)
{
	if (block >= holes->blocks || holes_is_gone(holes, block) == gone)
		return;
	holes->gone[block / 64] ^= UINT64_C(1) << block % 64;
	if (gone)
		holes->given++;
	else
		holes->given--;
}

uint64_t holes_find(const struct holes *holes, uint64_t offset, uint64_t bytes)
{
	uint64_t block = offset / RT_BALLOON_BLOCK;
	uint64_t last = (offset + (bytes ? bytes - 1 : 0)) / RT_BALLOON_BLOCK;

	for (; holes->given && block <= last && block < holes->blocks; block++)
		if (holes_is_gone(holes, block))
			return block;
	return holes->blocks;
}
