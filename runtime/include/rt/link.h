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
 *
 * The two ends below are the only code that knows this; they are pure and wake nobody themselves.
 */
#ifndef RT_LINK_H
#define RT_LINK_H

#include <stdbool.h>
#include <stddef.h>
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
	uint32_t status;       /* enum rt_link_status; cleared before a service is started */
	uint32_t client_flags; /* client, before client_sequence: the protocol's */
	char text[240];	       /* service, with REFUSED */
	unsigned char facts[RT_LINK_FACTS_BYTES]; /* service, with READY: the protocol's */
};

#define RT_LINK_TEXT_BYTES sizeof((struct rt_link_words){}.text)

enum rt_link_event {
	RT_LINK_NOTHING,
	RT_LINK_STOP,	/* service: drop requests, end transfers, then rt_link_service_stopped */
	RT_LINK_SETUP,	/* client: set up the rings, submit again, then rt_link_client_start */
	RT_LINK_SERVE,	/* service: the client's rings are set up; serve them from their start */
	RT_LINK_GIVE_UP /* client: there is no service any more, or it refuses; requests fail */
};

/* How far an end has come in the current sequence. */
enum rt_link_phase { RT_LINK_WAITING, RT_LINK_BUSY, RT_LINK_RUNNING, RT_LINK_ENDED };

/* Either end. */
struct rt_link {
	const struct rt_link_header *header;
	struct rt_link_words *words;
	uint32_t sequence; /* the last one seen; 0: none */
	enum rt_link_phase phase;
};

/* Begins at a window. Either end may be first. */
void rt_link_open(struct rt_link *link, void *window);

/* Whether the rings may be used: from rt_link_client_start, or RT_LINK_SERVE, until the next
 * sequence was seen. */
static inline bool rt_link_running(const struct rt_link *link)
{
	return link->phase == RT_LINK_RUNNING;
}

/* What has become of the link since the last call; called on each wake-up. */
enum rt_link_event rt_link_client_poll(struct rt_link *link);

/* Answers RT_LINK_SETUP. The caller wakes the service. */
void rt_link_client_start(struct rt_link *link, uint32_t flags);

/* Changes the flags of a running link, if its protocol allows that. The caller wakes the service.
 */
void rt_link_client_change(struct rt_link *link, uint32_t flags);

/* Copies size <= RT_LINK_FACTS_BYTES bytes of the facts; valid from RT_LINK_SETUP on. */
void rt_link_facts(const struct rt_link *link, void *facts, size_t size);

/* Copies why the service refuses, as a string; empty if it does not. */
void rt_link_refusal(const struct rt_link *link, char text[RT_LINK_TEXT_BYTES]);

/* Says that the client can be served, or why not; before the first rt_link_service_poll. */
void rt_link_service_offer(struct rt_link *link, const void *facts, size_t size);
void rt_link_service_refuse(struct rt_link *link, const char *text);

enum rt_link_event rt_link_service_poll(struct rt_link *link);

/* Answers RT_LINK_STOP, when no transfer to or from the window is left. The caller wakes the
 * client. */
void rt_link_service_stopped(struct rt_link *link);

/* The client's flags, valid from RT_LINK_SERVE on. */
uint32_t rt_link_client_flags(const struct rt_link *link);

#endif
