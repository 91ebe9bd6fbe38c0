/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of NVMe controllers: brings one up with the admin queues and one pair of I/O queues,
 * finds its namespaces, and carries out requests. What the controller writes is checked; one that
 * breaks the rules is reset.
 */
#include "nvme.h"

#include <rt/process.h>

#include <string.h>

#define PCI_CLASS_NVME 0x010802u

/* Section 5: admin commands, and what they are asked. */
enum {
	ADMIN_CREATE_SQ = 0x01,
	ADMIN_CREATE_CQ = 0x05,
	ADMIN_IDENTIFY = 0x06,
	ADMIN_SET_FEATURES = 0x09,
	IDENTIFY_NAMESPACE = 0,
	IDENTIFY_CONTROLLER = 1,
	IDENTIFY_LIST = 2,
	FEATURE_QUEUES = 7,
	QUEUE_CONTIGUOUS = 1,
	QUEUE_INTERRUPT = 2,
};

/* Section 5.15.2: offsets in identify data. */
enum {
	CONTROLLER_SERIAL = 4,
	CONTROLLER_MDTS = 77,
	CONTROLLER_ONCS = 520,
	CONTROLLER_VWC = 525,
	NAMESPACE_SIZE = 0,
	NAMESPACE_FORMAT = 26,
	NAMESPACE_ATTRIBUTES = 99,
	NAMESPACE_FORMATS = 128,
	ONCS_DATASET = 1 << 2,
	ONCS_ZEROES = 1 << 3,
};

#define SERIAL_BYTES 20u
#define IO_QUEUE     1u
#define STEP_NS	     100000ull
#define TIMEOUT_UNIT 500000000ull
#define COMMAND_NS   2000000000ull
#define RANGE_BLOCKS 65536u /* of write-zeroes, and what one discard may keep the device busy */

static struct nvme nvme;

static bool matches(const struct rt_device *device)
{
	return device->class_code == PCI_CLASS_NVME;
}

static bool set_enabled(bool enable)
{
	uint64_t end = hw_now_ns() + (NVME_CAP_TO(nvme.cap) + 1) * TIMEOUT_UNIT;
	uint32_t cc = enable ? NVME_CC_EN | NVME_CC_IOSQES | NVME_CC_IOCQES : 0;

	hw_write32(&nvme.regs, NVME_CC, cc);
	for (;;) {
		uint32_t status = hw_read32(&nvme.regs, NVME_CSTS);

		if (status == UINT32_MAX || (enable && status & NVME_CSTS_CFS))
			return false;
		if (!(status & NVME_CSTS_RDY) == !enable)
			return true;
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(STEP_NS);
	}
}

/* Carries out one admin command; whether it succeeded. */
static bool admin(struct nvme_command command)
{
	uint64_t end = hw_now_ns() + COMMAND_NS;
	struct nvme_completion done;

	nvme_queue_put(&nvme.admin, &command);
	nvme_queue_ring(&nvme, &nvme.admin);
	while (!nvme_queue_take(&nvme.admin, &done)) {
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(STEP_NS);
	}
	nvme_queue_ring(&nvme, &nvme.admin);
	return done.status >> 1 == 0;
}

static bool identify(const struct disk *disk, uint32_t what, uint32_t nsid)
{
	struct nvme_command command = {
		.opcode = ADMIN_IDENTIFY,
		.nsid = nsid,
		.prp = { hw_dma_address(&disk->dma, nvme.page) },
		.dword = { what },
	};

	memset(nvme.page, 0, RT_BLOCK_PAGE);
	return admin(command);
}

static uint32_t page32(unsigned at)
{
	uint32_t value;

	memcpy(&value, nvme.page + at, sizeof value);
	return value;
}

static uint64_t page64(unsigned at)
{
	return page32(at) | (uint64_t)page32(at + 4) << 32;
}

static const char *create_queues(const struct disk *disk)
{
	uint32_t size = (nvme.io.entries - 1u) << 16 | IO_QUEUE;
	uint32_t interrupt = disk->device->interrupts ? QUEUE_INTERRUPT : 0;
	struct nvme_command count = { .opcode = ADMIN_SET_FEATURES, .dword = { FEATURE_QUEUES } };
	struct nvme_command completion = {
		.opcode = ADMIN_CREATE_CQ,
		.prp = { hw_dma_address(&disk->dma, nvme.io.completion) },
		.dword = { size, interrupt | QUEUE_CONTIGUOUS },
	};
	struct nvme_command submission = {
		.opcode = ADMIN_CREATE_SQ,
		.prp = { hw_dma_address(&disk->dma, nvme.io.submission) },
		.dword = { size, IO_QUEUE << 16 | QUEUE_CONTIGUOUS },
	};

	if (!admin(count) || !admin(completion) || !admin(submission))
		return "it refuses its queues";
	return NULL;
}

/* Facts of all namespaces from the controller's. */
static const char *read_controller(const struct disk *disk, struct disk_unit *facts)
{
	uint32_t oncs;
	unsigned mdts;

	if (!identify(disk, IDENTIFY_CONTROLLER, 0))
		return "it does not identify itself";
	oncs = page32(CONTROLLER_ONCS);
	mdts = nvme.page[CONTROLLER_MDTS];
	*facts = (struct disk_unit){
		.can_flush = nvme.page[CONTROLLER_VWC] & 1,
		.request_bytes = RT_BLOCK_REQUEST_BYTES,
		.discard_sectors = oncs & ONCS_DATASET ? RANGE_BLOCKS : 0,
		.zeroes_sectors = oncs & ONCS_ZEROES ? RANGE_BLOCKS : 0,
	};
	if (mdts && mdts < 8 && RT_BLOCK_PAGE << mdts < facts->request_bytes)
		facts->request_bytes = RT_BLOCK_PAGE << mdts;
	memcpy(facts->serial, nvme.page + CONTROLLER_SERIAL, SERIAL_BYTES);
	for (unsigned i = SERIAL_BYTES; i && facts->serial[i - 1] == ' '; i--)
		facts->serial[i - 1] = '\0';
	return NULL;
}

/* Reads one namespace; false: it has a format that cannot be used. */
static bool read_namespace(const struct disk *disk, uint32_t nsid, struct disk_unit *unit)
{
	uint64_t blocks;
	uint32_t format;
	unsigned shift;

	if (!identify(disk, IDENTIFY_NAMESPACE, nsid))
		return false;
	blocks = page64(NAMESPACE_SIZE);
	format = page32(NAMESPACE_FORMATS + 4 * (nvme.page[NAMESPACE_FORMAT] & 15u));
	shift = format >> 16 & 0xff;
	if (format & 0xffff || shift < 9 || shift > 12 || !blocks || blocks > UINT64_MAX >> shift)
		return false;
	unit->block_bytes = 1u << shift;
	unit->sectors = blocks << (shift - 9);
	unit->read_only = nvme.page[NAMESPACE_ATTRIBUTES] & 1;
	return true;
}

static const char *find_namespaces(struct disk *disk)
{
	uint32_t list[DISK_UNITS];
	struct disk_unit facts;
	const char *error = read_controller(disk, &facts);

	if (error)
		return error;
	if (!identify(disk, IDENTIFY_LIST, 0))
		return "it does not list its namespaces";
	for (unsigned i = 0; i < DISK_UNITS; i++)
		list[i] = page32(4 * i);
	disk->units = 0;
	for (unsigned i = 0; i < DISK_UNITS && list[i]; i++) {
		unsigned n = disk->units;

		disk->unit[n] = facts;
		if (!read_namespace(disk, list[i], &disk->unit[n]))
			continue;
		nvme.nsid[n] = list[i];
		nvme.block_bytes[n] = disk->unit[n].block_bytes;
		disk->units++;
	}
	return NULL;
}

static const char *take_memory(struct disk *disk)
{
	uint32_t entries = NVME_CAP_MQES(nvme.cap);

	if (entries > NVME_ENTRIES)
		entries = NVME_ENTRIES;
	nvme.slots = entries - 1 < NVME_SLOTS ? entries - 1 : NVME_SLOTS;
	nvme.page = hw_dma_take(&disk->dma, RT_BLOCK_PAGE, RT_BLOCK_PAGE);
	nvme.slot = hw_dma_take(&disk->dma, nvme.slots * sizeof *nvme.slot, RT_BLOCK_PAGE);
	if (!nvme.page || !nvme.slot ||
	    !nvme_queue_place(&nvme, &nvme.admin, &disk->dma, 0, NVME_ADMIN) ||
	    !nvme_queue_place(&nvme, &nvme.io, &disk->dma, IO_QUEUE, (uint16_t)entries))
		return "the driver was given too little memory";
	nvme.slot_address = hw_dma_address(&disk->dma, nvme.slot);
	memset(nvme.request, 0, sizeof nvme.request);
	for (nvme.frees = 0; nvme.frees < nvme.slots; nvme.frees++)
		nvme.free[nvme.frees] = (uint8_t)nvme.frees;
	return NULL;
}

static const char *start(struct disk *disk)
{
	const char *error;

	nvme.regs = hw_bar(disk->device, 0);
	nvme.cap = hw_read64(&nvme.regs, NVME_CAP);
	if (!nvme.regs.bytes || nvme.cap == UINT64_MAX || !set_enabled(false) || !hw_dma_start())
		return "it does not answer";
	if (NVME_CAP_MPSMIN(nvme.cap) || !NVME_CAP_NVM(nvme.cap) || NVME_CAP_MQES(nvme.cap) < 2)
		return "it cannot work with pages of 4 KiB or has no NVM command set";
	error = take_memory(disk);
	if (error)
		return error;
	hw_write32(&nvme.regs, NVME_AQA, (NVME_ADMIN - 1) << 16 | (NVME_ADMIN - 1));
	hw_write64(&nvme.regs, NVME_ASQ, hw_dma_address(&disk->dma, nvme.admin.submission));
	hw_write64(&nvme.regs, NVME_ACQ, hw_dma_address(&disk->dma, nvme.admin.completion));
	if (!set_enabled(true))
		return "it does not come up";
	error = create_queues(disk);
	return error ? error : find_namespaces(disk);
}

static enum disk_room submit(struct disk *disk, struct disk_request *request)
{
	struct nvme_command command;
	unsigned n;

	(void)disk;
	if (!nvme.frees)
		return DISK_FULL;
	n = nvme.free[--nvme.frees];
	nvme.request[n] = request;
	command =
		nvme_build(request, &nvme.slot[n], nvme.slot_address + n * sizeof *nvme.slot,
			   (uint16_t)n, nvme.nsid[request->unit], nvme.block_bytes[request->unit]);
	nvme_queue_put(&nvme.io, &command);
	return DISK_TAKEN;
}

static void kick(struct disk *disk)
{
	(void)disk;
	nvme_queue_ring(&nvme, &nvme.io);
}

static struct disk_request *poll(struct disk *disk, bool *good, bool *failed)
{
	struct nvme_completion done;
	struct disk_request *request;

	(void)disk;
	if (!nvme_queue_take(&nvme.io, &done))
		return NULL;
	if (done.id >= nvme.slots || !nvme.request[done.id]) {
		*failed = true;
		return NULL;
	}
	request = nvme.request[done.id];
	nvme.request[done.id] = NULL;
	nvme.free[nvme.frees++] = (uint8_t)done.id;
	*good = done.status >> 1 == 0;
	return request;
}

/* Interrupts are messages, one for what came since the last look: nothing is to be armed. */
static bool watch(struct disk *disk)
{
	const struct nvme_completion *entry = &nvme.io.completion[nvme.io.head];

	(void)disk;
	return (__atomic_load_n(&entry->status, __ATOMIC_ACQUIRE) & 1) == nvme.io.phase;
}

/* If it does not stop, start fails too. */
static void stop(struct disk *disk)
{
	(void)disk;
	set_enabled(false);
}

const struct disk_ops nvme_ops = {
	.name = "NVMe",
	.matches = matches,
	.start = start,
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.watch = watch,
	.stop = stop,
};
