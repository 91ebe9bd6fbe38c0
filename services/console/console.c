/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Focus and commands of the console service; see console.h. Relies on the modules below it and on
 * nothing of the machine, so that host tests drive it as a user would.
 */
#include "console.h"

#include "words.h"

#include <stdio.h>
#include <string.h>

#define SCREEN_LINES 24u
/* Room for what the service takes from the port before it asks again. A guest that reads one buffer
 * makes that much. */
#define INPUT_ROOM  RT_SESSION_INPUT
#define PATIENCE_MS 1000u

static struct slot *focused(struct console *console)
{
	return &console->slots.slot[console->focus];
}

void console_focus(struct console *console, unsigned n)
{
	struct slot *old = focused(console);
	char text[WORDS_BYTES];

	if (n >= console->slots.count || !console->slots.slot[n].exists ||
	    (n && !slot_is_shown(&console->slots.slot[n]))) {
		words_no_console(&console->slots, n, text);
		screen_say(&console->screen, text);
		return;
	}
	old->seen = console->screen.position;
	console->focus = n;
	console->hinted = false;
	struct slot *slot = focused(console);
	uint64_t start = ring_last_lines(&slot->ring, SCREEN_LINES);
	if (slot->seen < start)
		start = slot->seen;
	words_header(&console->slots, n, &console->keys, text);
	screen_say(&console->screen, text);
	screen_show(&console->screen, &slot->ring, start);
}

/* The next console in direction step that can be shown; the log counts as one. */
static unsigned neighbour(const struct console *console, unsigned step)
{
	unsigned n = console->focus;

	do
		n = (n + step) % console->slots.count;
	while (n && !slot_is_shown(&console->slots.slot[n]));
	return n;
}

static_assert(RT_BALLOON_STEP == 0x2000000, "what request_text says");

/* What is said about a request, before the name of what is shown. */
static const char *request_text(uint32_t code, const struct slot *slot)
{
	switch (code) {
	case RT_STATUS_QUIT:
		return "ending";
	case RT_STATUS_KILL:
		return slot->is_service ? "killing the service " : "killing the VMM of ";
	case RT_STATUS_SHRINK:
		return "32 MiB less for ";
	case RT_STATUS_GROW:
		return "32 MiB more for ";
	case RT_STATUS_CTRL_ALT_DEL:
		return "Ctrl-Alt-Del for ";
	default:
		return "restarting ";
	}
}

static void ask_root(struct console *console, uint32_t code)
{
	const struct slot *slot = focused(console);
	char text[WORDS_BYTES];

	if (code != RT_STATUS_QUIT && !console->focus) {
		screen_say(&console->screen,
			   "[vela: no guest is shown; choose one with its number]");
		return;
	}
	if (console->requests == CONSOLE_REQUESTS) {
		screen_say(&console->screen, "[vela: too many at once; once more, please]");
		return;
	}
	console->request[console->requests++] = (struct console_request){ code, console->focus };
	snprintf(text, sizeof text, "[vela: %s%s]", request_text(code, slot),
		 code == RT_STATUS_QUIT ? "" : slot->name);
	screen_say(&console->screen, text);
}

bool console_take_request(struct console *console, struct console_request *request)
{
	if (!console->requests)
		return false;
	*request = console->request[0];
	console->requests--;
	memmove(console->request, console->request + 1,
		console->requests * sizeof console->request[0]);
	return true;
}

/* Says once per focus why typing has no effect. */
static void hint(struct console *console, const char *text)
{
	if (!console->hinted)
		screen_say(&console->screen, text);
	console->hinted = true;
}

static void type(struct console *console, unsigned char byte)
{
	const struct slot *slot = focused(console);

	if (!console->focus)
		return hint(console, "[vela: the system log takes no input; choose a guest with "
				     "its number]");
	if (slot->is_service)
		return hint(console, "[vela: a service takes no input]");
	if (slot->broken)
		return hint(console, "[vela: the session of this guest is broken; the restart key "
				     "helps]");
	if (!slot->open)
		return hint(console, "[vela: this guest does not run; the restart key starts it]");
	if (!slots_type(&console->slots, console->focus, byte))
		hint(console, "[vela: the guest reads no input; keys are dropped]");
	else
		console->hinted = false;
}

static void ask_kill(struct console *console)
{
	char text[WORDS_BYTES];

	if (!console->focus) {
		console->keys.state = KEYS_PLAIN;
		ask_root(console, RT_STATUS_KILL);
		return;
	}
	snprintf(text, sizeof text, "[vela: kill the %s %s? y kills, any other key does not]",
		 focused(console)->is_service ? "service" : "VMM of", focused(console)->name);
	screen_say(&console->screen, text);
}

void console_input(struct console *console, unsigned char byte)
{
	struct key_event event = keys_feed(&console->keys, byte);
	char text[WORDS_BYTES];

	switch (event.action) {
	case KEY_NONE:
		return;
	case KEY_BYTE:
		return type(console, event.value);
	case KEY_SHOW:
		return console_focus(console, event.value);
	case KEY_NEXT:
		return console_focus(console, neighbour(console, 1));
	case KEY_PREVIOUS:
		return console_focus(console, neighbour(console, console->slots.count - 1));
	case KEY_QUIT:
		return ask_root(console, RT_STATUS_QUIT);
	case KEY_ASK_KILL:
		return ask_kill(console);
	case KEY_KILL:
		return ask_root(console, RT_STATUS_KILL);
	case KEY_RESTART:
		return ask_root(console, RT_STATUS_RESTART);
	case KEY_SHRINK:
		return ask_root(console, RT_STATUS_SHRINK);
	case KEY_GROW:
		return ask_root(console, RT_STATUS_GROW);
	case KEY_CTRL_ALT_DEL:
		return ask_root(console, RT_STATUS_CTRL_ALT_DEL);
	case KEY_CANCEL:
		return screen_say(&console->screen, "[vela: not killed]");
	case KEY_HELP:
	case KEY_UNKNOWN:
		words_help(&console->slots, &console->keys, text);
		return screen_say(&console->screen, text);
	}
}

bool console_listens(struct console *console, uint64_t now_tsc)
{
	const struct slot *slot = focused(console);

	if (!slot->open || slot->broken || slot->input_used <= SLOT_INPUT_BYTES - INPUT_ROOM) {
		console->held_tsc = 0;
		return true;
	}
	if (!console->held_tsc)
		console->held_tsc = now_tsc;
	return now_tsc - console->held_tsc >= PATIENCE_MS * console->slots.tsc_khz;
}

bool console_turn(struct console *console, uint64_t now_tsc)
{
	/* A guest that is shown is slowed to the speed of the port; half of its scrollback stays
	 * for what was shown before. */
	bool hold = screen_behind(&console->screen) >= console->screen.ring->size / 2;
	bool more = false;

	for (unsigned i = 0; i < console->slots.count; i++) {
		slots_update(&console->slots, i, &console->control->slot[i], now_tsc);
		more = slots_turn(&console->slots, i, hold && i == console->focus, now_tsc) || more;
	}
	return more;
}

void console_init(struct console *console, const struct console_setup *setup, uint64_t now_tsc)
{
	struct slots *slots = &console->slots;
	char text[WORDS_BYTES];
	unsigned first = 0;

	memset(console, 0, sizeof *console);
	slots_init(slots, setup->info->slots, setup->windows, setup->scrollback,
		   setup->info->scrollback_bytes);
	slots->tsc_khz = setup->tsc_khz;
	slots->boot_tsc = setup->boot_tsc;
	console->control = setup->control;
	console->keys.escape = (unsigned char)setup->info->escape;
	screen_init(&console->screen, &slots->slot[0].ring);
	for (unsigned i = 0; i < slots->count; i++) {
		slots_update(slots, i, &setup->control->slot[i], now_tsc);
		if (!first && slots->slot[i].has_console)
			first = i;
	}
	words_banner(slots, &console->keys, setup->info->host, text);
	screen_say(&console->screen, text);
	console_focus(console, first);
}
