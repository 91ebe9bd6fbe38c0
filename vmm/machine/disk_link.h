/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk behind a link with a block service. Requests are cut into pieces that fit into free memory
 * of the link's window; data is copied between window and guest memory. When the service is
 * restarted, pieces without an answer are submitted again; when it is gone for good, they fail.
 * Pure but for the window.
 */
#ifndef VMM_MACHINE_DISK_LINK_H
#define VMM_MACHINE_DISK_LINK_H

#include <rt/block.h>
#include <rt/virtqueue.h>

#include "device/block.h"

#define DISK_PIECES RT_BLOCK_IN_FLIGHT
#define DISK_PAGES  ((RT_LINK_BYTES - RT_BLOCK_DATA) / RT_BLOCK_PAGE)

/* Part of a request that the service has. Everything needed to submit it again is here and not in
 * the window. */
struct disk_piece {
	struct block_io *io; /* NULL: free */
	struct rt_block_request header;
	struct rt_block_range range;
	uint64_t offset; /* in the request's data */
	uint32_t bytes;
	uint16_t page; /* first of its pages in the window */
	uint16_t pages;
};

struct disk_link {
	struct block_backend backend;
	struct rt_link link;
	struct vq_driver queue;
	unsigned char *window;
	uint32_t request_bytes;
	bool known;			       /* the facts have been read once */
	bool failed;			       /* requests fail */
	struct block_io *first, *last;	       /* not all issued yet */
	uint64_t used[(DISK_PAGES + 63) / 64]; /* bit per page of the window's data */
	struct disk_piece piece[DISK_PIECES];
	uint16_t piece_of[VQ_ENTRIES_MAX]; /* by head */
	void (*ring)(void *ctx);	   /* wakes the service */
	void (*log)(void *ctx, const char *line);
	void *ctx;
};

/* Begins at a window. The backend's facts are valid once disk_link_ready says so. */
void disk_link_open(struct disk_link *disk, void *window);

/* Looks at the link; whether the service has offered the disk. */
bool disk_link_ready(struct disk_link *disk);

#endif
