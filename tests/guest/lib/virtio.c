/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver: polled, by configuration mechanism #1, registers where firmware left them.
 */
#include "virtio.h"

#include "irq.h"

#define CAP_MSIX       0x11u
#define CAP_VENDOR     0x09u
#define COMMAND_ALL    0x407u /* I/O, memory, bus master, no INTA */
#define WAIT_US	       1000000u
#define PCI_DEVICES    32u
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc

uint32_t pci_read(unsigned devfn, unsigned offset)
{
	outl(CONFIG_ADDRESS, 0x80000000u | devfn << 8 | offset);
	return inl(CONFIG_DATA);
}

void pci_write(unsigned devfn, unsigned offset, uint32_t value)
{
	outl(CONFIG_ADDRESS, 0x80000000u | devfn << 8 | offset);
	outl(CONFIG_DATA, value);
}

static volatile uint8_t *registers(unsigned devfn, unsigned bar, uint32_t offset)
{
	uint64_t low = pci_read(devfn, PCI_BAR0 + 4 * bar);
	uint64_t high = pci_read(devfn, PCI_BAR0 + 4 * bar + 4);

	return (volatile uint8_t *)((low & ~15ull) + (high << 32) + offset);
}

/* One capability of section 4.1.4, or MSI-X. */
static void learn(struct virtio *v, unsigned at)
{
	uint32_t head = pci_read(v->devfn, at);
	unsigned bar = pci_read(v->devfn, at + 4) & 0xff;
	uint32_t offset = pci_read(v->devfn, at + 8);

	if ((head & 0xff) == CAP_MSIX) {
		uint32_t table = pci_read(v->devfn, at + 4);

		v->msix_cap = at;
		v->msix = registers(v->devfn, table & 7, table & ~7u);
	}
	if ((head & 0xff) != CAP_VENDOR)
		return;
	switch (head >> 24) {
	case VIRTIO_CAP_COMMON:
		v->common = registers(v->devfn, bar, offset);
		break;
	case VIRTIO_CAP_NOTIFY:
		v->doorbell = (uint16_t)((pci_read(v->devfn, PCI_BAR0 + 4 * bar) & ~3u) + offset);
		v->doorbell_step = pci_read(v->devfn, at + 16);
		break;
	case VIRTIO_CAP_ISR:
		v->isr = registers(v->devfn, bar, offset);
		break;
	case VIRTIO_CAP_DEVICE:
		v->config = registers(v->devfn, bar, offset);
		break;
	default:
		break;
	}
}

bool virtio_find(struct virtio *v, uint16_t type, unsigned n, struct virtio_rings *rings)
{
	uint32_t id = (VIRTIO_PCI_DEVICE + type) << 16 | VIRTIO_PCI_VENDOR;

	*v = (struct virtio){ .type = type, .rings = rings };
	for (v->devfn = 0; v->devfn < PCI_DEVICES << 3; v->devfn += 8)
		if (pci_read(v->devfn, 0) == id && !n--)
			break;
	if (v->devfn == PCI_DEVICES << 3)
		return false;
	pci_write(v->devfn, PCI_COMMAND, COMMAND_ALL);
	for (unsigned at = pci_read(v->devfn, 0x34) & 0xff; at;
	     at = pci_read(v->devfn, at) >> 8 & 0xff)
		learn(v, at);
	if (!v->common || !v->doorbell)
		return false;
	v->queues = virtio_get(v, VIRTIO_REG_QUEUES, 2);
	return v->queues <= QUEUES_MAX;
}

uint32_t virtio_get(const struct virtio *v, unsigned reg, unsigned width)
{
	volatile uint8_t *at = v->common + reg;

	if (width == 1)
		return *at;
	return width == 2 ? *(volatile uint16_t *)at : *(volatile uint32_t *)at;
}

void virtio_set(const struct virtio *v, unsigned reg, unsigned width, uint32_t value)
{
	volatile uint8_t *at = v->common + reg;

	if (width == 1)
		*at = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)at = (uint16_t)value;
	else
		*(volatile uint32_t *)at = value;
}

void virtio_set64(const struct virtio *v, unsigned reg, uint64_t value)
{
	virtio_set(v, reg, 4, (uint32_t)value);
	virtio_set(v, reg + 4, 4, (uint32_t)(value >> 32));
}

uint8_t virtio_status(const struct virtio *v)
{
	return (uint8_t)virtio_get(v, VIRTIO_REG_STATUS, 1);
}

uint64_t virtio_offered(const struct virtio *v)
{
	virtio_set(v, VIRTIO_REG_DEVICE_SELECT, 4, 0);
	uint64_t features = virtio_get(v, VIRTIO_REG_DEVICE_FEATURE, 4);

	virtio_set(v, VIRTIO_REG_DEVICE_SELECT, 4, 1);
	return features | (uint64_t)virtio_get(v, VIRTIO_REG_DEVICE_FEATURE, 4) << 32;
}

bool virtio_reset(const struct virtio *v)
{
	uint64_t end = tsc_after_us(WAIT_US);

	virtio_set(v, VIRTIO_REG_STATUS, 1, 0);
	while (virtio_status(v))
		if (rdtsc() > end)
			return false;
	return true;
}

bool virtio_negotiate(const struct virtio *v, uint64_t features)
{
	if (!virtio_reset(v))
		return false;
	virtio_set(v, VIRTIO_REG_STATUS, 1, VIRTIO_ACKNOWLEDGE);
	virtio_set(v, VIRTIO_REG_STATUS, 1, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	for (unsigned half = 0; half < 2; half++) {
		virtio_set(v, VIRTIO_REG_DRIVER_SELECT, 4, half);
		virtio_set(v, VIRTIO_REG_DRIVER_FEATURE, 4, (uint32_t)(features >> (32 * half)));
	}
	virtio_set(v, VIRTIO_REG_STATUS, 1, STATUS_READY & ~VIRTIO_DRIVER_OK);
	return virtio_status(v) & VIRTIO_FEATURES_OK;
}

void virtio_enable(const struct virtio *v, unsigned queue, uint64_t desc, uint64_t avail,
		   uint64_t used)
{
	virtio_set(v, VIRTIO_REG_QUEUE_SELECT, 2, queue);
	virtio_set(v, VIRTIO_REG_QUEUE_SIZE, 2, RING_ENTRIES);
	virtio_set64(v, VIRTIO_REG_QUEUE_DESC, desc);
	virtio_set64(v, VIRTIO_REG_QUEUE_AVAIL, avail);
	virtio_set64(v, VIRTIO_REG_QUEUE_USED, used);
	virtio_set(v, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
}

void virtio_place(const struct virtio *v, unsigned queue)
{
	volatile struct virtio_rings *rings = &v->rings[queue];

	for (unsigned i = 0; i < sizeof *rings; i++)
		((volatile uint8_t *)rings)[i] = 0;
	virtio_enable(v, queue, (uint64_t)&rings->desc, (uint64_t)&rings->avail,
		      (uint64_t)&rings->used);
}

bool virtio_start(const struct virtio *v, uint64_t features)
{
	if (!virtio_negotiate(v, features))
		return false;
	for (unsigned queue = 0; queue < v->queues; queue++)
		virtio_place(v, queue);
	virtio_set(v, VIRTIO_REG_STATUS, 1, STATUS_READY);
	return virtio_status(v) == STATUS_READY;
}

void virtio_vectors(const struct virtio *v, uint64_t address, uint32_t data, uint32_t step)
{
	for (unsigned i = 0; i <= v->queues; i++) {
		volatile uint32_t *entry = (volatile uint32_t *)(v->msix + i * 16);

		entry[0] = (uint32_t)address;
		entry[1] = (uint32_t)(address >> 32);
		entry[2] = data + i * step;
		entry[3] = 0;
	}
	for (unsigned queue = 0; queue < v->queues; queue++) {
		virtio_set(v, VIRTIO_REG_QUEUE_SELECT, 2, queue);
		virtio_set(v, VIRTIO_REG_QUEUE_VECTOR, 2, queue + 1);
	}
	virtio_set(v, VIRTIO_REG_CONFIG_VECTOR, 2, 0);
}

void virtio_offer(const struct virtio *v, unsigned queue, uint16_t head)
{
	volatile struct virtio_rings *rings = &v->rings[queue];

	rings->avail.ring[rings->avail.idx % RING_ENTRIES] = head;
	rings->avail.idx++;
}

void virtio_ring(const struct virtio *v, unsigned queue)
{
	outw((uint16_t)(v->doorbell + queue * v->doorbell_step), (uint16_t)queue);
}

bool virtio_await(const struct virtio *v, unsigned queue, uint16_t used)
{
	uint64_t end = tsc_after_us(WAIT_US);

	while (v->rings[queue].used.idx != used)
		if (rdtsc() > end)
			return false;
	return true;
}
