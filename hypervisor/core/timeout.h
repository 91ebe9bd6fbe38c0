/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of one CPU, in a pairing heap: inserting is O(1), taking the first O(log n) amortised,
 * no memory needed beyond the node.
 */
#ifndef CORE_TIMEOUT_H
#define CORE_TIMEOUT_H

#include <stdint.h>

enum timeout_kind { TIMEOUT_EC, TIMEOUT_SC, TIMEOUT_VC };

struct timeout {
	uint64_t deadline; /* TSC; UINT64_MAX while not armed */
	enum timeout_kind kind;
	struct timeout *child; /* first of the heaps below */
	struct timeout *next;  /* sibling */
	struct timeout **from; /* the pointer that points here, NULL while not armed */
};

struct timeouts {
	struct timeout *first;
};

static inline bool timeout_armed(const struct timeout *t)
{
	return t->from;
}

static inline void timeout_init(struct timeout *t, enum timeout_kind kind)
{
	*t = (struct timeout){ .deadline = UINT64_MAX, .kind = kind };
}

/* Arms t, which must not be armed. */
void timeout_insert(struct timeouts *h, struct timeout *t, uint64_t deadline);

/* Disarms t if it is armed. */
void timeout_remove(struct timeouts *h, struct timeout *t);

/* The earliest deadline, UINT64_MAX when there is none. */
static inline uint64_t timeout_next(const struct timeouts *h)
{
	return h->first ? h->first->deadline : UINT64_MAX;
}

#endif
