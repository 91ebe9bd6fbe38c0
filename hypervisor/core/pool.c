/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buddy allocator. One byte per page, kept at the start of the pool, holds order + 1 for the first
 * page of a free block and 0 for all others: enough to find a free buddy.
 */
#include <core/log.h>
#include <core/pool.h>
#include <core/spinlock.h>

static struct {
	struct spinlock lock; /* protects all below; innermost lock */
	struct list free[POOL_ORDERS];
	uint8_t *mark;
	char *base;
	uint64_t pa;
	uint64_t pages, pages_free;
} pool;

static struct list *block_at(uint64_t index)
{
	return (struct list *)(pool.base + index * PAGE_SIZE);
}

static void block_add(uint64_t index, unsigned order)
{
	pool.mark[index] = (uint8_t)(order + 1);
	list_insert(&pool.free[order], block_at(index));
}

static void block_drop(uint64_t index)
{
	pool.mark[index] = 0;
	list_remove(block_at(index));
}

/* Frees a block, joining it with its buddies as far as they are free. */
static void block_free(uint64_t index, unsigned order)
{
	for (; order + 1 < POOL_ORDERS; order++) {
		uint64_t buddy = index ^ (1ul << order);
		if (buddy >= pool.pages || pool.mark[buddy] != order + 1)
			break;
		block_drop(buddy);
		index &= ~(1ul << order);
	}
	block_add(index, order);
}

void pool_init(void *va, uint64_t pa, uint64_t pages)
{
	pool.base = va;
	pool.mark = va;
	pool.pa = pa;
	pool.pages = pages;
	for (unsigned i = 0; i < POOL_ORDERS; i++)
		list_init(&pool.free[i]);
	uint64_t marks = align_up(pages, PAGE_SIZE) / PAGE_SIZE;
	memset(pool.mark, 0, pages);
	for (uint64_t i = marks; i < pages; i++)
		block_free(i, 0);
	pool.pages_free = pages - marks;
}

void *pool_alloc(unsigned order)
{
	struct list *block = NULL;
	spin_lock(&pool.lock);
	for (unsigned o = order; o < POOL_ORDERS; o++) {
		if (list_empty(&pool.free[o]))
			continue;
		block = pool.free[o].next;
		uint64_t index = (uint64_t)((char *)block - pool.base) / PAGE_SIZE;
		block_drop(index);
		while (o-- > order)
			block_add(index + (1ul << o), o);
		pool.pages_free -= 1ul << order;
		break;
	}
	spin_unlock(&pool.lock);
	return block ? memset(block, 0, PAGE_SIZE << order) : NULL;
}

void pool_free(void *block, unsigned order)
{
	spin_lock(&pool.lock);
	block_free((uint64_t)((char *)block - pool.base) / PAGE_SIZE, order);
	pool.pages_free += 1ul << order;
	spin_unlock(&pool.lock);
}

void *pool_alloc_run(uint64_t bytes)
{
	char *run = NULL, *end = NULL;
	/* Blocks come in rising addresses from a fresh pool: take enough of them in a row. */
	while (!run || (uint64_t)(end - run) < bytes) {
		char *block = pool_alloc(POOL_ORDERS - 1);
		if (!block)
			return NULL;
		if (block != end)
			run = block;
		end = block + (PAGE_SIZE << (POOL_ORDERS - 1));
	}
	return run;
}

uint64_t pool_pages_free(void)
{
	return __atomic_load_n(&pool.pages_free, __ATOMIC_RELAXED);
}

uint64_t pool_pa(const void *va)
{
	return (uint64_t)((const char *)va - pool.base) + pool.pa;
}

void *pool_va(uint64_t pa)
{
	return pool.base + (pa - pool.pa);
}
