/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of a client: from the chain in its ring, which is hostile, to what the driver of the
 * controller gets, in which every number has been checked. Pure.
 */
#ifndef BLOCK_REQUEST_H
#define BLOCK_REQUEST_H

#include <rt/virtqueue.h>

#include "disk.h"

struct client;

/* What a client may do. */
struct extent {
	uint32_t unit;
	uint64_t first; /* sector of the disk */
	uint64_t sectors;
	bool read_only;
	const struct disk_unit *disk;
	unsigned char *window;
	uint64_t address; /* of the window, as the device sees it */
};

enum request_state {
	REQUEST_FREE,
	REQUEST_QUEUED, /* checked, and waits for its turn */
	REQUEST_FLYING, /* the controller has it */
};

struct request {
	struct disk_request disk;
	enum request_state state;
	unsigned tries; /* times the controller had it */
	uint16_t head;
	uint32_t data_bytes;
	unsigned char *status; /* in the window */
	uint64_t flying_ns;    /* since when */
	struct client *client;
	struct request *next;
};

enum request_verdict {
	REQUEST_GOOD,
	REQUEST_BAD,	     /* answer RT_BLOCK_ERROR */
	REQUEST_UNSUPPORTED, /* answer RT_BLOCK_UNSUPPORTED */
	REQUEST_NO_FRAME,    /* it cannot be answered */
};

/* Fills in a request from its chain. Unless REQUEST_NO_FRAME, status and head are valid. */
enum request_verdict request_take(struct request *request, const struct vq_chain *chain,
				  const struct extent *extent);

/* What the used ring says about an answered request. */
uint32_t request_written(const struct request *request, enum rt_block_status status);

#endif
