/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the block service starts: the controller comes up, and each client learns what it gets or why
 * not. Nothing is served before, so the controller is free for reading partition tables.
 */
#include "setup.h"

#include "gpt.h"

#include <stdio.h>
#include <string.h>

struct reader {
	struct disk *disk;
	unsigned unit;
};

static bool read_blocks(void *ctx, uint64_t lba, uint32_t bytes, void *to)
{
	const struct reader *reader = ctx;
	uint32_t block = reader->disk->unit[reader->unit].block_bytes;

	return disk_read(reader->disk, reader->unit, lba * (block / RT_BLOCK_SECTOR), bytes, to);
}

/* Finds the part of the disk that the client is to have. NULL, or why not. */
static const char *find_extent(struct service *service, const struct rt_block_client *wanted,
			       struct extent *extent)
{
	struct disk *disk = &service->disk;
	struct gpt_partition partition;
	const char *error;
	char line[160];
	bool backup;

	if (wanted->unit >= disk->units)
		return "the controller has no such unit";
	if (extent->address > disk->reach - RT_LINK_BYTES)
		return "the controller reaches memory below 4 GiB only, and the link is not there";
	extent->unit = wanted->unit;
	extent->disk = &disk->unit[wanted->unit];
	extent->first = 0;
	extent->sectors = extent->disk->sectors;
	extent->read_only = wanted->read_only;
	if (extent->disk->read_only && !wanted->read_only)
		return "the disk can only be read; give it mode read-only or discard";
	if (!wanted->partition[0])
		return NULL;
	struct reader reader = { disk, wanted->unit };
	struct gpt_disk table = { read_blocks, &reader, extent->disk->block_bytes,
				  extent->sectors * RT_BLOCK_SECTOR / extent->disk->block_bytes };
	error = gpt_find(&table, wanted->partition, &partition, &backup);
	if (error)
		return error;
	uint64_t scale = extent->disk->block_bytes / RT_BLOCK_SECTOR;
	extent->first = partition.first * scale;
	extent->sectors = (partition.last - partition.first + 1) * scale;
	if (backup) {
		snprintf(line, sizeof line,
			 "unit %u: the partition table is damaged; its backup at the end is used",
			 wanted->unit);
		service->log(line);
	}
	return NULL;
}

static bool overlap(const struct extent *a, const struct extent *b)
{
	return a->unit == b->unit && a->first < b->first + b->sectors &&
	       b->first < a->first + a->sectors;
}

/* The client that writes to the same sectors, or NULL. Names of partitions cannot show it. */
static const struct client *other_writer(const struct service *service, unsigned n)
{
	const struct extent *extent = &service->client[n].extent;

	for (unsigned i = 0; i < n; i++) {
		const struct client *other = &service->client[i];

		if (!other->refused && !other->extent.read_only && !extent->read_only &&
		    overlap(&other->extent, extent))
			return other;
	}
	return NULL;
}

static void refuse(struct service *service, struct client *client, const char *why)
{
	const struct rt_block_client *wanted = &client->info->block;
	char text[RT_LINK_TEXT_BYTES];

	snprintf(text, sizeof text, "%s at %s, unit %u%s%.80s%s: %s",
		 service->disk.ops ? service->disk.ops->name : "disk",
		 service->disk.device->address, wanted->unit, wanted->partition[0] ? " \"" : "",
		 wanted->partition, wanted->partition[0] ? "\"" : "", why);
	client->refused = true;
	rt_link_service_refuse(&client->link, text);
	service->log(text);
}

static void offer(struct client *client)
{
	const struct extent *extent = &client->extent;
	const struct disk_unit *unit = extent->disk;
	struct rt_block_facts facts = {
		.sectors = extent->sectors,
		.block_bytes = unit->block_bytes,
		.read_only = extent->read_only,
		.can_flush = unit->can_flush,
		.discard_sectors = extent->read_only ? 0 : unit->discard_sectors,
		.zeroes_sectors = extent->read_only ? 0 : unit->zeroes_sectors,
		.request_bytes = unit->request_bytes,
	};

	memcpy(facts.serial, unit->serial, sizeof facts.serial);
	rt_link_service_offer(&client->link, &facts, sizeof facts);
}

static void open_client(struct service *service, const struct service_setup *setup, unsigned n,
			const char *trouble)
{
	struct client *client = &service->client[n];
	char text[100];

	client->info = &setup->info->client[n];
	client->extent.window = setup->windows + n * RT_LINK_BYTES;
	client->extent.address = client->info->address;
	client_init(client);
	rt_link_open(&client->link, client->extent.window);
	if (!trouble)
		trouble = find_extent(service, &client->info->block, &client->extent);
	if (!trouble) {
		const struct client *other = other_writer(service, n);

		snprintf(text, sizeof text, "VM %.*s writes to the same sectors",
			 (int)RT_NAME_BYTES, other ? other->info->name : "");
		trouble = other ? text : NULL;
	}
	if (trouble)
		refuse(service, client, trouble);
	else
		offer(client);
}

static void log_units(const struct service *service)
{
	const struct disk *disk = &service->disk;
	char line[160];

	for (unsigned i = 0; i < disk->units; i++) {
		const struct disk_unit *unit = &disk->unit[i];

		snprintf(line, sizeof line, "%s at %s, unit %u: %llu MiB, blocks of %u bytes%s%s",
			 disk->ops->name, disk->device->address, i,
			 (unsigned long long)(unit->sectors >> 11), unit->block_bytes,
			 unit->can_flush ? ", cached" : "", unit->read_only ? ", read-only" : "");
		service->log(line);
	}
}

static const char *start_disk(struct disk *disk)
{
	const char *error;

	disk->ops = disk_find(disk->device);
	if (!disk->ops)
		return "it is no disk controller that there is a driver for";
	disk->buffer = hw_dma_take(&disk->dma, DISK_READ_BYTES, RT_BLOCK_PAGE);
	if (!disk->buffer)
		return "the driver was given too little memory";
	disk->dma_kept = disk->dma.used;
	disk->reach = UINT64_MAX;
	error = disk_start(disk);
	if (!error && !disk->units)
		error = "the controller has no disk";
	return error;
}

void service_init(struct service *service, const struct service_setup *setup)
{
	const struct rt_service_info *info = setup->info;
	struct disk *disk = &service->disk;
	const char *trouble;

	memset(service, 0, sizeof *service);
	service->log = setup->log;
	service->clients = info->clients < RT_LINKS_MAX ? info->clients : RT_LINKS_MAX;
	disk->device = &info->device;
	disk->dma = (struct hw_dma){ setup->dma, info->dma_address, info->dma_bytes, 0 };
	trouble = info->has_device ? start_disk(disk) : "it was given no device";
	if (trouble)
		disk->units = 0;
	log_units(service);
	for (unsigned n = 0; n < service->clients; n++)
		open_client(service, setup, n, trouble);
}
