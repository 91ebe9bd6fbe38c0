/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a service runs on; see watchdog.h. */
#include "watchdog.h"

void watchdog_start(struct watchdog *watchdog, uint64_t limit_ns, uint64_t now_ns)
{
	*watchdog = (struct watchdog){
		.limit_ns = limit_ns,
		.look_ns = limit_ns ? now_ns + limit_ns / WATCHDOG_ASKS : UINT64_MAX,
	};
}

/* The verdict falls WATCHDOG_ASKS looks after the first question that was not answered, so the
 * limit has passed. */
enum watchdog_verdict watchdog_look(struct watchdog *watchdog, uint32_t alive, uint64_t now_ns)
{
	if (now_ns < watchdog->look_ns)
		return WATCHDOG_WAIT;
	watchdog->look_ns = now_ns + watchdog->limit_ns / WATCHDOG_ASKS;
	if (alive == watchdog->asked)
		watchdog->missed = 0;
	else if (++watchdog->missed == WATCHDOG_ASKS)
		return WATCHDOG_HANGS;
	if (!watchdog->missed)
		watchdog->asked++;
	return WATCHDOG_ASK;
}
