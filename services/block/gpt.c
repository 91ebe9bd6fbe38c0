/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUID partition tables; see gpt.h. The table is read twice: once for its checksum, and once to
 * look for the partition. Section numbers are the UEFI specification's, 2.10.
 */
#include "gpt.h"

#include <stdio.h>
#include <string.h>

#define HEADER_BYTES_MIN 92u
#define ENTRY_BYTES_MIN	 128u
#define TABLE_BYTES_MAX	 (1u << 20)

/* Section 5.3.2: offsets in the header. */
enum {
	HEADER_SIZE = 12,
	HEADER_CRC = 16,
	HEADER_MY_LBA = 24,
	HEADER_FIRST_USABLE = 40,
	HEADER_LAST_USABLE = 48,
	HEADER_TABLE_LBA = 72,
	HEADER_ENTRIES = 80,
	HEADER_ENTRY_BYTES = 84,
	HEADER_TABLE_CRC = 88,
};

/* Section 5.3.3: offsets in an entry. */
enum { ENTRY_TYPE = 0, ENTRY_UUID = 16, ENTRY_FIRST = 32, ENTRY_LAST = 40, ENTRY_NAME = 56 };

struct table {
	uint64_t lba;
	uint64_t first_usable, last_usable;
	uint32_t entries;
	uint32_t entry_bytes;
	uint32_t crc;
};

static uint32_t get32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const unsigned char *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

uint32_t gpt_crc32(uint32_t crc, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	crc = ~crc;
	for (size_t i = 0; i < length; i++) {
		crc ^= at[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Checks one header and takes what is used of it. */
static const char *header_take(const struct gpt_disk *disk, unsigned char *header, uint64_t lba,
			       struct table *table)
{
	uint32_t size = get32(header + HEADER_SIZE);
	uint32_t crc = get32(header + HEADER_CRC);

	if (memcmp(header, "EFI PART\0\0\1\0", 12) != 0)
		return "it has no GUID partition table";
	if (size < HEADER_BYTES_MIN || size > disk->block_bytes)
		return "its partition table's header has an impossible size";
	memset(header + HEADER_CRC, 0, 4);
	if (gpt_crc32(0, header, size) != crc || get64(header + HEADER_MY_LBA) != lba)
		return "its partition table's header is damaged";
	table->lba = get64(header + HEADER_TABLE_LBA);
	table->first_usable = get64(header + HEADER_FIRST_USABLE);
	table->last_usable = get64(header + HEADER_LAST_USABLE);
	table->entries = get32(header + HEADER_ENTRIES);
	table->entry_bytes = get32(header + HEADER_ENTRY_BYTES);
	table->crc = get32(header + HEADER_TABLE_CRC);
	if (table->entry_bytes < ENTRY_BYTES_MIN || table->entry_bytes > GPT_READ_BYTES / 4 ||
	    table->entry_bytes & (table->entry_bytes - 1) || !table->entries ||
	    table->entries > TABLE_BYTES_MAX / table->entry_bytes)
		return "its partition table has an impossible size";
	if (table->lba >= disk->blocks || table->first_usable > table->last_usable ||
	    table->last_usable >= disk->blocks)
		return "its partition table points beyond the disk";
	return NULL;
}

/* Reads the table from byte at on into buffer; how many bytes, or 0 if it cannot be read. */
static uint32_t table_read(const struct gpt_disk *disk, const struct table *table, uint32_t at,
			   unsigned char buffer[GPT_READ_BYTES])
{
	uint32_t left = table->entries * table->entry_bytes - at;
	uint32_t bytes = left < GPT_READ_BYTES ? left : GPT_READ_BYTES;
	uint32_t blocks = (bytes + disk->block_bytes - 1) / disk->block_bytes;
	uint64_t lba = table->lba + at / disk->block_bytes;

	if (blocks > disk->blocks - table->lba || lba > disk->blocks - blocks ||
	    !disk->read(disk->ctx, lba, blocks * disk->block_bytes, buffer))
		return 0;
	return bytes;
}

static const char *table_check(const struct gpt_disk *disk, const struct table *table,
			       unsigned char buffer[GPT_READ_BYTES])
{
	uint32_t size = table->entries * table->entry_bytes;
	uint32_t crc = 0;

	for (uint32_t at = 0, bytes; at < size; at += bytes) {
		bytes = table_read(disk, table, at, buffer);
		if (!bytes)
			return "its partition table cannot be read";
		crc = gpt_crc32(crc, buffer, bytes);
	}
	return crc == table->crc ? NULL : "its partition table is damaged";
}

static const char *table_open(const struct gpt_disk *disk, uint64_t lba, struct table *table,
			      unsigned char buffer[GPT_READ_BYTES])
{
	const char *error;

	if (!disk->read(disk->ctx, lba, disk->block_bytes, buffer))
		return "its partition table cannot be read";
	error = header_take(disk, buffer, lba, table);
	return error ? error : table_check(disk, table, buffer);
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* UTF-16LE to UTF-8. Half a surrogate pair becomes U+FFFD; a pair takes 4 bytes for two units. */
static void take_name(const unsigned char *from, char name[GPT_NAME_BYTES])
{
	char *to = name;

	for (unsigned i = 0; i < GPT_NAME_UNITS; i++) {
		uint32_t c = from[2 * i] | (uint32_t)from[2 * i + 1] << 8;
		uint32_t next = 0;

		if (!c)
			break;
		if (i + 1 < GPT_NAME_UNITS)
			next = from[2 * i + 2] | (uint32_t)from[2 * i + 3] << 8;
		if ((c & 0xfc00) == 0xd800 && (next & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (next & 0x3ff);
			i++;
		} else if ((c & 0xf800) == 0xd800) {
			c = 0xfffd;
		}
		to = put_utf8(to, c);
	}
	*to = '\0';
}

/* Appendix A: the first three fields of a GUID are little-endian. */
static void take_uuid(const unsigned char *from, char uuid[GPT_UUID_BYTES])
{
	snprintf(uuid, GPT_UUID_BYTES,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", from[3],
		 from[2], from[1], from[0], from[5], from[4], from[7], from[6], from[8], from[9],
		 from[10], from[11], from[12], from[13], from[14], from[15]);
}

static bool same_uuid(const char *wanted, const char *uuid)
{
	for (; *wanted && *uuid; wanted++, uuid++) {
		char c = *wanted;

		if (c >= 'A' && c <= 'F')
			c += 'a' - 'A';
		if (c != *uuid)
			return false;
	}
	return *wanted == *uuid;
}

/* Whether this entry is the one; then the partition is filled in. */
static bool entry_is(const unsigned char *entry, const char *wanted, struct gpt_partition *found)
{
	static const unsigned char unused[16];

	if (!memcmp(entry + ENTRY_TYPE, unused, sizeof unused))
		return false;
	take_name(entry + ENTRY_NAME, found->name);
	take_uuid(entry + ENTRY_UUID, found->uuid);
	found->first = get64(entry + ENTRY_FIRST);
	found->last = get64(entry + ENTRY_LAST);
	return !strcmp(found->name, wanted) || same_uuid(wanted, found->uuid);
}

static const char *table_search(const struct gpt_disk *disk, const struct table *table,
				const char *wanted, struct gpt_partition *partition,
				unsigned char buffer[GPT_READ_BYTES])
{
	uint32_t size = table->entries * table->entry_bytes;
	struct gpt_partition found;
	unsigned count = 0;

	for (uint32_t at = 0, bytes; at < size; at += bytes) {
		bytes = table_read(disk, table, at, buffer);
		if (!bytes)
			return "its partition table cannot be read";
		for (uint32_t i = 0; i + table->entry_bytes <= bytes; i += table->entry_bytes) {
			if (!entry_is(buffer + i, wanted, &found))
				continue;
			*partition = found;
			count++;
		}
	}
	if (!count)
		return "it has no partition of that name or UUID";
	if (count > 1)
		return "it has several partitions of that name; use the UUID";
	if (partition->first < table->first_usable || partition->last > table->last_usable ||
	    partition->first > partition->last)
		return "that partition lies outside the disk";
	return NULL;
}

const char *gpt_find(const struct gpt_disk *disk, const char *wanted,
		     struct gpt_partition *partition, bool *backup)
{
	static unsigned char buffer[GPT_READ_BYTES];
	struct table table;
	const char *error;

	*backup = false;
	if (disk->blocks < 3)
		return "it has no GUID partition table";
	error = table_open(disk, 1, &table, buffer);
	if (error && !table_open(disk, disk->blocks - 1, &table, buffer)) {
		*backup = true;
		error = NULL;
	}
	return error ? error : table_search(disk, &table, wanted, partition, buffer);
}
