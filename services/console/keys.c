/* SPDX-License-Identifier: Apache-2.0 */
/* The key state machine of the console; see keys.h. Pure. */
#include "keys.h"

#include <string.h>

static struct key_event event(enum key_action action, unsigned char value)
{
	return (struct key_event){ action, value };
}

static struct key_event command(struct keys *keys, unsigned char byte)
{
	static const struct {
		char key;
		enum key_action action;
	} table[] = {
		{ 'n', KEY_NEXT },   { 'p', KEY_PREVIOUS }, { '?', KEY_HELP },
		{ 'h', KEY_HELP },   { 'q', KEY_QUIT },	    { 'r', KEY_RESTART },
		{ '-', KEY_SHRINK }, { '+', KEY_GROW },	    { 'd', KEY_CTRL_ALT_DEL },
	};

	keys->state = KEYS_PLAIN;
	if (byte == keys->escape)
		return event(KEY_BYTE, byte);
	if (byte >= '0' && byte <= '9')
		return event(KEY_SHOW, byte - '0');
	if (byte == 'l')
		return event(KEY_SHOW, 0);
	if (byte == 'k') {
		keys->state = KEYS_CONFIRM;
		return event(KEY_ASK_KILL, 0);
	}
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
		if (byte == (unsigned char)table[i].key)
			return event(table[i].action, 0);
	return event(KEY_UNKNOWN, byte);
}

struct key_event keys_feed(struct keys *keys, unsigned char byte)
{
	switch (keys->state) {
	case KEYS_COMMAND:
		return command(keys, byte);
	case KEYS_CONFIRM:
		keys->state = KEYS_PLAIN;
		return event(byte == 'y' || byte == 'Y' ? KEY_KILL : KEY_CANCEL, 0);
	case KEYS_PLAIN:
		break;
	}
	if (byte != keys->escape)
		return event(KEY_BYTE, byte);
	keys->state = KEYS_COMMAND;
	return event(KEY_NONE, 0);
}

void keys_escape_name(const struct keys *keys, char name[KEY_NAME_BYTES])
{
	unsigned char letter = keys->escape + '@';

	if (letter >= 'A' && letter <= 'Z')
		letter += 'a' - 'A';
	memcpy(name, "Ctrl-", 5);
	name[5] = (char)letter;
	name[6] = '\0';
}
