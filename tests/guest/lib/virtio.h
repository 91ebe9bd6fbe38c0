/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain driver for virtio devices on PCI (VIRTIO 1.2), and its parts one by one, so that a test
 * can do each of them wrong. Every queue has RING_ENTRIES descriptors in rings of its own.
 */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include <rt/virtio.h>

#include "cpu.h"

#define STATUS_READY (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)

#define PCI_COMMAND 0x04
#define PCI_BAR0    0x10

#define MSIX_ON	 0x80000000u /* in the capability's first double word */
#define MSI_BASE 0xfee00000u /* a message to local APIC 0 */

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

#define RING_ENTRIES 16u
#define QUEUES_MAX   17u

struct virtio_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

struct virtio_rings {
	struct virtio_desc desc[RING_ENTRIES];
	struct {
		uint16_t flags, idx, ring[RING_ENTRIES], used_event;
	} avail;
	_Alignas(4) struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, length;
		} ring[RING_ENTRIES];
		uint16_t avail_event;
	} used;
} __attribute__((aligned(16)));

struct virtio {
	uint16_t type;
	unsigned devfn;
	volatile uint8_t *common, *isr, *config, *msix;
	uint16_t doorbell;
	uint32_t doorbell_step;
	unsigned queues;
	unsigned msix_cap;
	volatile struct virtio_rings *rings; /* QUEUES_MAX of them */
};

uint32_t pci_read(unsigned devfn, unsigned offset);
void pci_write(unsigned devfn, unsigned offset, uint32_t value);

/* Finds the n-th device of a type and its registers, and makes it bus master; its rings are the
 * caller's. */
bool virtio_find(struct virtio *v, uint16_t type, unsigned n, struct virtio_rings *rings);

uint32_t virtio_get(const struct virtio *v, unsigned reg, unsigned width);
void virtio_set(const struct virtio *v, unsigned reg, unsigned width, uint32_t value);
void virtio_set64(const struct virtio *v, unsigned reg, uint64_t value);
uint8_t virtio_status(const struct virtio *v);
uint64_t virtio_offered(const struct virtio *v);

/* False: the status does not become 0 within a second. */
bool virtio_reset(const struct virtio *v);
/* From a reset to FEATURES_OK; false if the device refuses. */
bool virtio_negotiate(const struct virtio *v, uint64_t features);
/* Clears the rings of a queue; makes them the queue's, enabled. */
void virtio_place(const struct virtio *v, unsigned queue);
void virtio_enable(const struct virtio *v, unsigned queue, uint64_t desc, uint64_t avail,
		   uint64_t used);
/* All of it. */
bool virtio_start(const struct virtio *v, uint64_t features);

/* Sets up and unmasks the MSI-X vectors: 0 for the configuration, then one for each queue. Their
 * messages go to an address with this data and a step more for each vector. */
void virtio_vectors(const struct virtio *v, uint64_t address, uint32_t data, uint32_t step);

/* Makes a head available; rings the doorbell. */
void virtio_offer(const struct virtio *v, unsigned queue, uint16_t head);
void virtio_ring(const struct virtio *v, unsigned queue);
/* Waits until so many chains came back since the start. False: not within a second. */
bool virtio_await(const struct virtio *v, unsigned queue, uint16_t used);

#endif
