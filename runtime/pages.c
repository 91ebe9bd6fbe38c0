/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First-fit allocation of page runs. The heap's allocator asks for a run only when it needs new
 * memory from outside, so a scan over the bits is cheap enough.
 */
#include <rt/pages.h>
#include <string.h>

static bool used(const struct rt_pages *p, size_t page)
{
	return p->used[page / 64] >> page % 64 & 1;
}

static void flip(struct rt_pages *p, size_t first, size_t count)
{
	for (size_t page = first; page < first + count; page++)
		p->used[page / 64] ^= 1ull << page % 64;
}

void *rt_pages_take(struct rt_pages *p, size_t count)
{
	size_t run = 0;

	if (count == 0 || count > p->pages)
		return NULL;
	for (size_t page = 0; page < p->pages; page++) {
		run = used(p, page) ? 0 : run + 1;
		if (run < count)
			continue;
		size_t first = page + 1 - count;
		flip(p, first, count);
		return memset(p->base + first * RT_PAGE_BYTES, 0, count * RT_PAGE_BYTES);
	}
	return NULL;
}

bool rt_pages_give(struct rt_pages *p, const void *at, size_t count)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)p->base;
	size_t first = offset / RT_PAGE_BYTES;

	if (offset % RT_PAGE_BYTES || first >= p->pages || count == 0 || count > p->pages - first)
		return false;
	for (size_t page = first; page < first + count; page++)
		if (!used(p, page))
			return false;
	flip(p, first, count);
	return true;
}
