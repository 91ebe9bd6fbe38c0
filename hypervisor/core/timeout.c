/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pairing heap behind timeout.h. `from` always points at the one pointer that leads to a node,
 * so a node can be cut out wherever it is.
 */
#include <core/timeout.h>
#include <stddef.h>

/* Joins two heaps that nothing points to; either may be empty. */
static struct timeout *meld(struct timeout *a, struct timeout *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		struct timeout *swap = a;
		a = b;
		b = swap;
	}
	b->next = a->child;
	if (b->next)
		b->next->from = &b->next;
	a->child = b;
	b->from = &a->child;
	return a;
}

/* Joins a list of siblings into one heap: pairs from the left, then the pairs from the right. */
static struct timeout *meld_siblings(struct timeout *list)
{
	struct timeout *pairs = NULL;
	while (list) {
		struct timeout *a = list, *b = a->next;
		list = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		struct timeout *pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	struct timeout *heap = NULL;
	while (pairs) {
		struct timeout *rest = pairs->next;
		pairs->next = NULL;
		heap = meld(heap, pairs);
		pairs = rest;
	}
	return heap;
}

static void set_first(struct timeouts *h, struct timeout *t)
{
	h->first = t;
	if (t)
		t->from = &h->first;
}

void timeout_insert(struct timeouts *h, struct timeout *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->child = NULL;
	t->next = NULL;
	set_first(h, meld(h->first, t));
}

void timeout_remove(struct timeouts *h, struct timeout *t)
{
	if (!timeout_armed(t))
		return;
	*t->from = t->next;
	if (t->next)
		t->next->from = t->from;
	struct timeout *below = meld_siblings(t->child);
	t->deadline = UINT64_MAX;
	t->child = NULL;
	t->next = NULL;
	t->from = NULL;
	set_first(h, meld(h->first, below));
}
