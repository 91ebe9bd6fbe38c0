/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's end of virtio over PCI; see virtio_pci.h. Numbers of sections are VIRTIO 1.2's.
 * Everything read from the device is checked: a broken one is refused, and harms nothing.
 */
#include "virtio_pci.h"

#include <string.h>

#define COMMON_BYTES	 56u /* of the common configuration that are used */
#define PCI_CAPABILITIES 0x34u
#define PCI_CAP_VENDOR	 0x09u
#define PCI_CAPS_MAX	 48u /* that fit into a configuration space */

#define RESET_NS      1000000000ull
#define RESET_STEP_NS 100000ull
#define CONFIG_TRIES  16u

static uint32_t config32(const struct rt_device *device, unsigned at)
{
	uint32_t value;

	memcpy(&value, device->config + at, sizeof value);
	return value;
}

/* Takes one capability of the vendor's, which lies at offset at. The first of each type counts,
 * section 4.1.4.1. */
static void take_capability(struct virtio_pci *dev, const struct rt_device *device, unsigned at)
{
	struct hw_regs bar = hw_bar(device, device->config[at + VIRTIO_CAP_BAR]);
	struct hw_regs part = hw_part(&bar, config32(device, at + VIRTIO_CAP_OFFSET),
				      config32(device, at + VIRTIO_CAP_SIZE));

	switch (device->config[at + VIRTIO_CAP_TYPE]) {
	case VIRTIO_CAP_COMMON:
		if (!dev->common.bytes && part.bytes >= COMMON_BYTES)
			dev->common = part;
		break;
	case VIRTIO_CAP_NOTIFY:
		if (dev->notify.bytes || at + VIRTIO_CAP_EXTRA + 4 > sizeof device->config)
			break;
		dev->notify = part;
		dev->notify_multiplier = config32(device, at + VIRTIO_CAP_EXTRA);
		break;
	case VIRTIO_CAP_DEVICE:
		if (!dev->config.bytes)
			dev->config = part;
		break;
	}
}

const char *virtio_pci_find(struct virtio_pci *dev, const struct rt_device *device)
{
	unsigned at = device->config[PCI_CAPABILITIES] & ~3u;

	*dev = (struct virtio_pci){ 0 };
	for (unsigned n = 0; n < PCI_CAPS_MAX && at; n++) {
		if (at < 0x40 || at + VIRTIO_CAP_EXTRA > sizeof device->config)
			return "its PCI capabilities are damaged";
		if (device->config[at] == PCI_CAP_VENDOR)
			take_capability(dev, device, at);
		at = device->config[at + 1] & ~3u;
	}
	if (!dev->common.bytes || !dev->notify.bytes)
		return "it has no virtio 1.x registers in memory BARs";
	return NULL;
}

bool virtio_pci_reset(struct virtio_pci *dev)
{
	uint64_t end = hw_now_ns() + RESET_NS;

	hw_write8(&dev->common, VIRTIO_REG_STATUS, 0);
	while (hw_read8(&dev->common, VIRTIO_REG_STATUS)) {
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(RESET_STEP_NS);
	}
	return hw_dma_start();
}

static uint64_t device_features(const struct virtio_pci *dev)
{
	uint64_t low, high;

	hw_write32(&dev->common, VIRTIO_REG_DEVICE_SELECT, 0);
	low = hw_read32(&dev->common, VIRTIO_REG_DEVICE_FEATURE);
	hw_write32(&dev->common, VIRTIO_REG_DEVICE_SELECT, 1);
	high = hw_read32(&dev->common, VIRTIO_REG_DEVICE_FEATURE);
	return high << 32 | low;
}

static void add_status(const struct virtio_pci *dev, unsigned bit)
{
	unsigned status = hw_read8(&dev->common, VIRTIO_REG_STATUS);

	hw_write8(&dev->common, VIRTIO_REG_STATUS, (uint8_t)(status | bit));
}

const char *virtio_pci_negotiate(struct virtio_pci *dev, uint64_t wanted)
{
	uint64_t offered;

	add_status(dev, VIRTIO_ACKNOWLEDGE);
	add_status(dev, VIRTIO_DRIVER);
	offered = device_features(dev);
	if (!(offered & VIRTIO_F_VERSION_1))
		return "it does not offer VIRTIO 1";
	/* With ACCESS_PLATFORM the device goes through the IOMMU, where addresses are the same. */
	dev->features = offered & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM |
				   VIRTIO_F_ORDER_PLATFORM);
	hw_write32(&dev->common, VIRTIO_REG_DRIVER_SELECT, 0);
	hw_write32(&dev->common, VIRTIO_REG_DRIVER_FEATURE, (uint32_t)dev->features);
	hw_write32(&dev->common, VIRTIO_REG_DRIVER_SELECT, 1);
	hw_write32(&dev->common, VIRTIO_REG_DRIVER_FEATURE, (uint32_t)(dev->features >> 32));
	add_status(dev, VIRTIO_FEATURES_OK);
	if (!(hw_read8(&dev->common, VIRTIO_REG_STATUS) & VIRTIO_FEATURES_OK))
		return "it refuses the features it offered";
	hw_write16(&dev->common, VIRTIO_REG_CONFIG_VECTOR, VIRTIO_NO_VECTOR);
	return NULL;
}

uint16_t virtio_pci_queue_size(const struct virtio_pci *dev, unsigned queue)
{
	uint16_t entries = 1;
	uint16_t most;

	hw_write16(&dev->common, VIRTIO_REG_QUEUE_SELECT, (uint16_t)queue);
	most = hw_read16(&dev->common, VIRTIO_REG_QUEUE_SIZE);
	if (!most || most == UINT16_MAX)
		return 0;
	while (entries * 2u <= most && entries < VQ_ENTRIES_MAX)
		entries *= 2;
	return entries;
}

const char *virtio_pci_queue(struct virtio_pci *dev, unsigned queue, uint16_t entries,
			     struct hw_dma *dma, struct vq_driver *driver)
{
	struct vq_ring ring = { .event_idx = dev->features & VIRTIO_F_EVENT_IDX };
	/* From a page's start on no element of the used ring crosses into another page. QEMU 7.2
	 * behind an IOMMU writes the half of such an element that is in the second page, its
	 * length, to an offset in the ring that it takes for an address. */
	void *memory = hw_dma_take(dma, VQ_RING_BYTES(entries), VELA_PAGE_SIZE);

	if (!memory)
		return "there is not enough memory for its queues";
	vq_ring_place(&ring, memory, entries);
	vq_driver_init(driver, &ring);
	hw_write16(&dev->common, VIRTIO_REG_QUEUE_SELECT, (uint16_t)queue);
	hw_write16(&dev->common, VIRTIO_REG_QUEUE_SIZE, entries);
	hw_write16(&dev->common, VIRTIO_REG_QUEUE_VECTOR, 0);
	/* Without MSI-X there is no vector, and the service looks at the queue from time to time.
	 */
	hw_write64(&dev->common, VIRTIO_REG_QUEUE_DESC, hw_dma_address(dma, ring.desc));
	hw_write64(&dev->common, VIRTIO_REG_QUEUE_AVAIL, hw_dma_address(dma, ring.avail));
	hw_write64(&dev->common, VIRTIO_REG_QUEUE_USED, hw_dma_address(dma, ring.used));
	/* Section 4.1.4.4: where its notifications go. */
	dev->notify_at[queue] = (uint64_t)hw_read16(&dev->common, VIRTIO_REG_QUEUE_NOTIFY_OFF) *
				dev->notify_multiplier;
	hw_write16(&dev->common, VIRTIO_REG_QUEUE_ENABLE, 1);
	return NULL;
}

void virtio_pci_start(struct virtio_pci *dev)
{
	add_status(dev, VIRTIO_DRIVER_OK);
}

bool virtio_pci_needs_reset(const struct virtio_pci *dev)
{
	return hw_read8(&dev->common, VIRTIO_REG_STATUS) & VIRTIO_NEEDS_RESET;
}

void virtio_pci_config(const struct virtio_pci *dev, uint64_t offset, void *to, size_t bytes)
{
	unsigned char *at = to;
	uint8_t generation;

	for (unsigned tries = 0; tries < CONFIG_TRIES; tries++) {
		generation = hw_read8(&dev->common, VIRTIO_REG_GENERATION);
		for (size_t i = 0; i < bytes; i++)
			at[i] = hw_read8(&dev->config, offset + i);
		if (generation == hw_read8(&dev->common, VIRTIO_REG_GENERATION))
			return;
	}
}

void virtio_pci_notify(const struct virtio_pci *dev, unsigned queue)
{
	hw_write16(&dev->notify, dev->notify_at[queue], (uint16_t)queue);
}
