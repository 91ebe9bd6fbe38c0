/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration spaces as the root task reads and writes them, on a function made here: each bit is
 * either fixed or can be written, and a function-level reset clears what can.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pci.h"

#define COMMAND	     0x04u
#define STATUS_LIST  (0x10u << 16)
#define BAR	     0x10u
#define MASTER	     0x4u
#define MSIX	     0x40u
#define MSI	     0x60u
#define EXPRESS	     0x80u
#define ALL_COMMANDS 0x407u

static struct function {
	uint32_t word[PCI_CONFIG_BYTES / 4];
	uint32_t mask[PCI_CONFIG_BYTES / 4]; /* bits that can be written */
	unsigned reset_at;		     /* offset of the word whose bit 15 resets; 0: none */
	unsigned resets;
	bool decoded_while_sizing;
} function;

uint32_t pci_read32(const void *config, unsigned offset)
{
	const struct function *f = config;

	assert_int_equal(offset % 4, 0);
	assert_true(offset < PCI_HEADER_BYTES);
	return f->word[offset / 4];
}

static void put(struct function *f, unsigned offset, uint32_t value, uint32_t lanes)
{
	uint32_t mask = f->mask[offset / 4] & lanes;

	if (offset >= BAR && offset < BAR + 24 && value == UINT32_MAX && f->word[COMMAND / 4] & 3)
		f->decoded_while_sizing = true;
	f->word[offset / 4] = (f->word[offset / 4] & ~mask) | (value & mask);
	if (f->reset_at && offset == f->reset_at && value & lanes & 0x8000) {
		f->resets++;
		for (unsigned i = 0; i < PCI_HEADER_BYTES / 4; i++)
			f->word[i] &= ~f->mask[i];
	}
}

void pci_write32(void *config, unsigned offset, uint32_t value)
{
	assert_int_equal(offset % 4, 0);
	put(config, offset, value, UINT32_MAX);
}

void pci_write16(void *config, unsigned offset, uint16_t value)
{
	const unsigned shift = (offset & 2u) * 8;

	assert_int_equal(offset % 2, 0);
	put(config, offset & ~3u, (uint32_t)value << shift, 0xffffu << shift);
}

static void set(unsigned offset, uint32_t word, uint32_t mask)
{
	function.word[offset / 4] = word;
	function.mask[offset / 4] = mask;
}

/* An NVMe controller: 16 KiB at BAR 0 and 1, 4 KiB at BAR 4; MSI-X, MSI and PCI Express. */
static int setup(void **state)
{
	(void)state;
	memset(&function, 0, sizeof function);
	set(0x00, 0x00101b36, 0);
	set(COMMAND, STATUS_LIST | 0x3, ALL_COMMANDS);
	set(0x08, 0x01080202, 0);
	set(0x0c, 0x10, 0xff);
	set(BAR, 0x00000004, 0xffffc000);
	set(BAR + 4, 0, 0xffffffff);
	set(BAR + 8, 0x0000c001, 0xfffffff0);
	set(BAR + 16, 0xfebd0000, 0xfffff000);
	function.word[BAR / 4] |= 0xfe000000;
	function.word[BAR / 4 + 1] = 0x8;
	set(0x34, MSIX, 0);
	set(0x3c, 0x0b, 0xff);
	set(MSIX, 0x00406000 | 0x11, 0xc0000000);
	set(MSIX + 4, 0x2000, 0);
	set(MSI, 0x00808005 | 0x01700000, 0x00710000);
	set(MSI + 4, 0, 0xfffffffc);
	set(MSI + 8, 0, 0xffffffff);
	set(MSI + 12, 0, 0xffff);
	set(MSI + 16, UINT32_MAX, UINT32_MAX);
	set(EXPRESS, 0x00020010, 0);
	set(EXPRESS + 4, 1u << 28, 0);
	set(EXPRESS + 8, 0, 0x7fff);
	function.reset_at = EXPRESS + 8;
	return 0;
}

static void header(void **state)
{
	uint8_t first, last;

	(void)state;
	assert_true(pci_present(&function));
	assert_int_equal(pci_vendor(&function), 0x1b36);
	assert_int_equal(pci_device(&function), 0x10);
	assert_int_equal(pci_class(&function), 0x010802);
	assert_false(pci_is_multi(&function));
	assert_false(pci_bridge(&function, &first, &last));
	function.word[0x0c / 4] = 0x00810000;
	function.word[0x18 / 4] = 0x00050300;
	assert_true(pci_is_multi(&function));
	assert_true(pci_bridge(&function, &first, &last));
	assert_int_equal(first, 3);
	assert_int_equal(last, 5);
	function.word[0x18 / 4] = 0;
	assert_false(pci_bridge(&function, &first, &last));
	function.word[0] = UINT32_MAX;
	assert_false(pci_present(&function));
}

static void classes(void **state)
{
	(void)state;
	assert_string_equal(pci_class_text(0x010802), "NVMe controller");
	assert_string_equal(pci_class_text(0x010601), "AHCI controller");
	assert_string_equal(pci_class_text(0x010000), "disk controller");
	assert_string_equal(pci_class_text(0x020000), "network card");
	assert_null(pci_class_text(0x030000));
}

static void address_spaces(void **state)
{
	struct pci_bar bars[PCI_BARS];

	(void)state;
	const struct function before = function;
	pci_bars(&function, bars);
	assert_true(bars[0].base == 0x8fe000000 && bars[0].bytes == 0x4000);
	assert_int_equal(bars[1].bytes, 0);
	assert_int_equal(bars[2].bytes, 0); /* ports */
	assert_true(bars[4].base == 0xfebd0000 && bars[4].bytes == 0x1000);
	assert_int_equal(bars[5].bytes, 0);
	assert_memory_equal(&function, &before, sizeof before);
	assert_false(function.decoded_while_sizing);
	assert_true(pci_bar_base(&function, 0) == 0x8fe000000);
	assert_int_equal(pci_bar_base(&function, 2), 0);
	/* 64 bits do not go on behind the last. */
	set(BAR + 20, 0xfeb00004, 0xfff00000);
	pci_bars(&function, bars);
	assert_int_equal(bars[5].bytes, 0);
	/* Larger than 4 GiB. */
	set(BAR, 0x4, 0);
	set(BAR + 4, 0x20, 0xfffffff8);
	pci_bars(&function, bars);
	assert_true(bars[0].base == 0x2000000000 && bars[0].bytes == 0x800000000);
	/* A bridge has other things there. */
	function.word[0x0c / 4] = 0x00010000;
	pci_bars(&function, bars);
	assert_int_equal(bars[4].bytes, 0);
	assert_int_equal(pci_bar_base(&function, 4), 0);
}

static void messages_of_a_table(void **state)
{
	struct pci_messages messages;

	(void)state;
	pci_messages(&function, &messages);
	assert_int_equal(messages.msix, MSIX);
	assert_int_equal(messages.msi, MSI);
	assert_int_equal(messages.table_bar, 0);
	assert_int_equal(messages.table, 0x2000);
	assert_int_equal(messages.table_bytes, 65 * 16);
	pci_msix_start(&function, MSIX);
	assert_int_equal(pci_read16(&function, MSIX + 2), 0x8040);
	pci_quiet(&function);
	assert_int_equal(pci_read16(&function, MSIX + 2), 0xc040);
	pci_msix_start(&function, MSIX);
	assert_int_equal(pci_read16(&function, MSIX + 2), 0x8040);
	function.word[(MSIX + 4) / 4] = 0x2007;
	pci_messages(&function, &messages);
	assert_int_equal(messages.msix, 0);
}

static void messages_of_the_function(void **state)
{
	(void)state;
	pci_msi_start(&function, MSI, 0x1fee01000, 0x4321);
	assert_int_equal(function.word[MSI / 4 + 1], 0xfee01000);
	assert_int_equal(function.word[MSI / 4 + 2], 1);
	assert_int_equal(function.word[MSI / 4 + 3], 0x4321);
	assert_int_equal(function.word[MSI / 4 + 4], 0); /* not masked */
	assert_int_equal(pci_read16(&function, MSI + 2) & 0x71, 1);
	pci_quiet(&function);
	assert_int_equal(pci_read16(&function, MSI + 2) & 1, 0);
	/* Without the upper half of the address. */
	setup(NULL);
	function.word[MSI / 4] &= ~0x01800000u;
	pci_msi_start(&function, MSI, 0xfee02000, 0x99);
	assert_int_equal(function.word[MSI / 4 + 1], 0xfee02000);
	assert_int_equal(function.word[MSI / 4 + 2], 0x99);
	assert_int_equal(function.word[MSI / 4 + 4], UINT32_MAX);
}

static void lists_end(void **state)
{
	struct pci_messages messages;

	(void)state;
	/* To itself, to nowhere, none. */
	function.word[MSIX / 4] = (function.word[MSIX / 4] & ~0xffffu) | MSIX << 8 | 0x99;
	pci_messages(&function, &messages);
	assert_int_equal(messages.msix | messages.msi, 0);
	function.word[MSIX / 4] = 0x10 << 8 | 0x99;
	pci_messages(&function, &messages);
	assert_int_equal(messages.msi, 0);
	/* Behind the end of what was read. */
	function.word[MSIX / 4] = 0xf8 << 8 | 0x99;
	set(0xf8, 0x11, 0);
	pci_messages(&function, &messages);
	assert_int_equal(messages.msix, 0);
	setup(NULL);
	function.word[COMMAND / 4] &= 0xffff;
	pci_messages(&function, &messages);
	assert_int_equal(messages.msix | messages.msi, 0);
}

static void starts_and_stops(void **state)
{
	(void)state;
	pci_open(&function);
	assert_int_equal(pci_read16(&function, COMMAND), 0x403);
	pci_let_master(&function);
	assert_int_equal(pci_read16(&function, COMMAND), 0x407);
	pci_quiet(&function);
	assert_int_equal(pci_read16(&function, COMMAND), 0x403);
}

static void reset_keeps_addresses(void **state)
{
	struct pci_saved saved;

	(void)state;
	const struct function before = function;
	pci_open(&function);
	pci_let_master(&function);
	assert_true(pci_reset_begin(&function, &saved));
	assert_int_equal(function.resets, 1);
	assert_int_equal(pci_bar_base(&function, 4), 0);
	pci_reset_end(&function, &saved);
	assert_int_equal(pci_bar_base(&function, 4), 0xfebd0000);
	assert_true(pci_bar_base(&function, 0) == 0x8fe000000);
	assert_int_equal(function.word[0x3c / 4], before.word[0x3c / 4]);
	assert_int_equal(pci_read16(&function, COMMAND) & MASTER, 0);
	/* It says that it has none. */
	function.word[(EXPRESS + 4) / 4] = 0;
	assert_false(pci_reset_begin(&function, &saved));
	assert_int_equal(function.resets, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(header, setup),
		cmocka_unit_test_setup(classes, setup),
		cmocka_unit_test_setup(address_spaces, setup),
		cmocka_unit_test_setup(messages_of_a_table, setup),
		cmocka_unit_test_setup(messages_of_the_function, setup),
		cmocka_unit_test_setup(lists_end, setup),
		cmocka_unit_test_setup(starts_and_stops, setup),
		cmocka_unit_test_setup(reset_keeps_addresses, setup),
	};

	return cmocka_run_group_tests_name("root pci", tests, NULL, NULL);
}
