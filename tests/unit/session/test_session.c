/* SPDX-License-Identifier: Apache-2.0 */
/* A session as its client and the console service use it, in one window on the host. */
#include <rt/session.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static _Alignas(4096) unsigned char window[RT_SESSION_BYTES];
static struct rt_session client;
static struct rt_service service;
static unsigned rings;

void rt_session_ring(vela_sel_t doorbell)
{
	assert_int_equal(doorbell, 77);
	rings++;
}

static int setup(void **state)
{
	(void)state;
	memset(window, 0, sizeof window);
	rings = 0;
	rt_service_open(&service, window); /* the service may be first */
	rt_session_open(&client, window, 77);
	return 0;
}

static size_t log_line(char text[RT_SESSION_LINE + 1])
{
	size_t length;

	assert_int_equal(rt_service_log(&service, text, RT_SESSION_LINE, &length), VQ_OK);
	text[length] = '\0';
	return length;
}

static size_t output(char text[RT_SESSION_CHUNK + 1])
{
	size_t length;

	if (rt_service_output(&service, text, RT_SESSION_CHUNK, &length) != VQ_OK)
		return 0;
	text[length] = '\0';
	return length;
}

static void log_arrives_line_by_line(void **state)
{
	char text[RT_SESSION_LINE + 1];
	char longer[300];
	size_t length;

	(void)state;
	memset(longer, 'x', sizeof longer);
	assert_true(rt_session_log(&client, "one", 3));
	assert_true(rt_session_log(&client, "two lines", 3));
	assert_true(rt_session_log(&client, longer, sizeof longer));
	log_line(text);
	assert_string_equal(text, "one");
	log_line(text);
	assert_string_equal(text, "two");
	assert_int_equal(log_line(text), RT_SESSION_LINE);
	assert_int_equal(rt_service_log(&service, text, sizeof text, &length), VQ_NONE);
}

static void lost_lines_are_counted(void **state)
{
	char text[RT_SESSION_LINE + 1];

	(void)state;
	for (unsigned i = 0; i < RT_SESSION_LINES; i++)
		assert_true(rt_session_log(&client, "full", 4));
	assert_false(rt_session_log(&client, "gone", 4));
	assert_false(rt_session_log(&client, "gone", 4));
	for (unsigned i = 0; i < RT_SESSION_LINES; i++)
		log_line(text);
	assert_true(rt_session_log(&client, "after", 5));
	log_line(text);
	assert_string_equal(text, "(2 lines lost) after");
	assert_true(rt_session_log(&client, "more", 4));
	log_line(text);
	assert_string_equal(text, "more");
}

static void output_waits_for_newline_or_flush(void **state)
{
	char text[RT_SESSION_CHUNK + 1];

	(void)state;
	assert_int_equal(rt_session_write(&client, "login", 5), 5);
	assert_int_equal(output(text), 0);
	assert_int_equal(rt_session_write(&client, ": ", 2), 2);
	rt_session_flush(&client);
	assert_int_equal(output(text), 7);
	assert_string_equal(text, "login: ");
	assert_int_equal(rt_session_write(&client, "a\nb", 3), 3);
	assert_int_equal(output(text), 3);
	assert_string_equal(text, "a\nb");
	rt_session_flush(&client);
	assert_int_equal(output(text), 0);
}

static void full_output_pushes_back(void **state)
{
	static char bytes[RT_SESSION_OUTPUTS * RT_SESSION_CHUNK + 100];
	char text[RT_SESSION_CHUNK + 1];
	size_t all = sizeof bytes - 100, length = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)('a' + i % 26);
	assert_int_equal(rt_session_write(&client, bytes, sizeof bytes), all);
	assert_int_equal(rt_session_write(&client, bytes, 1), 0);
	rt_service_kick(&service);
	assert_int_equal(output(text), RT_SESSION_CHUNK);
	assert_true(rt_service_kick(&service)); /* the client waits for room */
	assert_int_equal(rt_session_write(&client, bytes + all, 100), 100);
	rt_session_flush(&client);
	for (size_t at = RT_SESSION_CHUNK; at < sizeof bytes; at += length) {
		length = output(text);
		assert_true(length);
		assert_memory_equal(text, bytes + at, length);
	}
	assert_int_equal(output(text), 0);
	assert_null(rt_service_error(&service));
}

static void doorbell_rings_only_for_who_sleeps(void **state)
{
	char text[RT_SESSION_CHUNK + 1];

	(void)state;
	assert_int_equal(output(text), 0); /* goes to sleep */
	rt_session_write(&client, "a\n", 2);
	assert_int_equal(rings, 1);
	rt_session_write(&client, "b\n", 2);
	assert_int_equal(rings, 1);
	assert_int_equal(output(text), 2);
	rt_session_write(&client, "c\n", 2);
	assert_int_equal(rings, 1);
	while (output(text))
		;
	rt_session_write(&client, "d\n", 2);
	assert_int_equal(rings, 2);
}

static void input_reaches_the_reader(void **state)
{
	char text[200] = { 0 };
	size_t taken;

	(void)state;
	assert_int_equal(rt_session_read(&client, text, sizeof text), 0);
	assert_int_equal(rt_service_input(&service, "ls\r", 3, &taken), VQ_OK);
	assert_int_equal(taken, 3);
	assert_true(rt_service_kick(&service));
	assert_int_equal(rt_session_read(&client, text, 2), 2);
	assert_int_equal(rt_session_read(&client, text + 2, 10), 1);
	assert_string_equal(text, "ls\r");
	assert_int_equal(rt_session_read(&client, text, 10), 0);
}

static void unread_input_is_refused_not_lost(void **state)
{
	char typed = 'x', text[64];
	size_t taken;

	(void)state;
	for (unsigned i = 0; i < RT_SESSION_INPUTS; i++)
		assert_int_equal(rt_service_input(&service, &typed, 1, &taken), VQ_OK);
	assert_int_equal(rt_service_input(&service, &typed, 1, &taken), VQ_NONE);
	assert_int_equal(taken, 0);
	rings = 0;
	assert_int_equal(rt_session_read(&client, text, sizeof text), RT_SESSION_INPUTS);
	assert_int_equal(rings, 1); /* the service waits for room */
	assert_int_equal(rt_service_input(&service, &typed, 1, &taken), VQ_OK);
}

static void service_survives_a_hostile_window(void **state)
{
	char text[RT_SESSION_CHUNK];
	size_t length;

	(void)state;
	memset(window, 0xff, sizeof window);
	assert_int_equal(rt_service_log(&service, text, sizeof text, &length), VQ_BROKEN);
	assert_int_equal(rt_service_output(&service, text, sizeof text, &length), VQ_BROKEN);
	assert_int_equal(rt_service_input(&service, text, 1, &length), VQ_BROKEN);
	assert_non_null(rt_service_error(&service));
	assert_false(rt_service_kick(&service));
}

static void client_survives_a_hostile_window(void **state)
{
	char text[10];

	(void)state;
	memset(window, 0x55, sizeof window);
	assert_int_equal(rt_session_read(&client, text, sizeof text), 0);
	for (unsigned i = 0; i < 2 * RT_SESSION_LINES; i++)
		rt_session_log(&client, "x", 1);
	assert_false(rt_session_log(&client, "x", 1));
	for (unsigned i = 0; i < 2 * RT_SESSION_OUTPUTS; i++)
		rt_session_write(&client, "x\n", 2);
	assert_int_equal(rt_session_write(&client, "x\n", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(log_arrives_line_by_line, setup),
		cmocka_unit_test_setup(lost_lines_are_counted, setup),
		cmocka_unit_test_setup(output_waits_for_newline_or_flush, setup),
		cmocka_unit_test_setup(full_output_pushes_back, setup),
		cmocka_unit_test_setup(doorbell_rings_only_for_who_sleeps, setup),
		cmocka_unit_test_setup(input_reaches_the_reader, setup),
		cmocka_unit_test_setup(unread_input_is_refused_not_lost, setup),
		cmocka_unit_test_setup(service_survives_a_hostile_window, setup),
		cmocka_unit_test_setup(client_survives_a_hostile_window, setup),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
