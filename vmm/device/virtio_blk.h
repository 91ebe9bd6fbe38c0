/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block device (VIRTIO 1.2 section 5.2): one queue for each virtual CPU, flush, discard,
 * write-zeroes, and a write cache the driver can turn off. The disk is a backend (block.h).
 */
#ifndef VMM_DEVICE_VIRTIO_BLK_H
#define VMM_DEVICE_VIRTIO_BLK_H

#include "block.h"
#include "virtio.h"

#define VIRTIO_BLK_ENTRIES 256u

struct virtio_blk_io {
	struct block_io io;
	struct virtio_blk_io *next_free;
	unsigned char *status; /* in guest memory */
	uint32_t written;      /* bytes the driver is told of, if all goes well */
	uint16_t queue;
	uint16_t head;
};

struct virtio_blk_state {
	struct virtio_state virtio;
	uint8_t writeback; /* the driver has not turned the cache off */
	uint8_t reserved[7];
};

struct virtio_blk {
	struct virtio_blk_state s;
	struct virtio_device dev;
	struct block_backend *backend;
	uint8_t config[VIRTIO_BLK_CONFIG_BYTES];
	uint32_t stalled;  /* bit per queue: chains were left because all requests are in use */
	uint32_t answered; /* bit per queue: chains were given back since its last kick */
	unsigned in_flight;
	struct virtio_blk_io *free;
	struct vq_chain chain;
	struct virtio_blk_io *io; /* the pool */
	unsigned ios;
};

extern const struct device_ops virtio_blk_device_ops;

/* What is behind a device, and outlives it. The backend's done and owner are set by the device. */
struct virtio_blk_backing {
	struct block_backend *backend;
	struct virtio_blk_io *io; /* memory of the requests in flight */
	unsigned ios;
};

void virtio_blk_init(struct virtio_blk *blk, const struct virtio_wiring *wiring,
		     const struct virtio_blk_backing *backing, unsigned queues);

/* Something outside may have happened. Also while the device is being reset. */
void virtio_blk_poll(struct virtio_blk *blk);

#endif
