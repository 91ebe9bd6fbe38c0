/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block device in the zoo, with a small disk behind it that works at once or when told to.
 */
#include "zoo_virtio.h"

#include <string.h>

static enum rt_block_status carry_out(struct zoo *zoo, struct block_io *io)
{
	uint8_t *at = zoo->sectors[io->sector % ZOO_SECTORS];

	if (io->cancelled)
		return RT_BLOCK_OK;
	switch (io->type) {
	case RT_BLOCK_READ:
		block_copy_out(io, 0, at, io->bytes);
		break;
	case RT_BLOCK_WRITE:
		block_copy_in(io, 0, at, io->bytes);
		break;
	case RT_BLOCK_DISCARD:
	case RT_BLOCK_WRITE_ZEROES:
		memset(at, 0, io->bytes);
		break;
	default:
		break;
	}
	return RT_BLOCK_OK;
}

static void submit(void *ctx, struct block_io *io)
{
	struct zoo *zoo = ctx;
	struct block_io **end = &zoo->held;

	if (!zoo->hold) {
		block_done(&zoo->backend, io, carry_out(zoo, io));
		return;
	}
	while (*end)
		end = &(*end)->next;
	io->next = NULL;
	*end = io;
}

bool zoo_release_io(struct zoo *zoo, enum rt_block_status status)
{
	struct block_io *io = zoo->held;

	if (!io)
		return false;
	zoo->held = io->next;
	if (status == RT_BLOCK_OK)
		status = carry_out(zoo, io);
	block_done(&zoo->backend, io, status);
	return true;
}

void zoo_build_blk(struct zoo *zoo)
{
	const struct virtio_wiring wiring = zoo_wiring(zoo);

	zoo->backend = (struct block_backend){
		.facts = { .sectors = ZOO_SECTORS,
			   .block_bytes = RT_BLOCK_SECTOR,
			   .can_flush = true,
			   .discard_sectors = 16,
			   .zeroes_sectors = 16,
			   .serial = "ZOO" },
		.submit = submit,
		.ctx = zoo,
	};
	const struct virtio_blk_backing backing = { &zoo->backend, zoo->io, ZOO_IOS };

	virtio_blk_init(&zoo->dev.blk, &wiring, &backing, 2);
	zoo_place(zoo, &zoo->dev.blk.dev);
}

void zoo_blk_header(struct zoo *zoo, uint32_t type, uint64_t sector)
{
	uint8_t *header = zoo->ram + ZOO_BUFFERS;

	memset(header, 0, 16);
	memcpy(header, &type, 4);
	memcpy(header + 8, &sector, 8);
	header[16] = 0xff;
}

bool zoo_serve_blk(struct zoo *zoo)
{
	return zoo_release_io(zoo, RT_BLOCK_OK);
}

/* A request that may make sense, beside all that any driver may do; and the disk gets slower or
 * faster. */
void zoo_poke_blk(struct zoo *zoo, uint8_t what, uint8_t value)
{
	static const uint8_t types[8] = { 0, 1, 4, 8, 11, 13, 0, 99 };
	unsigned queue = value & 1;
	bool reads = !(types[what & 7] & 1) && types[what & 7] < 11;

	if ((what & 0x18) == 0x18) {
		zoo->hold = value & 1;
		zoo_serve_blk(zoo);
		virtio_blk_poll(&zoo->dev.blk);
		return;
	}
	if (what & 0x18 || !(zoo_status(zoo) & VIRTIO_DRIVER_OK)) {
		zoo_poke_virtio(zoo, what, value);
		return;
	}
	zoo_blk_header(zoo, types[what & 7], value >> 1);
	zoo_describe(zoo, queue, 0, ZOO_BUFFERS, 16, VQ_DESC_NEXT, 1);
	zoo_describe(zoo, queue, 1, ZOO_BUFFERS + 0x100, 512,
		     VQ_DESC_NEXT | (reads ? VQ_DESC_WRITE : 0), 2);
	zoo_describe(zoo, queue, 2, ZOO_BUFFERS + 16, 1, VQ_DESC_WRITE, 0);
	zoo_submit(zoo, queue, 0);
}
