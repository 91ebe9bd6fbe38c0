/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the console service; see words.h. docs/console.md repeats the list of keys. */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>

struct text {
	char *bytes;
	size_t used;
};

/* Appends; what does not fit is cut off. */
[[gnu::format(printf, 2, 3)]] static void say(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(text->bytes + text->used, WORDS_BYTES - text->used, format, arguments);
	va_end(arguments);
	if (n > 0)
		text->used += (size_t)n;
	if (text->used >= WORDS_BYTES)
		text->used = WORDS_BYTES - 1;
}

static void say_consoles(struct text *text, const struct slots *slots)
{
	say(text, "  0  system log\r\n");
	for (unsigned i = 1; i < slots->count; i++) {
		const struct slot *slot = &slots->slot[i];

		if (!slot->exists)
			continue;
		say(text, "  %u  %s%s%s%s\r\n", i, slot->name,
		    slot->is_service	? " (service)"
		    : slot->has_console ? ""
					: " (no console)",
		    slot->ended[0] ? ": " : "", slot->ended);
	}
}

static void say_keys(struct text *text, const char *escape)
{
	say(text,
	    "%s, then\r\n"
	    "  1-9   console of that guest     0 or l  system log\r\n"
	    "  n, p  next, previous console    h or ?  this list\r\n"
	    "  r     restart what is shown     k       kill its process (asks)\r\n"
	    "  -, +  less, more memory for it  %s  send %s to the guest\r\n"
	    "  d     Ctrl-Alt-Del for it       q       end Vela",
	    escape, escape, escape);
}

void words_banner(const struct slots *slots, const struct keys *keys, const char *host,
		  char text[WORDS_BYTES])
{
	struct text out = { text, 0 };
	char escape[KEY_NAME_BYTES];

	keys_escape_name(keys, escape);
	say(&out, "Vela%s%s\r\n", host[0] ? ": " : "", host);
	say_consoles(&out, slots);
	say_keys(&out, escape);
}

void words_help(const struct slots *slots, const struct keys *keys, char text[WORDS_BYTES])
{
	struct text out = { text, 0 };
	char escape[KEY_NAME_BYTES];

	keys_escape_name(keys, escape);
	say_consoles(&out, slots);
	say_keys(&out, escape);
}

void words_header(const struct slots *slots, unsigned n, const struct keys *keys,
		  char text[WORDS_BYTES])
{
	const struct slot *slot = &slots->slot[n];
	struct text out = { text, 0 };
	char escape[KEY_NAME_BYTES];

	keys_escape_name(keys, escape);
	/* Colours and modes a guest left on end here. */
	say(&out, "\033[0m--- %u: %s%s%s --- %s h: help ---", n, n ? slot->name : "system log",
	    n && slot->ended[0] ? ", " : "", n ? slot->ended : "", escape);
}

void words_no_console(const struct slots *slots, unsigned n, char text[WORDS_BYTES])
{
	struct text out = { text, 0 };

	if (n < slots->count && slots->slot[n].exists)
		say(&out, "[vela: %s has no console; its block says console off]",
		    slots->slot[n].name);
	else
		say(&out, "[vela: there is no guest %u]", n);
}
