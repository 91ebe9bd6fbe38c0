/* SPDX-License-Identifier: Apache-2.0 */
/* The root task's own view of physical memory; see window.h. */
#include "window.h"

#include <rt/hypercall.h>

#define LASTING_VA 0x0000100000000000ull
#define MOMENT_VA  0x0000200000000000ull
#define PHYS_END   0x0000100000000000ull /* each area is this long */

static void *open_at(uint64_t va, struct extent extent, unsigned rights)
{
	uint64_t pages = (extent.size + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE;

	if (extent.base >= PHYS_END || extent.size > PHYS_END - extent.base)
		return NULL;
	if (rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, extent.base / VELA_PAGE_SIZE,
		   (va + extent.base) / VELA_PAGE_SIZE, pages, rights))
		return NULL;
	return (void *)(va + extent.base);
}

void *window_open(struct extent extent, unsigned rights)
{
	return open_at(LASTING_VA, extent, rights);
}

void *window_borrow(struct extent extent)
{
	return open_at(MOMENT_VA, extent, VELA_MEM_R | VELA_MEM_W);
}

static void close_at(uint64_t va, struct extent extent)
{
	uint64_t pages = (extent.size + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE;

	rt_map(VELA_ROOT_NULL, VELA_ROOT_HST, 0, (va + extent.base) / VELA_PAGE_SIZE, pages, 0);
}

void window_close(struct extent extent)
{
	close_at(LASTING_VA, extent);
}

void window_return(struct extent extent)
{
	close_at(MOMENT_VA, extent);
}

/*
 * Plain stores, eight to a round: guest memory is cleared before anything else can happen, and an
 * emulated processor does this several times faster than a string instruction.
 */
__attribute__((no_builtin("memset"))) static void clear(uint64_t *words, uint64_t count)
{
	for (uint64_t i = 0; i < count; i += 8) {
		words[i] = 0;
		words[i + 1] = 0;
		words[i + 2] = 0;
		words[i + 3] = 0;
		words[i + 4] = 0;
		words[i + 5] = 0;
		words[i + 6] = 0;
		words[i + 7] = 0;
	}
}

bool window_clear(struct extent extent)
{
	uint64_t *words = window_borrow(extent);

	if (!words)
		return false;
	clear(words, extent.size / sizeof *words);
	window_return(extent);
	return true;
}
