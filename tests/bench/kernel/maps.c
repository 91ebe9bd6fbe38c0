/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping 2,048 pages of 4 KiB from the root's host space into a guest space: into tables that are
 * there, and into a space that has none. The source is memory mapped such that no larger leaf fits,
 * so that each page really is an entry of its own on both sides.
 */
#include "bench.h"
#include <rt/exit.h>
#include <rt/start.h>
#include <stdbool.h>
#include <vela/info.h>

enum { PAGES = 2048, REPEATS = 4 };

#define LARGE	  0x200000ull
#define SOURCE_VA 0x0000500000000000ull
#define RIGHTS	  (VELA_MEM_R | VELA_MEM_W)

/* Whether no other entry of the memory list claims a part of what a free one lists. */
static bool unclaimed(const struct vela_info *info, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < info->memories; i++) {
		const struct vela_memory *m = &info->memory[i];
		if (m->type != VELA_MEMORY_FREE && base < m->base + m->size &&
		    m->base < base + size)
			return false;
	}
	return true;
}

/* Free memory one page behind a 2 MiB boundary, for PAGES pages. */
static uint64_t find_memory(void)
{
	const struct vela_info *info = rt_machine();
	const uint64_t size = (uint64_t)PAGES * VELA_PAGE_SIZE;

	for (unsigned i = 0; i < info->memories; i++) {
		const struct vela_memory *m = &info->memory[i];
		uint64_t base = ((m->base + LARGE - 1) & ~(LARGE - 1)) + VELA_PAGE_SIZE;
		if (m->type != VELA_MEMORY_FREE)
			continue;
		for (; base + size <= m->base + m->size; base += LARGE) {
			if (unclaimed(info, base, size))
				return base;
		}
	}
	rt_fatal("no free memory to map");
}

static uint64_t timed_map(vela_sel_t gst, unsigned rights)
{
	uint64_t start = rt_rdtsc();
	uint64_t status = rt_map(VELA_ROOT_HST, gst, SOURCE_VA / VELA_PAGE_SIZE, 0, PAGES, rights);
	uint64_t ticks = rt_rdtsc() - start;

	must(status, "mapping into the guest space");
	return ticks;
}

static void keep_least(uint64_t *least, uint64_t ticks)
{
	if (ticks < *least)
		*least = ticks;
}

void measure_maps(void)
{
	uint64_t fresh = UINT64_MAX, again = UINT64_MAX, unmap = UINT64_MAX;

	must(rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, find_memory() / VELA_PAGE_SIZE,
		    SOURCE_VA / VELA_PAGE_SIZE, PAGES, RIGHTS),
	     "mapping the source");
	for (unsigned i = 0; i < REPEATS; i++) {
		parameters()[VELA_SP_TYPE] = VELA_SP_GST;
		vela_sel_t gst = make(VELA_KIND_SP, "making a guest space");
		keep_least(&fresh, timed_map(gst, RIGHTS));
		keep_least(&unmap, timed_map(gst, 0));
		keep_least(&again, timed_map(gst, RIGHTS));
		must(rt_destroy(gst), "destroying a guest space");
	}
	figure("map_2048_pages", again);
	figure("map_2048_pages_fresh", fresh);
	figure("unmap_2048_pages", unmap);
}
