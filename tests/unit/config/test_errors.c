/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mistake a block can hold, with the exact place and words of its message.
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

static void check_in_vm(const struct mistake *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_mistake(with_vm(cases[i].text), cases[i].error);
}

static void values(void **state)
{
	static const struct mistake cases[] = {
		{ "cpus 17", "4:6 \"cpus\" needs a number from 1 to 16, found \"17\"" },
		{ "cpus 0", "4:6 \"cpus\" needs a number from 1 to 16, found \"0\"" },
		{ "cpus one", "4:6 \"cpus\" needs a number from 1 to 16, found \"one\"" },
		{ "priority 0", "4:10 \"priority\" needs a number from 1 to 100, found \"0\"" },
		{ "priority 101", "4:10 \"priority\" needs a number from 1 to 100, found \"101\"" },
		{ "priority 18446744073709551617", "4:10 \"priority\" needs a number from 1 to "
						   "100, found \"18446744073709551617\"" },
		{ "priority 12345678901234567890123456789012345678901234",
		  "4:10 \"priority\" needs a number from 1 to 100, found "
		  "\"1234567890123456789012345678901234567890...\"" },
		{ "priority 5K", "4:10 \"priority\" needs a number from 1 to 100, found \"5K\"" },
		{ "priority",
		  "4:9 \"priority\" needs a number from 1 to 100, found the end of the line" },
		{ "priority;", "4:9 \"priority\" needs a number from 1 to 100, found \";\"" },
		{ "host-cpu 64", "4:10 \"host-cpu\" needs any, or up to 16 numbers from 0 to 63, "
				 "found \"64\"" },
		{ "host-cpu all", "4:10 \"host-cpu\" needs any, or up to 16 numbers from 0 to 63, "
				  "found \"all\"" },
		{ "host-cpu 1 64", "4:12 \"host-cpu\" needs any, or up to 16 numbers from 0 to 63, "
				   "found \"64\"" },
		{ "host-cpu", "4:9 \"host-cpu\" needs any, or up to 16 numbers from 0 to 63, "
			      "found the end of the line" },
		{ "host-cpu 1 any", "4:12 \"any\" stands alone" },
		{ "host-cpu any 1",
		  "4:14 \"host-cpu\" ends with its line or a \";\", found \"1\"" },
		{ "host-cpu 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "4:42 more than 16 numbers" },
		{ "slice 10", "4:7 \"slice\" needs a time from 1ms to 100ms, found \"10\"" },
		{ "slice 10M", "4:7 \"slice\" needs a time from 1ms to 100ms, found \"10M\"" },
		{ "slice 999us", "4:7 \"slice\" needs a time from 1ms to 100ms, found \"999us\"" },
		{ "slice 1s", "4:7 \"slice\" needs a time from 1ms to 100ms, found \"1s\"" },
		{ "slice 1.5ms", "4:7 \"slice\" needs a time from 1ms to 100ms, found \"1.5ms\"" },
		{ "restart-limit 1001",
		  "4:15 \"restart-limit\" needs a number from 0 to 1000, found \"1001\"" },
		{ "console yes", "4:9 \"console\" needs off|on, found \"yes\"" },
		{ "console \"on\"", "4:9 \"console\" needs off|on, found \"on\"" },
		{ "autostart 1", "4:11 \"autostart\" needs off|on, found \"1\"" },
		{ "debug-exit {", "4:12 \"debug-exit\" needs off|on, found \"{\"" },
		{ "on-crash restrat", "4:10 \"on-crash\" needs stop|restart (did you mean "
				      "\"restart\"?), found \"restrat\"" },
		{ "on-reset ignore", "4:10 \"on-reset\" needs stop|restart, found \"ignore\"" },
		{ "on-poweroff Stop", "4:13 \"on-poweroff\" needs stop|restart (did you mean "
				      "\"stop\"?), found \"Stop\"" },
	};

	(void)state;
	/* The open brace of one case would swallow the end of the VM. */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (strcmp(cases[i].text, "debug-exit {") != 0)
			check_in_vm(&cases[i], 1);
	expect_mistake(with_vm("debug-exit { }"), "4:12 \"debug-exit\" needs off|on, found \"{\"");
}

static void memory(void **state)
{
	static const char *const wrong[] = { "8M",   "15M",	"17M",
					     "513G", "256",	"256m",
					     "M",    "1T",	"-64M",
					     "64 M", "1e3",	"99999999999999999999G",
					     "64MB", "\"64M\"", "17179869185G" };
	char text[128], error[160];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		size_t shown = strcspn(wrong[i], " ");

		if (wrong[i][0] == '-')
			continue;
		snprintf(text, sizeof text, "vm a { boot pvh { kernel \"k\" }\nmemory %s }",
			 wrong[i]);
		snprintf(error, sizeof error,
			 "2:8 \"memory\" needs a size from 16M to 512G in steps of 2M, found "
			 "%s%.*s%s",
			 wrong[i][0] == '"' ? "" : "\"", (int)shown, wrong[i],
			 wrong[i][0] == '"' ? "" : "\"");
		if (strcmp(wrong[i], "64 M") == 0)
			snprintf(error, sizeof error,
				 "2:8 \"memory\" needs a size from 16M to 512G in steps of 2M, "
				 "found \"64\"");
		expect_mistake(text, error);
	}
	expect_mistake("vm a { boot pvh { kernel \"k\" }\nmemory -64M }",
		       "2:8 this character has no meaning here");
}

static void host(void **state)
{
	static const struct mistake cases[] = {
		{ "host { scrollback 6K }",
		  "1:19 \"scrollback\" needs a size from 4K to 1M in steps of 4K, found \"6K\"" },
		{ "host { scrollback 2M }",
		  "1:19 \"scrollback\" needs a size from 4K to 1M in steps of 4K, found \"2M\"" },
		{ "host { escape ctrl-m }",
		  "1:15 \"escape\" needs ctrl-] or ctrl-a to ctrl-z, without "
		  "h, i, j and m, found \"ctrl-m\"" },
		{ "host { escape - }", "1:15 this character has no meaning here" },
		{ "host { memory 1G }", "1:8 \"memory\" belongs in a vm block, not in host" },
		{ "host { } host { }",
		  "1:10 \"host\" is set twice in the configuration, first at t.conf:1" },
		{ "host { scrollback 64K 64K }",
		  "1:23 \"scrollback\" ends with its line or a \";\", found \"64K\"" },
		{ "host x { }", "1:6 host needs \"{\", found \"x\"" },
		{ "host {", "1:1 host has no \"}\"" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool open = strcmp(cases[i].text, "host {") == 0;

		snprintf(text, sizeof text, open ? "%2$s\n%1$s" : "%1$s\n%2$s", cases[i].text,
			 with_vm(""));
		if (open)
			expect_mistake(text, "7:1 host has no \"}\"");
		else
			expect_mistake(text, cases[i].error);
	}
}

static void keys(void **state)
{
	static const struct mistake cases[] = {
		{ "prioritty 3",
		  "4:1 unknown key \"prioritty\" in vm \"a\", did you mean \"priority\"?" },
		{ "Console on",
		  "4:1 unknown key \"Console\" in vm \"a\", did you mean \"console\"?" },
		{ "floppy root { image \"a\"; mode rw\n }",
		  "4:1 unknown key \"floppy\" in vm \"a\"" },
		{ "kernel \"k\"", "4:1 \"kernel\" belongs in a boot block, not in vm \"a\"" },
		{ "scrollback 64K", "4:1 \"scrollback\" belongs in a host block, not in vm \"a\"" },
		{ "memory 64M", "4:1 \"memory\" is set twice in vm \"a\", first at t.conf:2" },
		{ "boot pvh { kernel \"k\" }",
		  "4:1 \"boot\" is set twice in vm \"a\", first at t.conf:3" },
		{ "console on on", "4:12 \"console\" ends with its line or a \";\", found \"on\"" },
		{ "64M", "4:1 a key or \"}\" must come here, found \"64M\"" },
		{ "\"memory\" 64M", "4:1 a key or \"}\" must come here, found \"memory\"" },
		{ "console = on", "4:9 this character has no meaning here" },
		{ "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz 1",
		  "4:1 unknown key \"abcdefghijklmnopqrstuvwxyzabcdefghijklmn\" in vm \"a\"" },
	};

	(void)state;
	check_in_vm(cases, sizeof cases / sizeof cases[0]);
}

static void top_level(void **state)
{
	static const struct mistake cases[] = {
		{ "", "1:1 the configuration has no \"vm\"" },
		{ "# nothing\n", "1:1 the configuration has no \"vm\"" },
		{ "vm", "1:3 \"vm\" needs a name: a letter, then up to 30 letters, digits, \"-\" "
			"and \"_\", "
			"found the end of the file" },
		{ "vm a", "1:5 vm \"a\" needs \"{\", found the end of the file" },
		{ "vm a {", "1:4 vm \"a\" has no \"}\"" },
		{ "vm a { memory 64M; boot linux { kernel \"k\" }", "1:4 vm \"a\" has no \"}\"" },
		{ "vm a { boot linux { kernel \"k\" } }", "1:4 vm \"a\" has no \"memory\"" },
		{ "vm a { memory 64M }", "1:4 vm \"a\" has no \"boot\"" },
		{ "vm a { memory 64M; boot linux { } }",
		  "1:25 boot linux of vm \"a\" has no \"kernel\"" },
		{ "vm a { memroy 64M; boot linux { kernel \"k\" } }",
		  "1:8 unknown key \"memroy\" in vm \"a\", did you mean \"memory\"?" },
		{ "vn a { memory 64M }",
		  "1:1 unknown key \"vn\" in the configuration, did you mean \"vm\"?" },
		{ "vm log { memory 64M; boot linux { kernel \"k\" } }",
		  "1:4 \"log\" is the name of the system log's console" },
		{ "vm 1a { memory 64M; boot linux { kernel \"k\" } }",
		  "1:4 \"vm\" needs a name: a letter, then up to 30 letters, digits, \"-\" and "
		  "\"_\", "
		  "found \"1a\"" },
		{ "vm a.b { memory 64M; boot linux { kernel \"k\" } }",
		  "1:4 \"vm\" needs a name: a letter, then up to 30 letters, digits, \"-\" and "
		  "\"_\", "
		  "found \"a.b\"" },
		{ "vm abcdefghijklmnopqrstuvwxyz123456 { memory 64M; boot linux { kernel \"k\" } }",
		  "1:4 \"vm\" needs a name: a letter, then up to 30 letters, digits, \"-\" and "
		  "\"_\", "
		  "found \"abcdefghijklmnopqrstuvwxyz123456\"" },
		{ "vm { memory 64M; boot linux { kernel \"k\" } }",
		  "1:4 \"vm\" needs a name: a letter, then up to 30 letters, digits, \"-\" and "
		  "\"_\", "
		  "found \"{\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_mistake(cases[i].text, cases[i].error);
}

static void boot(void **state)
{
	static const struct mistake cases[] = {
		{ "boot linx { kernel \"k\" }", "2:6 \"boot\" needs linux|pvh|multiboot (did you "
						"mean \"linux\"?), found \"linx\"" },
		{ "boot { kernel \"k\" }", "2:6 \"boot\" needs linux|pvh|multiboot, found \"{\"" },
		{ "boot linux \"k\"", "2:12 boot linux of vm \"a\" needs \"{\", found \"k\"" },
		{ "boot linux { kernel k }",
		  "2:21 \"kernel\" needs a file name in quotes, found \"k\"" },
		{ "boot linux { kernel }",
		  "2:21 \"kernel\" needs a file name in quotes, found \"}\"" },
		{ "boot linux { kernel \"\" }",
		  "2:21 a file name has 1 to 255 bytes, its directory included, and no blanks" },
		{ "boot linux { kernel \"a b\" }",
		  "2:21 a file name has 1 to 255 bytes, its directory included, and no blanks" },
		{ "boot linux { kernel \"k\"; args a }",
		  "2:31 \"args\" needs text in quotes, found \"a\"" },
		{ "boot linux { kernel \"k\"; module \"m\" }",
		  "2:26 \"module\" belongs in a boot block, not in boot linux of vm \"a\"" },
		{ "boot linux { kernel \"k\"; memory 64M }",
		  "2:26 \"memory\" belongs in a vm block, not in boot linux of vm \"a\"" },
		{ "boot multiboot { kernel \"k\"; initrd \"i\" }",
		  "2:30 \"initrd\" belongs in a boot block, not in boot multiboot of vm \"a\"" },
		{ "boot multiboot { kernel \"k\"; module m }",
		  "2:37 \"module\" needs a file name in quotes, found \"m\"" },
		{ "boot multiboot { kernel \"k\"; module \"m\" \"a\" \"b\" }",
		  "2:45 \"module\" ends with its line or a \";\", found \"b\"" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text, "vm a { memory 64M\n%s\n}", cases[i].text);
		expect_mistake(text, cases[i].error);
	}
}

static void strings(void **state)
{
	static const struct mistake cases[] = {
		{ "\"x", "this string has no closing quote on its line" },
		{ "\"x\\n\"", "a backslash in a string stands before \", \\ or the end of a line" },
		{ "\"x\x01\"", "a control character cannot stand in a string" },
		{ "\"x\x7f\"", "a control character cannot stand in a string" },
	};
	char text[512], error[160];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text,
			 "vm a { memory 64M; boot pvh { kernel \"k\"\nargs %s\n} }", cases[i].text);
		snprintf(error, sizeof error, "2:6 %s", cases[i].error);
		expect_mistake(text, error);
	}
}

static void duplicates(void **state)
{
	(void)state;
	expect_mistake("vm a { memory 64M; boot pvh { kernel \"k\" } }\n"
		       "vm a { memory 64M; boot pvh { kernel \"k\" } }",
		       "2:4 there is already a vm \"a\" at t.conf:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),  cmocka_unit_test(memory),	 cmocka_unit_test(host),
		cmocka_unit_test(keys),	   cmocka_unit_test(top_level),	 cmocka_unit_test(boot),
		cmocka_unit_test(strings), cmocka_unit_test(duplicates),
	};

	return cmocka_run_group_tests_name("config/errors", tests, NULL, NULL);
}
