/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entropy device (VIRTIO 1.2 section 5.4): fills the driver's buffers with random bytes.
 */
#ifndef VMM_DEVICE_VIRTIO_RNG_H
#define VMM_DEVICE_VIRTIO_RNG_H

#include "virtio.h"

/* Fills size bytes; must not fail. */
struct rng_source {
	void (*fill)(void *ctx, void *bytes, size_t size);
	void *ctx;
};

struct virtio_rng_state {
	struct virtio_state virtio;
};

struct virtio_rng {
	struct virtio_rng_state s;
	struct virtio_device dev;
	struct rng_source source;
	struct vq_chain chain;
};

extern const struct device_ops virtio_rng_device_ops;

void virtio_rng_init(struct virtio_rng *rng, const struct virtio_wiring *wiring,
		     struct rng_source source);

#endif
