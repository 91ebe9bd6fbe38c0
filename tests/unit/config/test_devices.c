/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storages, switches, disks and nets: what their blocks mean, how links are numbered, and the
 * mistakes in their values and names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "harness.h"

#define VM(name, inside) "vm " name " { memory 64M; boot pvh { kernel \"k\" }; " inside " }\n"
#define SSD		 "storage ssd { device \"00:04.0\" }\n"

static const struct vela_config *good(const char *text)
{
	const struct vela_config *config = parse(text, NULL);

	if (!config)
		fail_msg("%s", error_full(0));
	return config;
}

static void everything(void **state)
{
	(void)state;
	const struct vela_config *config = good(VM(
		"web",
		"rng on; balloon on; net lan { mac \"52:54:00:Ab:34:56\"; bandwidth 10M; packets "
		"10000 }; disk seed { module \"seed.img\"; mode discard; scratch 16M }\n"
		"disk root { from ssd; unit 2; partition \"debian\"; mode read-write; bandwidth "
		"100M; operations 1000 }") "storage ssd { device \"0001:02:1f.7\"; host-cpu 3; "
					   "on-crash stop; restart-limit 7; watchdog 3s }\n"
					   "switch lan { uplink \"00:05.0\"; watchdog off }\n "
					   "switch quiet { }");
	const struct config_vm *vm = config->vms[0];
	const struct config_service *ssd = config->services[0], *lan = config->services[1];
	const struct config_disk *seed = vm->disks[0], *root = vm->disks[1];

	assert_int_equal(config->service_count, 3);
	assert_int_equal(ssd->kind, CONFIG_STORAGE);
	assert_int_equal(ssd->device, 0x102ff);
	assert_int_equal(ssd->host_cpu, 3);
	assert_int_equal(ssd->on_crash, CONFIG_STOP);
	assert_int_equal(ssd->restart_limit, 7);
	assert_int_equal(ssd->watchdog_us, 3000000);
	assert_int_equal(lan->watchdog_us, 0);
	assert_int_equal(lan->kind, CONFIG_SWITCH);
	assert_int_equal(lan->device, 5 << 3);
	assert_int_equal(lan->on_crash, CONFIG_RESTART);
	assert_true(lan->host_cpu == CONFIG_CPU_ANY);
	assert_true(config->services[2]->device == CONFIG_NO_DEVICE);
	assert_true(vm->rng && vm->balloon);
	assert_string_equal(seed->name, "seed");
	assert_string_equal(seed->module.path, "seed.img");
	assert_int_equal(seed->mode, CONFIG_DISCARD);
	assert_int_equal(seed->scratch_bytes, 16 << 20);
	assert_ptr_equal(root->from.service, ssd);
	assert_int_equal(root->unit, 2);
	assert_string_equal(root->partition, "debian");
	assert_int_equal(root->bytes_per_s, 100 << 20);
	assert_int_equal(root->operations_per_s, 1000);
	assert_ptr_equal(vm->nets[0]->service, lan);
	assert_true(vm->nets[0]->mac == 0x525400ab3456);
	assert_int_equal(vm->nets[0]->bytes_per_s, 10 << 20);
	assert_int_equal(vm->nets[0]->packets_per_s, 10000);
}

static void defaults(void **state)
{
	(void)state;
	const struct vela_config *config =
		good(SSD "switch lan { }" VM("a", "disk root { from ssd }; net lan { }"));
	const struct config_disk *disk = config->vms[0]->disks[0];

	assert_int_equal(disk->unit, 0);
	assert_string_equal(disk->partition, "");
	assert_int_equal(disk->mode, CONFIG_READ_WRITE);
	assert_int_equal(disk->bytes_per_s, 0);
	assert_int_equal(disk->operations_per_s, 0);
	assert_int_equal(config->vms[0]->nets[0]->bytes_per_s, 0);
	assert_false(config->vms[0]->rng);
	assert_false(config->vms[0]->balloon);
	assert_int_equal(config->services[0]->restart_limit, 5);
	assert_int_equal(config->services[0]->watchdog_us, 30000000);
}

/* Numbers count only disks on storages, then nets; services count their clients in file order. */
static void links_are_numbered(void **state)
{
	(void)state;
	const struct vela_config *config =
		good("switch x { }; switch y { }" SSD VM(
			"a",
			"net x { }; net y { }; net x { }; disk one { from ssd; partition \"1\" }\n"
			"disk m { module \"m\"; mode read-only }\n"
			"disk two { from ssd; partition \"2\" }")
			     VM("b", "net y { }; disk three { from ssd; partition \"3\" }"));
	const struct config_vm *a = config->vms[0], *b = config->vms[1];
	const struct config_service *y = config->services[1], *ssd = config->services[2];

	assert_int_equal(a->disks[0]->link, 0);
	assert_int_equal(a->disks[2]->link, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(a->nets[i]->link, 2 + i);
	assert_int_equal(b->disks[0]->link, 0);
	assert_int_equal(b->nets[0]->link, 1);
	assert_int_equal(y->client_count, 2);
	assert_int_equal(b->nets[0]->client, 1);
	assert_int_equal(b->disks[0]->client, 2);
	assert_ptr_equal(y->clients[0].net, a->nets[1]);
	assert_ptr_equal(y->clients[1].vm, b);
	assert_int_equal(ssd->client_count, 3);
	assert_ptr_equal(ssd->clients[1].disk, a->disks[2]);
	assert_ptr_equal(ssd->clients[2].vm, b);
	assert_null(ssd->clients[2].net);
}

static void texts_of_addresses(void **state)
{
	char text[CONFIG_ADDRESS_MAX];

	(void)state;
	config_pci_text(0x102ff, text);
	assert_string_equal(text, "0001:02:1f.7");
	config_pci_text(4 << 3, text);
	assert_string_equal(text, "00:04.0");
	config_mac_text(0x525400ab3456, text);
	assert_string_equal(text, "52:54:00:ab:34:56");
}

#define DISK(inside) SSD VM("a", "disk d { " inside " }")
#define NET(inside)  "switch lan { }\n" VM("a", "net lan { " inside " }")

static void values(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "storage s { device \"4.0\" }\n" VM("a", ""),
		  "1:20 \"device\" needs a PCI address in quotes, as \"00:04.0\", found \"4.0\"" },
		{ "storage s { device \"00:20.0\" }\n" VM("a", ""),
		  "1:20 \"device\" needs a PCI address in quotes, as \"00:04.0\", found "
		  "\"00:20.0\"" },
		{ "storage s { device \"00:04.8\" }\n" VM("a", ""),
		  "1:20 \"device\" needs a PCI address in quotes, as \"00:04.0\", found "
		  "\"00:04.8\"" },
		{ "storage s { device none }\n" VM("a", ""),
		  "1:20 \"device\" needs a PCI address in quotes, as \"00:04.0\", found \"none\"" },
		{ "storage s { }\n" VM("a", ""), "1:9 storage \"s\" has no \"device\"" },
		{ "host { uplink none }\n" VM("a", ""),
		  "1:8 \"uplink\" belongs in a switch block, not in host" },
		{ "switch s { uplink \"none\" }\n" VM("a", ""),
		  "1:19 \"uplink\" needs none or a PCI address in quotes, as \"00:04.0\", found "
		  "\"none\"" },
		{ "switch s.x { }\n" VM("a", ""),
		  "1:8 \"switch\" needs a name: a letter, then up to 30 letters, digits, \"-\" and "
		  "\"_\", found \"s.x\"" },
		{ NET("mac \"52:54:00:12:34\""),
		  "2:59 \"mac\" needs auto or a MAC address in quotes, as \"52:54:00:12:34:56\", "
		  "found \"52:54:00:12:34\"" },
		{ NET("mac \"53:54:00:12:34:56\""),
		  "2:59 \"mac\" needs auto or a MAC address in quotes, as \"52:54:00:12:34:56\", "
		  "found \"53:54:00:12:34:56\"" },
		{ NET("mac \"00:00:00:00:00:00\""),
		  "2:59 \"mac\" needs auto or a MAC address in quotes, as \"52:54:00:12:34:56\", "
		  "found \"00:00:00:00:00:00\"" },
		{ NET("packets 1"), "2:63 \"packets\" needs unlimited or a number from 10 to "
				    "100000000, found \"1\"" },
		{ DISK("from ssd; partition \"\""), "2:74 a partition has a name" },
		{ DISK("from ssd; partition \"0fc63daf-8483-4772-8e793d69d8477de4\""),
		  "2:74 this is neither a name nor a UUID, which is 8-4-4-4-12 digits" },
		{ DISK("from ssd; mode write"), "2:69 \"mode\" needs read-write|read-only|discard, "
						"found \"write\"" },
		{ DISK("from a]b"), "2:59 \"from\" needs the name of a storage, found \"a]b\"" },
		{ DISK("from \"ssd\""),
		  "2:59 \"from\" needs the name of a storage, found \"ssd\"" },
		{ DISK("from ssd; scratch 1M; mode discard"),
		  "2:72 \"scratch\" needs a size from 2M to 64G in steps of 2M, found \"1M\"" },
		{ "disk d { }\n" VM("a", ""),
		  "1:1 \"disk\" belongs in a vm block, not in the configuration" },
		{ "host { from x }\n" VM("a", ""),
		  "1:8 \"from\" belongs in a disk block, not in host" },
		{ "host { mac auto }\n" VM("a", ""),
		  "1:8 \"mac\" belongs in a net block, not in host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_mistake(cases[i].text, cases[i].error);
}

static void names(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ SSD SSD VM("a", ""), "2:9 there is already a storage \"ssd\" at t.conf:1" },
		{ SSD "switch ssd { }\n" VM("a", ""),
		  "2:8 there is already a storage \"ssd\" at t.conf:1" },
		{ SSD VM("ssd", ""), "2:4 there is already a storage \"ssd\" at t.conf:1" },
		{ VM("a", "") "switch a { }", "2:8 there is already a vm \"a\" at t.conf:1" },
		{ VM("console", ""), "1:4 \"console\" is the name of a part of Vela itself" },
		{ VM("a", "") "switch root { }",
		  "2:8 \"root\" is the name of a part of Vela itself" },
		{ VM("a", "") "switch log { }",
		  "2:8 \"log\" is the name of the system log's console" },
		{ SSD VM("a", "disk d { from ssd; partition \"1\" }\n"
			      "disk d { from ssd; partition \"2\" }"),
		  "3:6 there is already a disk \"d\" at t.conf:2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_mistake(cases[i].text, cases[i].error);
	expect_refusal(SSD VM("a", "disk d { from sdd }") VM("b", "disk d { from ssd }"), "a",
		       "2:59 there is no storage \"sdd\", did you mean \"ssd\"?");
	expect_refusal(SSD VM("a", "net lan { }"), "a", "2:49 there is no switch \"lan\"");
	expect_refusal("switch x { }\n" VM("a", "disk d { from x }"), "a",
		       "2:59 there is no storage \"x\"");
}

static void limits(void **state)
{
	static char text[64 * 1024];
	size_t used = 0;

	(void)state;
	for (int i = 0; i <= CONFIG_SERVICES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "switch s%d { }\n", i);
	snprintf(text + used, sizeof text - used, VM("a", ""));
	expect_mistake(text, "17:8 more than 16 storages and switches");

	used = (size_t)snprintf(text, sizeof text, "switch s { }; vm a { memory 64M\n");
	for (int i = 0; i <= CONFIG_NETS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "net s { }\n");
	snprintf(text + used, sizeof text - used, "boot pvh { kernel \"k\" } }");
	expect_mistake(text, "10:5 more than 8 nets of one VM");

	used = (size_t)snprintf(text, sizeof text, SSD "vm a { memory 64M\n");
	for (int i = 0; i <= CONFIG_DISKS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "disk d%d { from ssd; unit %d }\n", i, i);
	snprintf(text + used, sizeof text - used, "boot pvh { kernel \"k\" } }");
	expect_mistake(text, "11:6 more than 8 disks of one VM");

	used = (size_t)snprintf(text, sizeof text, "switch s { }\n");
	for (int i = 0; i < 5; i++) {
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "vm v%d { memory 64M; boot pvh { kernel \"k\" }; ", i);
		for (int j = 0; j < (i < 4 ? CONFIG_NETS_MAX : 1); j++)
			used += (size_t)snprintf(text + used, sizeof text - used, "net s { }; ");
		used += (size_t)snprintf(text + used, sizeof text - used, "}\n");
	}
	expect_refusal(text, "v4", "6:50 more than 32 clients of switch \"s\"");
	assert_int_equal(understood()->services[0]->client_count, CONFIG_CLIENTS_MAX);
}

static void capabilities(void **state)
{
	struct config_cap caps[CONFIG_CAPS_MAX];

	(void)state;
	const struct vela_config *config =
		good(SSD "switch lan { }" VM("a", "disk d { from ssd }; net lan { }; console off"));
	const struct config_vm *vm = config->vms[0];
	const size_t base = config_caps(config->vms[0], caps) - 2;

	assert_int_equal(config_caps(vm, caps), base + 2);
	assert_string_equal(caps[base].name, "DOORBELL");
	assert_string_equal(caps[base].whose, "ssd");
	assert_int_equal(caps[base].number, 0);
	assert_string_equal(caps[base + 1].name, "DOORBELL");
	assert_string_equal(caps[base + 1].whose, "lan");
	assert_string_equal(caps[base + 1].rights, "up");
	assert_int_equal(caps[base + 1].number, 1);

	assert_int_equal(config_service_caps(config->services[0], caps), 5);
	assert_string_equal(caps[0].name, "WAKE");
	assert_string_equal(caps[0].rights, "down");
	assert_string_equal(caps[4].name, "CLIENT");
	assert_string_equal(caps[4].whose, "a");
}

static void explained(void **state)
{
	static char first[16 * 1024];
	struct config_printer printer = collect();

	(void)state;
	config_explain(
		good(SSD "switch lan { uplink \"00:05.0\" }" VM(
			"a", "net lan { }; disk seed { module \"m\"; mode discard; scratch 2M }; "
			     "disk d { from ssd; partition \"p q\"; bandwidth 1M }")),
		&printer);
	strcpy(first, collected());
	assert_non_null(strstr(first, "\nstorage ssd { # t.conf:1\n\tdevice \"00:04.0\""));
	assert_non_null(strstr(first, "\n\t\tpartition \"p q\" # t.conf:2\n"));
	assert_non_null(strstr(first, "\n\t\tbandwidth 1M "));
	assert_non_null(
		strstr(first, "\t#   DOORBELL+1  semaphore   up        wakes switch lan\n"));
	const struct vela_config *config = good(first);

	assert_string_equal(config->vms[0]->disks[1]->partition, "p q");
	assert_int_equal(config->vms[0]->disks[0]->scratch_bytes, 2 << 20);
	assert_int_equal(config->services[1]->device, 5 << 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(defaults),
		cmocka_unit_test(links_are_numbered),
		cmocka_unit_test(texts_of_addresses),
		cmocka_unit_test(values),
		cmocka_unit_test(names),
		cmocka_unit_test(limits),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(explained),
	};

	return cmocka_run_group_tests_name("config/devices", tests, NULL, NULL);
}
