/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device as a PCI function (VIRTIO 1.2 sections 4.1.2 to 4.1.4), without the legacy
 * interface: identification, BARs, capabilities, interrupts. The registers are in BAR 0; the
 * doorbells are ports in BAR 2, because a port exit needs no decoding of instructions.
 */
#include "pcihost.h"
#include "virtio_parts.h"

void virtio_interrupt(struct virtio_device *dev, uint8_t isr, uint16_t vector)
{
	if (pci_msix_enabled(&dev->pci)) {
		pci_msix_send(&dev->pci, vector);
		return;
	}
	dev->s->isr |= isr;
	pci_set_intx(&dev->pci, true);
}

uint8_t virtio_take_isr(struct virtio_device *dev)
{
	uint8_t isr = dev->s->isr;

	dev->s->isr = 0;
	pci_set_intx(&dev->pci, false);
	return isr;
}

static unsigned add_capability(struct pci_function *pci, uint8_t type, uint8_t bar, uint32_t offset,
			       uint32_t size, unsigned bytes)
{
	unsigned at = pci_add_capability(pci, PCI_CAP_VENDOR, bytes);

	pci_fix8(pci, at + VIRTIO_CAP_LENGTH, (uint8_t)bytes);
	pci_fix8(pci, at + VIRTIO_CAP_TYPE, type);
	pci_fix8(pci, at + VIRTIO_CAP_BAR, bar);
	pci_fix32(pci, at + VIRTIO_CAP_OFFSET, offset);
	pci_fix32(pci, at + VIRTIO_CAP_SIZE, size);
	return at;
}

static void add_window(struct virtio_device *dev, uint32_t offset, const struct mmio_ops *ops)
{
	const struct pci_window window = {
		.bar = VIRTIO_REGISTERS_BAR,
		.offset = offset,
		.bytes = VIRTIO_PART_BYTES,
		.mmio = ops,
		.dev = dev,
	};

	pci_add_window(&dev->pci, &window);
}

/* Access to the BARs by configuration space, section 4.1.4.9: BAR, offset and length are the
 * driver's; a read or write of the data of that length is carried out there. */
static bool is_access(const struct virtio_device *dev, unsigned offset, unsigned width,
		      uint32_t *at)
{
	*at = pci_get32(&dev->pci, dev->access + VIRTIO_CAP_OFFSET);
	return offset == dev->access + VIRTIO_CAP_EXTRA && *at % width == 0 &&
	       width == pci_get32(&dev->pci, dev->access + VIRTIO_CAP_SIZE);
}

static void config_reading(struct pci_function *function, unsigned offset, unsigned width)
{
	struct virtio_device *dev = function->dev;
	uint32_t at;

	if (!is_access(dev, offset, width, &at))
		return;
	uint64_t value = pci_bar_read(function, function->s->config[dev->access + VIRTIO_CAP_BAR],
				      at, width);

	for (unsigned i = 0; i < width; i++)
		function->s->config[offset + i] = (uint8_t)(value >> (i * 8));
}

static void config_changed(struct pci_function *function, unsigned offset, unsigned width)
{
	struct virtio_device *dev = function->dev;
	uint32_t at, value = 0;

	if (!is_access(dev, offset, width, &at))
		return;
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)function->s->config[offset + i] << (i * 8);
	pci_bar_write(function, function->s->config[dev->access + VIRTIO_CAP_BAR], at, width,
		      value);
}

static void add_config_access(struct virtio_device *dev)
{
	struct pci_function *pci = &dev->pci;
	unsigned at = add_capability(pci, VIRTIO_CAP_PCI, 0, 0, 0, VIRTIO_CAP_BYTES + 4);

	dev->access = at;
	pci->writable[at + VIRTIO_CAP_BAR] = 0xff;
	for (unsigned i = VIRTIO_CAP_OFFSET; i < VIRTIO_CAP_BYTES + 4; i++)
		pci->writable[at + i] = 0xff;
	pci->dev = dev;
	pci->reading = config_reading;
	pci->changed = config_changed;
}

void virtio_pci_init(struct virtio_device *dev)
{
	const struct pci_identity identity = {
		.vendor = VIRTIO_PCI_VENDOR,
		.device = (uint16_t)(VIRTIO_PCI_DEVICE + dev->ops->type),
		.subsystem_vendor = VIRTIO_PCI_VENDOR,
		.subsystem = (uint16_t)(VIRTIO_PCI_DEVICE + dev->ops->type),
		.class_code = dev->ops->class_code,
		.revision = 1, /* no transitional device: section 4.1.2.1 */
	};
	const struct pci_window doorbells = {
		.bar = VIRTIO_DOORBELL_BAR,
		.bytes = VIRTIO_IO_BYTES,
		.pio = &virtio_doorbell_ops,
		.dev = dev,
	};
	struct pci_function *pci = &dev->pci;
	uint32_t doorbell_bytes = dev->params.queues * VIRTIO_DOORBELL_STEP;
	unsigned at;

	pci_function_init(pci, &dev->s->pci, &identity);
	pci_add_msix(pci, VIRTIO_REGISTERS_BAR, VIRTIO_MSIX_OFFSET, dev->params.queues + 1u);
	add_capability(pci, VIRTIO_CAP_COMMON, VIRTIO_REGISTERS_BAR, VIRTIO_COMMON_OFFSET,
		       VIRTIO_COMMON_BYTES, VIRTIO_CAP_BYTES);
	add_capability(pci, VIRTIO_CAP_ISR, VIRTIO_REGISTERS_BAR, VIRTIO_ISR_OFFSET, 1,
		       VIRTIO_CAP_BYTES);
	at = add_capability(pci, VIRTIO_CAP_NOTIFY, VIRTIO_DOORBELL_BAR, 0, doorbell_bytes,
			    VIRTIO_CAP_BYTES + 4);
	pci_fix32(pci, at + VIRTIO_CAP_EXTRA, VIRTIO_DOORBELL_STEP);
	if (dev->params.config_bytes)
		add_capability(pci, VIRTIO_CAP_DEVICE, VIRTIO_REGISTERS_BAR, VIRTIO_CONFIG_OFFSET,
			       dev->params.config_bytes, VIRTIO_CAP_BYTES);
	add_config_access(dev);
	add_window(dev, VIRTIO_COMMON_OFFSET, &virtio_common_ops);
	add_window(dev, VIRTIO_ISR_OFFSET, &virtio_isr_ops);
	add_window(dev, VIRTIO_CONFIG_OFFSET, &virtio_config_ops);
	pci_add_window(pci, &doorbells);
}

bool virtio_attach(struct virtio_device *dev, struct pcihost *host,
		   const struct virtio_place *place)
{
	pci_add_memory_bar(&dev->pci, VIRTIO_REGISTERS_BAR, VIRTIO_BAR_BYTES, place->memory);
	pci_add_io_bar(&dev->pci, VIRTIO_DOORBELL_BAR, VIRTIO_IO_BYTES, place->io);
	pci_reset(&dev->pci);
	return pcihost_add(host, place->devfn, &dev->pci);
}
