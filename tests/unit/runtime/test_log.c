/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: their layout, hostile text, cutting, collecting bytes, and the time before a sink. */
#include <rt/log_format.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char got[64 * 1024];
static size_t got_used;

static void capture(void *context, const char *line, size_t n)
{
	assert_ptr_equal(context, got);
	assert_true(n < RT_LOG_LINE && line[n - 1] == '\n');
	memcpy(got + got_used, line, n);
	got_used += n;
	got[got_used] = '\0';
}

static int setup(void **state)
{
	(void)state;
	rt_log_set_sink(capture, got);
	rt_log_set_name("prog");
	got_used = 0;
	got[0] = '\0';
	return 0;
}

static void expect(const char *text)
{
	assert_string_equal(got, text);
	got_used = 0;
	got[0] = '\0';
}

static void levels_and_names(void **state)
{
	(void)state;
	rt_log(RT_INFO, "up with %d CPUs", 4);
	expect("prog: up with 4 CPUs\n");
	rt_log(RT_WARNING, "%s", "odd");
	expect("prog: warning: odd\n");
	rt_log(RT_ERROR, "bad");
	expect("prog: error: bad\n");
	rt_log(RT_INFO, "%s", "");
	expect("prog: \n");
}

static void each_line_has_the_name(void **state)
{
	(void)state;
	rt_log(RT_WARNING, "one\ntwo\n");
	expect("prog: warning: one\nprog: warning: two\n");
	rt_log(RT_INFO, "\n\nx");
	expect("prog: \nprog: \nprog: x\n");
}

static void only_printable_text_passes(void **state)
{
	(void)state;
	char line[RT_LOG_LINE];
	const char text[] = "a\x1b[2J\tb\r\0c\x7f\xff";
	size_t n = rt_log_format(line, "n\a", RT_INFO, text, sizeof text - 1);

	assert_string_equal(line, "n?: a?[2J b??c??\n");
	assert_int_equal(n, strlen(line));
}

static void long_text_is_cut_and_marked(void **state)
{
	(void)state;
	char line[RT_LOG_LINE + 16], text[2 * RT_LOG_LINE];
	size_t room = RT_LOG_LINE - 2 - strlen("n: ");

	memset(text, 'x', sizeof text);
	memset(line, 0x55, sizeof line);
	assert_int_equal(rt_log_format(line, "n", RT_INFO, text, room), RT_LOG_LINE - 1);
	assert_string_equal(line + RT_LOG_LINE - 6, "xxxx\n");
	assert_int_equal(rt_log_format(line, "n", RT_INFO, text, room + 1), RT_LOG_LINE - 1);
	assert_string_equal(line + RT_LOG_LINE - 6, "x...\n");
	assert_int_equal(line[RT_LOG_LINE], 0x55);
	/* A name that fills the line by itself. */
	text[sizeof text - 1] = '\0';
	assert_int_equal(rt_log_format(line, text, RT_ERROR, "t", 1), RT_LOG_LINE - 1);
	assert_int_equal(line[RT_LOG_LINE], 0x55);
}

static void bytes_become_lines(void **state)
{
	(void)state;
	rt_log_bytes(RT_INFO, "he", 2);
	rt_log_bytes(RT_ERROR, "other\n", 6);
	expect("prog: error: other\n");
	rt_log_bytes(RT_INFO, "llo\nnext\n\nrest", 14);
	expect("prog: hello\nprog: next\nprog: \n");
	rt_log_bytes(RT_INFO, "\n", 1);
	expect("prog: rest\n");
}

static void unfinished_lines_are_flushed(void **state)
{
	(void)state;
	rt_log_bytes(RT_INFO, "out", 3);
	rt_log_bytes(RT_ERROR, "err", 3);
	expect("");
	rt_log_flush();
	expect("prog: error: err\nprog: out\n");
	rt_log_flush();
	expect("");
}

static void endless_line_is_broken_up(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++)
		rt_log_bytes(RT_INFO, "y", 1);
	rt_log_bytes(RT_INFO, "\n", 1);
	size_t lines = 0, longest = 0;
	for (char *at = strtok(got, "\n"); at; at = strtok(NULL, "\n"), lines++)
		longest = strlen(at) > longest ? strlen(at) : longest;
	assert_int_equal(lines, 3000 / RT_LOG_LINE + 1);
	assert_int_equal(longest, RT_LOG_LINE - 2);
}

static void lines_before_the_sink_are_kept(void **state)
{
	(void)state;
	rt_log_set_sink(NULL, NULL);
	rt_log(RT_INFO, "first");
	rt_log(RT_ERROR, "second");
	expect("");
	rt_log_set_sink(capture, got);
	expect("prog: first\nprog: error: second\n");
	rt_log_set_sink(NULL, NULL);
	rt_log_set_sink(capture, got);
	expect("");
}

static void lost_lines_are_counted(void **state)
{
	(void)state;
	rt_log_set_sink(NULL, NULL);
	for (int i = 0; i < 1000; i++)
		rt_log(RT_INFO, "line %03d", i);
	rt_log_set_sink(capture, got);
	size_t kept = 4096 / strlen("prog: line 000\n");
	char last[64];
	snprintf(last, sizeof last, "line %03zu\nprog: warning: %zu earlier messages were lost\n",
		 kept - 1, 1000 - kept);
	assert_non_null(strstr(got, last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(levels_and_names, setup),
		cmocka_unit_test_setup(each_line_has_the_name, setup),
		cmocka_unit_test_setup(only_printable_text_passes, setup),
		cmocka_unit_test_setup(long_text_is_cut_and_marked, setup),
		cmocka_unit_test_setup(bytes_become_lines, setup),
		cmocka_unit_test_setup(unfinished_lines_are_flushed, setup),
		cmocka_unit_test_setup(endless_line_is_broken_up, setup),
		cmocka_unit_test_setup(lines_before_the_sink_are_kept, setup),
		cmocka_unit_test_setup(lost_lines_are_counted, setup),
	};

	return cmocka_run_group_tests_name("runtime/log", tests, NULL, NULL);
}
