/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a partition in a GUID partition table, UEFI specification 2.10 section 5.3. What is on a
 * disk is hostile: a guest that has the whole of it writes there what it likes. Pure.
 */
#ifndef BLOCK_GPT_H
#define BLOCK_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPT_NAME_UNITS 36u /* UTF-16 code units of a name */
#define GPT_NAME_BYTES (GPT_NAME_UNITS * 3 + 1)
#define GPT_UUID_BYTES 37u /* as text, with its NUL */

/* Reads bytes, at most GPT_READ_BYTES, from a logical block on. */
#define GPT_READ_BYTES 16384u
typedef bool gpt_read_t(void *ctx, uint64_t lba, uint32_t bytes, void *to);

struct gpt_disk {
	gpt_read_t *read;
	void *ctx;
	uint32_t block_bytes; /* 512 .. 4096, a power of two */
	uint64_t blocks;
};

struct gpt_partition {
	uint64_t first, last; /* logical blocks, both within the disk */
	char name[GPT_NAME_BYTES];
	char uuid[GPT_UUID_BYTES];
};

/*
 * Looks for the partition of this name or unique GUID. NULL, or why there is none; *backup tells
 * that the primary table is damaged and the backup was used.
 */
const char *gpt_find(const struct gpt_disk *disk, const char *wanted,
		     struct gpt_partition *partition, bool *backup);

/* CRC-32 as GPT has it (ISO 3309), continued from crc, which is 0 at first. */
uint32_t gpt_crc32(uint32_t crc, const void *bytes, size_t length);

#endif
