/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own memory: one physically contiguous pool, mapped at POOL_VA and given out in
 * blocks of 2^order pages by a buddy allocator. Objects never take from it directly but through a
 * PD's quota (pd.h), so the sum of what PDs may take never exceeds it.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <core/lib.h>

#define POOL_ORDERS 5u /* largest block: 64 KiB */

/* Takes over the pages at va (physical pa); called once at boot. */
void pool_init(void *va, uint64_t pa, uint64_t pages);

/* A zeroed block of 2^order pages, aligned to its size; NULL when there is none. */
void *pool_alloc(unsigned order);
void pool_free(void *block, unsigned order);

/* At least so many bytes in a row, aligned to the largest block, for good; NULL when there are
 * none. Boot only. */
void *pool_alloc_run(uint64_t bytes);

uint64_t pool_pages_free(void);
uint64_t pool_pa(const void *va);
void *pool_va(uint64_t pa);

#endif
