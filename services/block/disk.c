/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing a driver, and reading a disk before it is served; see disk.h. */
#include "disk.h"

#include <string.h>

#define READ_NS	     3000000000ull
#define READ_STEP_NS 50000ull

const struct disk_ops *disk_find(const struct rt_device *device)
{
	static const struct disk_ops *const all[] = { &virtio_blk_ops, &nvme_ops, &ahci_ops };

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i]->matches(device))
			return all[i];
	return NULL;
}

const char *disk_start(struct disk *disk)
{
	disk->dma.used = disk->dma_kept;
	return disk->ops->start(disk);
}

bool disk_read(struct disk *disk, unsigned unit, uint64_t sector, uint32_t bytes, void *to)
{
	struct disk_request request = {
		.type = RT_BLOCK_READ,
		.unit = unit,
		.sector = sector,
		.sectors = bytes / RT_BLOCK_SECTOR,
		.memory = hw_dma_address(&disk->dma, disk->buffer),
		.segments = 1,
		.segment = { { 0, bytes } },
	};
	uint64_t end = hw_now_ns() + READ_NS;
	bool failed = false;
	bool good = false;

	if (bytes > DISK_READ_BYTES || disk->ops->submit(disk, &request) != DISK_TAKEN)
		return false;
	disk->ops->kick(disk);
	while (!disk->ops->poll(disk, &good, &failed)) {
		if (failed || hw_now_ns() > end) {
			disk->ops->stop(disk);
			if (disk_start(disk))
				disk->units = 0;
			return false;
		}
		hw_pause_ns(READ_STEP_NS);
	}
	memcpy(to, disk->buffer, good ? bytes : 0);
	return good;
}
