/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ports for test guests and early boot code, each only there if the configuration asks: an
 * exit port whose written value goes to a callback, and a log port (0xE9) for single characters.
 */
#ifndef VMM_DEVICE_DEBUGEXIT_H
#define VMM_DEVICE_DEBUGEXIT_H

#include "bus.h"

#define DEBUGEXIT_PORT 0x501
#define DEBUGCON_PORT  0xe9

struct debugexit_state {
	uint32_t value; /* written last */
	uint32_t writes;
};

struct debugexit {
	struct debugexit_state s;
	void (*exit)(void *ctx, uint32_t value);
	void *ctx;
};

struct debugcon_state {
	uint64_t bytes; /* written since reset */
};

struct debugcon {
	struct debugcon_state s;
	void (*put)(void *ctx, uint8_t byte);
	void *ctx;
};

extern const struct device_ops debugexit_device_ops;
extern const struct device_ops debugcon_device_ops;

void debugexit_init(struct debugexit *dev, void (*exit)(void *ctx, uint32_t value), void *ctx);
enum bus_status debugexit_attach(struct debugexit *dev, struct bus *bus, uint16_t port);

void debugcon_init(struct debugcon *dev, void (*put)(void *ctx, uint8_t byte), void *ctx);
enum bus_status debugcon_attach(struct debugcon *dev, struct bus *bus, uint16_t port);

#endif
