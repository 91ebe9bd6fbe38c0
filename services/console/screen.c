/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out of the serial port, in which order; see screen.h. Pure. */
#include "screen.h"

#include <string.h>

void screen_init(struct screen *screen, const struct ring *ring)
{
	memset(screen, 0, sizeof *screen);
	screen->words = (struct ring){ screen->words_bytes, SCREEN_WORDS_BYTES, 0 };
	screen_show(screen, ring, ring->written);
}

void screen_show(struct screen *screen, const struct ring *ring, uint64_t position)
{
	screen->ring = ring;
	screen->position = position;
}

/* Whether the port will stand within a line when it has shown all words. */
static bool ends_in_line(const struct screen *screen)
{
	const struct ring *words = &screen->words;

	if (words->written == screen->words_shown)
		return screen->in_line;
	return words->bytes[(words->written - 1) % words->size] != '\n';
}

void screen_say(struct screen *screen, const char *text)
{
	size_t length = strlen(text);
	uint64_t waiting = screen->words.written - screen->words_shown;

	if (length + 4 > SCREEN_WORDS_BYTES - waiting)
		return;
	if (ends_in_line(screen))
		ring_append(&screen->words, "\r\n", 2);
	ring_append(&screen->words, text, length);
	ring_append(&screen->words, "\r\n", 2);
}

size_t screen_pull(struct screen *screen, void *bytes, size_t length)
{
	unsigned char *out = bytes;
	size_t done = ring_read(&screen->words, screen->words_shown, out, length);

	screen->words_shown += done;
	if (screen->position < ring_oldest(screen->ring))
		screen->position = ring_oldest(screen->ring);
	size_t n = ring_read(screen->ring, screen->position, out + done, length - done);
	screen->position += n;
	done += n;
	if (done)
		screen->in_line = out[done - 1] != '\n';
	return done;
}

bool screen_pending(const struct screen *screen)
{
	return screen->words.written != screen->words_shown || screen_behind(screen);
}

uint64_t screen_behind(const struct screen *screen)
{
	return screen->ring->written - screen->position;
}
