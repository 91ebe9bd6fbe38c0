/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and commands of NVMe controllers; see nvme.h. */
#include "nvme.h"

#include <string.h>

/* NVM command set: opcodes. */
enum {
	OPCODE_FLUSH = 0x00,
	OPCODE_WRITE = 0x01,
	OPCODE_READ = 0x02,
	OPCODE_ZEROES = 0x08,
	OPCODE_DATASET = 0x09,
};

#define ZEROES_DEALLOCATE  (1u << 25)
#define DATASET_DEALLOCATE 4u

bool nvme_queue_place(const struct nvme *nvme, struct nvme_queue *queue, struct hw_dma *dma,
		      unsigned n, uint16_t entries)
{
	uint64_t stride = 4ull << NVME_CAP_DSTRD(nvme->cap);

	*queue = (struct nvme_queue){
		.submission =
			hw_dma_take(dma, entries * sizeof(struct nvme_command), RT_BLOCK_PAGE),
		.completion =
			hw_dma_take(dma, entries * sizeof(struct nvme_completion), RT_BLOCK_PAGE),
		.entries = entries,
		.phase = 1,
		.tail_doorbell = NVME_DOORBELLS + 2ull * n * stride,
		.head_doorbell = NVME_DOORBELLS + (2ull * n + 1) * stride,
	};
	return queue->submission && queue->completion;
}

void nvme_queue_put(struct nvme_queue *queue, const struct nvme_command *command)
{
	queue->submission[queue->tail] = *command;
	queue->tail = (uint16_t)((queue->tail + 1) % queue->entries);
}

void nvme_queue_ring(const struct nvme *nvme, struct nvme_queue *queue)
{
	if (queue->told != queue->head) {
		queue->told = queue->head;
		hw_write32(&nvme->regs, queue->head_doorbell, queue->head);
	}
	if (queue->rung != queue->tail) {
		queue->rung = queue->tail;
		hw_write32(&nvme->regs, queue->tail_doorbell, queue->tail);
	}
}

/* Section 4.6.1: an entry is new when its phase is that of this round; the rest of it was written
 * before the phase. */
bool nvme_queue_take(struct nvme_queue *queue, struct nvme_completion *done)
{
	const struct nvme_completion *entry = &queue->completion[queue->head];
	uint16_t status = __atomic_load_n(&entry->status, __ATOMIC_ACQUIRE);

	if ((status & 1) != queue->phase)
		return false;
	*done = (struct nvme_completion){
		.result = __atomic_load_n(&entry->result, __ATOMIC_RELAXED),
		.id = __atomic_load_n(&entry->id, __ATOMIC_RELAXED),
		.status = status,
	};
	if (++queue->head == queue->entries) {
		queue->head = 0;
		queue->phase ^= 1;
	}
	return true;
}

/* Section 4.3: the first page in PRP 1; a second one in PRP 2, or the list of all that follow. */
static void build_prps(const struct disk_request *request, struct nvme_slot *slot,
		       uint64_t slot_address, struct nvme_command *command)
{
	unsigned pages = 0;

	for (unsigned i = 0; i < request->segments; i++)
		for (uint32_t at = 0; at < request->segment[i].bytes; at += RT_BLOCK_PAGE) {
			uint64_t page = disk_address(request, i) + at;

			if (pages)
				slot->prp[pages - 1] = page;
			else
				command->prp[0] = page;
			pages++;
		}
	if (pages == 2)
		command->prp[1] = slot->prp[0];
	else if (pages > 2)
		command->prp[1] = slot_address;
}

struct nvme_command nvme_build(const struct disk_request *request, struct nvme_slot *slot,
			       uint64_t slot_address, uint16_t id, uint32_t nsid,
			       uint32_t block_bytes)
{
	uint32_t scale = block_bytes / RT_BLOCK_SECTOR;
	uint64_t first = request->sector / scale;
	uint32_t blocks = request->sectors / scale;
	struct nvme_command command = { .id = id, .nsid = nsid };

	if (request->type == RT_BLOCK_FLUSH) {
		command.opcode = OPCODE_FLUSH;
		return command;
	}
	if (request->type == RT_BLOCK_DISCARD) {
		command.opcode = OPCODE_DATASET;
		slot->range = (struct nvme_range){ 0, blocks, first };
		command.prp[0] = slot_address;
		command.dword[1] = DATASET_DEALLOCATE;
		return command;
	}
	command.dword[0] = (uint32_t)first;
	command.dword[1] = (uint32_t)(first >> 32);
	command.dword[2] = blocks - 1;
	if (request->type == RT_BLOCK_WRITE_ZEROES) {
		command.opcode = OPCODE_ZEROES;
		command.dword[2] |= request->unmap ? ZEROES_DEALLOCATE : 0;
		return command;
	}
	command.opcode = request->type == RT_BLOCK_WRITE ? OPCODE_WRITE : OPCODE_READ;
	build_prps(request, slot, slot_address, &command);
	return command;
}
