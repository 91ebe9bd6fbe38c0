/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the root task and the console service tell each other about the console's clients: a table
 * at RT_CONTROL_VA of the console, shared by the two. The root task opens and closes the sessions;
 * the console acknowledges a close when it has read all that the client left behind.
 *
 * The root task fills the other members of a slot first and publishes a change by storing sequence
 * last; the console loads sequence first. Until the console has acknowledged a sequence number the
 * root task does not change the slot again, unless the console fails to answer in time.
 */
#ifndef RT_CONTROL_H
#define RT_CONTROL_H

#include <rt/process.h>

enum rt_slot_state {
	RT_SLOT_NONE,	/* no such client */
	RT_SLOT_CLOSED, /* the client does not run; its window must not be used */
	RT_SLOT_OPEN,	/* the window is set up, or zeroed and about to be */
};

/* Flags. Without one of them the client has only log lines. */
#define RT_SLOT_CONSOLE 1u /* has a guest console */
#define RT_SLOT_SERVICE 2u /* a service: its log lines are shown on a console of their own too */

struct rt_slot {
	uint32_t sequence; /* root: counts changes */
	uint32_t acked;	   /* console: last sequence number it has acted on */
	uint32_t state;	   /* enum rt_slot_state */
	uint32_t flags;	   /* RT_SLOT_* */
	char name[RT_NAME_BYTES];
	char note[208]; /* shown on the slot's console with this change: why the guest stopped */
};

struct rt_control {
	struct rt_slot slot[RT_CLIENTS_MAX];
};
_Static_assert(sizeof(struct rt_slot) == 256, "16 slots in a page");

#define RT_CONTROL_PAGES (sizeof(struct rt_control) / VELA_PAGE_SIZE)

#endif
