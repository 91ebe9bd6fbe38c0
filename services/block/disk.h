/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the block service and the driver of a disk controller know of each other. A driver has up to
 * DISK_UNITS disks and carries out requests whose memory it reaches by address; it completes them
 * in any order. It waits only in start and stop.
 */
#ifndef BLOCK_DISK_H
#define BLOCK_DISK_H

#include <rt/block.h>

#include "hw.h"

#define DISK_UNITS    8u
#define DISK_SEGMENTS RT_BLOCK_SEGMENTS

struct rt_device;

/* One disk. Sectors have RT_BLOCK_SECTOR bytes whatever the block size is. */
struct disk_unit {
	uint64_t sectors;
	uint32_t block_bytes; /* logical block size */
	bool read_only;
	bool can_flush;		  /* it has a volatile cache */
	uint32_t discard_sectors; /* largest discard, 0: none */
	uint32_t zeroes_sectors;  /* largest write-zeroes, 0: none */
	uint32_t request_bytes;	  /* largest data of a request, at most RT_BLOCK_REQUEST_BYTES */
	char serial[24];
};

/* Memory of a request: all start at a page of 4 KiB, all but the last end at one. */
struct disk_segment {
	uint32_t offset;
	uint32_t bytes;
};

struct disk_request {
	struct disk_request *next; /* the driver's, while it has the request */
	uint32_t type;		   /* enum rt_block_type */
	uint32_t unit;
	uint64_t sector;
	uint32_t sectors;
	bool unmap; /* WRITE_ZEROES */
	uint16_t segments;
	uint64_t memory; /* as the device sees it: what segments' offsets count from */
	struct disk_segment segment[DISK_SEGMENTS];
};

static inline uint64_t disk_address(const struct disk_request *request, unsigned segment)
{
	return request->memory + request->segment[segment].offset;
}

struct disk {
	const struct disk_ops *ops;
	const struct rt_device *device;
	struct hw_dma dma;
	uint64_t dma_kept; /* bytes of it that are not the driver's */
	struct disk_unit unit[DISK_UNITS];
	unsigned units;
	uint64_t reach;	       /* the driver's: the device sees memory below */
	unsigned char *buffer; /* of disk_read, in dma */
};

enum disk_room {
	DISK_TAKEN,
	DISK_FULL,	/* no room before poll returns a request */
	DISK_UNIT_FULL, /* no room before poll returns a request of the same unit */
};

struct disk_ops {
	const char *name;
	/* Whether the driver is for this device. */
	bool (*matches)(const struct rt_device *device);
	/* Brings the controller up from any state and fills in the units: at first, and after each
	 * stop, when units must stay what they were. NULL, or why it cannot be used. */
	const char *(*start)(struct disk *disk);
	/* Gives a request to the controller, which has it until poll returns it. */
	enum disk_room (*submit)(struct disk *disk, struct disk_request *request);
	/* Tells the controller of the requests submitted. */
	void (*kick)(struct disk *disk);
	/* Returns a request the controller is done with and whether it did it, or NULL. *failed:
	 * the controller must be stopped and started. */
	struct disk_request *(*poll)(struct disk *disk, bool *good, bool *failed);
	/* Asks for an interrupt with the next completion. True: there is one already. */
	bool (*watch)(struct disk *disk);
	/* Makes the controller forget all requests; afterwards it uses no memory any more. */
	void (*stop)(struct disk *disk);
};

extern const struct disk_ops ahci_ops;
extern const struct disk_ops nvme_ops;
extern const struct disk_ops virtio_blk_ops;

/* Starts the controller, also again: what an earlier start took of the memory is used again.
 * Returns NULL, or what is wrong with it. */
const char *disk_start(struct disk *disk);

/* The driver for this device, or NULL. */
const struct disk_ops *disk_find(const struct rt_device *device);

/* Reads bytes, whole blocks and at most DISK_READ_BYTES, at the start of a disk's life: nothing
 * else is in flight. */
#define DISK_READ_BYTES 16384u
bool disk_read(struct disk *disk, unsigned unit, uint64_t sector, uint32_t bytes, void *to);

#endif
