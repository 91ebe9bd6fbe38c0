/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the console service: scrollback, keys, and what the screen shows when. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "ring.h"
#include "screen.h"

static unsigned char bytes[16];

static struct ring ring_with(const char *text)
{
	struct ring ring = { bytes, sizeof bytes, 0 };

	ring_append(&ring, text, strlen(text));
	return ring;
}

static void assert_reads(const struct ring *ring, uint64_t from, const char *expected)
{
	char text[64] = { 0 };

	assert_int_equal(ring_read(ring, from, text, sizeof text - 1), strlen(expected));
	assert_string_equal(text, expected);
}

static void ring_keeps_the_last_bytes(void **state)
{
	struct ring ring = ring_with("abcdefghij");

	(void)state;
	assert_int_equal(ring_oldest(&ring), 0);
	assert_reads(&ring, 3, "defghij");
	ring_append(&ring, "klmnopqrst", 10);
	assert_int_equal(ring_oldest(&ring), 4);
	assert_reads(&ring, 4, "efghijklmnopqrst");
	assert_reads(&ring, 3, ""); /* gone */
	assert_reads(&ring, 20, "");
	ring_append(&ring, "0123456789012345678901234567890123456789", 40);
	assert_int_equal(ring.written, 60);
	assert_reads(&ring, 44, "4567890123456789");
}

static void ring_finds_lines_from_the_end(void **state)
{
	struct ring ring = ring_with("a\nb\nc\nd\n");

	(void)state;
	assert_int_equal(ring_last_lines(&ring, 1), 6);
	assert_int_equal(ring_last_lines(&ring, 3), 2);
	assert_int_equal(ring_last_lines(&ring, 4), 0);
	assert_int_equal(ring_last_lines(&ring, 9), 0);
	ring_append(&ring, "prompt", 6);
	assert_int_equal(ring_last_lines(&ring, 1), 8);
	ring_append(&ring, "\nmore\n", 6); /* 4 bytes are gone: "c\nd\nprompt\nmore\n" */
	assert_int_equal(ring_last_lines(&ring, 9), 6);
	ring = ring_with("");
	assert_int_equal(ring_last_lines(&ring, 3), 0);
	ring = ring_with("0123456789012345678901234567890");
	assert_int_equal(ring_last_lines(&ring, 1), ring_oldest(&ring));
}

static void assert_key(struct keys *keys, unsigned char byte, enum key_action action,
		       unsigned char value)
{
	struct key_event event = keys_feed(keys, byte);

	assert_int_equal(event.action, action);
	assert_int_equal(event.value, value);
}

static void keys_know_their_commands(void **state)
{
	static const struct {
		char key;
		enum key_action action;
		unsigned char value;
	} table[] = {
		{ '0', KEY_SHOW, 0 },	      { 'l', KEY_SHOW, 0 },	 { '1', KEY_SHOW, 1 },
		{ '9', KEY_SHOW, 9 },	      { 'n', KEY_NEXT, 0 },	 { 'p', KEY_PREVIOUS, 0 },
		{ 'h', KEY_HELP, 0 },	      { '?', KEY_HELP, 0 },	 { 'q', KEY_QUIT, 0 },
		{ 'r', KEY_RESTART, 0 },      { '-', KEY_SHRINK, 0 },	 { '+', KEY_GROW, 0 },
		{ '\035', KEY_BYTE, '\035' }, { 'z', KEY_UNKNOWN, 'z' }, { '\0', KEY_UNKNOWN, 0 },
		{ 'd', KEY_CTRL_ALT_DEL, 0 },
	};
	struct keys keys = { .escape = 29 };

	(void)state;
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
		assert_key(&keys, 29, KEY_NONE, 0);
		assert_key(&keys, (unsigned char)table[i].key, table[i].action, table[i].value);
		assert_key(&keys, 'q', KEY_BYTE, 'q');
	}
}

static void killing_needs_a_yes(void **state)
{
	struct keys keys = { .escape = 1 };

	(void)state;
	assert_key(&keys, 1, KEY_NONE, 0);
	assert_key(&keys, 'k', KEY_ASK_KILL, 0);
	assert_key(&keys, 'y', KEY_KILL, 0);
	assert_key(&keys, 'y', KEY_BYTE, 'y');
	assert_key(&keys, 1, KEY_NONE, 0);
	assert_key(&keys, 'k', KEY_ASK_KILL, 0);
	assert_key(&keys, 1, KEY_CANCEL, 0); /* not the start of a command */
	assert_key(&keys, 'y', KEY_BYTE, 'y');
}

static void escape_is_named_as_users_write_it(void **state)
{
	char name[KEY_NAME_BYTES];

	(void)state;
	keys_escape_name(&(struct keys){ .escape = 29 }, name);
	assert_string_equal(name, "Ctrl-]");
	keys_escape_name(&(struct keys){ .escape = 1 }, name);
	assert_string_equal(name, "Ctrl-a");
}

static struct screen screen;

static void assert_shows(const char *expected)
{
	char text[256] = { 0 };
	size_t used = 0, n;

	/* In small pieces, as the port takes them. */
	while ((n = screen_pull(&screen, text + used, 3)))
		used += n;
	assert_string_equal(text, expected);
	assert_false(screen_pending(&screen));
}

static void screen_shows_words_first_on_lines_of_their_own(void **state)
{
	struct ring ring = ring_with("old");

	(void)state;
	screen_init(&screen, &ring);
	assert_shows(""); /* from now on */
	ring_append(&ring, "log", 3);
	assert_int_equal(screen_behind(&screen), 3);
	assert_shows("log");
	screen_say(&screen, "hello");
	ring_append(&ring, "in", 2);
	assert_true(screen_pending(&screen));
	assert_shows("\r\nhello\r\nin");
	screen_say(&screen, "one");
	screen_say(&screen, "two");
	assert_shows("\r\none\r\ntwo\r\n");
	screen_say(&screen, "three");
	assert_shows("three\r\n");
}

static void screen_skips_what_the_ring_has_lost(void **state)
{
	struct ring ring = ring_with("");

	(void)state;
	screen_init(&screen, &ring);
	ring_append(&ring, "0123456789abcdefghij", 20);
	assert_shows("456789abcdefghij");
}

static void screen_drops_words_nobody_reads(void **state)
{
	static char text[SCREEN_WORDS_BYTES + 1];
	struct ring ring = ring_with("");

	(void)state;
	screen_init(&screen, &ring);
	for (unsigned i = 0; i < 1000; i++)
		screen_say(&screen, "0123456789");
	size_t n = screen_pull(&screen, text, sizeof text);
	assert_true(n <= SCREEN_WORDS_BYTES && n > SCREEN_WORDS_BYTES - 16);
	assert_memory_equal(text + n - 12, "0123456789\r\n", 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_keeps_the_last_bytes),
		cmocka_unit_test(ring_finds_lines_from_the_end),
		cmocka_unit_test(keys_know_their_commands),
		cmocka_unit_test(killing_needs_a_yes),
		cmocka_unit_test(escape_is_named_as_users_write_it),
		cmocka_unit_test(screen_shows_words_first_on_lines_of_their_own),
		cmocka_unit_test(screen_skips_what_the_ring_has_lost),
		cmocka_unit_test(screen_drops_words_nobody_reads),
	};

	return cmocka_run_group_tests_name("console parts", tests, NULL, NULL);
}
