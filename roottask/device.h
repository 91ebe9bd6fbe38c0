/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI function that a service drives: found, reset, checked, and given to the service's process
 * with its registers, its interrupts and, where there is an IOMMU, just the memory it may reach.
 */
#ifndef ROOT_DEVICE_H
#define ROOT_DEVICE_H

#include <config/config.h>

#include "pci.h"
#include "process.h"

struct device {
	void *config; /* configuration space; NULL: there is no device, or not yet */
	uint64_t id;  /* as in the configuration: segment, bus, device, function */
	struct pci_bar bars[PCI_BARS];
	struct pci_messages messages;
	bool confined;	  /* the IOMMU stops it where it may not reach */
	uint64_t look_ns; /* confined: when to look again for what the IOMMU has stopped */
	uint64_t stopped; /* times, of those logged already */
};

/*
 * Finds the device of a block and makes it as it was after power-on, as far as it can be. Reports
 * through diag what is wrong with it. Takes up to 100 ms.
 */
bool device_prepare(struct device *device, const struct vela_info *info,
		    const struct config_service *service, struct config_diag *diag);

/*
 * Gives the prepared device to a process whose protection domain and doorbell exist: maps its
 * registers, confines it to the reach of reaches extents, binds its interrupts. Says what the
 * process is to know of it.
 */
bool device_give(struct device *device, const struct vela_info *info, struct process *process,
		 const struct extent *reach, unsigned reaches, struct rt_device *facts);

/* Lets it reach memory and interrupt: its driver has reset it, so it has forgotten what it did for
 * an earlier one. Not every function can be reset from here. */
void device_release(struct device *device);

/* Logs what the IOMMU has stopped since the last look, at most once a second. Returns when to look
 * again, UINT64_MAX for never. */
uint64_t device_look(struct device *device, const struct process *process, uint64_t now_ns);

/* Ends its DMA and interrupts, before its process ends; logs what the IOMMU has stopped. */
void device_quiet(struct device *device, const struct process *process);

#endif
