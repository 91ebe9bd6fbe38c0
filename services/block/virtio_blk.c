/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of a virtio block device, VIRTIO 1.2 section 5.2, with one queue. A slot holds the
 * request's header, its range and its status byte in the driver's memory; data goes straight to and
 * from the client's window.
 */
#include "disk.h"

#include "virtio_pci.h"

#include <string.h>

#define FEATURES                                                                               \
	(VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | \
	 VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_F_EVENT_IDX)

#define SLOTS	    64u
#define ID_NS	    1000000000ull
#define ID_STEP_NS  50000ull
#define BUFFERS_MAX (DISK_SEGMENTS + 2)

struct slot {
	struct rt_block_request header;
	struct rt_block_range range;
	char id[20];
	uint8_t status;
};

struct virtio_blk {
	struct virtio_pci pci;
	struct vq_driver queue;
	uint16_t entries;
	struct slot *slot;   /* in DMA memory */
	uint64_t address;    /* of slot 0, as the device sees it */
	unsigned most;	     /* data segments of a request */
	uint8_t free[SLOTS]; /* stack of free slots */
	unsigned frees;
	uint8_t slot_of[VQ_ENTRIES_MAX]; /* by head */
	struct disk_request *request[SLOTS];
};

static struct virtio_blk blk;

/* Of the chain that is being made: room for its header, then its data. */
static struct vq_buffer buffers[BUFFERS_MAX];
static struct vq_buffer *const data = buffers + 1;

static bool matches(const struct rt_device *device)
{
	return device->vendor == VIRTIO_PCI_VENDOR &&
	       (device->device == VIRTIO_PCI_DEVICE + VIRTIO_TYPE_BLOCK ||
		device->device == VIRTIO_PCI_BLOCK_TRANS);
}

static uint32_t config32(uint64_t offset)
{
	uint32_t value = 0;

	virtio_pci_config(&blk.pci, offset, &value, sizeof value);
	return value;
}

static uint64_t slot_address(unsigned n, size_t offset)
{
	return blk.address + n * sizeof(struct slot) + offset;
}

static void read_unit(struct disk_unit *unit)
{
	uint64_t features = blk.pci.features;
	uint64_t sectors = 0;

	virtio_pci_config(&blk.pci, VIRTIO_BLK_CAPACITY, &sectors, sizeof sectors);
	memset(unit, 0, sizeof *unit);
	unit->block_bytes = features & VIRTIO_BLK_F_BLK_SIZE ? config32(VIRTIO_BLK_BLK_SIZE) : 512;
	unit->read_only = features & VIRTIO_BLK_F_RO;
	unit->can_flush = features & VIRTIO_BLK_F_FLUSH;
	if (features & VIRTIO_BLK_F_DISCARD)
		unit->discard_sectors = config32(VIRTIO_BLK_DISCARD_SECTORS);
	if (features & VIRTIO_BLK_F_WRITE_ZEROES)
		unit->zeroes_sectors = config32(VIRTIO_BLK_ZEROES_SECTORS);
	blk.most = features & VIRTIO_BLK_F_SEG_MAX ? config32(VIRTIO_BLK_SEG_MAX) : 1;
	if (blk.most > DISK_SEGMENTS)
		blk.most = DISK_SEGMENTS;
	if (blk.most > blk.entries - 2u)
		blk.most = blk.entries - 2u;
	/* Data of a request may lie in as many pages as it has. */
	unit->request_bytes = blk.most * RT_BLOCK_PAGE;
	unit->sectors = sectors;
}

static const char *check_unit(struct disk_unit *unit)
{
	uint32_t block = unit->block_bytes;

	if (block < 512 || block > RT_BLOCK_PAGE || block & (block - 1))
		return "its block size is not 512 to 4096 bytes";
	unit->sectors -= unit->sectors % (block / 512);
	if (!blk.most || !unit->sectors || unit->sectors >= UINT64_MAX / 512)
		return "it says that it has no room for data";
	return NULL;
}

/* Makes a chain of the slot's header, the data and the status byte available. */
static bool add(unsigned n, unsigned readable, unsigned writable)
{
	uint16_t head;

	buffers[0] = (struct vq_buffer){ slot_address(n, offsetof(struct slot, header)),
					 sizeof(struct rt_block_request) };
	data[readable + writable] =
		(struct vq_buffer){ slot_address(n, offsetof(struct slot, status)), 1 };
	blk.slot[n].status = RT_BLOCK_ERROR;
	if (!vq_driver_next(&blk.queue, &head) ||
	    vq_driver_add(&blk.queue, buffers, 1 + readable, writable + 1) != VQ_OK)
		return false;
	blk.slot_of[head] = (uint8_t)n;
	return true;
}

static void kick(struct disk *disk)
{
	(void)disk;
	if (vq_driver_kick(&blk.queue))
		virtio_pci_notify(&blk.pci, 0);
}

/* Section 5.2.6: 20 bytes that need not end in NUL. A device without the request says so. */
static const char *read_serial(struct disk *disk)
{
	uint64_t end = hw_now_ns() + ID_NS;
	uint32_t written;
	uint16_t head;

	blk.slot[0].header = (struct rt_block_request){ .type = RT_BLOCK_GET_ID };
	data[0] = (struct vq_buffer){ slot_address(0, offsetof(struct slot, id)),
				      sizeof blk.slot->id };
	if (!add(0, 0, 1))
		return "its queue is broken";
	kick(disk);
	while (vq_driver_take(&blk.queue, &head, &written) == VQ_NONE) {
		if (hw_now_ns() > end)
			return "it does not answer";
		hw_pause_ns(ID_STEP_NS);
	}
	if (blk.queue.error)
		return "its queue is broken";
	if (blk.slot[0].status == RT_BLOCK_OK)
		memcpy(disk->unit[0].serial, blk.slot[0].id, sizeof blk.slot->id);
	return NULL;
}

static const char *set_up_queue(struct disk *disk)
{
	const char *error;

	blk.entries = virtio_pci_queue_size(&blk.pci, 0);
	if (blk.entries < 4)
		return "its queue is too short";
	error = virtio_pci_queue(&blk.pci, 0, blk.entries, &disk->dma, &blk.queue);
	if (error)
		return error;
	blk.slot = hw_dma_take(&disk->dma, SLOTS * sizeof *blk.slot, 16);
	if (!blk.slot)
		return "the driver was given too little memory";
	blk.address = hw_dma_address(&disk->dma, blk.slot);
	for (blk.frees = 0; blk.frees < SLOTS; blk.frees++)
		blk.free[blk.frees] = (uint8_t)blk.frees;
	return NULL;
}

static const char *start(struct disk *disk)
{
	const char *error;

	error = virtio_pci_find(&blk.pci, disk->device);
	if (error)
		return error;
	if (!virtio_pci_reset(&blk.pci))
		return "it does not answer";
	error = virtio_pci_negotiate(&blk.pci, FEATURES);
	if (!error)
		error = set_up_queue(disk);
	if (error)
		return error;
	read_unit(&disk->unit[0]);
	disk->units = 1;
	error = check_unit(&disk->unit[0]);
	if (error)
		return error;
	virtio_pci_start(&blk.pci);
	return read_serial(disk);
}

static enum disk_room submit(struct disk *disk, struct disk_request *request)
{
	unsigned readable = 0, writable = 0;
	struct slot *slot;
	unsigned n;

	(void)disk;
	if (!blk.frees)
		return DISK_FULL;
	n = blk.free[blk.frees - 1];
	slot = &blk.slot[n];
	slot->header =
		(struct rt_block_request){ .type = request->type, .sector = request->sector };
	switch (request->type) {
	case RT_BLOCK_DISCARD:
	case RT_BLOCK_WRITE_ZEROES:
		slot->header.sector = 0;
		slot->range = (struct rt_block_range){ request->sector, request->sectors,
						       request->unmap };
		data[0] = (struct vq_buffer){ slot_address(n, offsetof(struct slot, range)),
					      sizeof slot->range };
		readable = 1;
		break;
	default:
		for (unsigned i = 0; i < request->segments; i++)
			data[i] = (struct vq_buffer){ disk_address(request, i),
						      request->segment[i].bytes };
		*(request->type == RT_BLOCK_READ ? &writable : &readable) = request->segments;
	}
	if (!add(n, readable, writable))
		return DISK_FULL;
	blk.frees--;
	blk.request[n] = request;
	return DISK_TAKEN;
}

static struct disk_request *poll(struct disk *disk, bool *good, bool *failed)
{
	uint32_t written;
	uint16_t head;

	(void)disk;
	switch (vq_driver_take(&blk.queue, &head, &written)) {
	case VQ_OK:
		break;
	case VQ_NONE:
		return NULL;
	case VQ_BROKEN:
		*failed = true;
		return NULL;
	}
	unsigned n = blk.slot_of[head];
	*good = *(volatile uint8_t *)&blk.slot[n].status == RT_BLOCK_OK;
	blk.free[blk.frees++] = (uint8_t)n;
	return blk.request[n];
}

static bool watch(struct disk *disk)
{
	(void)disk;
	return vq_driver_watch(&blk.queue);
}

/* The device may be dead: then its memory accesses end when it is reset by its bus, which is the
 * root task's, and start says so. */
static void stop(struct disk *disk)
{
	(void)disk;
	virtio_pci_reset(&blk.pci);
}

const struct disk_ops virtio_blk_ops = {
	.name = "virtio-blk",
	.matches = matches,
	.start = start,
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.watch = watch,
	.stop = stop,
};
