/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways a PC guest resets its machine by a port of its own: 0xCF9 and 0x92. The third is the
 * keyboard controller's. A20 is always open.
 */
#ifndef VMM_DEVICE_RESET_H
#define VMM_DEVICE_RESET_H

#include "bus.h"

#define RESET_CF9_PORT 0xcf9
#define RESET_PORT92   0x92

enum reset_source { RESET_BY_CF9, RESET_BY_KEYBOARD, RESET_BY_PORT92 };

struct reset_state {
	uint8_t cf9;
	uint8_t port92;
};

struct reset {
	struct reset_state s;
	/* The guest asked for a reset; the machine does it after the present exit. */
	void (*request)(void *ctx, enum reset_source source);
	void *ctx;
};

extern const struct device_ops reset_device_ops;

void reset_init(struct reset *reset, void (*request)(void *ctx, enum reset_source source),
		void *ctx);
enum bus_status reset_attach(struct reset *reset, struct bus *bus);

#endif
