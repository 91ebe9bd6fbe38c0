/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block device beside its requests: configuration, reset, state. A reset waits until the
 * backend has done with every request.
 */
#include "virtio_blk_parts.h"

#include <string.h>

#define CLASS_DISK   0x018000u /* mass storage, other */
#define MAX_SEGMENTS (BLOCK_SEGMENTS - 2)

static void blk_notify(void *ctx, unsigned queue)
{
	struct virtio_blk *blk = ctx;

	virtio_blk_take(blk, queue);
	virtio_blk_kick(blk);
}

void virtio_blk_poll(struct virtio_blk *blk)
{
	if (blk->backend->poll)
		blk->backend->poll(blk->backend->ctx);
	for (uint32_t stalled = blk->stalled; stalled && blk->free; stalled &= stalled - 1)
		virtio_blk_take(blk, (unsigned)__builtin_ctz(stalled));
	virtio_blk_kick(blk);
}

static bool blk_forget(void *ctx)
{
	struct virtio_blk *blk = ctx;

	for (unsigned i = 0; i < blk->ios; i++)
		blk->io[i].io.cancelled = true;
	blk->stalled = 0;
	blk->answered = 0;
	blk->s.writeback = 1;
	blk->config[VIRTIO_BLK_WRITEBACK] = 1;
	return !blk->in_flight;
}

static void blk_config_write(void *ctx, unsigned offset, unsigned width, uint64_t value)
{
	struct virtio_blk *blk = ctx;

	if (offset != VIRTIO_BLK_WRITEBACK || width != 1 ||
	    !virtio_has(&blk->dev, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	blk->s.writeback = value & 1;
	blk->config[VIRTIO_BLK_WRITEBACK] = blk->s.writeback;
}

static const struct virtio_ops blk_ops = {
	.name = "virtio-blk",
	.type = VIRTIO_TYPE_BLOCK,
	.class_code = CLASS_DISK,
	.notify = blk_notify,
	.reset = blk_forget,
	.config_write = blk_config_write,
};

static void blk_reset(void *dev)
{
	struct virtio_blk *blk = dev;

	virtio_reset(&blk->dev);
	blk->s.writeback = 1;
	blk->config[VIRTIO_BLK_WRITEBACK] = 1;
}

static bool blk_check(const void *state)
{
	const struct virtio_blk_state *s = state;

	return virtio_check(&s->virtio) && s->writeback <= 1;
}

/* Chains may have waited for a free request; the next poll looks for them. */
static void blk_resume(void *dev)
{
	struct virtio_blk *blk = dev;

	virtio_resume(&blk->dev);
	blk->config[VIRTIO_BLK_WRITEBACK] = blk->s.writeback;
	blk->stalled = (1u << blk->dev.params.queues) - 1;
}

static bool blk_idle(const void *dev)
{
	const struct virtio_blk *blk = dev;

	return !blk->in_flight;
}

const struct device_ops virtio_blk_device_ops = {
	.name = "virtio-blk",
	.version = 1,
	.state_offset = offsetof(struct virtio_blk, s),
	.state_size = sizeof(struct virtio_blk_state),
	.reset = blk_reset,
	.check = blk_check,
	.resume = blk_resume,
	.idle = blk_idle,
};

static void put(uint8_t *config, unsigned offset, uint64_t value, unsigned width)
{
	memcpy(config + offset, &value, width);
}

/* Section 5.2.4. */
static void fill_config(struct virtio_blk *blk, unsigned queues)
{
	const struct block_facts *f = blk_facts(blk);
	uint8_t *config = blk->config;
	uint32_t scale = f->block_bytes / RT_BLOCK_SECTOR;

	put(config, VIRTIO_BLK_CAPACITY, f->sectors, 8);
	put(config, VIRTIO_BLK_SEG_MAX, MAX_SEGMENTS, 4);
	put(config, VIRTIO_BLK_BLK_SIZE, f->block_bytes, 4);
	/* Transfers of whole pages are copied best. */
	put(config, VIRTIO_BLK_PHYSICAL_EXP, (uint64_t)__builtin_ctz(4096 / f->block_bytes), 1);
	put(config, VIRTIO_BLK_MIN_IO, 4096 / f->block_bytes, 2);
	put(config, VIRTIO_BLK_WRITEBACK, 1, 1);
	put(config, VIRTIO_BLK_QUEUES, queues, 2);
	put(config, VIRTIO_BLK_DISCARD_SECTORS, f->discard_sectors, 4);
	put(config, VIRTIO_BLK_DISCARD_SEGMENTS, 1, 4);
	put(config, VIRTIO_BLK_DISCARD_ALIGNMENT, scale, 4);
	put(config, VIRTIO_BLK_ZEROES_SECTORS, f->zeroes_sectors, 4);
	put(config, VIRTIO_BLK_ZEROES_SEGMENTS, 1, 4);
	put(config, VIRTIO_BLK_ZEROES_UNMAP, f->discard_sectors != 0, 1);
}

void virtio_blk_init(struct virtio_blk *blk, const struct virtio_wiring *wiring,
		     const struct virtio_blk_backing *backing, unsigned queues)
{
	struct block_backend *backend = backing->backend;
	const struct block_facts *f = &backend->facts;
	struct virtio_params params = {
		.features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_TOPOLOGY |
			    VIRTIO_BLK_F_MQ,
		.queues = (uint16_t)queues,
		.entries = VIRTIO_BLK_ENTRIES,
		.config = blk->config,
		.config_bytes = VIRTIO_BLK_CONFIG_BYTES,
	};

	memset(blk, 0, sizeof *blk);
	params.features |= f->read_only ? VIRTIO_BLK_F_RO : 0;
	params.features |= f->can_flush ? VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE : 0;
	params.features |= f->discard_sectors ? VIRTIO_BLK_F_DISCARD : 0;
	params.features |= f->zeroes_sectors ? VIRTIO_BLK_F_WRITE_ZEROES : 0;
	backend->done = virtio_blk_done;
	backend->owner = blk;
	blk->backend = backend;
	blk->io = backing->io;
	blk->ios = backing->ios;
	blk->s.writeback = 1;
	fill_config(blk, queues);
	for (unsigned i = 0; i < blk->ios; i++)
		virtio_blk_release(blk, &blk->io[i]);
	virtio_init(&blk->dev, &blk_ops, &params, wiring, &blk->s.virtio, blk);
}
