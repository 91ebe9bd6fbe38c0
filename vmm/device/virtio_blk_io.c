/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the block device, from a chain to its answer (VIRTIO 1.2 section 5.2.6). They come
 * from a fixed pool; while it is empty, chains stay in their queues.
 */
#include "virtio_blk_parts.h"

#define HEADER sizeof(struct rt_block_request)
#define RANGE  sizeof(struct rt_block_range)

static void answer(struct virtio_blk *blk, struct virtio_blk_io *io, enum rt_block_status status)
{
	*(volatile unsigned char *)io->status = (unsigned char)status;
	virtio_give(&blk->dev, io->queue, io->head, status == RT_BLOCK_OK ? io->written : 1);
	blk->answered |= 1u << io->queue;
}

void virtio_blk_release(struct virtio_blk *blk, struct virtio_blk_io *io)
{
	io->next_free = blk->free;
	blk->free = io;
}

/* Sections 5.2.5.2 and 5.2.6.2: without a cache, or a driver that flushes it, a write is answered
 * when it is stable. */
static bool is_write_through(const struct virtio_blk *blk)
{
	if (!blk_facts(blk)->can_flush)
		return false;
	if (virtio_has(&blk->dev, VIRTIO_BLK_F_CONFIG_WCE))
		return !blk->s.writeback;
	return !virtio_has(&blk->dev, VIRTIO_BLK_F_FLUSH);
}

static void submit(struct virtio_blk *blk, struct virtio_blk_io *io)
{
	blk->in_flight++;
	blk->backend->submit(blk->backend->ctx, &io->io);
}

void virtio_blk_done(void *owner, struct block_io *done, enum rt_block_status status)
{
	struct virtio_blk *blk = owner;
	struct virtio_blk_io *io = (struct virtio_blk_io *)(void *)done;

	blk->in_flight--;
	if (status == RT_BLOCK_OK && !done->cancelled && done->type != RT_BLOCK_READ &&
	    done->type != RT_BLOCK_FLUSH && is_write_through(blk)) {
		done->type = RT_BLOCK_FLUSH;
		submit(blk, io);
		return;
	}
	if (!done->cancelled)
		answer(blk, io, status);
	virtio_blk_release(blk, io);
	if (!blk->in_flight)
		virtio_reset_done(&blk->dev);
}

/* Sector and length are whole blocks of the disk. */
static bool is_inside(const struct virtio_blk *blk, uint64_t sector, uint64_t bytes)
{
	uint32_t block = blk_facts(blk)->block_bytes;
	uint64_t sectors = bytes / RT_BLOCK_SECTOR;

	return bytes && bytes % block == 0 && sector % (block / RT_BLOCK_SECTOR) == 0 &&
	       sectors <= blk_facts(blk)->sectors && sector <= blk_facts(blk)->sectors - sectors;
}

/* Takes the data's part of count segments: length bytes behind skip bytes. */
static bool take_data(struct block_io *io, const struct vq_segment *segment, unsigned count,
		      uint64_t skip, uint64_t length)
{
	io->segments = 0;
	for (unsigned i = 0; i < count && length; i++) {
		uint64_t n = segment[i].length;

		if (skip >= n) {
			skip -= n;
			continue;
		}
		n -= skip;
		if (n > length)
			n = length;
		if (io->segments == BLOCK_SEGMENTS)
			return false;
		io->segment[io->segments++] =
			(struct vq_segment){ segment[i].bytes + skip, (uint32_t)n };
		skip = 0;
		length -= n;
	}
	return true;
}

static enum rt_block_status take_transfer(struct virtio_blk *blk, struct block_io *io)
{
	const struct vq_chain *chain = &blk->chain;
	bool write = io->type == RT_BLOCK_WRITE;
	uint64_t bytes = write ? chain->readable_bytes - HEADER : chain->writable_bytes - 1;
	const struct vq_segment *segment = chain->segment + (write ? 0 : chain->readable);

	if ((write && blk_facts(blk)->read_only) || bytes > UINT32_MAX ||
	    !is_inside(blk, io->sector, bytes) ||
	    !take_data(io, segment, write ? chain->readable : chain->writable, write ? HEADER : 0,
		       bytes))
		return RT_BLOCK_ERROR;
	io->bytes = (uint32_t)bytes;
	return RT_BLOCK_OK;
}

static enum rt_block_status take_range(struct virtio_blk *blk, struct block_io *io)
{
	bool zeroes = io->type == RT_BLOCK_WRITE_ZEROES;
	uint32_t most = zeroes ? blk_facts(blk)->zeroes_sectors : blk_facts(blk)->discard_sectors;
	struct rt_block_range range;

	if (!most)
		return RT_BLOCK_UNSUPPORTED;
	if (blk_facts(blk)->read_only || blk->chain.readable_bytes != HEADER + RANGE)
		return RT_BLOCK_ERROR;
	vq_chain_read(&blk->chain, HEADER, &range, sizeof range);
	if (range.flags & ~(zeroes ? RT_BLOCK_UNMAP : 0))
		return RT_BLOCK_UNSUPPORTED;
	if (range.sectors > most || range.sectors > UINT32_MAX / RT_BLOCK_SECTOR ||
	    !is_inside(blk, range.sector, (uint64_t)range.sectors * RT_BLOCK_SECTOR))
		return RT_BLOCK_ERROR;
	io->sector = range.sector;
	io->bytes = range.sectors * RT_BLOCK_SECTOR;
	io->unmap = range.flags & RT_BLOCK_UNMAP;
	return RT_BLOCK_OK;
}

/* The driver has that many bytes for it, section 5.2.6.4. */
static void get_id(struct virtio_blk *blk, struct virtio_blk_io *io)
{
	size_t room = blk->chain.writable_bytes - 1 < RT_BLOCK_SERIAL
			      ? (size_t)blk->chain.writable_bytes - 1
			      : RT_BLOCK_SERIAL;

	io->written = 1 + (uint32_t)vq_chain_write(&blk->chain, 0, blk_facts(blk)->serial, room);
	answer(blk, io, RT_BLOCK_OK);
}

/* Fills in a request from the chain; RT_BLOCK_OK: it is to be submitted. */
static enum rt_block_status take_request(struct virtio_blk *blk, struct virtio_blk_io *io)
{
	struct rt_block_request header;

	vq_chain_read(&blk->chain, 0, &header, sizeof header);
	io->io.type = header.type;
	io->io.sector = header.sector;
	io->io.cancelled = false;
	io->io.segments = 0;
	io->io.bytes = 0;
	io->io.unmap = false;
	io->written = 1;
	switch (header.type) {
	case RT_BLOCK_READ:
	case RT_BLOCK_WRITE: {
		enum rt_block_status status = take_transfer(blk, &io->io);

		if (header.type == RT_BLOCK_READ)
			io->written += io->io.bytes;
		return status;
	}
	case RT_BLOCK_FLUSH:
		return RT_BLOCK_OK;
	case RT_BLOCK_DISCARD:
	case RT_BLOCK_WRITE_ZEROES:
		return take_range(blk, &io->io);
	default:
		return RT_BLOCK_UNSUPPORTED;
	}
}

static void start_request(struct virtio_blk *blk, struct virtio_blk_io *io)
{
	enum rt_block_status status = take_request(blk, io);

	if (status == RT_BLOCK_OK) {
		submit(blk, io);
		return;
	}
	if (io->io.type == RT_BLOCK_GET_ID)
		get_id(blk, io);
	else
		answer(blk, io, status);
	virtio_blk_release(blk, io);
}

/* Takes one chain; false: there is none, or it broke the device. */
static bool take_chain(struct virtio_blk *blk, unsigned queue)
{
	struct virtio_blk_io *io = blk->free;
	struct vq_chain *chain = &blk->chain;

	if (!virtio_take(&blk->dev, queue, chain))
		return false;
	if (chain->readable_bytes < HEADER || !chain->writable_bytes) {
		virtio_fail(&blk->dev, queue, "request without header or status byte");
		return false;
	}
	/* The last byte, in whatever segment it is: those behind it are empty. */
	unsigned last = chain->readable + chain->writable - 1u;
	while (!chain->segment[last].length)
		last--;
	io->status = chain->segment[last].bytes + chain->segment[last].length - 1;
	io->queue = (uint16_t)queue;
	io->head = chain->head;
	blk->free = io->next_free;
	start_request(blk, io);
	return true;
}

void virtio_blk_take(struct virtio_blk *blk, unsigned queue)
{
	blk->stalled &= ~(1u << queue);
	while (blk->free)
		if (!take_chain(blk, queue))
			return;
	blk->stalled |= 1u << queue;
}

void virtio_blk_kick(struct virtio_blk *blk)
{
	uint32_t answered = blk->answered;

	blk->answered = 0;
	for (; answered; answered &= answered - 1)
		virtio_kick(&blk->dev, (unsigned)__builtin_ctz(answered));
	if (blk->backend->kick)
		blk->backend->kick(blk->backend->ctx);
}
