/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVM Express controllers, as far as a disk driver needs them: queues, commands and registers of
 * the NVM Express Base Specification 1.4, whose sections the names refer to. Private to the driver.
 */
#ifndef BLOCK_NVME_H
#define BLOCK_NVME_H

#include "disk.h"

/* Section 3.1: registers. */
enum {
	NVME_CAP = 0x00,
	NVME_INTMS = 0x0c,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
	NVME_AQA = 0x24,
	NVME_ASQ = 0x28,
	NVME_ACQ = 0x30,
	NVME_DOORBELLS = 0x1000,
};

#define NVME_CAP_MQES(cap)   ((uint32_t)((cap) & 0xffff) + 1)
#define NVME_CAP_TO(cap)     ((uint32_t)((cap) >> 24 & 0xff)) /* in units of 500 ms */
#define NVME_CAP_DSTRD(cap)  ((uint32_t)((cap) >> 32 & 0xf))
#define NVME_CAP_NVM(cap)    ((cap) >> 37 & 1) /* the NVM command set is there */
#define NVME_CAP_MPSMIN(cap) ((uint32_t)((cap) >> 48 & 0xf))

#define NVME_CC_EN     1u
#define NVME_CC_IOSQES (6u << 16) /* 64 bytes */
#define NVME_CC_IOCQES (4u << 20) /* 16 bytes */
#define NVME_CSTS_RDY  1u
#define NVME_CSTS_CFS  2u

/* Section 4.2: a submission queue entry. */
struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t id;
	uint32_t nsid;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t prp[2];
	uint32_t dword[6]; /* 10 to 15 */
};
_Static_assert(sizeof(struct nvme_command) == 64, "section 4.2");

/* Section 4.6: a completion queue entry. */
struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t id;
	uint16_t status; /* bit 0: phase */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "section 4.6");

#define NVME_ENTRIES 128u /* of the I/O queues at most */
#define NVME_SLOTS   64u
#define NVME_ADMIN   4u /* entries of the admin queues */

/* A pair of queues. What is private is never read back from the memory that the device shares. */
struct nvme_queue {
	struct nvme_command *submission;
	const struct nvme_completion *completion;
	uint16_t entries;
	uint16_t tail; /* next submission */
	uint16_t rung; /* tail the device knows */
	uint16_t head; /* next completion */
	uint16_t told; /* head the device knows */
	uint16_t phase;
	uint64_t tail_doorbell, head_doorbell;
};

/* Section 5.21 of the NVM command set: a range of Dataset Management. */
struct nvme_range {
	uint32_t attributes;
	uint32_t blocks;
	uint64_t first;
};

/* What a slot needs in memory: a list of PRPs, which must not cross a page, or a range. */
struct nvme_slot {
	union {
		uint64_t prp[RT_BLOCK_REQUEST_BYTES / RT_BLOCK_PAGE];
		struct nvme_range range;
	};
};
_Static_assert(4096 % sizeof(struct nvme_slot) == 0, "section 4.3: a PRP list crosses no page");

struct nvme {
	struct hw_regs regs;
	uint64_t cap;
	struct nvme_queue admin, io;
	unsigned char *page;	/* of identify data */
	struct nvme_slot *slot; /* one per command in flight */
	uint64_t slot_address;
	unsigned slots;
	unsigned frees;
	uint8_t free[NVME_SLOTS];		  /* stack of free slots */
	struct disk_request *request[NVME_SLOTS]; /* NULL: the slot is free */
	uint32_t nsid[DISK_UNITS];
	uint32_t block_bytes[DISK_UNITS];
};

/* nvme_queue.c: places a pair of queues with this number in memory. False: there is too little. */
bool nvme_queue_place(const struct nvme *nvme, struct nvme_queue *queue, struct hw_dma *dma,
		      unsigned n, uint16_t entries);
/* Puts a command into the queue, which has room for it. */
void nvme_queue_put(struct nvme_queue *queue, const struct nvme_command *command);
/* Tells the device of what was put and taken. */
void nvme_queue_ring(const struct nvme *nvme, struct nvme_queue *queue);
/* Takes a copy of the next completion; false: there is none. */
bool nvme_queue_take(struct nvme_queue *queue, struct nvme_completion *done);

/* The command for a request in a slot; its PRP list or range is written to the slot. */
struct nvme_command nvme_build(const struct disk_request *request, struct nvme_slot *slot,
			       uint64_t slot_address, uint16_t id, uint32_t nsid,
			       uint32_t block_bytes);

#endif
