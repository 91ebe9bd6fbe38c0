/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated NVMe controller with two namespaces, NVM Express 1.4. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "nvme.h"

enum { QUEUES = 2, MQES = 31, DSTRD = 1 };

struct pair {
	uint64_t submission, completion;
	uint32_t entries;
	uint32_t head, tail; /* of the submission queue */
	uint32_t at, phase;  /* of the completion queue */
	uint32_t taken;	     /* head of the completion queue as the driver says */
};

static struct {
	uint32_t cc, aqa;
	uint64_t asq, acq;
	struct pair pair[QUEUES];
} dev;

static void describe(struct rt_device *device)
{
	device->vendor = 0x1b36;
	device->device = 0x0010;
	device->class_code = 0x010802;
	device->bar[0].bytes = 0x4000;
}

static void reset(void)
{
	memset(&dev, 0, sizeof dev);
	sim.resets++;
	sim.dead = false;
}

static uint64_t read(unsigned bar, uint64_t offset, unsigned width)
{
	uint64_t cap = MQES | 1ull << 24 | (uint64_t)DSTRD << 32 | 1ull << 37;

	assert_int_equal(bar, 0);
	assert_int_equal(width, 4);
	switch (offset) {
	case NVME_CAP:
		return (uint32_t)cap;
	case NVME_CAP + 4:
		return cap >> 32;
	case NVME_CC:
		return dev.cc;
	case NVME_CSTS:
		return dev.cc & NVME_CC_EN ? NVME_CSTS_RDY : 0;
	default:
		return 0;
	}
}

static void enable(void)
{
	dev.pair[0] = (struct pair){ .submission = dev.asq,
				     .completion = dev.acq,
				     .entries = (dev.aqa & 0xfff) + 1,
				     .phase = 1 };
	assert_int_equal(dev.cc >> 16 & 15, 6);
	assert_int_equal(dev.cc >> 20 & 15, 4);
}

static void set_half(uint64_t *value, uint64_t offset, uint64_t half)
{
	unsigned shift = offset & 4 ? 32 : 0;

	*value = (*value & ~(0xffffffffull << shift)) | half << shift;
}

static void doorbell(unsigned n, uint64_t value)
{
	struct pair *pair = &dev.pair[n / 2];

	assert_true(n / 2 < QUEUES && value < pair->entries);
	*(n % 2 ? &pair->taken : &pair->tail) = (uint32_t)value;
}

static void write(unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
	assert_int_equal(bar, 0);
	assert_int_equal(width, 4);
	if (offset >= NVME_DOORBELLS) {
		doorbell((unsigned)(offset - NVME_DOORBELLS) / (4 << DSTRD), value);
		return;
	}
	switch (offset & ~4ull) {
	case NVME_ASQ:
		set_half(&dev.asq, offset, value);
		return;
	case NVME_ACQ:
		set_half(&dev.acq, offset, value);
		return;
	}
	if (offset == NVME_AQA)
		dev.aqa = (uint32_t)value;
	if (offset != NVME_CC)
		return;
	if (!(value & NVME_CC_EN))
		reset();
	dev.cc = (uint32_t)value;
	if (value & NVME_CC_EN)
		enable();
}

static void put(unsigned char *page, unsigned at, uint64_t value, unsigned width)
{
	memcpy(page + at, &value, width);
}

static void identify(const struct nvme_command *command)
{
	unsigned char *page = sim_memory(command->prp[0], 4096);

	memset(page, 0, 4096);
	switch (command->dword[0]) {
	case 0:
		put(page, 0, SIM_SECTORS, 8);
		put(page, 26, 1, 1);
		put(page, 132, 9 << 16, 4);
		break;
	case 1:
		memcpy(page + 4, "SIM0001             ", 20);
		put(page, 77, 5, 1); /* 128 KiB */
		put(page, 520, 12, 2);
		put(page, 525, 1, 1);
		break;
	default:
		put(page, 0, 1, 4);
		put(page, 4, 7, 4);
	}
}

static bool admin(const struct nvme_command *command)
{
	struct pair *pair = &dev.pair[command->dword[0] & 1];

	switch (command->opcode) {
	case 6:
		identify(command);
		return true;
	case 5:
		assert_int_equal(command->dword[0] & 0xffff, 1);
		*pair = (struct pair){ .completion = command->prp[0],
				       .entries = (command->dword[0] >> 16) + 1,
				       .phase = 1 };
		assert_in_range(pair->entries, 2, MQES + 1);
		return true;
	case 1:
		pair->submission = command->prp[0];
		return true;
	default:
		return command->opcode == 9;
	}
}

/* Section 4.3. */
static bool transfer(const struct nvme_command *command, const struct sim_op *op)
{
	uint64_t left = op->sectors * 512, at = 0;
	uint64_t pages = (left + 4095) / 4096;
	const uint64_t *list = pages > 2 ? sim_memory(command->prp[1], 8 * (pages - 1)) : NULL;

	if (list) /* a list crosses no page */
		assert_true(command->prp[1] / 4096 ==
			    (command->prp[1] + 8 * (pages - 1) - 1) / 4096);
	for (uint64_t n = 0; n < pages; n++) {
		uint64_t page = n == 0 ? command->prp[0] : list ? list[n - 1] : command->prp[1];
		uint64_t bytes = left < 4096 ? left : 4096;

		assert_int_equal(page % 4096, 0);
		if (!sim_transfer(op, sim_memory(page, bytes), bytes, at))
			return false;
		at += bytes;
		left -= bytes;
	}
	return true;
}

static bool carry_out(const struct nvme_command *command)
{
	static const uint32_t types[] = { RT_BLOCK_FLUSH, RT_BLOCK_WRITE, RT_BLOCK_READ };
	struct sim_op op = { .unit = command->nsid == 7 };

	assert_true(command->nsid == 1 || command->nsid == 7);
	if (command->opcode == 9) {
		const struct nvme_range *range = sim_memory(command->prp[0], sizeof *range);

		assert_int_equal(command->dword[1], 4);
		op = (struct sim_op){ RT_BLOCK_DISCARD, op.unit, range->first, range->blocks };
		return sim_command(&op);
	}
	op.sector = command->dword[0] | (uint64_t)command->dword[1] << 32;
	op.sectors = command->opcode ? (command->dword[2] & 0xffff) + 1 : 0;
	op.type = command->opcode == 8 ? (uint32_t)RT_BLOCK_WRITE_ZEROES : types[command->opcode];
	return sim_command(&op) &&
	       (command->opcode == 0 || command->opcode == 8 || transfer(command, &op));
}

static void complete(struct pair *pair, uint16_t id, bool good)
{
	struct nvme_completion *entry =
		sim_memory(pair->completion + pair->at * sizeof *entry, sizeof *entry);

	assert_true((pair->at + 1) % pair->entries != pair->taken); /* no room */
	entry->id = id;
	entry->sq_head = (uint16_t)pair->head;
	entry->status = (uint16_t)((good ? 0 : 0x4004) | pair->phase);
	pair->at++;
	if (pair->at == pair->entries) {
		pair->at = 0;
		pair->phase ^= 1;
	}
}

static unsigned work(unsigned count)
{
	unsigned n = 0;

	for (unsigned queue = 0; hw_sim_master && queue < QUEUES; queue++) {
		struct pair *pair = &dev.pair[queue];

		for (; n < count && pair->head != pair->tail; n++) {
			const struct nvme_command *command = sim_memory(
				pair->submission + pair->head * sizeof *command, sizeof *command);
			bool good = queue ? carry_out(command) : admin(command);

			pair->head = (pair->head + 1) % pair->entries;
			complete(pair, command->id, good);
		}
	}
	return n;
}

const struct sim_controller sim_nvme = { "NVMe", describe, reset, read, write, work };
