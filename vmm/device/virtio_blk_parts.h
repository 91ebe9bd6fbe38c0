/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the block device share. Private to them. */
#ifndef VMM_DEVICE_VIRTIO_BLK_PARTS_H
#define VMM_DEVICE_VIRTIO_BLK_PARTS_H

#include "virtio_blk.h"

/* VIRTIO 1.2 section 5.2.3: feature bits. */
#define F_SEG_MAX      (1u << 2)
#define F_RO	       (1u << 5)
#define F_BLK_SIZE     (1u << 6)
#define F_FLUSH	       (1u << 9)
#define F_TOPOLOGY     (1u << 10)
#define F_CONFIG_WCE   (1u << 11)
#define F_MQ	       (1u << 12)
#define F_DISCARD      (1u << 13)
#define F_WRITE_ZEROES (1u << 14)

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
void virtio_blk_done(void *blk, struct block_io *io, enum block_status status);

#endif
