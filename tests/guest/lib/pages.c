/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: start.S fills those for the first 4 GiB. */
#include "pages.h"

#define TABLE __attribute__((aligned(4096)))

uint64_t pages_root[512] TABLE, pages_first[512] TABLE, pages_directory[4 * 512] TABLE;
static uint64_t window_first[512] TABLE, window_directory[512] TABLE, window[WINDOW_PAGES] TABLE;
uint8_t scratch[SCRATCH_BYTES] TABLE;

void *page_map(unsigned page, uint64_t gpa, uint64_t flags)
{
	void *va = page_at(page);

	pages_root[WINDOW >> 39] = (uint64_t)window_first | PAGE_PRESENT | PAGE_WRITE;
	window_first[0] = (uint64_t)window_directory | PAGE_PRESENT | PAGE_WRITE;
	window_directory[0] = (uint64_t)window | PAGE_PRESENT | PAGE_WRITE;
	window[page] = flags ? gpa | flags : 0;
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
	return va;
}

uint64_t page_flags(unsigned page)
{
	return *(volatile uint64_t *)&window[page] & (PAGE_BYTES - 1);
}
