/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU that waits for memory; see fetch.h. */
#include "fetch.h"

void fetch_begin(struct fetch *fetch, uint64_t block, uint64_t now_ns)
{
	*fetch = (struct fetch){ .state = FETCH_BEGUN,
				 .block = block,
				 .again_ns = now_ns,
				 .give_up_ns = now_ns + FETCH_PATIENCE_NS };
}

static enum fetch_step step(struct fetch *fetch, enum fetch_state state, enum fetch_step step,
			    uint64_t again_ns)
{
	fetch->state = state;
	fetch->again_ns = again_ns;
	return step;
}

enum fetch_step fetch_next(struct fetch *fetch, const struct fetch_news *news, uint64_t now_ns)
{
	const uint64_t soon = now_ns + FETCH_ANSWER_NS;

	if (news->there)
		return step(fetch, FETCH_NONE, FETCH_DONE, now_ns);
	switch (fetch->state) {
	case FETCH_NONE:
		return FETCH_DONE;
	case FETCH_ASKED:
		if (!news->answered)
			return step(fetch, FETCH_ASKED, FETCH_WAIT, soon);
		if (!news->gone)
			return step(fetch, FETCH_NONE, FETCH_DONE, now_ns);
		return step(fetch, FETCH_REFUSED,
			    now_ns < fetch->give_up_ns ? FETCH_SHORT : FETCH_FAIL,
			    now_ns + FETCH_PAUSE_NS);
	case FETCH_REFUSED:
		if (now_ns < fetch->again_ns)
			return FETCH_WAIT;
		break;
	case FETCH_BEGUN:
		break;
	}
	return step(fetch, FETCH_ASKED, FETCH_ASK, soon);
}
