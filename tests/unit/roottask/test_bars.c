/* SPDX-License-Identifier: Apache-2.0 */
/* Which address spaces of a device a process may have, and how much of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rt/process.h>

#include "bars.h"

#define MIB 0x100000ull

/* 2 GiB of RAM with a hole for the kernel, configuration space at 0xb0000000 for buses 16 to 31. */
static const struct vela_info info = {
	.memories = 4,
	.memory = { { 0, 0x9f000, VELA_MEMORY_FREE },
		    { 0x100000, 0x7ff00000, VELA_MEMORY_FREE },
		    { 0xb0000000, 256 * MIB, VELA_MEMORY_RESERVED },
		    { 0x880000000, MIB, VELA_MEMORY_KERNEL } },
	.ecams = 1,
	.ecam = { { .base = 0xb0000000, .first_bus = 16, .last_bus = 31 } },
};

static void free_places_are_good(void **state)
{
	static const struct pci_bar good[] = {
		{ 0xfebd0000, 0x4000 },		 { 0x80000000, 0x1000 }, /* behind memory */
		{ 0xb0ff0000, 0x10000 }, /* before configuration space */
		{ 0xb2000000, 0x1000 },	 /* behind it */
		{ 0xfebff000, 0x1000 },	 /* before interrupt controllers */
		{ 0xff000000, 0x100 },	 /* behind them, less than a page */
		{ 0x8000000000, RT_BAR_STRIDE },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_null(bar_trouble(&info, &good[i]));
}

static void taken_places_are_refused(void **state)
{
	static const struct {
		struct pci_bar bar;
		const char *why;
	} bad[] = {
		{ { 0, 0x1000 }, "was given no address by the firmware" },
		{ { 0xfebd0800, 0x800 }, "is too large or not at the start of a page" },
		{ { 0x8000000000, 2 * RT_BAR_STRIDE },
		  "is too large or not at the start of a page" },
		{ { 0xfffffffffffff000, 0x2000 }, "is too large or not at the start of a page" },
		{ { 0x7ffff000, 0x2000 }, "lies over memory" },
		{ { 0x1000, 0x1000 }, "lies over memory" },
		{ { 0x87ff00000, 2 * MIB }, "lies over memory" },
		{ { 0xb1000000, 0x1000 }, "lies over configuration space" },
		{ { 0xb0000000, 32 * MIB }, "lies over configuration space" },
		{ { 0xfee00000, 0x1000 }, "lies over interrupt controllers" },
		{ { 0xfe000000, 16 * MIB }, "lies over interrupt controllers" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(bar_trouble(&info, &bad[i].bar), bad[i].why);
}

static void check_pieces(const struct pci_messages *messages, unsigned n, uint64_t bytes,
			 const struct extent *expected, unsigned count)
{
	const struct pci_bar bar = { 0xfebd0000, bytes };
	struct extent pieces[BAR_PIECES];

	assert_int_equal(bar_pieces(messages, n, &bar, pieces), count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(pieces[i].base, expected[i].base);
		assert_int_equal(pieces[i].size, expected[i].size);
	}
}

static void tables_stay_behind(void **state)
{
	struct pci_messages messages = {
		.msix = 0x40, .table_bar = 0, .table = 0x2000, .table_bytes = 0x410
	};
	static const struct extent around[] = { { 0, 0x2000 }, { 0x3000, 0x1000 } };
	static const struct extent whole[] = { { 0, 0x4000 } };
	static const struct extent behind[] = { { 0x2000, 0x2000 } };
	static const struct extent before[] = { { 0, 0x2000 } };
	static const struct extent small[] = { { 0, 0x1000 } };

	(void)state;
	check_pieces(&messages, 0, 0x4000, around, 2);
	check_pieces(&messages, 1, 0x4000, whole, 1);
	check_pieces(&messages, 1, 0x80, small, 1);
	/* At the beginning, of more than a page; at the end, and beyond it. */
	messages.table = 0;
	messages.table_bytes = 0x1010;
	check_pieces(&messages, 0, 0x4000, behind, 1);
	messages.table = 0x2000;
	messages.table_bytes = 0x8000;
	check_pieces(&messages, 0, 0x4000, before, 1);
	check_pieces(&messages, 0, 0x2000, before, 1);
	/* Alone in its space. */
	messages.table = 0;
	check_pieces(&messages, 0, 0x1000, NULL, 0);
	/* Beside registers, and not there at all. */
	messages.table = 0x2800;
	check_pieces(&messages, 0, 0x4000, whole, 1);
	messages = (struct pci_messages){ 0 };
	check_pieces(&messages, 0, 0x4000, whole, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_places_are_good),
		cmocka_unit_test(taken_places_are_refused),
		cmocka_unit_test(tables_stay_behind),
	};

	return cmocka_run_group_tests_name("root bars", tests, NULL, NULL);
}
