/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several keys, disks or nets must not say at once: modes and what they need, disks that are
 * written and used by another, devices and MAC addresses that two have.
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

#define DISK(inside) SSD VM("a", "disk d { " inside " }")

static const struct vela_config *good(const char *text)
{
	const struct vela_config *config = parse(text, NULL);

	if (!config)
		fail_msg("%s", error_full(0));
	return config;
}

static void keys_that_belong_together(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ DISK(""), "2:50 disk \"d\" needs either \"from\" or \"module\"" },
		{ DISK("from ssd; module \"m\""),
		  "2:50 disk \"d\" needs either \"from\" or \"module\"" },
		{ DISK("module \"m\""),
		  "2:50 disk \"d\" is a boot module: its mode is read-only or discard" },
		{ DISK("module \"m\"; mode read-only; unit 1"),
		  "2:82 \"unit\" is for a disk \"from\" a storage" },
		{ DISK("module \"m\"; mode read-only; partition \"p\""),
		  "2:82 \"partition\" is for a disk \"from\" a storage" },
		{ DISK("module \"m\"; mode read-only; bandwidth 1M"),
		  "2:82 \"bandwidth\" is for a disk \"from\" a storage" },
		{ DISK("module \"m\"; mode read-only; operations 10"),
		  "2:82 \"operations\" is for a disk \"from\" a storage" },
		{ DISK("from ssd; mode discard"),
		  "2:64 disk \"d\" in mode discard needs \"scratch\"" },
		{ DISK("from ssd; scratch 2M"),
		  "2:50 disk \"d\" has \"scratch\" but is not in mode discard" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_mistake(cases[i].text, cases[i].error);
}

/* Two disks of one storage; the keys of each behind "from ssd". */
static const char *two_disks(const char *first, const char *second)
{
	static char text[512];

	snprintf(text, sizeof text,
		 SSD VM("a", "disk one { from ssd; %s }") VM("b", "disk two { from ssd; %s }"),
		 first, second);
	return text;
}

static void one_writer_alone(void **state)
{
	static const char *const clash[][2] = {
		{ "", "" },
		{ "", "mode read-only" },
		{ "mode read-only", "" },
		{ "", "partition \"p\"" },
		{ "partition \"p\"", "mode read-only" },
		{ "partition \"p\"", "partition \"p\"" },
		{ "partition \"p\"", "partition \"p\"; mode discard; scratch 2M" },
		{ "partition \"0FC63DAF-8483-4772-8E79-3D69D8477DE4\"",
		  "partition \"0fc63daf-8483-4772-8e79-3d69d8477de4\"" },
		{ "unit 3; partition \"p\"", "unit 3" },
	};
	static const char *const fine[][2] = {
		{ "mode read-only", "mode read-only" },
		{ "mode read-only", "partition \"p\"; mode read-only" },
		{ "mode discard; scratch 2M", "mode read-only" },
		{ "partition \"p\"", "partition \"P\"" },
		{ "unit 1", "unit 2" },
		{ "partition \"p\"; mode read-only", "partition \"q\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof clash / sizeof clash[0]; i++)
		expect_refusal(
			two_disks(clash[i][0], clash[i][1]), "b",
			"3:50 disk \"two\" of vm \"b\" and disk \"one\" of vm \"a\" at t.conf:2 "
			"are the same, and one of them is written");
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		good(two_disks(fine[i][0], fine[i][1]));
	/* A bad value is said once. */
	expect_mistake(DISK("form ssd"), "2:54 unknown key \"form\" in disk \"d\" of vm \"a\", did "
					 "you mean \"from\"?");
	good("storage x { device \"00:01.0\" }; storage y { device \"00:02.0\" }" VM(
		"a", "disk one { from x }; disk two { from y }"));
	expect_refusal(
		SSD VM("a", "disk one { from ssd }; disk two { from ssd }"), "a",
		"2:73 disk \"two\" of vm \"a\" and disk \"one\" of vm \"a\" at t.conf:2 are the "
		"same, and one of them is written");
}

static void one_of_each(void **state)
{
	(void)state;
	expect_refusal(SSD "switch lan { uplink \"0000:00:04.0\" }\n" VM("a", ""), "",
		       "2:8 switch \"lan\" and storage \"ssd\" at t.conf:1 have the same device");
	expect_refusal("switch x { }; switch y { }\n" VM("a", "net x { mac \"52:54:00:12:34:56\" }")
			       VM("b", "net y { mac \"52:54:00:12:34:56\" }"),
		       "b", "3:53 another net has this MAC address, at t.conf:2");
}

/* A refused VM has no place at any service, and leaves the numbers of the others as they are. */
static void refused_alone(void **state)
{
	static const char text[] =
		SSD "switch lan { }\n" VM("a", "disk d { from ssd }; net lan { }")
			VM("b", "net lan { }; disk d { from ssd }; net wan { }")
				VM("c", "net lan { }")
					VM("d", "disk d { from ssd; mode read-only }; net lan { }");
	static const char *const wanted[] = {
		"4:63 disk \"d\" of vm \"b\" and disk \"d\" of vm \"a\" at t.conf:3 are the same, "
		"and one of them is written",
		"4:83 there is no switch \"wan\", did you mean \"lan\"?",
		"6:50 disk \"d\" of vm \"d\" and disk \"d\" of vm \"a\" at t.conf:3 are the same, "
		"and one of them is written",
	};

	(void)state;
	assert_null(parse(text, NULL));
	assert_int_equal(error_count(), sizeof wanted / sizeof wanted[0]);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		assert_string_equal(error_line(i), wanted[i]);
	const struct vela_config *config = understood();

	assert_non_null(config);
	for (size_t i = 0; i < config->vm_count; i++)
		assert_true(config->vms[i]->refused == (i % 2 == 1));
	const struct config_service *ssd = config->services[0], *lan = config->services[1];

	assert_int_equal(ssd->client_count, 1);
	assert_ptr_equal(ssd->clients[0].vm, config->vms[0]);
	assert_int_equal(lan->client_count, 2);
	assert_ptr_equal(lan->clients[1].vm, config->vms[2]);
	assert_int_equal(config->vms[2]->nets[0]->client, 1);
	assert_int_equal(config->vms[2]->nets[0]->link, 0);
}

/* Where the text has mistakes too, all are said. */
static void with_mistakes_of_the_text(void **state)
{
	(void)state;
	assert_null(parse(VM("a", "net lan { }") VM("b", "net lan { }; cpus 99"), NULL));
	assert_null(understood());
	assert_int_equal(error_count(), 3);
	assert_string_equal(error_line(0),
			    "2:63 \"cpus\" needs a number from 1 to 16, found \"99\"");
	assert_string_equal(error_line(1), "1:49 there is no switch \"lan\"");
	assert_string_equal(error_line(2), "2:49 there is no switch \"lan\"");
}

static void macs_are_made_and_stay(void **state)
{
	uint64_t macs[3];
	char text[512], written[CONFIG_ADDRESS_MAX];

	(void)state;
	const struct vela_config *config =
		good("switch x { }" VM("a", "net x { }; net x { }") VM("b", "net x { }"));
	macs[0] = config->vms[0]->nets[0]->mac;
	macs[1] = config->vms[0]->nets[1]->mac;
	macs[2] = config->vms[1]->nets[0]->mac;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(macs[i] >> 40, 2);
		for (unsigned j = 0; j < i; j++)
			assert_true(macs[i] != macs[j]);
	}
	config = good("switch x { }" VM("new", "net x { }") VM("b", "net x { }")
			      VM("a", "net x { }; net x { }"));
	assert_true(config->vms[2]->nets[1]->mac == macs[1]);
	assert_true(config->vms[1]->nets[0]->mac == macs[2]);

	/* One that is taken goes to who wrote it. */
	config_mac_text(macs[0], written);
	snprintf(text, sizeof text,
		 "switch x { }" VM("a", "net x { }") VM("z", "net x { mac \"%s\" }"), written);
	config = good(text);
	assert_true(config->vms[1]->nets[0]->mac == macs[0]);
	assert_true(config->vms[0]->nets[0]->mac == macs[0] + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_belong_together),
		cmocka_unit_test(one_writer_alone),
		cmocka_unit_test(one_of_each),
		cmocka_unit_test(refused_alone),
		cmocka_unit_test(with_mistakes_of_the_text),
		cmocka_unit_test(macs_are_made_and_stay),
	};

	return cmocka_run_group_tests_name("config/sharing", tests, NULL, NULL);
}
