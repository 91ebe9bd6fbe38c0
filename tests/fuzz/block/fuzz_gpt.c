/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the search for a partition: the input is the start and the end of a disk. With the
 * checksums right or wrong, nothing beyond the disk is read, and what is found lies on it. Most
 * inputs get right checksums, or the search would end with them.
 */
#include <string.h>

#include "../fuzz.h"
#include "gpt.h"

enum { BLOCK = 512, BLOCKS = 96, TABLE = 16 };

static unsigned char disk[BLOCKS * BLOCK];

static bool read_blocks(void *ctx, uint64_t lba, uint32_t bytes, void *to)
{
	(void)ctx;
	require(bytes && bytes <= GPT_READ_BYTES && bytes % BLOCK == 0);
	require(lba < BLOCKS && bytes / BLOCK <= BLOCKS - lba);
	memcpy(to, disk + lba * BLOCK, bytes);
	return true;
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

/* Makes a header's checksums right for what is there. */
static void seal(unsigned char *header)
{
	uint64_t lba, size = (uint64_t)get32(header + 80) * get32(header + 84);
	uint32_t crc;

	memcpy(&lba, header + 72, 8);
	if (lba < BLOCKS && size <= (BLOCKS - lba) * BLOCK) {
		crc = gpt_crc32(0, disk + lba * BLOCK, size);
		memcpy(header + 88, &crc, 4);
	}
	memset(header + 16, 0, 4);
	if (get32(header + 12) <= BLOCK) {
		crc = gpt_crc32(0, header, get32(header + 12));
		memcpy(header + 16, &crc, 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct gpt_disk gpt = { read_blocks, NULL, BLOCK, BLOCKS };
	struct gpt_partition partition;
	bool backup;

	if (size < 2)
		return 0;
	uint8_t flags = bytes[0];
	bytes++;
	size--;
	memset(disk, 0, sizeof disk);
	memcpy(disk + BLOCK, bytes, size < TABLE * BLOCK ? size : TABLE * BLOCK);
	memcpy(disk + (BLOCKS - 1) * BLOCK, bytes, size < BLOCK ? size : BLOCK);
	if (flags & 1)
		seal(disk + BLOCK);
	if (flags & 2)
		seal(disk + (BLOCKS - 1) * BLOCK);
	if (gpt_find(&gpt, flags & 4 ? "debian" : "13121110-1514-1716-1819-1a1b1c1d1e1f",
		     &partition, &backup))
		return 0;
	require(partition.first <= partition.last && partition.last < BLOCKS);
	require(strnlen(partition.name, GPT_NAME_BYTES) < GPT_NAME_BYTES);
	require(strlen(partition.uuid) == GPT_UUID_BYTES - 1);
	return 0;
}
