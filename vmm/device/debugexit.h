/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port for test guests, only there if the configuration asks: a value written to it goes to a
 * callback.
 */
#ifndef VMM_DEVICE_DEBUGEXIT_H
#define VMM_DEVICE_DEBUGEXIT_H

#include "bus.h"

#define DEBUGEXIT_PORT 0x501

struct debugexit_state {
	uint32_t value; /* written last */
	uint32_t writes;
};

struct debugexit {
	struct debugexit_state s;
	void (*exit)(void *ctx, uint32_t value);
	void *ctx;
};

extern const struct device_ops debugexit_device_ops;

void debugexit_init(struct debugexit *dev, void (*exit)(void *ctx, uint32_t value), void *ctx);
enum bus_status debugexit_attach(struct debugexit *dev, struct bus *bus, uint16_t port);

#endif
