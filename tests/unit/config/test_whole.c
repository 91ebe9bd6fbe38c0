/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes of a configuration as a whole: includes, limits, several mistakes at once, and the text
 * in which they are shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct mistake {
	const char *text;
	const char *error; /* the only one */
};

static void includes(void **state)
{
	static const struct included_file files[] = {
		{ "self", "include \"self\"\n" },
		{ "one", "include \"two\"\n" },
		{ "two", "\n include \"one\"\n" },
		{ "bad", "vm b {\n memory 1K\n boot pvh { kernel \"k\" } }" },
		{ "open", "vm b {" },
		{ "same", "vm a { memory 64M; boot pvh { kernel \"k\" } }" },
		{},
	};
	static const struct mistake cases[] = {
		{ "self", "1:9 \"self\" includes itself" },
		{ "one", "2:10 \"one\" includes itself" },
		{ "t.conf", "1:9 \"t.conf\" includes itself" },
		{ "bad",
		  "2:9 \"memory\" needs a size from 16M to 512G in steps of 2M, found \"1K\"" },
		{ "open", "1:4 vm \"b\" has no \"}\"" },
		{ "same", "2:4 there is already a vm \"a\" at same:1" },
		{ "none", "1:9 there is no file \"none\"" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text, "include \"%s\"\n%s", cases[i].text, with_vm(""));
		assert_null(parse(text, files));
		assert_int_equal(error_count(), 1);
		assert_string_equal(error_line(0), cases[i].error);
	}
	snprintf(text, sizeof text, "include \"bad\"\n%s", with_vm(""));
	parse(text, files);
	assert_string_equal(
		error_full(0),
		"bad:2:9: error: \"memory\" needs a size from 16M to 512G in steps of 2M, "
		"found \"1K\"\n     memory 1K\n            ^~\n"
		"    included from t.conf:1\n");
	snprintf(text, sizeof text, "include x\n%s", with_vm(""));
	expect_mistake(text, "1:9 \"include\" needs a file name in quotes, found \"x\"");
	expect_mistake(with_vm("include \"x\""),
		       "4:1 \"include\" belongs to the top level; is a \"}\" missing before it?");
}

static void include_depth(void **state)
{
	static const struct included_file files[] = {
		{ "2", "include \"3\"" },
		{ "3", "include \"4\"" },
		{ "4", "include \"5\"" },
		{ "5", "include \"6\"" },
		{ "6", "include \"7\"" },
		{ "7", "include \"8\"" },
		{ "8", "include \"9\"" },
		{ "9", "" },
		{},
	};
	char text[512];

	(void)state;
	snprintf(text, sizeof text, "include \"2\"\n%s", with_vm(""));
	assert_null(parse(text, files));
	assert_int_equal(error_count(), 1);
	assert_string_equal(error_line(0), "1:9 includes nest deeper than 8 files");
	snprintf(text, sizeof text, "include \"3\"\n%s", with_vm(""));
	assert_non_null(parse(text, files));
}

static void limits(void **state)
{
	static char text[CONFIG_SOURCE_MAX + 2];
	size_t used = 0;

	(void)state;
	for (int i = 0; i <= CONFIG_VMS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "vm v%d { memory 64M; boot pvh { kernel \"k\" } }\n", i);
	expect_mistake(text, "33:4 more than 32 VMs");

	used = (size_t)snprintf(text, sizeof text,
				"vm a { memory 64M; boot multiboot { kernel \"k\"\n");
	for (int i = 0; i <= CONFIG_MODULES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "module \"m\"\n");
	snprintf(text + used, sizeof text - used, "} }");
	expect_mistake(text, "17:8 more than 15 modules");

	snprintf(text, sizeof text,
		 "vm a { memory 64M; boot pvh { args \"%2048d\"; kernel \"k\" } }", 1);
	expect_mistake(text, "1:36 text longer than 2047 bytes");
	snprintf(text, sizeof text,
		 "vm a { memory 64M; boot pvh { args \"%2047d\"; kernel \"k\" } }", 1);
	assert_non_null(parse(text, NULL));

	for (int bytes = 127; bytes <= 128; bytes++) {
		snprintf(text, sizeof text,
			 "vm a { memory 64M; boot multiboot { kernel \"k\"\nmodule \"m\" \"%*d\" } "
			 "}",
			 bytes, 1);
		assert_int_equal(parse(text, NULL) != NULL, bytes == 127);
	}
	assert_string_equal(error_line(0), "2:12 text longer than 127 bytes");

	memset(text, '#', sizeof text);
	text[sizeof text - 1] = '\0';
	const struct included_file files[] = { { "big", text }, {} };
	char main_text[512];

	snprintf(main_text, sizeof main_text, "include \"big\"\n%s", with_vm(""));
	assert_null(parse(main_text, files));
	assert_string_equal(error_line(0), "1:9 \"big\" is larger than 1M");
	assert_null(parse_sized(text, CONFIG_SOURCE_MAX + 1, NULL, 65536));
	assert_string_equal(error_full(0), "error: \"t.conf\" is larger than 1M\n");
}

static void little_memory(void **state)
{
	const char *text = with_vm("");

	(void)state;
	for (size_t size = 0; size < 16384; size++)
		if (!parse_sized(text, strlen(text), NULL, size)) {
			assert_int_equal(error_count(), 1);
			assert_non_null(
				strstr(error_line(0), "the configuration needs more than the "));
		} else {
			assert_true(size > 1024);
			return;
		}
	fail_msg("16 KiB must do for one VM");
}

static void too_many(void **state)
{
	char text[2048] = "";

	(void)state;
	for (int i = 0; i < 30; i++)
		strcat(text, "x 1\n");
	assert_null(parse(text, NULL));
	assert_int_equal(error_count(), CONFIG_ERRORS_MAX + 1);
	assert_string_equal(error_line(CONFIG_ERRORS_MAX - 1),
			    "20:1 unknown key \"x\" in the configuration");
	assert_string_equal(error_line(CONFIG_ERRORS_MAX),
			    "20:1 too many mistakes, the rest is not checked");
}

/* Each mistake is found although others stand before it. */
static void all_at_once(void **state)
{
	static const char *const wanted[] = {
		"2:1 unknown key \"scrolback\" in host, did you mean \"scrollback\"?",
		"5:8 \"memory\" needs a size from 16M to 512G in steps of 2M, found \"1M\"",
		"6:1 unknown key \"floppy\" in vm \"web\"",
		"9:10 \"on-crash\" needs stop|restart, found \"x\"",
		"10:1 \"vm\" belongs to the top level; is a \"}\" missing before it?",
		"11:1 vm \"db\" needs \"{\", found \"memory\"",
		"10:4 vm \"db\" has no \"boot\"",
		"13:1 no block is open here",
	};

	(void)state;
	assert_null(
		parse("host {\nscrolback 64K\n}\nvm web {\nmemory 1M\nfloppy x {\n  a { b }\n}\n"
		      "on-crash x; boot pvh { kernel \"k\" }\nvm db\nmemory 64M\n}\n}\n",
		      NULL));
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		assert_string_equal(error_line(i), wanted[i]);
	assert_int_equal(error_count(), sizeof wanted / sizeof wanted[0]);
}

/* A missing "{" costs the rest of its line, not the block that follows. */
static void missing_braces(void **state)
{
	(void)state;
	assert_null(parse("vm a\nvm b { memory 1M; boot pvh { kernel \"k\" } }\n", NULL));
	assert_int_equal(error_count(), 2);
	assert_string_equal(error_line(0), "2:1 vm \"a\" needs \"{\", found \"vm\"");
	assert_string_equal(error_line(1),
			    "2:15 \"memory\" needs a size from 16M to 512G in steps of "
			    "2M, found \"1M\"");
}

/* A name that fits alone but not with the directory of its file. */
static void long_path(void **state)
{
	char file[512], text[512], path[256];
	const struct included_file files[] = { { "directory/f", file }, {} };

	(void)state;
	for (int length = 245; length <= 246; length++) {
		memset(path, 'p', sizeof path);
		path[length] = '\0';
		snprintf(file, sizeof file, "vm b { memory 64M; boot pvh { kernel \"%s\" } }",
			 path);
		snprintf(text, sizeof text, "include \"directory/f\"\n%s", with_vm(""));
		assert_int_equal(parse(text, files) != NULL, length == 245);
	}
	assert_string_equal(error_line(0),
			    "1:38 a file name has 1 to 255 bytes, its directory included, "
			    "and no blanks");
}

static void full_text(void **state)
{
	(void)state;
	parse("vm a {\n\tmemory\t64X # \xff\n boot pvh { kernel \"k\" } }", NULL);
	assert_string_equal(
		error_full(0),
		"t.conf:2:9: error: \"memory\" needs a size from 16M to 512G in steps of 2M, "
		"found \"64X\"\n    \tmemory\t64X # ?\n    \t      \t^~~\n");
	parse("vm", NULL);
	assert_non_null(strstr(error_full(0), "\n    vm\n      ^\n"));
	parse(with_vm("\x1b[2J"), NULL);
	assert_string_equal(error_full(0), "t.conf:4:1: error: this character has no meaning here\n"
					   "    ?[2J\n    ^~\n");
}

static void long_line(void **state)
{
	char text[1024];

	(void)state;
	snprintf(text, sizeof text, "%300s vm", "");
	parse(text, NULL);
	assert_int_equal(error_count(), 1);
	snprintf(text, sizeof text, "\n    %160s\n    %160s^\n", "", "");
	assert_non_null(strstr(error_full(0), text));
}

/* The root task reports what it finds later in the same form. */
static void keep_text(void *context, const struct config_error *error)
{
	config_error_text(error, context, CONFIG_ERROR_TEXT_MAX);
}

static void later_mistakes(void **state)
{
	char text[CONFIG_ERROR_TEXT_MAX];
	struct config_diag diag = { keep_text, text, 0 };

	(void)state;
	const struct vela_config *config = parse(with_vm(""), NULL);

	assert_non_null(config);
	config_fail(&diag, config_vm_where(config->vms[0], "memory"), "only %dM are free", 12);
	assert_string_equal(text,
			    "t.conf:2:1: error: only 12M are free\n    memory 64M\n    ^~~~~~\n");
	config_fail(&diag, (struct config_pos){}, "no memory\n");
	assert_string_equal(text, "error: no memory?\n");
	assert_int_equal(diag.errors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes),	  cmocka_unit_test(include_depth),
		cmocka_unit_test(limits),	  cmocka_unit_test(little_memory),
		cmocka_unit_test(too_many),	  cmocka_unit_test(all_at_once),
		cmocka_unit_test(missing_braces), cmocka_unit_test(long_path),
		cmocka_unit_test(full_text),	  cmocka_unit_test(long_line),
		cmocka_unit_test(later_mistakes),
	};

	return cmocka_run_group_tests_name("config/whole", tests, NULL, NULL);
}
