/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the block device share. Private to them. */
#ifndef VMM_DEVICE_VIRTIO_BLK_PARTS_H
#define VMM_DEVICE_VIRTIO_BLK_PARTS_H

#include "virtio_blk.h"

static inline const struct block_facts *blk_facts(const struct virtio_blk *blk)
{
	return &blk->backend->facts;
}

/* Takes requests from a queue while there are any and the pool is not empty. */
void virtio_blk_take(struct virtio_blk *blk, unsigned queue);

/* Tells driver and backend of what was done since the last call. */
void virtio_blk_kick(struct virtio_blk *blk);

/* A request goes back to the pool. */
void virtio_blk_release(struct virtio_blk *blk, struct virtio_blk_io *io);

/* The backend has done with a request. */
void virtio_blk_done(void *blk, struct block_io *io, enum rt_block_status status);

#endif
