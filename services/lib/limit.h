/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A limit of a rate, as a token bucket: what is spent is allowed for by what is left, which may
 * fall below zero once, so that the rate is kept whatever is spent at a time. Pure; the caller has
 * the clock.
 */
#ifndef SERVICES_LIMIT_H
#define SERVICES_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_BURST_NS (50ull * 1000000) /* what an idle client may spend at once */
#define LIMIT_RATE_MAX (1ull << 36)

struct limit {
	uint64_t rate;	/* units each second; 0: no limit */
	int64_t tokens; /* in units times 10^9 */
	uint64_t at_ns; /* when tokens was brought up to date */
};

void limit_init(struct limit *limit, uint64_t rate, uint64_t now_ns);

/* Whether something may be spent now; if not, *ready_ns becomes the earlier of itself and the time
 * from which on it may. */
bool limit_ready(struct limit *limit, uint64_t now_ns, uint64_t *ready_ns);

void limit_spend(struct limit *limit, uint64_t units);

#endif
