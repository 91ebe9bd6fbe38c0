/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link: the session between a client (a VMM) and a service that has several of them (block, net).
 * Each link is one window of physically contiguous memory that stays the root task's, so it
 * outlives both ends, and each end may be started anew while the other runs on. A link's number is
 * fixed by the configuration.
 *
 *   offset   bytes
 *   0x0000   4 KiB    struct rt_link_header: the root task's, read-only for both ends
 *   0x1000   4 KiB    struct rt_link_words: what the two ends tell each other
 *   0x2000   ...      rings and data, laid out by the protocol (rt/block.h, rt/net.h)
 *
 * The root task changes header.sequence whenever one of the ends starts, and wakes both. Then
 *   service  stops using the window: requests of the old sequence are dropped, and no device
 *            transfers to or from the window any more; stores service_sequence = sequence;
 *   client   waits for that, sets up its rings anew, submits again what was not answered, stores
 *            client_sequence = sequence;
 *   service  waits for that, and serves the rings from their start.
 * Each store is a release, each load an acquire, and after each the other end is woken. Both ends
 * take everything in the words, rings and data for hostile.
 */
#ifndef RT_LINK_H
#define RT_LINK_H

#include <stdint.h>

#define RT_LINK_BYTES	    0x100000ull
#define RT_LINK_WORDS	    0x1000u
#define RT_LINK_RINGS	    0x2000u
#define RT_LINK_FACTS_BYTES 256u

enum rt_link_state {
	RT_LINK_CLOSED, /* the client does not run */
	RT_LINK_OPEN,
	RT_LINK_FAILED, /* the service has ended and will not be restarted: requests fail */
};

struct rt_link_header {
	uint32_t sequence; /* never 0 once the service has been started */
	uint32_t state;	   /* enum rt_link_state; written before sequence */
};

enum rt_link_status {
	RT_LINK_STARTING, /* the service has not looked at its parameters yet */
	RT_LINK_READY,	  /* facts are valid */
	RT_LINK_REFUSED,  /* the parameters of the client cannot be met; text says why */
};

struct rt_link_words {
	uint32_t service_sequence;
	uint32_t client_sequence;
	uint32_t status;       /* enum rt_link_status; the service's, cleared by the root task */
	uint32_t client_flags; /* client, before client_sequence: the protocol's */
	char text[240];	       /* service, with REFUSED */
	unsigned char facts[RT_LINK_FACTS_BYTES]; /* service, with READY: the protocol's */
};

#endif
