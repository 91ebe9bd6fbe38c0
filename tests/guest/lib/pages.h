/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window of 4 KiB pages that a test maps as it likes; the rest of the address space, up to 4 GiB,
 * is mapped one to one.
 */
#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <stdint.h>

#define PAGE_BYTES   4096ull
#define WINDOW	     0x8000000000ull
#define WINDOW_PAGES 512

#define PAGE_PRESENT  1ull
#define PAGE_WRITE    2ull
#define PAGE_ACCESSED 0x20ull
#define PAGE_DIRTY    0x40ull

/* Page number of the window to gpa; 0 for flags takes it away. Returns its address. */
void *page_map(unsigned page, uint64_t gpa, uint64_t flags);

/* The flags that a page of the window has now. */
uint64_t page_flags(unsigned page);

/* Address of a page of the window. */
static inline void *page_at(unsigned page)
{
	return (void *)(WINDOW + page * PAGE_BYTES);
}

/* Page-aligned RAM for tests to play with. */
#define SCRATCH_BYTES (4 * PAGE_BYTES)
extern uint8_t scratch[SCRATCH_BYTES];

#endif
