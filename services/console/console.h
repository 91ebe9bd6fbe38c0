/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console service without its hardware: which console is focused, what keys do, what is asked
 * of the root task. The thin main feeds it bytes and time and carries out what it decides.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "keys.h"
#include "screen.h"
#include "slots.h"

#define CONSOLE_REQUESTS 16u

/* What the user asks of the root task. */
struct console_request {
	uint32_t code; /* enum rt_status_code */
	uint32_t slot;
};

struct console {
	struct slots slots;
	struct keys keys;
	struct screen screen;
	unsigned focus;
	uint64_t held_tsc; /* typed bytes wait for the guest since then; 0: none do */
	bool hinted;	   /* why typing has no effect here was said */
	unsigned requests; /* for the root task, the oldest first */
	struct console_request request[CONSOLE_REQUESTS];
	struct rt_control *control;
};

struct console_setup {
	const struct rt_console_info *info;
	struct rt_control *control;
	unsigned char *windows;
	unsigned char *scrollback;
	uint64_t tsc_khz;
	uint64_t boot_tsc;
};

/* Reads the table of clients, says the banner and focuses guest 1, or the log without guests. */
void console_init(struct console *console, const struct console_setup *setup, uint64_t now_tsc);

/*
 * Whether the port's input is to be taken now. A guest that reads slowly, or whose user pastes,
 * gets time to read; for one that does not read at all the commands of the console do not wait.
 */
bool console_listens(struct console *console, uint64_t now_tsc);

/* A typed byte. */
void console_input(struct console *console, unsigned char byte);

/* The oldest thing asked of the root task; false: there is none. */
bool console_take_request(struct console *console, struct console_request *request);

/* One turn for every client. Returns whether more is waiting. */
bool console_turn(struct console *console, uint64_t now_tsc);

/* Shows console number n: 0 is the system log. */
void console_focus(struct console *console, unsigned n);

#endif
