/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU that waits for a block of its guest's memory to come back. Pure: what is to be done
 * next; doing it is the caller's.
 */
#ifndef VMM_MACHINE_FETCH_H
#define VMM_MACHINE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#define FETCH_ANSWER_NS	  1000000ull /* the wake-up is the first vCPU's; others look themselves */
#define FETCH_PAUSE_NS	  (100 * FETCH_ANSWER_NS)   /* between two tries to get memory */
#define FETCH_PATIENCE_NS (10000 * FETCH_ANSWER_NS) /* a guest can wait so long for memory */

enum fetch_state { FETCH_NONE, FETCH_BEGUN, FETCH_ASKED, FETCH_REFUSED };

struct fetch {
	enum fetch_state state; /* NONE: it waits for nothing */
	uint32_t asked;		/* the request whose answer is awaited; the caller's */
	uint64_t block;
	uint64_t again_ns; /* when to look again */
	uint64_t give_up_ns;
};

enum fetch_step {
	FETCH_WAIT,
	FETCH_ASK,   /* ask for the block */
	FETCH_DONE,  /* it is there */
	FETCH_SHORT, /* there is no memory for it at present */
	FETCH_FAIL,  /* nor will there be */
};

/* What is known of the block. */
struct fetch_news {
	bool there;    /* somebody else got it */
	bool answered; /* the request */
	bool gone;     /* by the answer */
};

static inline bool fetch_waits(const struct fetch *fetch)
{
	return fetch->state != FETCH_NONE;
}

void fetch_begin(struct fetch *fetch, uint64_t block, uint64_t now_ns);
enum fetch_step fetch_next(struct fetch *fetch, const struct fetch_news *news, uint64_t now_ns);

#endif
