/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few library functions the kernel needs: memory copies the compiler may also call by itself,
 * alignment, and the intrusive list. No other header is relied on.
 */
#ifndef CORE_LIB_H
#define CORE_LIB_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

static inline uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}
static inline uint64_t align_down(uint64_t v, uint64_t to)
{
	return v & ~(to - 1);
}

/* Of functions that never return: their caller's registers need not be kept. */
#define NO_RETURN [[noreturn, clang::preserve_none]]

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

/* Circular doubly linked list; a head and an unlinked element point to themselves. */
struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Inserts e before at; with at = head that is the tail. */
static inline void list_insert(struct list *at, struct list *e)
{
	e->prev = at->prev;
	e->next = at;
	at->prev->next = e;
	at->prev = e;
}

static inline void list_remove(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

#endif
