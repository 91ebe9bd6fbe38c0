/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks in the monitor's own memory: one that is a boot file, and one over another disk that keeps
 * what is written in scratch memory and forgets it with the machine. Pure.
 */
#ifndef VMM_MACHINE_DISK_MEMORY_H
#define VMM_MACHINE_DISK_MEMORY_H

#include "device/block.h"

/* A read-only disk of size bytes at bytes; what does not fill a sector is left off. */
struct disk_file {
	struct block_backend backend;
	const unsigned char *bytes;
};

void disk_file_open(struct disk_file *disk, const char *serial, const void *bytes, uint64_t size);

/*
 * A writable disk over base. Sectors that were written are in scratch memory, found by a hash table
 * of pages of eight sectors, which lies there too; the others are read from base. A write for which
 * no page is left fails, and so do those of its sectors that were not written before.
 */
struct disk_overlay {
	struct block_backend backend;
	struct block_backend *base;
	uint32_t *bucket; /* 1 + entry, 0: empty */
	uint32_t buckets; /* a power of two */
	struct overlay_entry *entry;
	uint32_t entries;
	uint32_t entries_used;
	unsigned char *page;	 /* of entry n at + n * OVERLAY_PAGE */
	void (*full)(void *ctx); /* called once */
	void *ctx;
	bool told;
};

#define OVERLAY_PAGE 4096u

struct overlay_entry {
	uint64_t number; /* of the page: sector / 8 */
	uint32_t next;	 /* 1 + entry in the same bucket, 0: none */
	uint32_t valid;	 /* bit per sector */
};

/* scratch is zeroed and aligned to a page. False: it is too small for one page. */
bool disk_overlay_open(struct disk_overlay *disk, struct block_backend *base, void *scratch,
		       uint64_t bytes);

#endif
