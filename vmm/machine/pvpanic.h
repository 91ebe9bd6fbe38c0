/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pvpanic device (QEMU docs/specs/pvpanic.rst): one port by which a guest says that it has
 * panicked. ACPI names it QEMU0001.
 */
#ifndef VMM_MACHINE_PVPANIC_H
#define VMM_MACHINE_PVPANIC_H

#include "device/bus.h"

#define PVPANIC_PANICKED     1u
#define PVPANIC_CRASH_LOADED 2u /* a crash kernel takes over: the guest goes on */

struct pvpanic_state {
	uint8_t events; /* written last */
	uint8_t reserved[3];
};

struct pvpanic {
	struct pvpanic_state s;
	void (*panicked)(void *ctx, uint8_t events);
	void *ctx;
};

extern const struct device_ops pvpanic_device_ops;

void pvpanic_init(struct pvpanic *dev, void (*panicked)(void *ctx, uint8_t events), void *ctx);
enum bus_status pvpanic_attach(struct pvpanic *dev, struct bus *bus, uint16_t port);

#endif
