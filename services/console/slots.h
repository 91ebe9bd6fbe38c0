/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients of the console service: their sessions, scrollback and typed input. Everything that
 * comes through a session is hostile; a session that breaks the rules is cut off until its client
 * is started again, and harms no other.
 */
#ifndef CONSOLE_SLOTS_H
#define CONSOLE_SLOTS_H

#include <stdbool.h>

#include <rt/control.h>
#include <rt/session.h>

#include "ring.h"

#define SLOT_INPUT_BYTES 1024u
#define SLOT_TURN_LINES	 8u /* log lines of one client in one turn */
#define SLOT_TURN_CHUNKS 8u /* output buffers of one client in one turn */

struct slot {
	char name[RT_NAME_BYTES];
	char ended[sizeof((struct rt_slot){}.note)]; /* why it does not run, for the header line */
	bool exists;
	bool has_console;
	bool is_service; /* its console shows its log lines */
	bool open;	 /* its session can be used */
	bool broken;	 /* it broke the rules of the session */
	uint32_t sequence;
	void *window;
	struct ring ring;
	uint64_t seen; /* position in ring up to which the user has seen it */
	struct rt_service service;
	size_t input_used;
	unsigned char input[SLOT_INPUT_BYTES];
};

/* Whether the user can look at it. */
static inline bool slot_is_shown(const struct slot *slot)
{
	return slot->has_console || slot->is_service;
}

/* The system log is the scrollback of slot 0, the root task's. */
struct slots {
	struct slot slot[RT_CLIENTS_MAX];
	unsigned count;
	uint64_t tsc_khz;
	uint64_t boot_tsc;
	uint64_t kicks; /* bit per client to be woken */
};

/*
 * Slot n has its session window at windows + n * RT_SESSION_BYTES and its scrollback at scrollback
 * + n * scrollback_bytes.
 */
void slots_init(struct slots *slots, unsigned count, unsigned char *windows,
		unsigned char *scrollback, size_t scrollback_bytes);

/* Acts on the root task's changes to slot n; drains a session that is closed. */
void slots_update(struct slots *slots, unsigned n, struct rt_slot *control, uint64_t now_tsc);

/*
 * One turn of slot n: bounded numbers of log lines and, unless hold_output, output buffers, and its
 * typed input. Returns whether more is waiting.
 */
bool slots_turn(struct slots *slots, unsigned n, bool hold_output, uint64_t now_tsc);

/* Queues a typed byte for slot n. False: its queue is full. */
bool slots_type(struct slots *slots, unsigned n, unsigned char byte);

/* Appends a line to the system log in the name of NAME; control characters are made visible. */
void slots_log(struct slots *slots, const char *name, const char *line, size_t length,
	       uint64_t now_tsc);

#endif
