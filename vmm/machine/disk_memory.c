/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot files and scratch memory as disks; see disk_memory.h. Both carry requests out at once, but
 * for an overlay's reads from its base.
 */
#include "disk_memory.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SECTORS (OVERLAY_PAGE / RT_BLOCK_SECTOR)

static void file_submit(void *ctx, struct block_io *io)
{
	struct disk_file *disk = ctx;

	if (io->type != RT_BLOCK_READ) {
		block_done(&disk->backend, io,
			   io->type == RT_BLOCK_FLUSH ? RT_BLOCK_OK : RT_BLOCK_ERROR);
		return;
	}
	block_copy_out(io, 0, disk->bytes + io->sector * RT_BLOCK_SECTOR, io->bytes);
	block_done(&disk->backend, io, RT_BLOCK_OK);
}

void disk_file_open(struct disk_file *disk, const char *serial, const void *bytes, uint64_t size)
{
	disk->bytes = bytes;
	disk->backend = (struct block_backend){
		.facts = { .sectors = size / RT_BLOCK_SECTOR,
			   .block_bytes = RT_BLOCK_SECTOR,
			   .read_only = true },
		.submit = file_submit,
		.ctx = disk,
	};
	strncpy(disk->backend.facts.serial, serial, RT_BLOCK_SERIAL);
}

static uint32_t *bucket_of(const struct disk_overlay *disk, uint64_t number)
{
	uint64_t hash = number * 0x9e3779b97f4a7c15ull;

	return &disk->bucket[hash >> 32 & (disk->buckets - 1)];
}

static struct overlay_entry *entry_find(const struct disk_overlay *disk, uint64_t number)
{
	for (uint32_t n = *bucket_of(disk, number); n; n = disk->entry[n - 1].next)
		if (disk->entry[n - 1].number == number)
			return &disk->entry[n - 1];
	return NULL;
}

static struct overlay_entry *entry_add(struct disk_overlay *disk, uint64_t number)
{
	uint32_t *bucket = bucket_of(disk, number);
	struct overlay_entry *entry = &disk->entry[disk->entries_used];

	if (disk->entries_used == disk->entries)
		return NULL;
	*entry = (struct overlay_entry){ .number = number, .next = *bucket };
	*bucket = ++disk->entries_used;
	return entry;
}

static unsigned char *entry_sector(const struct disk_overlay *disk,
				   const struct overlay_entry *entry, uint64_t sector)
{
	uint64_t n = (uint64_t)(entry - disk->entry);

	return disk->page + n * OVERLAY_PAGE + sector % PAGE_SECTORS * RT_BLOCK_SECTOR;
}

static enum rt_block_status overlay_write(struct disk_overlay *disk, const struct block_io *io)
{
	for (uint32_t at = 0; at < io->bytes; at += RT_BLOCK_SECTOR) {
		uint64_t sector = io->sector + at / RT_BLOCK_SECTOR;
		struct overlay_entry *entry = entry_find(disk, sector / PAGE_SECTORS);

		if (!entry)
			entry = entry_add(disk, sector / PAGE_SECTORS);
		if (!entry) {
			if (!disk->told)
				disk->full(disk->ctx);
			disk->told = true;
			return RT_BLOCK_ERROR;
		}
		block_copy_in(io, at, entry_sector(disk, entry, sector), RT_BLOCK_SECTOR);
		entry->valid |= 1u << sector % PAGE_SECTORS;
	}
	return RT_BLOCK_OK;
}

/* Puts what was written over what base has; returns whether it was all. */
static bool overlay_read(const struct disk_overlay *disk, const struct block_io *io)
{
	bool all = true;

	for (uint32_t at = 0; at < io->bytes; at += RT_BLOCK_SECTOR) {
		uint64_t sector = io->sector + at / RT_BLOCK_SECTOR;
		const struct overlay_entry *entry = entry_find(disk, sector / PAGE_SECTORS);

		if (entry && entry->valid >> sector % PAGE_SECTORS & 1)
			block_copy_out(io, at, entry_sector(disk, entry, sector), RT_BLOCK_SECTOR);
		else
			all = false;
	}
	return all;
}

static void overlay_submit(void *ctx, struct block_io *io)
{
	struct disk_overlay *disk = ctx;

	switch (io->type) {
	case RT_BLOCK_READ:
		if (overlay_read(disk, io))
			break;
		disk->base->submit(disk->base->ctx, io);
		return;
	case RT_BLOCK_WRITE:
		block_done(&disk->backend, io, overlay_write(disk, io));
		return;
	case RT_BLOCK_FLUSH:
		break;
	default:
		block_done(&disk->backend, io, RT_BLOCK_UNSUPPORTED);
		return;
	}
	block_done(&disk->backend, io, RT_BLOCK_OK);
}

/* Base has done with a read. */
static void overlay_base_done(void *owner, struct block_io *io, enum rt_block_status status)
{
	struct disk_overlay *disk = owner;

	if (status == RT_BLOCK_OK && !io->cancelled)
		overlay_read(disk, io);
	block_done(&disk->backend, io, status);
}

static void overlay_kick(void *ctx)
{
	struct disk_overlay *disk = ctx;

	if (disk->base->kick)
		disk->base->kick(disk->base->ctx);
}

static void overlay_poll(void *ctx)
{
	struct disk_overlay *disk = ctx;

	if (disk->base->poll)
		disk->base->poll(disk->base->ctx);
}

bool disk_overlay_open(struct disk_overlay *disk, struct block_backend *base, void *scratch,
		       uint64_t bytes)
{
	unsigned char *at = scratch;
	uint64_t pages = bytes / OVERLAY_PAGE;
	uint64_t table;

	disk->base = base;
	disk->backend = (struct block_backend){
		.facts = base->facts,
		.submit = overlay_submit,
		.kick = overlay_kick,
		.poll = overlay_poll,
		.ctx = disk,
	};
	disk->backend.facts.read_only = false;
	disk->backend.facts.can_flush = false;
	disk->backend.facts.discard_sectors = 0;
	disk->backend.facts.zeroes_sectors = 0;
	base->done = overlay_base_done;
	base->owner = disk;
	if (pages < 2 || pages > UINT32_MAX / 2)
		return false;
	for (disk->buckets = 1; disk->buckets * 2ull <= pages;)
		disk->buckets *= 2;
	table = disk->buckets * sizeof *disk->bucket + pages * sizeof *disk->entry;
	table = (table + OVERLAY_PAGE - 1) / OVERLAY_PAGE;
	if (pages <= table)
		return false;
	disk->bucket = (uint32_t *)scratch;
	disk->entry = (struct overlay_entry *)(void *)(at + disk->buckets * sizeof *disk->bucket);
	disk->entries = (uint32_t)(pages - table);
	disk->page = at + table * OVERLAY_PAGE;
	return true;
}
