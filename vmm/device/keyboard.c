/* SPDX-License-Identifier: Apache-2.0 */
/* The keyboard; see keyboard.h. */
#include "keyboard.h"

#include <string.h>

#define CMD_SET_LEDS	  0xed
#define CMD_ECHO	  0xee
#define CMD_SCAN_CODE_SET 0xf0
#define CMD_IDENTIFY	  0xf2
#define CMD_TYPEMATIC	  0xf3
#define CMD_ENABLE	  0xf4
#define CMD_DISABLE	  0xf5
#define CMD_DEFAULT	  0xf6
#define CMD_ALL_KEYS	  0xf7 /* to 0xfa: all keys of set 3 repeat, break, ... */
#define CMD_KEY_TYPE	  0xfb /* to 0xfd: of one key of set 3, whose code follows */
#define CMD_RESEND	  0xfe
#define CMD_RESET	  0xff

#define REPLY_PASSED 0xaa
#define REPLY_ACK    0xfa
#define REPLY_RESEND 0xfe
#define ID_FIRST     0xab
#define ID_SECOND    0x83

#define PREFIX_EXTENDED 0xe0
#define PREFIX_BREAK	0xf0
#define BREAK_BIT	0x80
#define TYPEMATIC_RESET 0x2b /* 10.9 characters a second after 500 ms */
#define KEY_BYTES	3    /* of the longest code, prefixes included */

/* Codes of set 2 up to 0x7f; 0x83 and 0x84 are apart, and what is beyond stays as it is. */
static const uint8_t to_set_1[128] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
};

uint8_t keyboard_translate(uint8_t code)
{
	if (code < sizeof to_set_1)
		return to_set_1[code];
	if (code == 0x83)
		return 0x41;		   /* F7 */
	return code == 0x84 ? 0x54 : code; /* Alt with SysRq */
}

static void set_defaults(struct keyboard_state *k)
{
	k->set = 2;
	k->typematic = TYPEMATIC_RESET;
	k->key_first = k->key_count = 0;
}

void keyboard_reset(struct keyboard_state *k)
{
	memset(k, 0, sizeof *k);
	set_defaults(k);
	k->scanning = 1;
}

bool keyboard_check(const struct keyboard_state *k)
{
	return k->key_first < KEYBOARD_KEYS && k->key_count <= KEYBOARD_KEYS &&
	       k->reply_first < KEYBOARD_REPLIES && k->reply_count <= KEYBOARD_REPLIES &&
	       k->scanning <= 1 && (k->set == 1 || k->set == 2);
}

static void reply(struct keyboard_state *k, uint8_t byte)
{
	if (k->reply_count == KEYBOARD_REPLIES)
		return;
	k->reply[(k->reply_first + k->reply_count) % KEYBOARD_REPLIES] = byte;
	k->reply_count++;
}

static void set_scan_codes(struct keyboard_state *k, uint8_t set)
{
	if (set > 2) {
		reply(k, REPLY_RESEND); /* set 3 */
		return;
	}
	reply(k, REPLY_ACK);
	if (!set) {
		reply(k, k->set);
		return;
	}
	k->set = set;
	k->key_first = k->key_count = 0;
}

/* The data byte of a command. */
static void take_data(struct keyboard_state *k, uint8_t byte)
{
	uint8_t command = k->command;

	k->command = 0;
	if (command == CMD_SCAN_CODE_SET) {
		set_scan_codes(k, byte);
		return;
	}
	if (command == CMD_SET_LEDS)
		k->leds = byte & 7;
	else if (command == CMD_TYPEMATIC)
		k->typematic = byte & 0x7f;
	reply(k, REPLY_ACK);
}

static void take_command(struct keyboard_state *k, uint8_t byte)
{
	switch (byte) {
	case CMD_ECHO:
		reply(k, CMD_ECHO);
		return;
	case CMD_RESEND:
		reply(k, k->last);
		return;
	case CMD_SET_LEDS:
	case CMD_SCAN_CODE_SET:
	case CMD_TYPEMATIC:
	case CMD_KEY_TYPE ... CMD_KEY_TYPE + 2:
		k->command = byte;
		break;
	case CMD_ENABLE:
		k->scanning = 1;
		k->key_first = k->key_count = 0;
		break;
	case CMD_DISABLE:
		k->scanning = 0;
		set_defaults(k);
		break;
	case CMD_DEFAULT:
		set_defaults(k);
		break;
	case CMD_RESET:
		keyboard_reset(k);
		break;
	case CMD_IDENTIFY:
	case CMD_ALL_KEYS ... CMD_ALL_KEYS + 3:
		break;
	default:
		reply(k, REPLY_RESEND);
		return;
	}
	reply(k, REPLY_ACK);
	if (byte == CMD_RESET) {
		reply(k, REPLY_PASSED);
	} else if (byte == CMD_IDENTIFY) {
		reply(k, ID_FIRST);
		reply(k, ID_SECOND);
	}
}

/* Every byte that arrives ends what was being replied to the one before. */
void keyboard_write(struct keyboard_state *k, uint8_t byte)
{
	k->reply_first = k->reply_count = 0;
	if (k->command && byte < CMD_SET_LEDS) {
		take_data(k, byte);
	} else {
		k->command = 0;
		take_command(k, byte);
	}
}

bool keyboard_next(struct keyboard_state *k, uint8_t *byte)
{
	if (k->reply_count) {
		*byte = k->reply[k->reply_first];
		k->reply_first = (k->reply_first + 1) % KEYBOARD_REPLIES;
		k->reply_count--;
	} else if (k->key_count && !k->command) {
		*byte = k->key[k->key_first];
		k->key_first = (k->key_first + 1) % KEYBOARD_KEYS;
		k->key_count--;
	} else {
		return false;
	}
	k->last = *byte;
	return true;
}

static void put_key(struct keyboard_state *k, uint8_t byte)
{
	k->key[(k->key_first + k->key_count) % KEYBOARD_KEYS] = byte;
	k->key_count++;
}

/* A key is told as a whole or not at all. */
bool keyboard_key(struct keyboard_state *k, uint16_t code, bool down)
{
	uint8_t last = (uint8_t)code;

	if (!k->scanning || k->key_count > KEYBOARD_KEYS - KEY_BYTES)
		return false;
	if (code >> 8 == PREFIX_EXTENDED)
		put_key(k, PREFIX_EXTENDED);
	if (k->set == 1) {
		put_key(k, keyboard_translate(last) | (down ? 0 : BREAK_BIT));
		return true;
	}
	if (!down)
		put_key(k, PREFIX_BREAK);
	put_key(k, last);
	return true;
}
