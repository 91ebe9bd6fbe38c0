/* SPDX-License-Identifier: Apache-2.0 */
/* The root task's own view of physical memory; see window.h. */
#include "window.h"

#include <rt/hypercall.h>
#include <rt/log.h>

#include "root.h"

#define LASTING_VA 0x0000100000000000ull
#define MOMENT_VA  0x0000200000000000ull
#define PHYS_END   0x0000100000000000ull /* each area is this long */

static void *open_at(uint64_t va, struct extent extent, unsigned rights)
{
	uint64_t pages = (extent.size + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE;

	if (extent.base >= PHYS_END || extent.size > PHYS_END - extent.base)
		return NULL;
	uint64_t status = rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, extent.base / VELA_PAGE_SIZE,
				 (va + extent.base) / VELA_PAGE_SIZE, pages, rights);
	if (status == VELA_OK)
		return (void *)(va + extent.base);
	rt_log(RT_ERROR, "physical memory from %#llx on, %llu pages, cannot be mapped: %s",
	       (unsigned long long)extent.base, (unsigned long long)pages,
	       root_status_text(status));
	return NULL;
}

void *window_open(struct extent extent, unsigned rights)
{
	return open_at(LASTING_VA, extent, rights);
}

void *window_borrow(struct extent extent)
{
	return open_at(MOMENT_VA, extent, VELA_MEM_R | VELA_MEM_W);
}

void *window_borrow_registers(struct extent extent)
{
	return open_at(MOMENT_VA, extent, VELA_MEM_R | VELA_MEM_W | VELA_MEM_UC);
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

#define PAGE_WORDS (VELA_PAGE_SIZE / sizeof(uint64_t))

/*
 * Plain loads and stores, eight to a round: an emulated processor does them several times faster
 * than a string instruction.
 */
static bool page_is_clear(const uint64_t *words)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < PAGE_WORDS; i += 8)
		any |= words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] |
		       words[i + 5] | words[i + 6] | words[i + 7];
	return !any;
}

__attribute__((no_builtin("memset"))) static void page_clear(uint64_t *words)
{
	for (unsigned i = 0; i < PAGE_WORDS; i += 8) {
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
	/* A page that is clear is not written: a virtual machine's host need not back it, and guest
	 * memory is cleared before its guest can start. */
	for (uint64_t page = 0; page < extent.size / VELA_PAGE_SIZE; page++)
		if (!page_is_clear(words + page * PAGE_WORDS))
			page_clear(words + page * PAGE_WORDS);
	window_return(extent);
	return true;
}
