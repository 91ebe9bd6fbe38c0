/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices that a service does not run on: it is asked several times within its limit, and must have
 * answered once. Pure; time is handed in. Only looks count, so that a machine that was stopped as a
 * whole blames nobody.
 */
#ifndef ROOT_WATCHDOG_H
#define ROOT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHDOG_ASKS 4u /* within the limit */

struct watchdog {
	uint64_t limit_ns; /* 0: off */
	uint64_t look_ns;  /* the next look, UINT64_MAX: never */
	uint32_t asked;
	unsigned missed; /* looks in a row without an answer */
};

/* The service starts. */
void watchdog_start(struct watchdog *watchdog, uint64_t limit_ns, uint64_t now_ns);

enum watchdog_verdict {
	WATCHDOG_WAIT,
	WATCHDOG_ASK,  /* tell the service watchdog->asked, and wake it */
	WATCHDOG_HANGS /* for limit_ns at least */
};

/* alive is the last that the service has answered, which may be anything. */
enum watchdog_verdict watchdog_look(struct watchdog *watchdog, uint32_t alive, uint64_t now_ns);

#endif
