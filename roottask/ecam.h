/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI functions of the machine, through the enhanced configuration access mechanism (PCI
 * Express Base 3.0, section 7.2.2). Configuration space stays with the root task: with it a driver
 * could move its device's registers over another's.
 */
#ifndef ROOT_ECAM_H
#define ROOT_ECAM_H

#include <vela/info.h>

#include "memory.h"
#include "pci.h"

/* Requester id and segment as config_service.device has them. */
#define ECAM_ID(segment, bus, device, function) \
	((uint64_t)(segment) << 16 | (uint64_t)(bus) << 8 | (uint64_t)(device) << 3 | (function))

/* Where the configuration space of a function is. False: the machine has none for it. */
bool ecam_find(const struct vela_info *info, uint64_t id, struct extent *extent);

/* Maps it for good; NULL: it has none, or the kernel refuses. There need not be a function. */
void *ecam_open(const struct vela_info *info, uint64_t id);

/* Calls each for every function there is, as long as it returns true. Its space is
 * mapped for as long. */
void ecam_each(const struct vela_info *info, bool (*each)(void *context, uint64_t id, void *config),
	       void *context);

#endif
