/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio devices of the PC. Each takes the next PCI device number, memory and ports behind
 * those of the one before.
 */
#ifndef VMM_MACHINE_PC_VIRTIO_H
#define VMM_MACHINE_PC_VIRTIO_H

#include <rt/process.h>

#include "device/virtio_balloon.h"
#include "device/virtio_blk.h"
#include "device/virtio_console.h"
#include "device/virtio_net.h"
#include "device/virtio_rng.h"

struct pc;

struct pc_virtio {
	struct virtio_device *device[PCI_FUNCTIONS];
	unsigned devices;
	struct virtio_rng rng;
	struct virtio_console console;
	struct virtio_balloon balloon;
	struct virtio_net net[RT_NETS_MAX];
};

/* Makes the devices that the machine's configuration asks for; false: no room for one. */
bool pc_virtio_init(struct pc *pc);

/* Something outside may have happened: every device looks. */
void pc_virtio_poll(struct pc *pc);

/* Where the bus sends interrupts of PCI devices; ctx is the struct pc. */
void pc_pci_msi(void *pc, uint64_t address, uint32_t data);
void pc_pci_intx(void *pc, unsigned input, bool level);

#endif
