/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a right configuration means: every key, every type, defaults, includes, strings, and the
 * questions that can be asked of the result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "schema.h"

static const struct config_vm *only_vm(const char *text)
{
	const struct vela_config *config = parse(text, NULL);

	if (!config)
		fail_msg("%s", error_full(0));
	assert_int_equal(config->vm_count, 1);
	return config->vms[0];
}

static void defaults(void **state)
{
	(void)state;
	const struct config_vm *vm = only_vm("vm a { memory 64M; boot linux { kernel \"k\" } }");

	assert_string_equal(vm->name, "a");
	assert_int_equal(vm->memory_bytes, 64 << 20);
	assert_int_equal(vm->cpus, 1);
	assert_true(vm->host_cpu[0] == CONFIG_CPU_ANY);
	assert_int_equal(vm->priority, 50);
	assert_int_equal(vm->slice_us, 10000);
	assert_true(vm->console);
	assert_true(vm->autostart);
	assert_false(vm->debug_exit);
	assert_int_equal(vm->on_crash, CONFIG_STOP);
	assert_int_equal(vm->on_reset, CONFIG_RESTART);
	assert_int_equal(vm->on_poweroff, CONFIG_STOP);
	assert_int_equal(vm->restart_limit, 5);
	assert_int_equal(vm->boot.protocol, CONFIG_BOOT_LINUX);
	assert_string_equal(vm->boot.kernel.path, "k");
	assert_null(vm->boot.initrd.path);
	assert_string_equal(vm->boot.args, "");
	assert_int_equal(vm->boot.module_count, 0);
}

static void host_defaults(void **state)
{
	(void)state;
	const struct vela_config *config = parse(with_vm(""), NULL);

	assert_non_null(config);
	assert_int_equal(config->host.scrollback_bytes, 64 << 10);
	assert_int_equal(config->host.escape, 0x1d);
}

static void host_keys(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof text, "host { scrollback 1M; escape ctrl-a }\n%s", with_vm(""));
	const struct vela_config *config = parse(text, NULL);

	assert_non_null(config);
	assert_int_equal(config->host.scrollback_bytes, 1 << 20);
	assert_int_equal(config->host.escape, 1);
}

/* Every control key that may be written has the code a terminal sends for it. */
static void escape_codes(void **state)
{
	char text[512];

	(void)state;
	for (char c = 'a'; c <= 'z'; c++) {
		snprintf(text, sizeof text, "host { escape ctrl-%c }\n%s", c, with_vm(""));
		const struct vela_config *config = parse(text, NULL);

		assert_int_equal(config == NULL, strchr("hijm", c) != NULL);
		if (config)
			assert_int_equal(config->host.escape, c - 'a' + 1);
	}
}

static void vm_keys(void **state)
{
	(void)state;
	const struct config_vm *vm =
		only_vm(with_vm("cpus 16; host-cpu 3 0 63; priority 100; slice 25ms; console off\n"
				"autostart off; debug-exit on; on-crash restart; on-reset stop\n"
				"on-poweroff restart; restart-limit 0"));

	assert_int_equal(vm->cpus, 16);
	assert_int_equal(vm->host_cpu[0], 3);
	assert_int_equal(vm->host_cpu[1], 0);
	assert_int_equal(vm->host_cpu[2], 63);
	assert_true(vm->host_cpu[3] == CONFIG_CPU_ANY);
	assert_int_equal(vm->priority, 100);
	assert_int_equal(vm->slice_us, 25000);
	assert_false(vm->console);
	assert_false(vm->autostart);
	assert_true(vm->debug_exit);
	assert_int_equal(vm->on_crash, CONFIG_RESTART);
	assert_int_equal(vm->on_reset, CONFIG_STOP);
	assert_int_equal(vm->on_poweroff, CONFIG_RESTART);
	assert_int_equal(vm->restart_limit, 0);
}

static void words_of_words(void **state)
{
	(void)state;
	assert_true(only_vm(with_vm("host-cpu any"))->host_cpu[0] == CONFIG_CPU_ANY);
	assert_true(only_vm(with_vm("console on"))->console);
	assert_int_equal(only_vm(with_vm("on-crash stop"))->on_crash, CONFIG_STOP);
}

static void units(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = { { "16M", 16ull << 20 },
		      { "16384K", 16ull << 20 },
		      { "1G", 1ull << 30 },
		      { "512G", 512ull << 30 },
		      { "0064M", 64ull << 20 } };
	char text[128];

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		snprintf(text, sizeof text, "vm a { memory %s; boot pvh { kernel \"k\" } }",
			 sizes[i].text);
		assert_true(only_vm(text)->memory_bytes == sizes[i].bytes);
	}
	assert_int_equal(only_vm(with_vm("slice 1500us"))->slice_us, 1500);
	assert_int_equal(only_vm(with_vm("slice 100ms"))->slice_us, 100000);
}

static void boot_linux(void **state)
{
	(void)state;
	const struct config_vm *vm =
		only_vm("vm a { memory 64M\n boot linux {\n kernel \"d/vmlinuz\"\n"
			" initrd \"d/i.gz\"\n args \"console=ttyS0 quiet\"\n }\n}");

	assert_int_equal(vm->boot.protocol, CONFIG_BOOT_LINUX);
	assert_string_equal(vm->boot.kernel.path, "d/vmlinuz");
	assert_string_equal(vm->boot.initrd.path, "d/i.gz");
	assert_string_equal(vm->boot.args, "console=ttyS0 quiet");
	assert_int_equal(vm->boot.initrd.where.line, 4);
	assert_int_equal(vm->boot.initrd.where.column, 9);
}

static void boot_multiboot(void **state)
{
	(void)state;
	const struct config_vm *vm =
		only_vm("vm a { memory 64M; boot multiboot { kernel \"k\"; args \"x\"\n"
			"module \"m1\"; module \"m2\" \"a b\" } }");

	assert_int_equal(vm->boot.protocol, CONFIG_BOOT_MULTIBOOT);
	assert_int_equal(vm->boot.module_count, 2);
	assert_string_equal(vm->boot.modules[0].path, "m1");
	assert_string_equal(vm->boot.modules[0].args, "");
	assert_string_equal(vm->boot.modules[1].path, "m2");
	assert_string_equal(vm->boot.modules[1].args, "a b");
}

static void boot_pvh(void **state)
{
	(void)state;
	assert_int_equal(only_vm("vm a { memory 64M; boot pvh { kernel \"k\"; initrd \"i\" } }")
				 ->boot.protocol,
			 CONFIG_BOOT_PVH);
}

static void layout_is_free(void **state)
{
	(void)state;
	only_vm("vm a{memory 64M;boot linux{kernel \"k\"}}");
	only_vm("\r\n# c\r\nvm a\r\n\r\n{ # c\r\nmemory 64M # c\r\nboot linux\n{ kernel \"k\" "
		"}\n}\n");
	only_vm("vm a {;; memory 64M ;\n; boot linux { kernel \"k\"; }; };");
	only_vm("vm a { memory 64M\nboot linux { kernel \"k\" } # \x01 \xff in a comment\n}#");
}

static void strings(void **state)
{
	(void)state;
	static const struct {
		const char *written;
		const char *meant;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"a \\\"b\\\" \\\\ c\"", "a \"b\" \\ c" },
		{ "\"one \\\n\t  two\"", "one two" },
		{ "\"one \\\r\n  two\"", "one two" },
		{ "\"# ; { }\"", "# ; { }" },
		{ "\"tab\there\"", "tab\there" },
		{ "\"h\xc3\xa4\"", "h\xc3\xa4" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text,
			 "vm a { memory 64M; boot pvh { kernel \"k\"; args %s } }",
			 cases[i].written);
		assert_string_equal(only_vm(text)->boot.args, cases[i].meant);
	}
}

static void positions(void **state)
{
	(void)state;
	const struct config_vm *vm = only_vm("\nvm web {\n  memory 64M\n  boot linux {\n"
					     "    kernel \"k\"\n  }\n}\n");

	assert_int_equal(vm->where.line, 2);
	assert_int_equal(vm->where.column, 4);
	assert_int_equal(vm->where.length, 3);
	assert_int_equal(config_vm_where(vm, "memory").line, 3);
	assert_int_equal(config_vm_where(vm, "memory").column, 3);
	assert_int_equal(config_vm_where(vm, "kernel").line, 5);
	assert_int_equal(config_vm_where(vm, "priority").line, 2);
	assert_int_equal(config_vm_where(vm, "no such key").line, 2);
}

static void includes(void **state)
{
	(void)state;
	static const struct included_file files[] = {
		{ "guests/b.conf",
		  "include \"deep/c.conf\"\n"
		  "vm b { memory 64M; boot pvh { kernel \"kb\"; initrd \"/abs\" } }" },
		{ "guests/deep/c.conf", "vm c { memory 64M; boot pvh { kernel \"kc\" } }" },
		{},
	};
	char text[512];

	snprintf(text, sizeof text, "include \"guests/b.conf\"; %s", with_vm(""));
	const struct vela_config *config = parse(text, files);

	assert_non_null(config);
	assert_int_equal(config->vm_count, 3);
	assert_string_equal(config->vms[0]->boot.kernel.path, "guests/deep/kc");
	assert_string_equal(config->vms[1]->boot.kernel.path, "guests/kb");
	assert_string_equal(config->vms[1]->boot.initrd.path, "/abs");
	assert_string_equal(config->vms[2]->boot.kernel.path, "k");
	assert_string_equal(config->vms[0]->where.source->name, "guests/deep/c.conf");
	assert_string_equal(config->includes->path, "guests/b.conf");
	assert_string_equal(config->includes->next->path, "guests/deep/c.conf");
	assert_null(config->includes->next->next);
}

static void add_path(void *context, const struct config_file *file)
{
	strcat(context, file->path);
	strcat(context, " ");
}

static void files_once(void **state)
{
	char paths[128] = "";

	(void)state;
	const struct vela_config *config = parse(
		"vm a { memory 64M; boot linux { kernel \"k\"; initrd \"i\" } }\n"
		"vm b { memory 64M; boot linux { kernel \"k\"; initrd \"k\" } }\n"
		"vm c { memory 64M; boot multiboot { kernel \"x\"; module \"i\"; module \"m\" } }",
		NULL);

	assert_non_null(config);
	config_files(config, add_path, paths);
	assert_string_equal(paths, "k i x m ");
}

static void capabilities(void **state)
{
	struct config_cap caps[CONFIG_CAPS_MAX];

	(void)state;
	assert_int_equal(config_caps(only_vm(with_vm("console on; cpus 3")), caps), 7);
	assert_string_equal(caps[0].name, "WAKE");
	assert_string_equal(caps[0].rights, "up, down");
	assert_int_equal(caps[0].count, 3);
	assert_string_equal(caps[2].name, "PARENT");
	assert_int_equal(caps[2].count, 1);
	assert_string_equal(caps[3].name, "VC");
	assert_int_equal(caps[3].count, 3);
	assert_string_equal(caps[6].name, "CONSOLE");
	assert_string_equal(caps[6].why, "doorbell of its session: system log, console");
	assert_int_equal(config_caps(only_vm(with_vm("console off")), caps), 7);
	assert_string_equal(caps[6].why, "doorbell of its session: system log only");
}

static void explain(void **state)
{
	static char first[16 * 1024];

	(void)state;
	const struct vela_config *config =
		parse("vm a { memory 64M; slice 1500us; cpus 2; host-cpu 1 0; boot multiboot { "
		      "kernel \"k\"\n"
		      "args \"a \\\\ \\\"b\\\"\"; module \"m\" \"x y\" } console off }",
		      NULL);
	struct config_printer printer = collect();

	assert_non_null(config);
	config_explain(config, &printer);
	strcpy(first, collected());
	assert_non_null(strstr(first, "\n\tmemory 64M                # t.conf:1\n"));
	assert_non_null(strstr(first, "\n\tpriority 50               # default\n"));
	assert_non_null(strstr(first, "\n\tslice 1500us              # t.conf:1\n"));
	assert_non_null(strstr(first, "\n\thost-cpu 1 0              # t.conf:1\n"));
	assert_non_null(strstr(first, "\t#   VC[2]       virtual CPU "));
	assert_non_null(strstr(first, "\n\t\targs \"a \\\\ \\\"b\\\"\" # t.conf:2\n"));
	assert_non_null(strstr(first, "\n\t\tmodule \"m\" \"x y\" # t.conf:2\n"));
	assert_non_null(strstr(first, "\t#   PARENT      semaphore   up "));
	assert_non_null(strstr(first, "system log only\n"));
	config = parse(first, NULL);
	if (!config)
		fail_msg("%s", error_full(0));
	assert_string_equal(config->vms[0]->boot.args, "a \\ \"b\"");
	assert_string_equal(config->vms[0]->boot.modules[0].args, "x y");
	assert_int_equal(config->vms[0]->host_cpu[0], 1);
	assert_int_equal(config->vms[0]->host_cpu[1], 0);
	assert_false(config->vms[0]->console);
}

/* Rows must be usable: defaults and bounds that can be set, one row for a key in each block. */
static void table_is_sound(void **state)
{
	uint64_t value;

	(void)state;
	for (size_t i = 0; config_keys[i].name; i++) {
		const struct config_key *key = &config_keys[i];

		assert_true(strlen(key->doc) > 0);
		assert_ptr_equal(config_key_find(key->in, key->name, strlen(key->name)), key);
		if (key->preset)
			assert_true(config_key_read(key, key->preset, strlen(key->preset), &value));
		if (key->max) {
			assert_true(config_key_read(key, key->min, strlen(key->min), &value));
			assert_true(config_key_read(key, key->max, strlen(key->max), &value));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	  cmocka_unit_test(host_defaults),
		cmocka_unit_test(host_keys),	  cmocka_unit_test(escape_codes),
		cmocka_unit_test(vm_keys),	  cmocka_unit_test(words_of_words),
		cmocka_unit_test(units),	  cmocka_unit_test(boot_linux),
		cmocka_unit_test(boot_multiboot), cmocka_unit_test(boot_pvh),
		cmocka_unit_test(layout_is_free), cmocka_unit_test(strings),
		cmocka_unit_test(positions),	  cmocka_unit_test(includes),
		cmocka_unit_test(files_once),	  cmocka_unit_test(capabilities),
		cmocka_unit_test(explain),	  cmocka_unit_test(table_is_sound),
	};

	return cmocka_run_group_tests_name("config/values", tests, NULL, NULL);
}
