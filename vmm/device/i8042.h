/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyboard controller of a PC (Intel 8042 with the PC AT's program) and the keyboard at it.
 * There is no second port and no mouse. A20 is always open; the pulse and the output port's bit 0
 * reset the machine. The controller is infinitely fast: its input buffer is never full.
 */
#ifndef VMM_DEVICE_I8042_H
#define VMM_DEVICE_I8042_H

#include "keyboard.h"

#define I8042_DATA_PORT	   0x60
#define I8042_COMMAND_PORT 0x64
#define I8042_RAM_BYTES	   32u

struct i8042_state {
	uint8_t ram[I8042_RAM_BYTES]; /* byte 0 is the command byte */
	uint8_t output;		      /* the output buffer's byte */
	uint8_t output_full;
	uint8_t command;    /* that waits for its data byte; 0: none */
	uint8_t system;	    /* status bit 2: the self test has passed */
	uint8_t to_command; /* status bit 3: the last write was a command */
	uint8_t breaking;   /* translation has seen F0 */
	uint8_t irq;
	uint8_t reserved;
	struct keyboard_state keyboard;
};

struct i8042 {
	struct i8042_state s;
	struct irq_line irq;
	void (*reset)(void *ctx); /* the machine is to be reset after the present access */
	void *ctx;
};

extern const struct device_ops i8042_device_ops;

void i8042_init(struct i8042 *dev, struct irq_line irq, void (*reset)(void *ctx), void *ctx);
enum bus_status i8042_attach(struct i8042 *dev, struct bus *bus);

/* A key goes down or up: its code of scan code set 2, with 0xE000 for the keys that have that
 * prefix. False: nobody listens, or the keyboard has too much to tell already. */
bool i8042_key(struct i8042 *dev, uint16_t code, bool down);

/* Ctrl, Alt and Del go down, then up again. False: as above, and none of them was told. */
bool i8042_ctrl_alt_del(struct i8042 *dev);

#endif
