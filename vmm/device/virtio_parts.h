/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a virtio device share: virtio.c (state and queues), virtio_pci.c. */
#ifndef VMM_DEVICE_VIRTIO_PARTS_H
#define VMM_DEVICE_VIRTIO_PARTS_H

#include "virtio.h"

/* Where the registers are. */
#define VIRTIO_REGISTERS_BAR 0
#define VIRTIO_MSIX_OFFSET   0x0000u
#define VIRTIO_COMMON_OFFSET 0x1000u
#define VIRTIO_ISR_OFFSET    0x2000u
#define VIRTIO_CONFIG_OFFSET 0x3000u
#define VIRTIO_PART_BYTES    0x1000u
#define VIRTIO_COMMON_BYTES  0x3cu
#define VIRTIO_DOORBELL_BAR  2
#define VIRTIO_DOORBELL_STEP 4u

#define VIRTIO_ISR_QUEUE  1u
#define VIRTIO_ISR_CONFIG 2u

/* Features that are offered. */
uint64_t virtio_offered(const struct virtio_device *dev);

/* The driver writes the status register. */
void virtio_write_status(struct virtio_device *dev, uint8_t value);

/* The driver enables a queue: its registers are checked and copied. */
void virtio_queue_enable(struct virtio_device *dev, unsigned queue);

/* The driver rings a queue's doorbell. */
void virtio_doorbell(struct virtio_device *dev, unsigned queue);

/* virtio_pci.c: the registers. */
extern const struct mmio_ops virtio_common_ops, virtio_isr_ops, virtio_config_ops;
extern const struct pio_ops virtio_doorbell_ops;

/* virtio_function.c: an interrupt for a queue, or (VIRTIO_ISR_CONFIG) for the configuration. */
void virtio_interrupt(struct virtio_device *dev, uint8_t isr, uint16_t vector);
/* Reads the ISR register: clears it. */
uint8_t virtio_take_isr(struct virtio_device *dev);
/* Builds the PCI function. */
void virtio_pci_init(struct virtio_device *dev);

#endif
