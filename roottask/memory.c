/* SPDX-License-Identifier: Apache-2.0 */
/* The physical memory allocator of the root task; see memory.h. */
#include "memory.h"

#include <string.h>

static uint64_t end_of(struct extent extent)
{
	return extent.base + extent.size;
}

static uint64_t align_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

static bool insert(struct memory *memory, unsigned at, struct extent extent)
{
	if (memory->count == MEMORY_EXTENTS_MAX)
		return false;
	memmove(&memory->free[at + 1], &memory->free[at],
		(memory->count - at) * sizeof memory->free[0]);
	memory->free[at] = extent;
	memory->count++;
	return true;
}

static void remove(struct memory *memory, unsigned at)
{
	memory->count--;
	memmove(&memory->free[at], &memory->free[at + 1],
		(memory->count - at) * sizeof memory->free[0]);
}

static bool within_region(const struct memory *memory, struct extent extent)
{
	for (unsigned i = 0; i < memory->regions; i++)
		if (extent.base >= memory->region[i].base &&
		    end_of(extent) <= end_of(memory->region[i]))
			return true;
	return false;
}

bool memory_give(struct memory *memory, struct extent extent)
{
	unsigned at = 0;

	if (!extent.size || (extent.base | extent.size) % MEMORY_PAGE ||
	    extent.size > UINT64_MAX - extent.base || !within_region(memory, extent))
		return false;
	while (at < memory->count && memory->free[at].base < extent.base)
		at++;
	bool after = at < memory->count;
	if (after && end_of(extent) > memory->free[at].base)
		return false;
	if (at && end_of(memory->free[at - 1]) > extent.base)
		return false;
	bool joins_before = at && end_of(memory->free[at - 1]) == extent.base;
	bool joins_after = after && end_of(extent) == memory->free[at].base;
	if (joins_before && joins_after) {
		memory->free[at - 1].size += extent.size + memory->free[at].size;
		remove(memory, at);
	} else if (joins_before) {
		memory->free[at - 1].size += extent.size;
	} else if (joins_after) {
		memory->free[at].base = extent.base;
		memory->free[at].size += extent.size;
	} else if (!insert(memory, at, extent)) {
		return false;
	}
	memory->free_bytes += extent.size;
	return true;
}

bool memory_add(struct memory *memory, uint64_t base, uint64_t size)
{
	struct extent region = { align_up(base, MEMORY_PAGE), 0 };
	uint64_t skipped = region.base - base;

	if (size > UINT64_MAX - base || memory->regions == MEMORY_REGIONS_MAX)
		return false;
	/* Page 0 stays unused: a physical address of 0 is more often a mistake than a page. */
	if (region.base == 0) {
		region.base = MEMORY_PAGE;
		skipped += MEMORY_PAGE;
	}
	if (size < skipped + MEMORY_PAGE)
		return true;
	region.size = (size - skipped) & ~(MEMORY_PAGE - 1);
	for (unsigned i = 0; i < memory->regions; i++)
		if (region.base < end_of(memory->region[i]) &&
		    memory->region[i].base < end_of(region))
			return false;
	memory->region[memory->regions++] = region;
	return memory_give(memory, region);
}

/* Takes a hole out of the extents of a list; the order of the list stays. */
static bool subtract(struct extent *list, unsigned *count, unsigned max, struct extent hole)
{
	for (unsigned i = 0; i < *count;) {
		struct extent old = list[i];
		struct extent part[2] = { old, { end_of(hole), end_of(old) - end_of(hole) } };
		unsigned parts = 0;

		if (end_of(old) <= hole.base || end_of(hole) <= old.base) {
			i++;
			continue;
		}
		part[0].size = hole.base - old.base;
		if (hole.base > old.base)
			parts = 1;
		if (end_of(old) > end_of(hole))
			part[parts++] = part[1];
		if (*count - 1 + parts > max)
			return false;
		memmove(&list[i + parts], &list[i + 1], (*count - i - 1) * sizeof *list);
		memcpy(&list[i], part, parts * sizeof *list);
		*count = *count - 1 + parts;
		i += parts;
	}
	return true;
}

bool memory_reserve(struct memory *memory, uint64_t base, uint64_t size)
{
	struct extent hole = { base & ~(MEMORY_PAGE - 1), 0 };

	if (!size)
		return true;
	if (base > UINT64_MAX - MEMORY_PAGE || size > UINT64_MAX - MEMORY_PAGE - base)
		return false;
	hole.size = align_up(base + size, MEMORY_PAGE) - hole.base;
	bool done = subtract(memory->region, &memory->regions, MEMORY_REGIONS_MAX, hole) &&
		    subtract(memory->free, &memory->count, MEMORY_EXTENTS_MAX, hole);
	memory->free_bytes = 0;
	for (unsigned i = 0; i < memory->count; i++)
		memory->free_bytes += memory->free[i].size;
	return done;
}

/* Takes [base, base + size) out of free extent at; false when the list is too full to split it. */
static bool cut(struct memory *memory, unsigned at, uint64_t base, uint64_t size)
{
	struct extent old = memory->free[at];
	struct extent before = { old.base, base - old.base };
	struct extent behind = { base + size, end_of(old) - (base + size) };

	if (before.size && behind.size && memory->count == MEMORY_EXTENTS_MAX)
		return false;
	remove(memory, at);
	if (behind.size)
		insert(memory, at, behind);
	if (before.size)
		insert(memory, at, before);
	memory->free_bytes -= size;
	return true;
}

bool memory_take(struct memory *memory, uint64_t size, struct extent *taken)
{
	unsigned best = memory->count;

	if (!size || size > memory->free_bytes)
		return false;
	size = align_up(size, MEMORY_PAGE);
	for (unsigned i = 0; i < memory->count; i++)
		if (memory->free[i].size >= size &&
		    (best == memory->count || memory->free[i].size < memory->free[best].size))
			best = i;
	if (best == memory->count)
		return false;
	*taken = (struct extent){ memory->free[best].base, size };
	return cut(memory, best, taken->base, size);
}

/* Whole blocks within a free extent, at most limit bytes; from its end, or as near to it as the
 * largest pages allow, so that the low end keeps serving pages. */
static struct extent blocks_in(struct extent extent, uint64_t limit)
{
	uint64_t first = align_up(extent.base, MEMORY_BLOCK);
	uint64_t last = end_of(extent) & ~(MEMORY_BLOCK - 1);
	uint64_t size = last > first ? last - first : 0;

	if (size > limit)
		size = limit;
	uint64_t base = last - size, huge = base & ~(MEMORY_HUGE - 1);

	if (size >= MEMORY_HUGE && huge >= first)
		base = huge;
	return (struct extent){ base, size };
}

/* Smallest extent that holds all of size, else the one that holds most. */
static bool best_blocks(const struct memory *memory, uint64_t size, unsigned *at,
			struct extent *blocks)
{
	*blocks = (struct extent){ 0, 0 };
	for (unsigned i = 0; i < memory->count; i++) {
		struct extent here = blocks_in(memory->free[i], size);

		if (here.size > blocks->size || (here.size && here.size == blocks->size &&
						 memory->free[i].size < memory->free[*at].size)) {
			*blocks = here;
			*at = i;
		}
	}
	return blocks->size != 0;
}

size_t memory_take_blocks(struct memory *memory, uint64_t size, struct extent *taken, size_t max)
{
	size_t count = 0;
	unsigned at = 0;

	if (!size || size % MEMORY_BLOCK)
		return 0;
	while (size && count < max) {
		struct extent blocks;

		if (!best_blocks(memory, size, &at, &blocks) ||
		    !cut(memory, at, blocks.base, blocks.size))
			break;
		taken[count++] = blocks;
		size -= blocks.size;
	}
	if (!size)
		return count;
	while (count)
		memory_give(memory, taken[--count]);
	return 0;
}
