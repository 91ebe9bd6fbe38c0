/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console service as a user and its clients see it: the test is the root task, three clients
 * and the terminal at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "console.h"

enum { SLOTS = 4, SCROLLBACK = 4096, KHZ = 1000 };

static _Alignas(4096) unsigned char windows[SLOTS * RT_SESSION_BYTES];
static unsigned char scrollback[SLOTS * SCROLLBACK];
static struct rt_control control;
static struct rt_session client[SLOTS];
static struct console console;
static uint64_t now;
static char shown[65536];

void rt_session_ring(vela_sel_t doorbell)
{
	(void)doorbell;
}

static void publish(unsigned n, uint32_t state, const char *note)
{
	struct rt_slot *slot = &control.slot[n];

	snprintf(slot->note, sizeof slot->note, "%s", note);
	slot->state = state;
	slot->sequence++;
}

static void open_client(unsigned n)
{
	memset(windows + n * RT_SESSION_BYTES, 0, RT_SESSION_BYTES);
	rt_session_open(&client[n], windows + n * RT_SESSION_BYTES, 0);
	publish(n, RT_SLOT_OPEN, "");
}

/* Everything the terminal shows until there is no more. */
static const char *terminal(void)
{
	size_t used = 0, n;

	do {
		console_turn(&console, now);
		n = screen_pull(&console.screen, shown + used, sizeof shown - 1 - used);
		used += n;
	} while (n);
	shown[used] = '\0';
	return shown;
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		console_input(&console, (unsigned char)*keys);
	console_turn(&console, now);
}

static void start(void)
{
	struct rt_console_info info = {
		.escape = 29, .slots = SLOTS, .scrollback_bytes = SCROLLBACK, .host = "2 CPUs"
	};
	struct console_setup setup = { &info, &control, windows, scrollback, KHZ, 0 };

	console_init(&console, &setup, now);
}

/* Root, two guests, and a VM without console. */
static int setup(void **state)
{
	static const char *const name[SLOTS] = { "root", "alpha", "beta", "dark" };

	(void)state;
	memset(&control, 0, sizeof control);
	memset(scrollback, 0, sizeof scrollback);
	now = 5000 * KHZ + 250 * (KHZ / 1000);
	for (unsigned i = 0; i < SLOTS; i++) {
		snprintf(control.slot[i].name, RT_NAME_BYTES, "%s", name[i]);
		control.slot[i].flags = i == 1 || i == 2 ? RT_SLOT_CONSOLE : 0;
		open_client(i);
	}
	start();
	return 0;
}

static void write_text(unsigned n, const char *text)
{
	assert_int_equal(rt_session_write(&client[n], text, strlen(text)), strlen(text));
	rt_session_flush(&client[n]);
}

static void assert_typed(unsigned n, const char *expected)
{
	char text[300] = { 0 };

	assert_int_equal(rt_session_read(&client[n], text, sizeof text - 1), strlen(expected));
	assert_string_equal(text, expected);
}

static void banner_says_what_runs_and_which_keys(void **state)
{
	const char *text = terminal();

	(void)state;
	assert_non_null(strstr(text, "Vela: 2 CPUs\r\n"));
	assert_non_null(strstr(text, "  1  alpha\r\n"));
	assert_non_null(strstr(text, "  2  beta\r\n"));
	assert_non_null(strstr(text, "  3  dark (no console)\r\n"));
	assert_non_null(strstr(text, "Ctrl-], then\r\n"));
	assert_non_null(strstr(text, "--- 1: alpha --- Ctrl-] h: help ---\r\n"));
	assert_int_equal(console.focus, 1);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(control.slot[i].acked, control.slot[i].sequence);
}

static void only_the_focused_guest_is_shown_and_typed_to(void **state)
{
	(void)state;
	terminal();
	write_text(1, "from alpha\r\n");
	write_text(2, "from beta\r\n");
	assert_string_equal(terminal(), "from alpha\r\n");
	type("ls");
	assert_typed(1, "ls");
	assert_typed(2, "");
	type("\0352");
	assert_string_equal(terminal(),
			    "\033[0m--- 2: beta --- Ctrl-] h: help ---\r\nfrom beta\r\n");
	type("id\035\035");
	assert_typed(1, "");
	assert_typed(2, "id\035");
}

static void switching_shows_unseen_output_and_the_last_screen(void **state)
{
	char line[32], last[32];
	const char *text;

	(void)state;
	terminal();
	for (unsigned i = 0; i < 40; i++) {
		snprintf(line, sizeof line, "beta line %u\r\n", i);
		write_text(2, line);
	}
	type("\035n");
	text = terminal();
	assert_non_null(strstr(text, "beta line 0\r\n")); /* never seen before */
	assert_non_null(strstr(text, "beta line 39\r\n"));
	type("\035p\035n");
	text = strstr(terminal(), "--- 2: beta");
	assert_non_null(text);
	snprintf(last, sizeof last, "beta line %u\r\n", 40 - 25);
	assert_null(strstr(text, last));
	snprintf(last, sizeof last, "beta line %u\r\n", 40 - 24);
	assert_non_null(strstr(text, last));
}

static void next_goes_round_past_what_has_no_console(void **state)
{
	(void)state;
	type("\035n");
	assert_int_equal(console.focus, 2);
	type("\035n");
	assert_int_equal(console.focus, 0);
	type("\035p");
	assert_int_equal(console.focus, 2);
	type("\0350");
	assert_int_equal(console.focus, 0);
	type("\0353");
	assert_int_equal(console.focus, 0);
	assert_non_null(strstr(terminal(), "dark has no console"));
	type("\0359");
	assert_non_null(strstr(terminal(), "there is no guest 9"));
}

static void log_has_time_and_name_and_is_harmless(void **state)
{
	(void)state;
	type("\035l");
	terminal();
	rt_session_log(&client[0], "ready", 5);
	rt_session_log(&client[3], "red \033[31m\n", 10);
	assert_string_equal(terminal(), "[    5.000] root: ready\r\n"
					"[    5.000] dark: red \\x1b[31m\\x0a\r\n");
	type("abc");
	assert_string_equal(terminal(), "[vela: the system log takes no input; choose a guest with "
					"its number]\r\n");
}

static void assert_request(uint32_t code, uint32_t slot)
{
	struct console_request request = { 0 };
	assert_true(console_take_request(&console, &request));
	assert_true(request.code == code && request.slot == slot);
}

static void requests_reach_the_root_task(void **state)
{
	(void)state;
	type("\0352\035ky");
	assert_request(RT_STATUS_KILL, 2);
	type("\035kn");
	assert_int_equal(console.requests, 0);
	type("\0351\035r");
	assert_request(RT_STATUS_RESTART, 1);
	type("\035l\035r\035k");
	assert_int_equal(console.requests, 0);
	type("y\035q");
	assert_request(RT_STATUS_QUIT, console.focus);
}

static void quick_requests_wait(void **state)
{
	(void)state;
	type("\0352");
	for (unsigned i = 0; i < CONSOLE_REQUESTS; i++)
		type((const char[]){ '\035', "-+d"[i % 3], '\0' });
	type("\035r");
	assert_non_null(strstr(terminal(), "[vela: too many at once"));
	for (unsigned i = 0; i < CONSOLE_REQUESTS; i++)
		assert_request(RT_STATUS_SHRINK + i % 3, 2);
}

static void ended_guest_is_drained_and_explained(void **state)
{
	const char *text;

	(void)state;
	terminal();
	write_text(1, "last words");
	publish(1, RT_SLOT_CLOSED, "crashed: triple fault");
	text = terminal();
	assert_string_equal(text, "last words\r\n[vela: crashed: triple fault]\r\n");
	assert_int_equal(control.slot[1].acked, control.slot[1].sequence);
	type("x");
	assert_string_equal(terminal(),
			    "[vela: this guest does not run; the restart key starts it]\r\n");
	open_client(1);
	write_text(1, "again\r\n");
	assert_string_equal(terminal(), "again\r\n");
	type("y");
	assert_typed(1, "y");
}

static void broken_session_harms_no_other(void **state)
{
	const char *text;

	(void)state;
	type("\035l");
	terminal();
	memset(windows + RT_SESSION_BYTES, 0xee, RT_SESSION_BYTES);
	write_text(2, "fine\r\n");
	text = terminal();
	assert_non_null(strstr(text, "console: session of alpha is broken ("));
	assert_string_equal(terminal(), ""); /* said once */
	type("\0352");
	assert_non_null(strstr(terminal(), "fine\r\n"));
	open_client(1);
	write_text(1, "healed\r\n");
	type("\0351");
	assert_non_null(strstr(terminal(), "healed\r\n"));
}

static void shown_guest_is_slowed_to_the_port_others_are_not(void **state)
{
	static char block[RT_SESSION_CHUNK];
	unsigned taken[2] = { 0, 0 };

	(void)state;
	terminal();
	memset(block, '.', sizeof block);
	for (unsigned round = 0; round < 200; round++)
		for (unsigned i = 0; i < 2; i++) {
			taken[i] += (unsigned)rt_session_write(&client[i + 1], block, sizeof block);
			console_turn(&console, now);
		}
	/* Alpha is shown and nobody pulls: half a scrollback plus a turn, and its queue. */
	assert_in_range(taken[0], SCROLLBACK / 2,
			SCROLLBACK + (RT_SESSION_OUTPUTS + SLOT_TURN_CHUNKS) * RT_SESSION_CHUNK);
	assert_int_equal(taken[1], 200 * sizeof block);
}

static void one_turn_is_bounded(void **state)
{
	char line[] = "x";

	(void)state;
	type("\035l");
	terminal();
	for (unsigned i = 0; i < RT_SESSION_LINES; i++)
		rt_session_log(&client[1], line, 1);
	rt_session_log(&client[2], "beta speaks", 11);
	uint64_t before = console.slots.slot[0].ring.written;
	assert_true(console_turn(&console, now));
	uint64_t one = strlen("[    5.000] alpha: x\r\n") * SLOT_TURN_LINES +
		       strlen("[    5.000] beta: beta speaks\r\n");
	assert_int_equal(console.slots.slot[0].ring.written - before, one);
}

static void unread_typing_is_dropped_with_a_word(void **state)
{
	(void)state;
	terminal();
	for (unsigned i = 0; i < RT_SESSION_INPUTS * RT_SESSION_INPUT + 1000; i++)
		type("k");
	assert_non_null(strstr(terminal(), "keys are dropped"));
}

static void slow_reader_is_given_time(void **state)
{
	const uint64_t second = 1000 * KHZ;
	char bytes[RT_SESSION_INPUT];

	(void)state;
	while (console_listens(&console, now))
		type("k");
	assert_null(strstr(terminal(), "keys are dropped"));
	assert_false(console_listens(&console, now + second - 1));
	assert_true(console_listens(&console, now + second));
	assert_int_not_equal(rt_session_read(&client[1], bytes, sizeof bytes), 0);
	console_turn(&console, now);
	assert_true(console_listens(&console, now));
}

static void restarted_service_goes_on_with_its_clients(void **state)
{
	(void)state;
	terminal();
	write_text(1, "before\r\n");
	terminal();
	write_text(1, "between\r\n");
	start();
	assert_non_null(strstr(terminal(), "between\r\n"));
	write_text(1, "after\r\n");
	assert_string_equal(terminal(), "after\r\n");
	type("k");
	assert_typed(1, "k");
}

/* A service is looked at, killed and restarted like a guest; its log lines are its console. */
static void service_shows_its_log_lines(void **state)
{
	(void)state;
	control.slot[3].flags = RT_SLOT_SERVICE;
	publish(3, RT_SLOT_OPEN, "");
	terminal();
	type("\x1dh");
	assert_non_null(strstr(terminal(), "  3  dark (service)\r\n"));
	assert_true(rt_session_log(&client[3], "disk found", 10));
	type("\x1d"
	     "3");
	const char *text = terminal();

	assert_non_null(strstr(text, "--- 3: dark --- Ctrl-] h: help ---\r\n"));
	assert_non_null(strstr(text, "dark: disk found\r\n"));
	type("x");
	assert_non_null(strstr(terminal(), "[vela: a service takes no input]"));
	type("\x1dk");
	assert_non_null(strstr(terminal(), "[vela: kill the service dark? y kills"));
	type("y");
	assert_non_null(strstr(terminal(), "[vela: killing the service dark]"));
	assert_request(RT_STATUS_KILL, 3);
	publish(3, RT_SLOT_CLOSED, "was killed; restarts in 500 ms (1 of 5)");
	assert_non_null(strstr(terminal(), "[vela: was killed; restarts in 500 ms (1 of 5)]"));
	type("\x1dl");
	assert_non_null(strstr(terminal(), "dark: disk found\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(banner_says_what_runs_and_which_keys, setup),
		cmocka_unit_test_setup(only_the_focused_guest_is_shown_and_typed_to, setup),
		cmocka_unit_test_setup(switching_shows_unseen_output_and_the_last_screen, setup),
		cmocka_unit_test_setup(next_goes_round_past_what_has_no_console, setup),
		cmocka_unit_test_setup(log_has_time_and_name_and_is_harmless, setup),
		cmocka_unit_test_setup(requests_reach_the_root_task, setup),
		cmocka_unit_test_setup(quick_requests_wait, setup),
		cmocka_unit_test_setup(ended_guest_is_drained_and_explained, setup),
		cmocka_unit_test_setup(broken_session_harms_no_other, setup),
		cmocka_unit_test_setup(shown_guest_is_slowed_to_the_port_others_are_not, setup),
		cmocka_unit_test_setup(one_turn_is_bounded, setup),
		cmocka_unit_test_setup(unread_typing_is_dropped_with_a_word, setup),
		cmocka_unit_test_setup(slow_reader_is_given_time, setup),
		cmocka_unit_test_setup(service_shows_its_log_lines, setup),
		cmocka_unit_test_setup(restarted_service_goes_on_with_its_clients, setup),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
