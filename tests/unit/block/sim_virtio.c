/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated virtio block device behind PCI, VIRTIO 1.2 sections 4.1 and 5.2. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { COMMON = 0, NOTIFY = 0x1000, CONFIG = 0x2000, BAR = 1, ENTRIES = 128 };

#define FEATURES (1ull << 32 | 1ull << 29 | 1ull << 14 | 1ull << 13 | 1ull << 9 | 1ull << 2)

static struct {
	uint8_t common[64];
	uint32_t device_select;
	uint32_t driver_select;
	uint64_t features;
	uint16_t size;
	bool enabled;
	uint64_t ring[3];
	struct vq_device queue;
} dev;

/* What descriptor addresses count from, so that a segment's pointer holds its address. */
#define EVERYTHING ((unsigned char *)(1ull << 44))

static void capability(uint8_t *at, uint8_t next, uint8_t type, uint32_t offset, uint32_t bytes)
{
	at[0] = 9;
	at[1] = next;
	at[2] = 20;
	at[3] = type;
	at[4] = BAR;
	memcpy(at + 8, &offset, 4);
	memcpy(at + 12, &bytes, 4);
}

static void describe(struct rt_device *device)
{
	device->vendor = 0x1af4;
	device->device = 0x1042;
	device->bar[BAR].bytes = 0x4000;
	device->config[0x34] = 0x40;
	capability(device->config + 0x40, 0x60, 1, COMMON, 64);
	capability(device->config + 0x60, 0x80, 2, NOTIFY, 4);
	capability(device->config + 0x80, 0, 4, CONFIG, 64);
	device->config[0x60 + 16] = 4;
}

static void reset(void)
{
	memset(&dev, 0, sizeof dev);
	dev.size = ENTRIES;
	sim.resets++;
	sim.dead = false;
}

static uint64_t config_read(uint64_t offset)
{
	uint8_t config[64] = { 0 };
	uint64_t sectors = SIM_SECTORS;
	uint32_t seg_max = 40, most = 1024;

	memcpy(config, &sectors, 8);
	memcpy(config + 12, &seg_max, 4);
	memcpy(config + 36, &most, 4);
	memcpy(config + 48, &most, 4);
	return offset < sizeof config ? config[offset] : 0xff;
}

static uint64_t read(unsigned bar, uint64_t offset, unsigned width)
{
	assert_int_equal(bar, BAR);
	if (offset >= CONFIG)
		return config_read(offset - CONFIG);
	switch (offset) {
	case 4:
		assert_int_equal(width, 4);
		return dev.device_select ? FEATURES >> 32 : FEATURES & UINT32_MAX;
	case 24:
		return dev.size;
	default:
		return dev.common[offset];
	}
}

static void enable(void)
{
	struct vq_ring ring = { .entries = dev.size, .event_idx = true };

	ring.desc = sim_memory(dev.ring[0], 16u * dev.size);
	ring.avail = sim_memory(dev.ring[1], 6 + 2u * dev.size);
	ring.used = sim_memory(dev.ring[2], 6 + 8u * dev.size);
	/* No element of the used ring crosses a page: virtio_pci_queue says why. */
	assert_true(dev.ring[2] % 4096 + 6 + 8u * dev.size <= 4096);
	/* Addresses are looked up one by one; the window only has to hold them all. */
	ring.window = EVERYTHING;
	ring.window_size = 1ull << 40;
	vq_device_init(&dev.queue, &ring);
	dev.enabled = true;
}

static void write(unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
	assert_int_equal(bar, BAR);
	(void)width;
	if (offset >= NOTIFY)
		return;
	if (offset >= 32 && offset < 56) {
		unsigned shift = offset % 8 * 8;

		dev.ring[(offset - 32) / 8] &= ~(0xffffffffull << shift);
		dev.ring[(offset - 32) / 8] |= value << shift;
		return;
	}
	switch (offset) {
	case 0:
		dev.device_select = (uint32_t)value;
		break;
	case 8:
		dev.driver_select = (uint32_t)value;
		break;
	case 12:
		dev.features |= value << (dev.driver_select ? 32 : 0);
		break;
	case 20:
		if (!value)
			reset();
		assert_false(value & 8 && dev.features & ~FEATURES);
		dev.common[20] = (uint8_t)value;
		break;
	case 24:
		dev.size = (uint16_t)value;
		break;
	case 28:
		enable();
		break;
	}
}

static void *segment(const struct vq_segment *s)
{
	return sim_memory((uint64_t)(s->bytes - EVERYTHING), s->length);
}

static bool carry_out(const struct vq_chain *chain, uint32_t *written)
{
	const struct rt_block_request *header = segment(&chain->segment[0]);
	bool is_read = header->type == RT_BLOCK_READ;
	unsigned first = is_read ? chain->readable : 1;
	unsigned last = is_read ? chain->readable + chain->writable - 1u : chain->readable;
	struct sim_op op = { header->type, 0, header->sector, 0 };
	uint64_t at = 0;

	if (header->type == 8) {
		memcpy(segment(&chain->segment[1]), "SIM0001", 8);
		return true;
	}
	if (header->type == RT_BLOCK_DISCARD || header->type == RT_BLOCK_WRITE_ZEROES) {
		const struct rt_block_range *range = segment(&chain->segment[1]);

		op.sector = range->sector;
		op.sectors = range->sectors;
		return sim_command(&op);
	}
	for (unsigned i = first; i < last; i++)
		op.sectors += chain->segment[i].length / 512;
	if (!sim_command(&op))
		return false;
	for (unsigned i = first; i < last; i++) {
		if (!sim_transfer(&op, segment(&chain->segment[i]), chain->segment[i].length, at))
			return false;
		at += chain->segment[i].length;
	}
	*written += is_read ? (uint32_t)at : 0;
	return true;
}

static unsigned work(unsigned count)
{
	static struct vq_chain chain;
	unsigned n = 0;

	if (!hw_sim_master || !dev.enabled || !(dev.common[20] & 4))
		return 0;
	for (; n < count && vq_device_take(&dev.queue, &chain) == VQ_OK; n++) {
		const struct vq_segment *status =
			&chain.segment[chain.readable + chain.writable - 1];
		uint32_t written = 1;

		*(uint8_t *)segment(status) = !carry_out(&chain, &written);
		vq_device_give(&dev.queue, &chain, written);
	}
	vq_device_watch(&dev.queue);
	assert_int_equal(dev.queue.error, VQ_ERROR_NONE);
	return n;
}

const struct sim_controller sim_virtio = { "virtio-blk", describe, reset, read, write, work };
