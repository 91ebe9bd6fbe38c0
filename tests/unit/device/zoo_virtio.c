/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builders of the virtio classes, and a driver's register accesses.
 */
#include "zoo_virtio.h"

#include <string.h>

#define STATUS_DRIVER	   (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER)
#define STATUS_FEATURES_OK (STATUS_DRIVER | VIRTIO_FEATURES_OK)
#define STATUS_DRIVER_OK   (STATUS_FEATURES_OK | VIRTIO_DRIVER_OK)

static void report(void *ctx, const char *device, unsigned queue, const char *why)
{
	struct zoo *zoo = ctx;

	(void)device;
	(void)queue;
	zoo->faults++;
	zoo->why = why;
}

struct virtio_wiring zoo_wiring(struct zoo *zoo)
{
	return (struct virtio_wiring){
		.ram = { { zoo->ram, 0, ZOO_RAM_BYTES }, { zoo->high, ZOO_HIGH, ZOO_HIGH_BYTES } },
		.report = report,
		.ctx = zoo,
	};
}

void zoo_place(struct zoo *zoo, struct virtio_device *dev)
{
	const struct virtio_place at = { ZOO_DEVFN, ZOO_BAR, ZOO_IO };

	zoo_build_pci(zoo);
	virtio_attach(dev, &zoo->pci, &at);
	zoo->virtio = dev;
}

/* Bytes that differ from call to call, and are the same for every zoo. */
static void fill(void *ctx, void *bytes, size_t size)
{
	(void)ctx;
	memset(bytes, 0xa5, size);
}

void zoo_build_rng(struct zoo *zoo)
{
	struct virtio_wiring w = zoo_wiring(zoo);

	virtio_rng_init(&zoo->dev.rng, &w, (struct rng_source){ fill, zoo });
	zoo_place(zoo, &zoo->dev.rng.dev);
}

static void put_bytes(void *ctx, const void *bytes, size_t n)
{
	struct zoo *zoo = ctx;

	for (size_t i = 0; i < n; i++)
		zoo->log[zoo->logged++ % ZOO_LOG] = ((const uint8_t *)bytes)[i];
}

static void put_drained(void *ctx)
{
	struct zoo *zoo = ctx;

	zoo->log[zoo->logged++ % ZOO_LOG] = ZOO_DRAINED;
}

static void put_balloon(struct zoo *zoo, uint32_t what)
{
	zoo->log[zoo->logged++ % ZOO_LOG] = what;
}

void zoo_build_console(struct zoo *zoo)
{
	struct virtio_wiring w = zoo_wiring(zoo);
	const struct virtio_console_line line = { put_bytes, put_drained, zoo };

	virtio_console_init(&zoo->dev.console, &w, line);
	zoo_place(zoo, &zoo->dev.console.dev);
}

static void put_inflate(void *ctx, uint64_t gpa)
{
	put_balloon(ctx, ZOO_INFLATE | (uint32_t)(gpa / BALLOON_PAGE));
}

static void put_deflate(void *ctx, uint64_t gpa)
{
	put_balloon(ctx, ZOO_DEFLATE | (uint32_t)(gpa / BALLOON_PAGE));
}

static void put_report(void *ctx, uint64_t gpa, uint64_t bytes)
{
	put_balloon(ctx, ZOO_REPORT | (uint32_t)(gpa / BALLOON_PAGE) << 8 |
				 (uint32_t)(bytes / BALLOON_PAGE));
}

static void put_done(void *ctx)
{
	put_balloon(ctx, ZOO_DONE);
}

static void put_told(void *ctx, uint64_t free, uint64_t available)
{
	put_balloon(ctx, ZOO_TOLD | (free / BALLOON_PAGE & 0xff) << 8 |
				 (available / BALLOON_PAGE & 0xff));
}

void zoo_build_balloon(struct zoo *zoo)
{
	struct virtio_wiring w = zoo_wiring(zoo);
	const struct balloon_memory memory = { put_inflate, put_deflate, put_report,
					       put_done,    put_told,	 zoo };

	virtio_balloon_init(&zoo->dev.balloon, &w, &memory);
	zoo_place(zoo, &zoo->dev.balloon.dev);
}

uint64_t zoo_reg(struct zoo *zoo, unsigned offset, unsigned width)
{
	return bus_mmio_read(&zoo->bus, ZOO_COMMON + offset, width);
}

void zoo_set_reg(struct zoo *zoo, unsigned offset, unsigned width, uint64_t value)
{
	bus_mmio_write(&zoo->bus, ZOO_COMMON + offset, width, value);
}

uint8_t zoo_status(struct zoo *zoo)
{
	return (uint8_t)zoo_reg(zoo, VIRTIO_REG_STATUS, 1);
}

void zoo_set_status(struct zoo *zoo, uint8_t status)
{
	zoo_set_reg(zoo, VIRTIO_REG_STATUS, 1, status);
}

uint32_t zoo_config_get(struct zoo *zoo, unsigned offset, unsigned width)
{
	return pcihost_config_read(&zoo->pci, ZOO_DEVFN, offset, width);
}

void zoo_config_set(struct zoo *zoo, unsigned offset, unsigned width, uint32_t value)
{
	pcihost_config_write(&zoo->pci, ZOO_DEVFN, offset, width, value);
}

void zoo_negotiate(struct zoo *zoo, uint64_t features)
{
	features |= VIRTIO_F_VERSION_1;
	zoo_config_set(zoo, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	zoo_set_status(zoo, 0);
	zoo_set_status(zoo, VIRTIO_ACKNOWLEDGE);
	zoo_set_status(zoo, STATUS_DRIVER);
	for (unsigned half = 0; half < 2; half++) {
		zoo_set_reg(zoo, VIRTIO_REG_DRIVER_SELECT, 4, half);
		zoo_set_reg(zoo, VIRTIO_REG_DRIVER_FEATURE, 4, (uint32_t)(features >> (32 * half)));
	}
	zoo_set_status(zoo, STATUS_FEATURES_OK);
}

void zoo_setup_queue(struct zoo *zoo, unsigned queue, uint16_t entries)
{
	memset(zoo->ram + ZOO_DESC(queue), 0, 0x1000);
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_SELECT, 2, queue);
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_SIZE, 2, entries);
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_VECTOR, 2, queue + 1);
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_DESC, 8, ZOO_DESC(queue));
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_AVAIL, 8, ZOO_AVAIL(queue));
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_USED, 8, ZOO_USED(queue));
	zoo_set_reg(zoo, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
}

void zoo_start(struct zoo *zoo, uint64_t features)
{
	zoo_negotiate(zoo, features);
	zoo_set_reg(zoo, VIRTIO_REG_CONFIG_VECTOR, 2, 0);
	for (unsigned queue = 0; queue < zoo->virtio->params.queues; queue++)
		zoo_setup_queue(zoo, queue, ZOO_ENTRIES);
	zoo_set_status(zoo, STATUS_DRIVER_OK);
}

void zoo_enable_msix(struct zoo *zoo)
{
	for (unsigned vector = 0; vector < zoo->virtio->pci.vectors; vector++) {
		uint64_t entry = ZOO_MSIX + vector * 16;

		bus_mmio_write(&zoo->bus, entry, 8, 0xfee00000);
		bus_mmio_write(&zoo->bus, entry + 8, 4, 0x40 + vector);
		bus_mmio_write(&zoo->bus, entry + 12, 4, 0);
	}
	zoo_config_set(zoo, zoo->virtio->pci.msix + 2, 2, 0x8000);
}

static struct vq_desc *descriptors(struct zoo *zoo, unsigned queue)
{
	return (void *)(zoo->ram + ZOO_DESC(queue));
}

static struct vq_avail *avail(const struct zoo *zoo, unsigned queue)
{
	union {
		const unsigned char *bytes;
		struct vq_avail *avail;
	} u = { zoo->ram + ZOO_AVAIL(queue) };

	return u.avail;
}

void zoo_describe(struct zoo *zoo, unsigned queue, unsigned index, uint64_t address,
		  uint32_t length, uint16_t flags, uint16_t next)
{
	descriptors(zoo, queue)[index] = (struct vq_desc){ address, length, flags, next };
}

void zoo_offer(struct zoo *zoo, unsigned queue, uint16_t head)
{
	struct vq_avail *ring = avail(zoo, queue);

	ring->ring[ring->idx % ZOO_ENTRIES] = head;
	ring->idx++;
}

void zoo_doorbell(struct zoo *zoo, unsigned queue)
{
	bus_pio_write(&zoo->bus, (uint16_t)(ZOO_IO + 4 * queue), 2, queue);
}

void zoo_submit(struct zoo *zoo, unsigned queue, uint16_t head)
{
	zoo_offer(zoo, queue, head);
	zoo_doorbell(zoo, queue);
}

uint16_t zoo_avail_index(const struct zoo *zoo, unsigned queue)
{
	return avail(zoo, queue)->idx;
}

static const struct vq_used *used(const struct zoo *zoo, unsigned queue)
{
	return (const void *)(zoo->ram + ZOO_USED(queue));
}

uint16_t zoo_used_index(const struct zoo *zoo, unsigned queue)
{
	return used(zoo, queue)->idx;
}

struct vq_used_elem zoo_used(const struct zoo *zoo, unsigned queue, unsigned index)
{
	return used(zoo, queue)->ring[index];
}

void zoo_share(struct zoo *twin, const struct zoo *zoo)
{
	memcpy(twin->ram, zoo->ram, sizeof twin->ram);
	memcpy(twin->high, zoo->high, sizeof twin->high);
	memcpy(twin->sectors, zoo->sectors, sizeof twin->sectors);
	twin->hold = zoo->hold;
	twin->net = zoo->net;
	twin->pci.s = zoo->pci.s;
}

/* Anything a driver may do to RAM and registers, good or bad. */
void zoo_poke_virtio(struct zoo *zoo, uint8_t what, uint8_t value)
{
	unsigned queue = what & 1;
	uint16_t head = value % ZOO_ENTRIES;

	switch (what >> 5) {
	case 0:
		zoo_start(zoo, value & 1 ? VIRTIO_F_EVENT_IDX : VIRTIO_F_INDIRECT_DESC);
		break;
	case 1:
		zoo_enable_msix(zoo);
		break;
	case 2:
		zoo_describe(zoo, queue, head, ZOO_BUFFERS + value * 16u, 64, what >> 1 & 7,
			     (value >> 3) % ZOO_ENTRIES);
		zoo_submit(zoo, queue, head);
		break;
	case 3:
		zoo_describe(zoo, queue, head, ZOO_BUFFERS, 64, queue ? 0 : VQ_DESC_WRITE, 0);
		zoo_submit(zoo, queue, head);
		break;
	case 4:
		zoo->ram[ZOO_DESC(queue) + (what >> 1 & 7) * 0x100u + value] ^= value;
		zoo_doorbell(zoo, queue);
		break;
	case 5:
		bus_mmio_write(&zoo->bus, ZOO_MSIX + (what & 31) * 4, 4, value);
		break;
	case 6:
		bus_mmio_read(&zoo->bus, ZOO_ISR, 1);
		bus_mmio_write(&zoo->bus, ZOO_CONFIG + (what & 31), 1, value);
		break;
	default:
		virtio_poll(zoo->virtio);
		break;
	}
}

void zoo_poke_console(struct zoo *zoo, uint8_t what, uint8_t value)
{
	uint8_t bytes[VIRTIO_CONSOLE_INPUT];

	memset(bytes, value, sizeof bytes);
	if (what & 0x10)
		virtio_console_push(&zoo->dev.console, bytes, value % sizeof bytes);
	zoo_poke_virtio(zoo, what, value);
}

void zoo_poke_balloon(struct zoo *zoo, uint8_t what, uint8_t value)
{
	if (what & 0x10)
		virtio_balloon_set_target(&zoo->dev.balloon, (uint64_t)value * BALLOON_PAGE);
	else if (what & 8)
		virtio_balloon_ask(&zoo->dev.balloon);
	if (what >> 5 == 0)
		zoo_start(zoo, value & 1 ? 0x22 : 0x20); /* reports, with or without statistics */
	else
		zoo_poke_virtio(zoo, what, value);
}
