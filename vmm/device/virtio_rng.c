/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entropy device answers at once, with at most RNG_BYTES for a request: the driver asks again
 * if it wants more, and a huge buffer does not hold the machine up.
 */
#include "virtio_rng.h"

#include <string.h>

#define RNG_ENTRIES 64
#define RNG_BYTES   256u
#define CLASS_OTHER 0x00ff00u

static void rng_notify(void *ctx, unsigned queue)
{
	struct virtio_rng *rng = ctx;
	struct vq_chain *chain = &rng->chain;
	unsigned char bytes[RNG_BYTES];

	while (virtio_take(&rng->dev, queue, chain)) {
		size_t n = chain->writable_bytes < RNG_BYTES ? (size_t)chain->writable_bytes
							     : RNG_BYTES;

		rng->source.fill(rng->source.ctx, bytes, n);
		virtio_give(&rng->dev, queue, chain->head,
			    (uint32_t)vq_chain_write(chain, 0, bytes, n));
	}
	virtio_kick(&rng->dev, queue);
}

static const struct virtio_ops rng_ops = {
	.name = "virtio-rng",
	.type = VIRTIO_TYPE_ENTROPY,
	.class_code = CLASS_OTHER,
	.notify = rng_notify,
};

static void rng_reset(void *dev)
{
	struct virtio_rng *rng = dev;

	virtio_reset(&rng->dev);
}

static bool rng_check(const void *state)
{
	const struct virtio_rng_state *s = state;

	return virtio_check(&s->virtio);
}

static void rng_resume(void *dev)
{
	struct virtio_rng *rng = dev;

	virtio_resume(&rng->dev);
}

const struct device_ops virtio_rng_device_ops = {
	.name = "virtio-rng",
	.version = 1,
	.state_offset = offsetof(struct virtio_rng, s),
	.state_size = sizeof(struct virtio_rng_state),
	.reset = rng_reset,
	.check = rng_check,
	.resume = rng_resume,
};

void virtio_rng_init(struct virtio_rng *rng, const struct virtio_wiring *wiring,
		     struct rng_source source)
{
	const struct virtio_params params = { .queues = 1, .entries = RNG_ENTRIES };

	memset(rng, 0, sizeof *rng);
	rng->source = source;
	virtio_init(&rng->dev, &rng_ops, &params, wiring, &rng->s.virtio, rng);
}
