/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways a PC guest resets its machine: port 0xCF9, the keyboard controller's pulse command, its
 * output port, and port 0x92. There is no keyboard controller behind ports 0x60 and 0x64: they
 * read as all ones, which every probe takes for absent. A20 is always open.
 */
#ifndef VMM_DEVICE_RESET_H
#define VMM_DEVICE_RESET_H

#include "bus.h"

#define RESET_CF9_PORT	  0xcf9
#define RESET_KBD_DATA	  0x60
#define RESET_KBD_COMMAND 0x64
#define RESET_PORT92	  0x92

enum reset_source { RESET_BY_CF9, RESET_BY_KEYBOARD, RESET_BY_PORT92 };

struct reset_state {
	uint8_t cf9;
	uint8_t port92;
	uint8_t kbd_command; /* 0xd1 while its data byte is awaited */
	uint8_t reserved;
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
