/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets; see limit.h. Products stay below 2^63: rates are capped, and time is at most the
 * burst's. */
#include "limit.h"

#define NS_PER_S 1000000000ull

static int64_t burst(const struct limit *limit)
{
	/* At least one unit, so that the slowest of rates is one. */
	uint64_t tokens = limit->rate * LIMIT_BURST_NS;

	return (int64_t)(tokens > NS_PER_S ? tokens : NS_PER_S);
}

void limit_init(struct limit *limit, uint64_t rate, uint64_t now_ns)
{
	limit->rate = rate < LIMIT_RATE_MAX ? rate : LIMIT_RATE_MAX;
	limit->at_ns = now_ns;
	limit->tokens = burst(limit);
}

static void refill(struct limit *limit, uint64_t now_ns)
{
	uint64_t passed = now_ns - limit->at_ns;
	int64_t room = burst(limit) - limit->tokens;

	limit->at_ns = now_ns;
	if (passed >= (uint64_t)room / limit->rate + 1)
		limit->tokens = burst(limit);
	else
		limit->tokens += (int64_t)(passed * limit->rate);
}

bool limit_ready(struct limit *limit, uint64_t now_ns, uint64_t *ready_ns)
{
	if (!limit->rate)
		return true;
	refill(limit, now_ns);
	if (limit->tokens > 0)
		return true;
	uint64_t ready = now_ns + (uint64_t)-limit->tokens / limit->rate + 1;
	if (ready < *ready_ns)
		*ready_ns = ready;
	return false;
}

void limit_spend(struct limit *limit, uint64_t units)
{
	if (limit->rate)
		limit->tokens -= (int64_t)(units * NS_PER_S);
}
