/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of the console service; see slots.h. Pure but for the shared windows. */
#include "slots.h"

#include <stdio.h>
#include <string.h>

void slots_init(struct slots *slots, unsigned count, unsigned char *windows,
		unsigned char *scrollback, size_t scrollback_bytes)
{
	memset(slots, 0, sizeof *slots);
	slots->count = count < RT_CLIENTS_MAX ? count : RT_CLIENTS_MAX;
	for (unsigned i = 0; i < slots->count; i++) {
		struct slot *slot = &slots->slot[i];

		slot->window = windows + i * RT_SESSION_BYTES;
		slot->ring.bytes = scrollback + i * scrollback_bytes;
		slot->ring.size = scrollback_bytes;
	}
}

/* The time, the name of a client and its line; control characters are made visible. */
static void append_line(const struct slots *slots, struct ring *ring, const char *name,
			const char *line, size_t length, uint64_t now_tsc)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t ticks = now_tsc - slots->boot_tsc;
	uint64_t khz = slots->tsc_khz ? slots->tsc_khz : 1;
	char start[64];
	int n = snprintf(start, sizeof start,
			 "[%5llu.%03u] %s: ", (unsigned long long)(ticks / khz / 1000),
			 (unsigned)(ticks / khz % 1000), name);

	ring_append(ring, start, (size_t)n);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];
		char escaped[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		if (c == '\t' || (c >= ' ' && c != 0x7f))
			ring_append(ring, &line[i], 1);
		else
			ring_append(ring, escaped, sizeof escaped);
	}
	ring_append(ring, "\r\n", 2);
}

void slots_log(struct slots *slots, const char *name, const char *line, size_t length,
	       uint64_t now_tsc)
{
	append_line(slots, &slots->slot[0].ring, name, line, length, now_tsc);
}

/* Cuts off a client that broke its session, and says so once. */
static void slot_break(struct slots *slots, struct slot *slot, uint64_t now_tsc)
{
	char text[160];
	int n = snprintf(text, sizeof text,
			 "session of %s is broken (%s); it is ignored until that process restarts",
			 slot->name, rt_service_error(&slot->service));

	slot->broken = true;
	slots_log(slots, "console", text, (size_t)n, now_tsc);
}

/* Takes up to max log lines; returns whether that was the limit. */
static bool take_log(struct slots *slots, struct slot *slot, unsigned max, uint64_t now_tsc)
{
	char line[RT_SESSION_LINE];
	size_t length;

	for (unsigned i = 0; i < max; i++) {
		enum vq_result result = rt_service_log(&slot->service, line, sizeof line, &length);
		if (result == VQ_BROKEN)
			slot_break(slots, slot, now_tsc);
		if (result != VQ_OK)
			return false;
		slots_log(slots, slot->name, line, length, now_tsc);
		if (slot->is_service)
			append_line(slots, &slot->ring, slot->name, line, length, now_tsc);
	}
	return true;
}

static bool take_output(struct slots *slots, struct slot *slot, unsigned max, uint64_t now_tsc)
{
	unsigned char bytes[RT_SESSION_CHUNK];
	size_t length;

	for (unsigned i = 0; i < max; i++) {
		enum vq_result result =
			rt_service_output(&slot->service, bytes, sizeof bytes, &length);
		if (result == VQ_BROKEN)
			slot_break(slots, slot, now_tsc);
		if (result != VQ_OK)
			return false;
		ring_append(&slot->ring, bytes, length);
	}
	return true;
}

static void give_input(struct slots *slots, struct slot *slot, uint64_t now_tsc)
{
	size_t taken = 0;

	while (slot->input_used) {
		enum vq_result result =
			rt_service_input(&slot->service, slot->input, slot->input_used, &taken);
		if (result == VQ_BROKEN)
			slot_break(slots, slot, now_tsc);
		/* A buffer without room is a broken promise of the client; do not turn on it. */
		if (result != VQ_OK || !taken)
			return;
		slot->input_used -= taken;
		memmove(slot->input, slot->input + taken, slot->input_used);
	}
}

bool slots_turn(struct slots *slots, unsigned n, bool hold_output, uint64_t now_tsc)
{
	struct slot *slot = &slots->slot[n];
	bool more = false;

	if (!slot->open || slot->broken)
		return false;
	more = take_log(slots, slot, SLOT_TURN_LINES, now_tsc);
	if (slot->has_console && !slot->broken && !hold_output)
		more = take_output(slots, slot, SLOT_TURN_CHUNKS, now_tsc) || more;
	if (slot->has_console && !slot->broken)
		give_input(slots, slot, now_tsc);
	if (rt_service_kick(&slot->service))
		slots->kicks |= 1ull << n;
	return more && !slot->broken;
}

bool slots_type(struct slots *slots, unsigned n, unsigned char byte)
{
	struct slot *slot = &slots->slot[n];

	if (!slot->open || slot->broken || slot->input_used == sizeof slot->input)
		return false;
	slot->input[slot->input_used++] = byte;
	return true;
}

/* The client is gone: what it left behind is still shown. A hostile ring ends at its own size. */
static void slot_close(struct slots *slots, struct slot *slot, uint64_t now_tsc)
{
	if (slot->open && !slot->broken)
		take_log(slots, slot, RT_SESSION_LINES, now_tsc);
	if (slot->open && !slot->broken && slot->has_console)
		take_output(slots, slot, RT_SESSION_OUTPUTS, now_tsc);
	slot->open = false;
	slot->broken = false;
	slot->input_used = 0;
}

static void slot_note(struct slot *slot, const char *note)
{
	char text[sizeof slot->ended + 16];
	int n = snprintf(text, sizeof text, "\r\n[vela: %s]\r\n", note);

	if (slot_is_shown(slot) && n > 0)
		ring_append(&slot->ring, text, (size_t)n);
}

void slots_update(struct slots *slots, unsigned n, struct rt_slot *control, uint64_t now_tsc)
{
	struct slot *slot = &slots->slot[n];
	uint32_t sequence = __atomic_load_n(&control->sequence, __ATOMIC_ACQUIRE);

	if (sequence == slot->sequence)
		return;
	slot->sequence = sequence;
	memcpy(slot->name, control->name, sizeof slot->name);
	slot->name[sizeof slot->name - 1] = '\0';
	memcpy(slot->ended, control->note, sizeof slot->ended);
	slot->ended[sizeof slot->ended - 1] = '\0';
	slot_close(slots, slot, now_tsc);
	slot->exists = control->state != RT_SLOT_NONE;
	slot->has_console = n != 0 && (control->flags & RT_SLOT_CONSOLE);
	slot->is_service = n != 0 && (control->flags & RT_SLOT_SERVICE);
	if (slot->ended[0])
		slot_note(slot, slot->ended);
	if (control->state == RT_SLOT_OPEN) {
		rt_service_open(&slot->service, slot->window);
		slot->open = true;
	}
	__atomic_store_n(&control->acked, sequence, __ATOMIC_RELEASE);
}
