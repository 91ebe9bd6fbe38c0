/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AHCI controllers with ATA disks, as far as a disk driver needs them: registers and structures of
 * Serial ATA AHCI 1.3.1, whose sections the comments name, and commands of ATA/ATAPI Command Set 3
 * (ACS-3). Private to the driver.
 */
#ifndef BLOCK_AHCI_H
#define BLOCK_AHCI_H

#include "disk.h"

#define AHCI_PORTS 32u
#define AHCI_SLOTS 32u

/* Section 3.1: registers of the controller. */
enum {
	AHCI_CAP = 0x00,
	AHCI_GHC = 0x04,
	AHCI_IS = 0x08,
	AHCI_PI = 0x0c,
	AHCI_CAP2 = 0x24,
	AHCI_BOHC = 0x28
};

#define AHCI_CAP_SLOTS(cap) (((cap) >> 8 & 31) + 1)
#define AHCI_CAP_NCQ	    (1u << 30)
#define AHCI_CAP_64BIT	    (1u << 31)
#define AHCI_GHC_HR	    1u
#define AHCI_GHC_IE	    2u
#define AHCI_GHC_AE	    (1u << 31)
#define AHCI_CAP2_BOH	    1u
#define AHCI_BOHC_BOS	    1u
#define AHCI_BOHC_OOS	    2u

/* Section 3.3: registers of a port. */
enum {
	PORT_CLB = 0x00,
	PORT_FB = 0x08,
	PORT_IS = 0x10,
	PORT_IE = 0x14,
	PORT_CMD = 0x18,
	PORT_TFD = 0x20,
	PORT_SIG = 0x24,
	PORT_SSTS = 0x28,
	PORT_SCTL = 0x2c,
	PORT_SERR = 0x30,
	PORT_SACT = 0x34,
	PORT_CI = 0x38,
	PORT_BYTES = 0x80,
	PORT_FIRST = 0x100,
};

#define PORT_CMD_ST    (1u << 0)
#define PORT_CMD_SUD   (1u << 1)
#define PORT_CMD_POD   (1u << 2)
#define PORT_CMD_FRE   (1u << 4)
#define PORT_CMD_FR    (1u << 14)
#define PORT_CMD_CR    (1u << 15)
#define PORT_TFD_ERR   (1u << 0)
#define PORT_TFD_DRQ   (1u << 3)
#define PORT_TFD_BSY   (1u << 7)
#define PORT_SIG_ATA   0x101u
#define PORT_DET(ssts) ((ssts) & 15)
#define PORT_DET_UP    3u
/* Section 3.3.5: errors after which a port has stopped or may have lost something. */
#define PORT_IS_ERRORS (1u << 24 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 29 | 1u << 30)
#define PORT_IE_ALL    (PORT_IS_ERRORS | 0x0fu | 1u << 5)

/* Section 4.2.2: command header. */
struct ahci_header {
	uint16_t flags; /* length of the FIS in dwords, AHCI_HEADER_* */
	uint16_t regions;
	uint32_t transferred;
	uint64_t table;
	uint32_t reserved[4];
};
_Static_assert(sizeof(struct ahci_header) == 32, "AHCI 1.3.1 section 4.2.2");
#define AHCI_HEADER_WRITE 0x40u

/* Section 4.2.3: command table. */
struct ahci_region {
	uint64_t address;
	uint32_t reserved;
	uint32_t last; /* bytes - 1 */
};
struct ahci_table {
	uint8_t fis[64];
	uint8_t atapi[16];
	uint8_t reserved[48];
	struct ahci_region region[DISK_SEGMENTS];
};
_Static_assert(sizeof(struct ahci_table) % 128 == 0, "AHCI 1.3.1 section 4.2.3: alignment");

/* ACS-3 section 7. */
enum ata_command {
	ATA_DATASET = 0x06,
	ATA_READ_DMA = 0x25,
	ATA_WRITE_DMA = 0x35,
	ATA_READ_QUEUED = 0x60,
	ATA_WRITE_QUEUED = 0x61,
	ATA_FLUSH = 0xea,
	ATA_IDENTIFY = 0xec,
};

#define ATA_TRIM_RANGES	 64u /* in one block of 512 bytes */
#define ATA_TRIM_SECTORS 65535u

/* What identify data (ACS-3 section 7.12) say. */
struct ata_facts {
	struct disk_unit unit;
	unsigned queue; /* depth; 1: without queued commands */
};

/* A port with a disk. Commands are queued (NCQ) or alone: never both kinds at a time. */
struct ahci_port {
	struct hw_regs regs;
	unsigned number;
	struct ahci_header *header;
	struct ahci_table *table; /* per slot */
	uint64_t header_address, table_address, fis_address;
	uint64_t *trim; /* data of a TRIM command, which is alone */
	uint64_t trim_address;
	uint32_t block_bytes;
	unsigned depth; /* commands at a time */
	uint32_t issued;
	uint32_t done;	  /* of those issued, not yet given back */
	bool alone;	  /* the one issued is not queued */
	bool failed;	  /* the one done has failed */
	bool dead;	  /* it did not come back after an error */
	unsigned careful; /* requests of the queue that go alone, because one of them fails */
	unsigned waiting; /* requests in the queue */
	struct disk_request *first, *last;
	struct disk_request *request[AHCI_SLOTS];
};

/* ahci_command.c: pure. Fill in slot's header and table for a request; queued: its tag is slot. */
void ahci_build(struct ahci_port *port, unsigned slot, const struct disk_request *request,
		bool queued);
void ahci_build_identify(struct ahci_port *port, uint64_t address);
bool ata_identify(const uint16_t words[256], struct ata_facts *facts);

/* ahci_port.c. Start after the controller's reset: memory is set up; false: no disk answers. */
bool ahci_port_start(struct ahci_port *port);
bool ahci_port_identify(struct ahci_port *port, uint64_t address);
/* Queues a request; false: the queue is full. */
bool ahci_port_put(struct ahci_port *port, struct disk_request *request);
/* Issues what may be. */
void ahci_port_pump(struct ahci_port *port);
/* Looks what the disk has done, and recovers from errors; false: that is impossible. */
bool ahci_port_look(struct ahci_port *port, const struct hw_regs *controller);
/* Gives one request back that is done, or NULL. */
struct disk_request *ahci_port_take(struct ahci_port *port, bool *good);

#endif
