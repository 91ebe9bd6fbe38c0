/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyboard of 102 keys at a PS/2 port (IBM PS/2 Hardware Interface Technical Reference, keyboard;
 * scan code sets 1 and 2). A part of the keyboard controller's device, not one of its own: it has
 * no bus, and its controller takes its bytes when it can.
 */
#ifndef VMM_DEVICE_KEYBOARD_H
#define VMM_DEVICE_KEYBOARD_H

#include "bus.h"

#define KEYBOARD_KEYS	 16u /* bytes of keys it keeps */
#define KEYBOARD_REPLIES 4u  /* bytes of replies, which go first */

struct keyboard_state {
	uint8_t key[KEYBOARD_KEYS];
	uint8_t key_first, key_count;
	uint8_t reply[KEYBOARD_REPLIES];
	uint8_t reply_first, reply_count;
	uint8_t scanning; /* keys are told */
	uint8_t set;	  /* of scan codes: 1 or 2 */
	uint8_t command;  /* that waits for its data byte; 0: none */
	uint8_t last;	  /* byte sent, for RESEND */
	uint8_t leds, typematic;
	uint8_t reserved[2];
};

/* As after power-up; tells nobody that its self test has passed. */
void keyboard_reset(struct keyboard_state *k);
bool keyboard_check(const struct keyboard_state *k);

/* A byte from the controller. */
void keyboard_write(struct keyboard_state *k, uint8_t byte);

/* The next byte for the controller; false: there is none. */
bool keyboard_next(struct keyboard_state *k, uint8_t *byte);

/* As i8042_key. */
bool keyboard_key(struct keyboard_state *k, uint16_t code, bool down);

/* Scan code set 2 to 1; the break bit is the caller's affair. */
uint8_t keyboard_translate(uint8_t code);

#endif
