/* SPDX-License-Identifier: Apache-2.0 */
/* Commands for ATA disks, and what they say about themselves; see ahci.h. Pure. */
#include "ahci.h"

#include <string.h>

/* Serial ATA 3.1 section 10.3.4: a register FIS from host to device. */
enum {
	FIS_TYPE,
	FIS_FLAGS,
	FIS_COMMAND,
	FIS_FEATURES,
	FIS_LBA = 4, /* 3 bytes, then the device register, then 3 bytes */
	FIS_DEVICE = 7,
	FIS_LBA_HIGH = 8,
	FIS_FEATURES_HIGH = 11,
	FIS_COUNT = 12,
	FIS_COUNT_HIGH = 13,
	FIS_HOST_TO_DEVICE = 0x27,
	FIS_IS_COMMAND = 0x80,
	FIS_DWORDS = 5,
	DEVICE_LBA = 0x40,
	DATASET_TRIM = 1,
};

/* Identify data: words. */
enum {
	WORD_SERIAL = 10,
	WORD_DEPTH = 75,
	WORD_SATA = 76,
	WORD_COMMANDS = 83,
	WORD_ENABLED = 85,
	WORD_SECTORS = 100,
	WORD_SECTOR_FORM = 106,
	WORD_SECTOR_WORDS = 117,
	WORD_DATASET = 169,
};

#define SERIAL_WORDS 10u

static void fill_fis(uint8_t fis[64], enum ata_command command, uint64_t lba, uint32_t count)
{
	memset(fis, 0, 64);
	fis[FIS_TYPE] = FIS_HOST_TO_DEVICE;
	fis[FIS_FLAGS] = FIS_IS_COMMAND;
	fis[FIS_COMMAND] = (uint8_t)command;
	fis[FIS_DEVICE] = DEVICE_LBA;
	for (unsigned i = 0; i < 3; i++) {
		fis[FIS_LBA + i] = (uint8_t)(lba >> (8 * i));
		fis[FIS_LBA_HIGH + i] = (uint8_t)(lba >> (24 + 8 * i));
	}
	fis[FIS_COUNT] = (uint8_t)count;
	fis[FIS_COUNT_HIGH] = (uint8_t)(count >> 8);
}

static void fill_header(struct ahci_port *port, unsigned slot, bool write, unsigned regions)
{
	port->header[slot] = (struct ahci_header){
		.flags = FIS_DWORDS | (write ? AHCI_HEADER_WRITE : 0),
		.regions = (uint16_t)regions,
		.table = port->table_address + slot * sizeof(struct ahci_table),
	};
}

/* A queued command has its count where others have features, and its tag in the count. */
static void fill_transfer(struct ahci_port *port, unsigned slot, const struct disk_request *request,
			  bool queued)
{
	struct ahci_table *table = &port->table[slot];
	uint32_t scale = port->block_bytes / RT_BLOCK_SECTOR;
	uint32_t count = request->sectors / scale;
	bool write = request->type == RT_BLOCK_WRITE;
	enum ata_command command = write ? ATA_WRITE_DMA : ATA_READ_DMA;

	if (queued) {
		fill_fis(table->fis, write ? ATA_WRITE_QUEUED : ATA_READ_QUEUED,
			 request->sector / scale, slot << 3);
		table->fis[FIS_FEATURES] = (uint8_t)count;
		table->fis[FIS_FEATURES_HIGH] = (uint8_t)(count >> 8);
	} else {
		fill_fis(table->fis, command, request->sector / scale, count);
	}
	for (unsigned i = 0; i < request->segments; i++)
		table->region[i] = (struct ahci_region){ disk_address(request, i), 0,
							 request->segment[i].bytes - 1 };
	fill_header(port, slot, write, request->segments);
}

/* ACS-3 section 7.5.3: ranges of at most 65535 blocks. */
static void fill_trim(struct ahci_port *port, unsigned slot, const struct disk_request *request)
{
	struct ahci_table *table = &port->table[slot];
	uint32_t scale = port->block_bytes / RT_BLOCK_SECTOR;
	uint64_t first = request->sector / scale;
	uint32_t left = request->sectors / scale;

	memset(port->trim, 0, RT_BLOCK_SECTOR);
	for (unsigned i = 0; i < ATA_TRIM_RANGES && left; i++) {
		uint32_t n = left < ATA_TRIM_SECTORS ? left : ATA_TRIM_SECTORS;

		port->trim[i] = first | (uint64_t)n << 48;
		first += n;
		left -= n;
	}
	fill_fis(table->fis, ATA_DATASET, 0, 1);
	table->fis[FIS_FEATURES] = DATASET_TRIM;
	table->region[0] = (struct ahci_region){ port->trim_address, 0, RT_BLOCK_SECTOR - 1 };
	fill_header(port, slot, true, 1);
}

void ahci_build(struct ahci_port *port, unsigned slot, const struct disk_request *request,
		bool queued)
{
	switch (request->type) {
	case RT_BLOCK_FLUSH:
		fill_fis(port->table[slot].fis, ATA_FLUSH, 0, 0);
		fill_header(port, slot, false, 0);
		break;
	case RT_BLOCK_DISCARD:
		fill_trim(port, slot, request);
		break;
	default:
		fill_transfer(port, slot, request, queued);
	}
}

void ahci_build_identify(struct ahci_port *port, uint64_t address)
{
	struct ahci_table *table = &port->table[0];

	fill_fis(table->fis, ATA_IDENTIFY, 0, 0);
	table->region[0] = (struct ahci_region){ address, 0, RT_BLOCK_SECTOR - 1 };
	fill_header(port, 0, false, 1);
}

/* Strings have the first character of each pair in the upper byte, and blanks at the end. */
static void take_serial(const uint16_t *words, char serial[24])
{
	for (unsigned i = 0; i < SERIAL_WORDS; i++) {
		serial[2 * i] = (char)(words[WORD_SERIAL + i] >> 8);
		serial[2 * i + 1] = (char)words[WORD_SERIAL + i];
	}
	for (unsigned i = 2 * SERIAL_WORDS; i && serial[i - 1] == ' '; i--)
		serial[i - 1] = '\0';
}

bool ata_identify(const uint16_t words[256], struct ata_facts *facts)
{
	uint64_t blocks = words[WORD_SECTORS] | (uint64_t)words[WORD_SECTORS + 1] << 16 |
			  (uint64_t)words[WORD_SECTORS + 2] << 32 |
			  (uint64_t)words[WORD_SECTORS + 3] << 48;
	uint32_t bytes = RT_BLOCK_SECTOR;

	/* Word 106: bit 14 set and 15 clear say that it is valid, bit 12 that words 117 are. */
	if ((words[WORD_SECTOR_FORM] & 0xd000) == 0x5000)
		bytes = 2 *
			(words[WORD_SECTOR_WORDS] | (uint32_t)words[WORD_SECTOR_WORDS + 1] << 16);
	if (!(words[WORD_COMMANDS] & 1 << 10) || !blocks || blocks >= 1ull << 48 || bytes < 512 ||
	    bytes > RT_BLOCK_PAGE || bytes & (bytes - 1))
		return false;
	*facts = (struct ata_facts){
		.unit = { .block_bytes = bytes,
			  .sectors = blocks * (bytes / RT_BLOCK_SECTOR),
			  .can_flush = words[WORD_ENABLED] & 1 << 5,
			  .discard_sectors =
				  words[WORD_DATASET] & 1 ? ATA_TRIM_RANGES * ATA_TRIM_SECTORS : 0,
			  .request_bytes = RT_BLOCK_REQUEST_BYTES },
		.queue = words[WORD_SATA] & 1 << 8 ? (words[WORD_DEPTH] & 31u) + 1 : 1,
	};
	take_serial(words, facts->unit.serial);
	return true;
}
