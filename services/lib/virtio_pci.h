/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's end of a virtio device behind PCI, VIRTIO 1.2 section 4.1, for services. It finds
 * the registers by the capabilities of the configuration space, negotiates features and sets up
 * queues; the rings themselves are runtime's vq_driver. All queues share message 0.
 */
#ifndef SERVICES_VIRTIO_PCI_H
#define SERVICES_VIRTIO_PCI_H

#include <rt/process.h>
#include <rt/virtio.h>
#include <rt/virtqueue.h>

#include "hw.h"

#define VIRTIO_PCI_QUEUES 8u

struct virtio_pci {
	struct hw_regs common;
	struct hw_regs notify;
	struct hw_regs config; /* of the device type */
	uint32_t notify_multiplier;
	uint64_t notify_at[VIRTIO_PCI_QUEUES]; /* in notify, by queue */
	uint64_t features;		       /* negotiated */
};

/* Finds the registers. NULL, or why the device cannot be used. */
const char *virtio_pci_find(struct virtio_pci *dev, const struct rt_device *device);

/* Resets the device: afterwards it uses no memory. False: it does not answer. */
bool virtio_pci_reset(struct virtio_pci *dev);

/* After a reset: agrees on those of the wanted features that the device has, and VERSION_1. NULL,
 * or why the device cannot be used. */
const char *virtio_pci_negotiate(struct virtio_pci *dev, uint64_t wanted);

/* Most entries of a queue, 0: there is no such queue. */
uint16_t virtio_pci_queue_size(const struct virtio_pci *dev, unsigned queue);

/* Takes rings from dma for a queue below VIRTIO_PCI_QUEUES of so many entries (at most
 * virtio_pci_queue_size) and tells the device. NULL, or why it cannot be used. */
const char *virtio_pci_queue(struct virtio_pci *dev, unsigned queue, uint16_t entries,
			     struct hw_dma *dma, struct vq_driver *driver);

/* All queues are set up: the device may use them. */
void virtio_pci_start(struct virtio_pci *dev);

/* The device has found a fault and wants a reset. */
bool virtio_pci_needs_reset(const struct virtio_pci *dev);

/* Copies of the configuration that changed meanwhile are thrown away, section 2.5.3. */
void virtio_pci_config(const struct virtio_pci *dev, uint64_t offset, void *to, size_t bytes);

/* Tells the device of new chains; call it if vq_driver_kick says so. */
void virtio_pci_notify(const struct virtio_pci *dev, unsigned queue);

#endif
