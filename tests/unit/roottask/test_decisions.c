/* SPDX-License-Identifier: Apache-2.0 */
/* What the root task decides: modules, options, plans, grants, the time of day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grants.h"
#include "modules.h"
#include "plan.h"
#include "root.h"
#include "rtc.h"

static struct vela_info info;

static void add_module(const char *line, uint64_t size)
{
	static uint32_t used;

	if (info.modules == 0)
		used = 0;
	strcpy(info.strings + used, line);
	info.module[info.modules++] =
		(struct vela_module){ .base = 0x100000, .size = size, .cmdline = used };
	used += (uint32_t)strlen(line) + 1;
}

static int setup(void **state)
{
	(void)state;
	memset(&info, 0, sizeof info);
	add_module("roottask qemu-exit=0xf4 exit-when-idle", 1);
	add_module("vela.conf", 100);
	add_module("debian/vmlinuz with arguments", 5000);
	add_module("debian/vmlinuz2", 4096);
	add_module("", 7);
	return 0;
}

static void modules_are_found_by_their_first_word(void **state)
{
	(void)state;
	assert_ptr_equal(module_find(&info, "vela.conf"), &info.module[1]);
	assert_ptr_equal(module_find(&info, "debian/vmlinuz"), &info.module[2]);
	assert_ptr_equal(module_find(&info, "debian/vmlinuz2"), &info.module[3]);
	assert_null(module_find(&info, "debian/vmlinu"));
	assert_null(module_find(&info, "roottask"));
	assert_null(module_find(&info, ""));
	assert_string_equal(module_arguments(&info, &info.module[2]), "with arguments");
	assert_string_equal(module_arguments(&info, &info.module[1]), "");
	info.module[2].cmdline = sizeof info.strings;
	assert_null(module_find(&info, "debian/vmlinuz"));
	memset(info.strings + sizeof info.strings - 4, 'x', 4); /* no end */
	info.module[2].cmdline = sizeof info.strings - 4;
	assert_null(module_find(&info, "xxxx"));
	info.modules = UINT32_MAX;
	assert_null(module_find(&info, "nowhere"));
}

static void options_are_words(void **state)
{
	const char *line = "  a=1 bb=0x1F flag c= d=12z big=18446744073709551616 aa=7 x=0x";
	uint64_t n = 0;

	(void)state;
	assert_true(option_number(line, "a", &n));
	assert_int_equal(n, 1);
	assert_true(option_number(line, "bb", &n));
	assert_int_equal(n, 31);
	assert_true(option_number(line, "aa", &n));
	assert_int_equal(n, 7);
	assert_true(option_find(line, "flag", NULL, NULL));
	assert_false(option_find(line, "fla", NULL, NULL));
	assert_false(option_find(line, "flags", NULL, NULL));
	assert_false(option_number(line, "flag", &n));
	assert_false(option_number(line, "c", &n));
	assert_false(option_number(line, "d", &n));
	assert_false(option_number(line, "big", &n));
	assert_false(option_number(line, "x", &n));
	assert_false(option_number("", "a", &n));
	assert_int_equal(n, 7);
}

/* Places a VM of one virtual CPU that wants this host CPU. */
static unsigned place(struct placement *placement, uint64_t wanted)
{
	const struct config_vm vm = { .cpus = 1, .host_cpu = { wanted, CONFIG_CPU_ANY } };
	unsigned cpu[CONFIG_VCPUS_MAX];

	assert_true(plan_cpus(placement, &vm, cpu));
	return cpu[0];
}

static void guests_spread_over_the_cpus(void **state)
{
	static const struct config_vm absent = { .cpus = 2, .host_cpu = { 1, 2, CONFIG_CPU_ANY } };
	struct placement placement = { .cpus = 2 };
	unsigned cpu[CONFIG_VCPUS_MAX];

	(void)state;
	assert_int_equal(place(&placement, 0), 0);
	assert_int_equal(place(&placement, CONFIG_CPU_ANY), 1);
	assert_int_equal(place(&placement, CONFIG_CPU_ANY), 0);
	assert_int_equal(place(&placement, CONFIG_CPU_ANY), 1);
	assert_false(plan_cpus(&placement, &absent, cpu));
	assert_int_equal(placement.used[0], 2);
	assert_int_equal(placement.used[1], 2);
}

static void virtual_cpus_spread_over_the_cpus(void **state)
{
	static const struct config_vm any = { .cpus = 4, .host_cpu = { CONFIG_CPU_ANY } };
	static const struct config_vm named = { .cpus = 5, .host_cpu = { 3, 0, CONFIG_CPU_ANY } };
	static const unsigned spread[] = { 1, 2, 3, 1 }, turns[] = { 3, 0, 3, 0, 3 };
	struct placement placement = { .cpus = 4, .first = 1 };
	unsigned cpu[CONFIG_VCPUS_MAX];

	(void)state;
	assert_true(plan_cpus(&placement, &any, cpu));
	assert_memory_equal(cpu, spread, sizeof spread);
	assert_true(plan_cpus(&placement, &named, cpu));
	assert_memory_equal(cpu, turns, sizeof turns);
	assert_int_equal(place(&placement, CONFIG_CPU_ANY), 2);
}

static void cpus_kept_free_are_taken_by_name_only(void **state)
{
	struct placement placement = { .cpus = 3, .first = 1 };
	static const unsigned expected[] = { 1, 2, 1, 2 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(place(&placement, CONFIG_CPU_ANY), expected[i]);
	assert_int_equal(place(&placement, 0), 0);
}

static struct config_vm some_vm(void)
{
	return (struct config_vm){
		.name = "vm",
		.on_crash = CONFIG_RESTART,
		.on_reset = CONFIG_RESTART,
		.on_poweroff = CONFIG_STOP,
		.restart_limit = 3,
		.console = true,
		.boot = { .kernel = { .path = "debian/vmlinuz" }, .args = "" },
	};
}

static void files_lie_on_pages_of_their_own(void **state)
{
	struct config_vm vm = some_vm();
	struct plan plan = { 0 };
	const struct config_file *missing;

	(void)state;
	vm.boot.initrd.path = "vela.conf";
	vm.boot.modules[0] = (struct config_file){ .path = "debian/vmlinuz2", .args = "-v" };
	vm.boot.module_count = 1;
	assert_true(plan_files(&plan, &info, &vm, &missing));
	assert_int_equal(plan.files, 3);
	assert_int_equal(plan.file[0].role, RT_FILE_KERNEL);
	assert_int_equal(plan.file[0].size, 5000);
	assert_string_equal(plan.file[0].name, "debian/vmlinuz");
	assert_int_equal(plan.file[1].role, RT_FILE_INITRD);
	assert_int_equal(plan.file[1].offset, 8192);
	assert_int_equal(plan.file[2].role, RT_FILE_MODULE);
	assert_int_equal(plan.file[2].offset, 12288);
	assert_string_equal(plan.file[2].args, "-v");
	assert_int_equal(plan.files_bytes, 16384);
	assert_ptr_equal(plan.module[2], &info.module[3]);
}

static void missing_files_are_named(void **state)
{
	struct config_vm vm = some_vm();
	struct plan plan = { 0 };
	const struct config_file *missing;

	(void)state;
	vm.boot.initrd.path = "nope";
	assert_false(plan_files(&plan, &info, &vm, &missing));
	assert_ptr_equal(missing, &vm.boot.initrd);
	vm.boot.initrd.path = NULL;
	vm.boot.module_count = RT_FILES_MAX;
	assert_false(plan_files(&plan, &info, &vm, &missing));
	assert_null(missing);
}

static void everything_explained_can_be_granted(void **state)
{
	struct config_vm vm = some_vm();
	struct config_cap caps[CONFIG_CAPS_MAX];
	struct grant grant[CONFIG_CAPS_MAX];
	size_t count;
	unsigned found = 0;

	(void)state;
	vm.cpus = 4;
	count = config_caps(&vm, caps);
	for (size_t i = 0; i < count; i++) {
		assert_true(grant_from_cap(&caps[i], 3, 5, &grant[i]));
		assert_false(grant[i].rights & VELA_RIGHT_DESTROY);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(grant[i].selector, grant[j].selector);
	}
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(grant[i].count, caps[i].count);
		if (grant[i].selector == RT_SEL_VC) {
			assert_int_equal(grant[i].count, 4);
			found++;
		}
		if (grant[i].selector == RT_SEL_WAKE) {
			assert_int_equal(grant[i].count, 4);
			assert_int_equal(grant[i].source,
					 ROOT_SEL_PROCESS + 3 * PROCESS_SELS + PROCESS_WAKE);
			assert_int_equal(grant[i].rights, VELA_SM_UP | VELA_SM_DOWN);
			found++;
		}
		if (grant[i].selector == RT_SEL_PARENT) {
			assert_int_equal(grant[i].source, ROOT_SEL_PARENT);
			assert_int_equal(grant[i].rights, VELA_SM_UP);
			found++;
		}
	}
	assert_int_equal(found, 3);
}

/* Semaphores of others: of process 1 and so on the VMs, then of the services. */
static void links_grant_the_other_end(void **state)
{
	const struct config_cap client = { "CLIENT", "semaphore", "up", "", 1, 7, "", 2 };
	const struct config_cap doorbell = { "DOORBELL", "semaphore", "up", "", 1, 4, "", 1 };
	struct grant grant;

	(void)state;
	assert_true(grant_from_cap(&client, 7, 5, &grant));
	assert_int_equal(grant.selector, RT_SEL_CLIENT + 7);
	assert_int_equal(grant.source, ROOT_SEL_PROCESS + 3 * PROCESS_SELS + PROCESS_WAKE);
	assert_int_equal(grant.rights, VELA_SM_UP);
	assert_true(grant_from_cap(&doorbell, 1, 5, &grant));
	assert_int_equal(grant.selector, RT_SEL_DOORBELL + 4);
	assert_int_equal(grant.source, ROOT_SEL_PROCESS + 7 * PROCESS_SELS + PROCESS_WAKE);
	assert_int_equal(grant.rights, VELA_SM_UP);
}

static void unknown_grants_are_refused(void **state)
{
	static const struct config_cap bad[] = {
		{ "PD", "protection domain", "create", "", 1, 0, "", 0 },
		{ "VC", "host space", "give", "", 1, 0, "", 0 },
		{ "VC", "semaphore", "up", "", 1, 0, "", 0 },
		{ "WAKE", "semaphore", "", "", 1, 0, "", 0 },
		{ "WAKE", "semaphore", "up, destroy", "", 1, 0, "", 0 },
		{ "VC", "virtual CPU", "ru", "", 1, 0, "", 0 },
	};
	struct grant grant;

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(grant_from_cap(&bad[i], 1, 5, &grant));
}

/* Of a VM with a disk on a storage, one in a file, and a net. */
static void devices_are_files_and_links(void **state)
{
	static struct config_service storage, lan;
	static struct config_disk root = { .name = "root", .partition = "", .client = 5 };
	static struct config_disk seed = { .name = "seed", .partition = "" };
	static struct config_net net = { .name = "lan", .client = 2, .link = 1 };
	struct config_vm vm = some_vm();
	const struct config_file *missing;
	struct plan plan = { 0 };
	struct plan_link link;

	(void)state;
	root.from.service = &storage;
	seed.module.path = "vela.conf";
	seed.mode = CONFIG_DISCARD;
	seed.scratch_bytes = 4ull << 30;
	net.service = &lan;
	net.mac = 0x525400123456;
	vm.memory_bytes = 64 << 20;
	const uint64_t plain = plan_quota(&vm, &plan);
	vm.disks[0] = &seed;
	vm.disks[1] = &root;
	vm.disk_count = 2;
	vm.nets[0] = &net;
	vm.net_count = 1;
	assert_true(plan_files(&plan, &info, &vm, &missing));
	plan_devices(&plan, &vm);
	assert_int_equal(plan.files, 2);
	assert_int_equal(plan.file[1].role, RT_FILE_DISK);
	assert_int_equal(plan.file[1].size, 100);
	assert_true(plan.disk[0].is_file);
	assert_int_equal(plan.disk[0].index, 1);
	assert_int_equal(plan.disk[0].mode, RT_DISK_DISCARD);
	assert_true(plan.disk[0].scratch_bytes == seed.scratch_bytes);
	assert_true(plan_memory(&vm) == vm.memory_bytes + seed.scratch_bytes);
	assert_false(plan.disk[1].is_file);
	assert_int_equal(plan.disk[1].index, 0);
	assert_int_equal(plan.disk[1].mode, RT_DISK_READ_WRITE);
	assert_string_equal(plan.disk[1].name, "root");
	assert_int_equal(plan.net[0].link, 1);
	assert_memory_equal(plan.net[0].mac, "\x52\x54\x00\x12\x34\x56", 6);
	assert_int_equal(plan.links, 2);
	assert_true(plan_quota(&vm, &plan) >= plain + 4 + plan.links);

	assert_true(plan_link(&vm, 0, &link));
	assert_ptr_equal(link.service, &storage);
	assert_int_equal(link.client, 5);
	assert_string_equal(link.what, "disk \"root\"");
	assert_true(plan_link(&vm, 1, &link));
	assert_ptr_equal(link.service, &lan);
	assert_int_equal(link.client, 2);
	assert_string_equal(link.what, "net \"lan\"");
	assert_false(plan_link(&vm, 2, &link));
	seed.module.path = "nope";
	plan = (struct plan){ 0 };
	assert_false(plan_files(&plan, &info, &vm, &missing));
	assert_ptr_equal(missing, &seed.module);
}

static void clock_in_all_its_formats(void **state)
{
	struct rtc_registers r = { 0x59, 0x34, 0x12, 0x29, 0x02, 0x24, 0x02 };

	(void)state;
	assert_int_equal(rtc_epoch(&r), 1709210099); /* 2024-02-29 12:34:59 */
	r = (struct rtc_registers){ 59, 34, 12, 29, 2, 24, 0x06 };
	assert_int_equal(rtc_epoch(&r), 1709210099);
	r = (struct rtc_registers){ 59, 34, 12 | 0x80, 29, 2, 24, 0x04 }; /* 12 pm is noon */
	assert_int_equal(rtc_epoch(&r), 1709210099);
	r = (struct rtc_registers){ 59, 34, 12, 29, 2, 24, 0x04 }; /* 12 am is midnight */
	assert_int_equal(rtc_epoch(&r), 1709210099 - 12 * 3600);
	r = (struct rtc_registers){ 0x00, 0x00, 0x91, 0x01, 0x03, 0x24, 0x00 }; /* 11 pm, BCD */
	assert_int_equal(rtc_epoch(&r), 1709334000);
	r = (struct rtc_registers){ 0, 0, 0, 1, 1, 0, 0x06 };
	assert_int_equal(rtc_epoch(&r), 946684800);
	r = (struct rtc_registers){ 59, 59, 23, 31, 12, 99, 0x06 };
	assert_int_equal(rtc_epoch(&r), 4102444799);
	r.month = 13;
	assert_int_equal(rtc_epoch(&r), 0);
	memset(&r, 0xff, sizeof r);
	assert_int_equal(rtc_epoch(&r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(modules_are_found_by_their_first_word, setup),
		cmocka_unit_test(options_are_words),
		cmocka_unit_test(guests_spread_over_the_cpus),
		cmocka_unit_test(virtual_cpus_spread_over_the_cpus),
		cmocka_unit_test(cpus_kept_free_are_taken_by_name_only),
		cmocka_unit_test_setup(files_lie_on_pages_of_their_own, setup),
		cmocka_unit_test_setup(missing_files_are_named, setup),
		cmocka_unit_test(everything_explained_can_be_granted),
		cmocka_unit_test(links_grant_the_other_end),
		cmocka_unit_test(unknown_grants_are_refused),
		cmocka_unit_test_setup(devices_are_files_and_links, setup),
		cmocka_unit_test(clock_in_all_its_formats),
	};

	return cmocka_run_group_tests_name("root decisions", tests, NULL, NULL);
}
