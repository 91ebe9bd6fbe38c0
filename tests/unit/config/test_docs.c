/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/vela.conf.md, whose path is the first argument, against the parser: the key reference in it
 * is the one made from the key table, every example parses, and the message it shows is the one the
 * parser gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "harness.h"

static char document[64 * 1024];

static void reference_is_current(void **state)
{
	struct config_printer printer = collect();
	const char *start = strstr(document, "### At the top level");

	(void)state;
	config_reference(&printer);
	assert_non_null(start);
	/* The document ends with one newline, the reference with an empty line. */
	assert_int_equal(strlen(collected()), strlen(start) + 1);
	assert_memory_equal(collected(), start, strlen(start));
}

static void examples_parse(void **state)
{
	static const char fence[] = "```vela.conf\n";
	char text[4096];
	int found = 0;

	(void)state;
	for (const char *at = document; (at = strstr(at, fence)); found++) {
		at += strlen(fence);
		const char *end = strstr(at, "```");

		assert_non_null(end);
		assert_true((size_t)(end - at) < sizeof text);
		snprintf(text, sizeof text, "%.*s", (int)(end - at), at);
		if (!parse(text, NULL))
			fail_msg("%s", error_full(0));
	}
	assert_true(found > 0);
}

static void message_is_real(void **state)
{
	char shown[512] = "";

	(void)state;
	assert_null(parse("\nvm web {\n\tmemroy 256M\n\tboot linux { kernel \"k\" }\n}", NULL));
	assert_int_equal(error_count(), 1);
	strcat(shown, "    my.conf");
	for (const char *line = strchr(error_full(0), ':'); *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n") + 1;

		if (line[0] == ' ')
			strcat(shown, "    ");
		strncat(shown, line, length);
	}
	assert_non_null(strstr(document, shown));
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_is_current),
		cmocka_unit_test(examples_parse),
		cmocka_unit_test(message_is_real),
	};
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!file || fread(document, 1, sizeof document - 1, file) == 0) {
		fprintf(stderr, "usage: test_docs docs/vela.conf.md\n");
		return 2;
	}
	fclose(file);
	return cmocka_run_group_tests_name("config/docs", tests, NULL, NULL);
}
