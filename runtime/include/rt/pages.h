/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation of runs of pages from a fixed area, with one bit per page and nothing stored in the
 * pages themselves. Not thread-safe.
 */
#ifndef RT_PAGES_H
#define RT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_PAGE_BYTES 4096u

struct rt_pages {
	unsigned char *base; /* page aligned */
	size_t pages;
	uint64_t *used; /* one bit per page, in (pages + 63) / 64 words, zero at first */
};

/* The first run of count free pages, zeroed and now in use; NULL if there is none. */
void *rt_pages_take(struct rt_pages *p, size_t count);

/* Gives back count pages from at. False, and nothing changed, unless all of them are in use. */
bool rt_pages_give(struct rt_pages *p, const void *at, size_t count);

#endif
