/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables as a guest walks them: signatures, lengths, checksums, and that what they promise
 * is what layout.h says. With an argument, the DSDT is also written to that file for the
 * disassembler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/hpet.h"
#include "machine/acpi.h"

static unsigned char ram[2 << 20];
static struct guest_memory memory;
static const char *dsdt_file;

static uint64_t get(uint64_t gpa, unsigned bytes)
{
	uint64_t value = 0;

	assert_true(guest_read(&memory, gpa, &value, bytes));
	return value;
}

static void assert_sum(uint64_t gpa, uint64_t bytes)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + get(gpa + i, 1));
	assert_int_equal(sum, 0);
}

static void assert_table(uint64_t gpa, const char *signature)
{
	assert_in_range(gpa, ACPI_BASE, ACPI_END - 1);
	assert_memory_equal(ram + gpa, signature, 4);
	assert_sum(gpa, get(gpa + 4, 4));
}

static uint64_t xsdt(void)
{
	uint64_t rsdp;

	guest_memory_init(&memory, ram, sizeof ram);
	assert_true(acpi_write(&memory, 2, true, &rsdp));
	assert_int_equal(rsdp % 16, 0);
	assert_memory_equal(ram + rsdp, "RSD PTR ", 8);
	assert_sum(rsdp, 20);
	assert_sum(rsdp, 36);
	assert_table(get(rsdp + 24, 8), "XSDT");
	return get(rsdp + 24, 8);
}

static void fixed_hardware(void **state)
{
	uint64_t fadt = get(xsdt() + 36, 8);

	(void)state;
	assert_table(fadt, "FACP");
	assert_int_equal(get(fadt + 46, 2), IRQ_SCI);
	assert_int_equal(get(fadt + 56, 4), 0x600); /* PM1a event */
	assert_int_equal(get(fadt + 64, 4), 0x604); /* PM1a control */
	assert_int_equal(get(fadt + 76, 4), 0x608); /* PM timer */
	assert_int_equal(get(fadt + 109, 2), 7);    /* legacy devices, 8042, no VGA */
	assert_int_equal(get(fadt + 116, 1), 1);    /* reset register: I/O */
	assert_int_equal(get(fadt + 120, 8), 0xcf9);
	assert_int_equal(get(fadt + 128, 1), 6);
	assert_memory_equal(ram + get(fadt + 36, 4), "FACS", 4);
	assert_int_equal(get(fadt + 36, 4) % 64, 0);
	assert_table(get(fadt + 140, 8), "DSDT");
	assert_int_equal(get(fadt + 40, 4), get(fadt + 140, 8));
}

static void pci_configuration(void **state)
{
	uint64_t mcfg = get(xsdt() + 52, 8);

	(void)state;
	assert_table(mcfg, "MCFG");
	assert_int_equal(get(mcfg + 44, 8), PCI_ECAM_BASE);
	assert_int_equal(get(mcfg + 52, 4), 0); /* segment 0, bus 0 to 0 */
	assert_int_equal(get(mcfg + 4, 4), 60);
}

/* The HPET's table is the last of those that the XSDT lists, if the machine has one. */
static void event_timer(void **state)
{
	uint64_t table = xsdt(), length = get(table + 4, 4), rsdp;
	uint64_t hpet = get(table + length - 8, 8);

	(void)state;
	assert_table(hpet, "HPET");
	assert_int_equal(get(hpet + 36, 4), HPET_BLOCK_ID);
	assert_int_equal(get(hpet + 44, 8), HPET_BASE);
	assert_true(acpi_write(&memory, 2, false, &rsdp));
	table = get(rsdp + 24, 8);
	assert_int_equal(get(table + 4, 4), length - 8);
	assert_sum(table, length - 8);
}

static void interrupts(void **state)
{
	uint64_t madt = get(xsdt() + 44, 8), end = madt + get(madt + 4, 4);
	unsigned seen[16] = { 0 };

	(void)state;
	assert_table(madt, "APIC");
	assert_int_equal(get(madt + 36, 4), 0xfee00000);
	for (uint64_t at = madt + 44; at < end; at += get(at + 1, 1)) {
		assert_true(get(at, 1) < 16 && get(at + 1, 1) >= 6);
		seen[get(at, 1)]++;
		if (get(at, 1) == 2 && get(at + 3, 1) == 0)
			assert_int_equal(get(at + 4, 4), 2);
		if (get(at, 1) == 1)
			assert_int_equal(get(at + 4, 4), 0xfec00000);
	}
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 1);
	assert_int_equal(seen[2], 2);
	assert_int_equal(seen[4], 1);
}

static bool contains(const unsigned char *bytes, size_t size, const void *what, size_t n)
{
	for (size_t i = 0; i + n <= size; i++)
		if (!memcmp(bytes + i, what, n))
			return true;
	return false;
}

/* The DSDT repeats addresses of layout.h; as AML they are little-endian words. */
static void dsdt_agrees(void **state)
{
	uint64_t dsdt = get(get(xsdt() + 36, 8) + 140, 8), size = get(dsdt + 4, 4);
	const uint16_t pvpanic = PVPANIC_PORT;
	const uint32_t hole[2] = { PCI_HOLE_BASE, PCI_HOLE_END - 1 };
	const uint32_t ecam[2] = { PCI_ECAM_BASE, PCI_ECAM_BYTES };
	const unsigned char keyboard[] = { 0x47, 1, 0x60, 0, 0x60, 0,
					   1,	 1, 0x47, 1, 0x64, 0,
					   0x64, 0, 1,	  1, 0x22, 1 << IRQ_KEYBOARD,
					   0 };
	const unsigned char s5[] = { '_', 'S', '5', '_', 0x12, 7, 4, 0x0a, ACPI_S5_TYP };

	(void)state;
	assert_true(contains(ram + dsdt, size, &pvpanic, sizeof pvpanic));
	assert_true(contains(ram + dsdt, size, hole, sizeof hole));
	assert_true(contains(ram + dsdt, size, ecam, sizeof ecam));
	assert_true(contains(ram + dsdt, size, keyboard, sizeof keyboard));
	assert_true(contains(ram + dsdt, size, s5, sizeof s5));
	if (!dsdt_file)
		return;
	FILE *f = fopen(dsdt_file, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(ram + dsdt, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void needs_memory(void **state)
{
	uint64_t rsdp;

	(void)state;
	guest_memory_init(&memory, ram, ACPI_BASE + 4096);
	assert_false(acpi_write(&memory, 1, false, &rsdp));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_hardware), cmocka_unit_test(pci_configuration),
		cmocka_unit_test(event_timer),	  cmocka_unit_test(interrupts),
		cmocka_unit_test(dsdt_agrees),	  cmocka_unit_test(needs_memory),
	};

	dsdt_file = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
