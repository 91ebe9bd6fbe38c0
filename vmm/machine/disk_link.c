/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk behind a link; see disk_link.h. Piece n has its header, range and status byte in the n-th
 * part of the window's headers, and its data in a run of pages of its own.
 */
#include "disk_link.h"

#include <string.h>

#define PART	    64u /* of the headers, for one piece */
#define PART_RANGE  16u
#define PART_STATUS 32u

_Static_assert(DISK_PIECES *PART <= RT_BLOCK_DATA - RT_BLOCK_HEADERS, "headers");
_Static_assert(3 * DISK_PIECES <= RT_BLOCK_ENTRIES, "a piece has at most three descriptors");

static uint32_t part_of(unsigned n)
{
	return RT_BLOCK_HEADERS + n * PART;
}

static unsigned char *data_of(const struct disk_link *disk, const struct disk_piece *piece)
{
	return disk->window + RT_BLOCK_DATA + piece->page * RT_BLOCK_PAGE;
}

static bool is_transfer(const struct block_io *io)
{
	return io->type == RT_BLOCK_READ || io->type == RT_BLOCK_WRITE;
}

static bool page_used(const struct disk_link *disk, unsigned page)
{
	return disk->used[page / 64] >> page % 64 & 1;
}

static void pages_mark(struct disk_link *disk, const struct disk_piece *piece, bool used)
{
	for (unsigned page = piece->page; page < piece->page + piece->pages; page++) {
		uint64_t bit = 1ull << page % 64;

		disk->used[page / 64] = (disk->used[page / 64] & ~bit) | (used ? bit : 0);
	}
}

/* Finds the first run of free pages that is long enough, else the longest there is. */
static void pages_find(const struct disk_link *disk, unsigned wanted, struct disk_piece *piece)
{
	unsigned run = 0;

	piece->pages = 0;
	for (unsigned page = 0; page < DISK_PAGES && piece->pages < wanted; page++) {
		run = page_used(disk, page) ? 0 : run + 1;
		if (run > piece->pages) {
			piece->pages = (uint16_t)run;
			piece->page = (uint16_t)(page + 1 - run);
		}
	}
}

static struct disk_piece *piece_find(struct disk_link *disk)
{
	for (unsigned i = 0; i < DISK_PIECES; i++)
		if (!disk->piece[i].io)
			return &disk->piece[i];
	return NULL;
}

/* Makes a piece available to the service. The ring has room for all pieces. */
static void piece_submit(struct disk_link *disk, struct disk_piece *piece)
{
	unsigned n = (unsigned)(piece - disk->piece);
	unsigned char *part = disk->window + part_of(n);
	bool is_read = piece->header.type == RT_BLOCK_READ;
	struct vq_buffer buffer[3];
	unsigned count = 0;
	uint16_t head;

	memcpy(part, &piece->header, sizeof piece->header);
	memcpy(part + PART_RANGE, &piece->range, sizeof piece->range);
	part[PART_STATUS] = RT_BLOCK_ERROR;
	buffer[count++] = (struct vq_buffer){ part_of(n), sizeof piece->header };
	if (piece->pages)
		buffer[count++] = (struct vq_buffer){ RT_BLOCK_DATA + piece->page * RT_BLOCK_PAGE,
						      piece->bytes };
	else if (piece->range.sectors)
		buffer[count++] =
			(struct vq_buffer){ part_of(n) + PART_RANGE, sizeof piece->range };
	buffer[count++] = (struct vq_buffer){ part_of(n) + PART_STATUS, 1 };
	unsigned readable = is_read ? 1 : count - 1;
	if (!vq_driver_next(&disk->queue, &head))
		return;
	disk->piece_of[head] = (uint16_t)n;
	vq_driver_add(&disk->queue, buffer, readable, count - readable);
}

/* Cuts the next piece of data off the request; false: there is no memory for it now. */
static bool cut_data(struct disk_link *disk, struct block_io *io, struct disk_piece *piece)
{
	uint32_t left = io->bytes - io->issued;
	uint32_t bytes = left < disk->request_bytes ? left : disk->request_bytes;

	pages_find(disk, (bytes + RT_BLOCK_PAGE - 1) / RT_BLOCK_PAGE, piece);
	if (!piece->pages)
		return false;
	if (bytes > piece->pages * RT_BLOCK_PAGE)
		bytes = piece->pages * RT_BLOCK_PAGE;
	piece->bytes = bytes;
	piece->offset = io->issued;
	piece->header.sector = io->sector + io->issued / RT_BLOCK_SECTOR;
	pages_mark(disk, piece, true);
	if (io->type == RT_BLOCK_WRITE)
		block_copy_in(io, piece->offset, data_of(disk, piece), bytes);
	io->issued += bytes;
	return true;
}

/* Issues one piece of the first request; false: there is no room. */
static bool issue(struct disk_link *disk)
{
	struct block_io *io = disk->first;
	struct disk_piece *piece = piece_find(disk);

	if (!piece)
		return false;
	*piece = (struct disk_piece){ .header.type = io->type };
	if (is_transfer(io)) {
		if (!cut_data(disk, io, piece))
			return false;
	} else {
		if (io->type != RT_BLOCK_FLUSH)
			piece->range =
				(struct rt_block_range){ io->sector, io->bytes / RT_BLOCK_SECTOR,
							 io->unmap };
		io->issued = io->bytes;
	}
	piece->io = io;
	io->pieces++;
	if (io->issued == io->bytes)
		disk->first = io->next;
	piece_submit(disk, piece);
	return true;
}

static void issue_all(struct disk_link *disk)
{
	while (disk->first && rt_link_running(&disk->link) && issue(disk))
		;
}

/* A piece is done with; its request too if it was the last. */
static void piece_done(struct disk_link *disk, struct disk_piece *piece,
		       enum rt_block_status status)
{
	struct block_io *io = piece->io;

	if (piece->pages)
		pages_mark(disk, piece, false);
	piece->io = NULL;
	io->pieces--;
	if (status != RT_BLOCK_OK)
		io->status = status;
	if (!io->pieces && io->issued == io->bytes)
		block_done(&disk->backend, io, io->status);
}

static void take_answers(struct disk_link *disk)
{
	uint32_t written;
	uint16_t head;

	while (vq_driver_take(&disk->queue, &head, &written) == VQ_OK) {
		struct disk_piece *piece = &disk->piece[disk->piece_of[head]];
		unsigned char *part = disk->window + part_of((unsigned)(piece - disk->piece));
		unsigned status = *(volatile unsigned char *)(part + PART_STATUS);

		if (status == RT_BLOCK_OK && piece->io->type == RT_BLOCK_READ &&
		    !piece->io->cancelled)
			block_copy_out(piece->io, piece->offset, data_of(disk, piece),
				       piece->bytes);
		piece_done(disk, piece, status <= RT_BLOCK_UNSUPPORTED ? status : RT_BLOCK_ERROR);
	}
}

/* Answers everything with an error. What fails here for the first time may be a request that was
 * not all issued: it is left alone by those of its pieces that fail before. */
static void fail_all(struct disk_link *disk)
{
	struct block_io *io = disk->first;

	disk->failed = true;
	disk->first = NULL;
	for (struct block_io *next; io; io = next) {
		next = io->next;
		io->status = RT_BLOCK_ERROR;
		io->issued = io->bytes;
		if (!io->pieces)
			block_done(&disk->backend, io, RT_BLOCK_ERROR);
	}
	for (unsigned i = 0; i < DISK_PIECES; i++)
		if (disk->piece[i].io)
			piece_done(disk, &disk->piece[i], RT_BLOCK_ERROR);
}

/* Whether the disk is still the one that the guest knows. */
static bool take_facts(struct disk_link *disk)
{
	struct block_facts *facts = &disk->backend.facts;
	struct rt_block_facts now;

	rt_link_facts(&disk->link, &now, sizeof now);
	if (disk->known)
		return now.sectors >= facts->sectors && now.block_bytes == facts->block_bytes &&
		       now.read_only == facts->read_only &&
		       now.request_bytes >= disk->request_bytes;
	if (!now.sectors || now.sectors > UINT64_MAX / RT_BLOCK_SECTOR ||
	    now.block_bytes < RT_BLOCK_SECTOR || now.block_bytes > RT_BLOCK_PAGE ||
	    now.block_bytes & (now.block_bytes - 1) || now.request_bytes < RT_BLOCK_PAGE)
		return false;
	*facts = (struct block_facts){
		.sectors = now.sectors,
		.block_bytes = now.block_bytes,
		.read_only = now.read_only,
		.can_flush = now.can_flush,
		.discard_sectors = now.discard_sectors,
		.zeroes_sectors = now.zeroes_sectors,
	};
	memcpy(facts->serial, now.serial, sizeof facts->serial);
	disk->request_bytes = now.request_bytes & ~(RT_BLOCK_PAGE - 1);
	disk->known = true;
	return true;
}

static void set_up(struct disk_link *disk)
{
	struct vq_ring ring = { .event_idx = true };

	if (!take_facts(disk)) {
		disk->log(disk->ctx, "the disk behind the service has changed; requests fail");
		fail_all(disk);
		return;
	}
	vq_ring_place(&ring, disk->window + RT_LINK_RINGS, RT_BLOCK_ENTRIES);
	vq_driver_init(&disk->queue, &ring);
	disk->failed = false;
	for (unsigned i = 0; i < DISK_PIECES; i++)
		if (disk->piece[i].io)
			piece_submit(disk, &disk->piece[i]);
	rt_link_client_start(&disk->link, 0);
	disk->ring(disk->ctx);
	vq_driver_kick(&disk->queue); /* the service starts with what is there */
	issue_all(disk);
}

static void look_at_link(struct disk_link *disk)
{
	char text[RT_LINK_TEXT_BYTES];

	switch (rt_link_client_poll(&disk->link)) {
	case RT_LINK_SETUP:
		set_up(disk);
		break;
	case RT_LINK_GIVE_UP:
		rt_link_refusal(&disk->link, text);
		disk->log(disk->ctx, text[0] ? text : "the block service is gone; requests fail");
		fail_all(disk);
		break;
	default:
		break;
	}
}

static void link_kick(void *ctx)
{
	struct disk_link *disk = ctx;

	issue_all(disk);
	if (rt_link_running(&disk->link) && vq_driver_kick(&disk->queue))
		disk->ring(disk->ctx);
}

static void link_poll(void *ctx)
{
	struct disk_link *disk = ctx;

	look_at_link(disk);
	if (disk->failed || !rt_link_running(&disk->link))
		return;
	do
		take_answers(disk);
	while (vq_driver_watch(&disk->queue));
	if (disk->queue.error) {
		disk->log(disk->ctx, "the block service broke its link; requests fail");
		fail_all(disk);
		return;
	}
	link_kick(disk);
}

static void link_submit(void *ctx, struct block_io *io)
{
	struct disk_link *disk = ctx;

	io->next = NULL;
	io->issued = 0;
	io->pieces = 0;
	io->status = RT_BLOCK_OK;
	/* A request without data has one byte to issue, so that it counts as not issued. */
	if (io->type == RT_BLOCK_FLUSH)
		io->bytes = 1;
	if (disk->failed) {
		block_done(&disk->backend, io, RT_BLOCK_ERROR);
		return;
	}
	if (disk->first)
		disk->last->next = io;
	else
		disk->first = io;
	disk->last = io;
}

void disk_link_open(struct disk_link *disk, void *window)
{
	disk->window = window;
	disk->backend.submit = link_submit;
	disk->backend.kick = link_kick;
	disk->backend.poll = link_poll;
	disk->backend.ctx = disk;
	rt_link_open(&disk->link, window);
}

bool disk_link_ready(struct disk_link *disk)
{
	look_at_link(disk);
	return disk->known && !disk->failed;
}
