/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out of the serial port: the service's own words first, then the scrollback of the
 * focused console from the position shown so far. The port pulls at its own speed; nothing is
 * copied until then, so a slow port costs no memory.
 */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <stdbool.h>

#include "ring.h"

#define SCREEN_WORDS_BYTES 4096u

struct screen {
	const struct ring *ring;
	uint64_t position; /* next byte of ring to show */
	struct ring words; /* the service's own text */
	uint64_t words_shown;
	bool in_line; /* the last byte shown was not a newline */
	unsigned char words_bytes[SCREEN_WORDS_BYTES];
};

void screen_init(struct screen *screen, const struct ring *ring);
/* Shows ring from position on. */
void screen_show(struct screen *screen, const struct ring *ring, uint64_t position);
/* Says text, ended by a newline of its own; dropped whole when more waits than there is room. */
void screen_say(struct screen *screen, const char *text);
/* Takes the next bytes for the port. */
size_t screen_pull(struct screen *screen, void *bytes, size_t length);
bool screen_pending(const struct screen *screen);
/* Bytes of the shown ring not yet pulled. */
uint64_t screen_behind(const struct screen *screen);

#endif
