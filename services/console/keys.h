/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What typed bytes mean: the escape character starts a command to the console, everything else goes
 * to the focused guest. docs/console.md lists the commands.
 */
#ifndef CONSOLE_KEYS_H
#define CONSOLE_KEYS_H

enum key_action {
	KEY_NONE, /* part of a command */
	KEY_BYTE, /* value is for the focused guest */
	KEY_SHOW, /* console number value; 0 is the system log */
	KEY_NEXT,
	KEY_PREVIOUS,
	KEY_HELP,
	KEY_QUIT,
	KEY_ASK_KILL, /* ask for y; KEY_KILL or KEY_CANCEL follows */
	KEY_KILL,
	KEY_CANCEL,
	KEY_RESTART,
	KEY_SHRINK,
	KEY_GROW,
	KEY_CTRL_ALT_DEL,
	KEY_UNKNOWN, /* value is no command */
};

struct key_event {
	enum key_action action;
	unsigned char value;
};

struct keys {
	unsigned char escape;
	enum { KEYS_PLAIN, KEYS_COMMAND, KEYS_CONFIRM } state;
};

struct key_event keys_feed(struct keys *keys, unsigned char byte);

/* The name of a control character as users write it: "Ctrl-]". */
enum { KEY_NAME_BYTES = 8 };
void keys_escape_name(const struct keys *keys, char name[KEY_NAME_BYTES]);

#endif
