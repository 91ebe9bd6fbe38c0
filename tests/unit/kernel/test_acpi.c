/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acpi_parse on hand-made tables, whole and damaged. Relies on memory.h.
 */
#include "memory.h"

#include <string.h>
#include <x86/acpi.h>
#include <x86/lapic.h>

#define RSDP 0xe0000u
#define RSDT 0x1000u
#define XSDT 0x2000u
#define MADT 0x3000u
#define FADT 0x4000u
#define MORE 0x5000u

#define BOOT_CPU 4u

static struct acpi_info out;

uint32_t lapic_id(void)
{
	return BOOT_CPU;
}

static void put(uint64_t pa, uint64_t v, unsigned bytes)
{
	memcpy(memory_at(pa), &v, bytes);
}

static uint32_t length(uint64_t table)
{
	uint32_t n;
	memcpy(&n, memory_at(table + 4), sizeof n);
	return n;
}

static void table_fix(uint64_t pa)
{
	memory_fix_sum(pa, length(pa), pa + 9);
}

static void table_begin(uint64_t pa, const char *signature, uint32_t bytes)
{
	memset(memory_at(pa), 0, 0x1000);
	memcpy(memory_at(pa), signature, 4);
	put(pa + 4, bytes, 4);
	table_fix(pa);
}

static void table_append(uint64_t pa, const void *data, uint32_t bytes)
{
	memcpy((char *)memory_at(pa) + length(pa), data, bytes);
	put(pa + 4, length(pa) + bytes, 4);
	table_fix(pa);
}

static void rsdp_make(unsigned revision)
{
	memcpy(memory_at(RSDP), "RSD PTR ", 8);
	put(RSDP + 15, revision, 1);
	put(RSDP + 16, RSDT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	memory_fix_sum(RSDP, 20, RSDP + 8);
	memory_fix_sum(RSDP, 36, RSDP + 32);
}

static void root_append(uint64_t table)
{
	table_append(RSDT, &(uint32_t){ (uint32_t)table }, 4);
	table_append(XSDT, &table, 8);
}

static void fadt_make(uint32_t bytes)
{
	table_begin(FADT, "FACP", bytes);
	put(FADT + 76, 0x608, 4);
	put(FADT + 91, 4, 1);
	if (bytes > 112) {
		put(FADT + 112, 1 << 10, 4);
		put(FADT + 116, 0x0801, 4);
		put(FADT + 120, 0xcf9, 8);
		put(FADT + 128, 0x0f, 1);
	}
	table_fix(FADT);
}

static void lapic(uint8_t id, uint8_t flags)
{
	table_append(MADT, (uint8_t[]){ 0, 8, 0, id, flags, 0, 0, 0 }, 8);
}

static void ioapic(uint8_t page, uint8_t gsi_base)
{
	table_append(MADT, (uint8_t[]){ 1, 12, 0, 0, 0, page, 0xc0, 0xfe, gsi_base, 0, 0, 0 }, 12);
}

static void iso(uint8_t bus, uint8_t irq, uint8_t gsi, uint8_t flags)
{
	table_append(MADT, (uint8_t[]){ 2, 10, bus, irq, gsi, 0, 0, 0, flags, 0 }, 10);
}

/* A machine with an empty MADT, in revision 2 tables; tests add to it. */
static int machine_new(void **state)
{
	memory_new(state);
	rsdp_make(2);
	table_begin(RSDT, "RSDT", 36);
	table_begin(XSDT, "XSDT", 36);
	table_begin(MADT, "APIC", 44);
	put(MADT + 36, 0xfee00000, 4);
	table_fix(MADT);
	fadt_make(244);
	root_append(FADT);
	root_append(MADT);
	return 0;
}

static void assert_defaults(void)
{
	assert_int_equal(out.cpus, 1);
	assert_int_equal(out.apic_id[0], BOOT_CPU);
	assert_int_equal(out.ioapics, 1);
	assert_int_equal(out.ioapic[0].base, 0xfec00000);
	assert_int_equal(out.ioapic[0].gsi_base, 0);
	assert_int_equal(out.lapic_base, 0xfee00000);
	for (unsigned i = 0; i < ACPI_ISA_IRQS; i++) {
		assert_false(out.iso[i].present);
		assert_int_equal(out.iso[i].gsi, i);
	}
	assert_logged("no usable tables");
}

static void test_whole(void **state)
{
	(void)state;
	lapic(0, 1);
	lapic(1, 0); /* not there */
	lapic(BOOT_CPU, 1);
	lapic(6, 1);
	lapic(6, 1);
	table_append(MADT, (uint8_t[16]){ 9, 16, 0, 0, 0x34, 0x12, 0, 0, 1 }, 16);
	table_append(MADT, (uint8_t[6]){ 4, 6 }, 6); /* NMI wiring: of no interest */
	ioapic(0x00, 0);
	ioapic(0x10, 24);
	iso(0, 0, 2, 0);
	iso(0, 9, 20, 0x0f);
	iso(0, 10, 10, 0x05);
	iso(1, 5, 7, 0x0f);  /* not ISA */
	iso(0, 16, 7, 0x0f); /* no such interrupt */
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.cpus, 4);
	const uint32_t ids[] = { BOOT_CPU, 0, 6, 0x1234 };
	assert_memory_equal(out.apic_id, ids, sizeof ids);
	assert_int_equal(out.ioapics, 2);
	assert_int_equal(out.ioapic[1].base, 0xfec01000);
	assert_int_equal(out.ioapic[1].gsi_base, 24);
	assert_true(out.iso[0].present && !out.iso[0].level && !out.iso[0].low);
	assert_int_equal(out.iso[0].gsi, 2);
	assert_true(out.iso[9].present && out.iso[9].level && out.iso[9].low);
	assert_int_equal(out.iso[9].gsi, 20);
	assert_true(out.iso[10].present && !out.iso[10].level && !out.iso[10].low);
	assert_false(out.iso[5].present);
	assert_int_equal(out.iso[5].gsi, 5);
	assert_int_equal(out.pm_timer_port, 0x608);
	assert_true(out.reset.present);
	assert_int_equal(out.reset.space, 1);
	assert_int_equal(out.reset.width, 8);
	assert_int_equal(out.reset.address, 0xcf9);
	assert_int_equal(out.reset.value, 0x0f);
	assert_log_empty();
}

static void test_lapic_address(void **state)
{
	(void)state;
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.lapic_base, 0xfee00000);
	table_append(MADT, (uint8_t[12]){ 5, 12, 0, 0, 0, 0, 0x10, 0, 1 }, 12);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.lapic_base, 0x100100000);
}

static void test_root_tables(void **state)
{
	(void)state;
	lapic(7, 1);
	put(RSDT + 9, 0, 1); /* the XSDT alone is enough */
	assert_true(acpi_parse(RSDP, &out));
	table_fix(RSDT);
	put(XSDT, 'Y', 1); /* and so is the RSDT, */
	assert_true(acpi_parse(RSDP, &out));
	memset(memory_at(XSDT), 0, 0x1000);
	put(RSDP + 24, 1ull << 40, 8); /* if the other is out of reach, */
	memory_fix_sum(RSDP, 36, RSDP + 32);
	assert_true(acpi_parse(RSDP, &out));
	put(RSDP + 32, 0, 1); /* or its address is not to be trusted, */
	assert_true(acpi_parse(RSDP, &out));
	rsdp_make(0); /* or not there */
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.cpus, 2);
	put(RSDT, 'X', 1);
	assert_false(acpi_parse(RSDP, &out));
	assert_defaults();
}

static void test_no_root_pointer(void **state)
{
	(void)state;
	lapic(7, 1);
	assert_true(acpi_parse(RSDP, &out));
	assert_false(acpi_parse(0, &out));
	assert_defaults();
	assert_false(acpi_parse(UINT64_MAX - 3, &out));
	assert_false(acpi_parse(0x200000 - 19, &out));
	put(RSDP + 8, 0x55, 1); /* checksum */
	assert_false(acpi_parse(RSDP, &out));
	rsdp_make(2);
	assert_true(acpi_parse(RSDP, &out));
	put(RSDP, 'r', 1);
	memory_fix_sum(RSDP, 20, RSDP + 8);
	assert_false(acpi_parse(RSDP, &out));
}

static void test_damaged_tables(void **state)
{
	(void)state;
	lapic(7, 1);
	put(MADT + 9, 0x55, 1);
	assert_false(acpi_parse(RSDP, &out));
	assert_defaults();
	assert_logged("the APIC table at 3000 is damaged");
	assert_int_equal(out.pm_timer_port, 0x608); /* the other table is not lost */
	table_fix(MADT);
	const uint32_t lengths[] = { 0, 35, 43, 0x200000, UINT32_MAX };
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		put(MADT + 4, lengths[i], 4);
		assert_false(acpi_parse(RSDP, &out));
	}
	put(MADT + 4, 52, 4);
	table_fix(MADT);
	put(FADT + 9, 0x55, 1);
	assert_true(acpi_parse(RSDP, &out));
	assert_logged("the FACP table at 4000 is damaged");
	assert_int_equal(out.pm_timer_port, 0);
	assert_false(out.reset.present);
}

static void test_tables_out_of_reach(void **)
{
	table_begin(XSDT, "XSDT", 36);
	const uint64_t far[] = { 0, 0x200000 - 8, 1ull << 32, UINT64_MAX };
	table_append(XSDT, far, sizeof far);
	table_append(XSDT, "\1\2\3", 3); /* part of a pointer */
	assert_false(acpi_parse(RSDP, &out));
	assert_logged("table at 100000000 is out of reach");
	assert_defaults();
}

static void test_short_fadt(void **state)
{
	(void)state;
	fadt_make(116);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.pm_timer_port, 0x608);
	assert_false(out.reset.present);
	fadt_make(111);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.pm_timer_port, 0);
	fadt_make(244);
	put(FADT + 76, 0x10608, 4); /* no port */
	put(FADT + 112, 0, 4);	    /* no reset register */
	table_fix(FADT);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.pm_timer_port, 0);
	assert_false(out.reset.present);
}

/* The table's entry is laid out as struct vela_ecam is. */
static void ecam(uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
	table_append(MORE, &(struct vela_ecam){ base, segment, first, last, 0 }, 16);
}

static void test_mcfg(void **)
{
	lapic(7, 1);
	table_begin(MORE, "MCFG", 44);
	root_append(MORE);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.ecams, 0);
	ecam(0xb0000000, 0, 0, 255);
	ecam(0, 0, 0, 255);	     /* nowhere, */
	ecam(0xb0001000, 0, 0, 255); /* unaligned, */
	ecam(1ull << 53, 0, 0, 255); /* beyond any processor's reach, */
	ecam(0xc0000000, 0, 2, 1);   /* no bus */
	ecam(0x4000000000, 0x1234, 16, 31);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.ecams, 2);
	assert_int_equal(out.ecam[1].base, 0x4000000000);
	assert_true(out.ecam[1].segment == 0x1234 && out.ecam[1].last_bus == 31);
	assert_logged("PCI configuration space at b0001000 left out");
	for (unsigned i = 0; i < VELA_ECAMS_MAX; i++)
		ecam(0xd0000000, (uint16_t)i, 0, 0);
	table_append(MORE, "\1\2\3", 3); /* part of an entry */
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.ecams, VELA_ECAMS_MAX);
}

/* Entries that do not move on, or lead out of the table, end it; what came before counts. */
static void test_damaged_entries(void **state)
{
	(void)state;
	lapic(7, 1);
	table_append(MADT, (uint8_t[]){ 0, 4, 0, 9 }, 4); /* too short for its type: passed over */
	lapic(8, 1);
	uint32_t good = length(MADT);
	assert_true(acpi_parse(RSDP, &out));
	assert_logged("short MADT entry of type 0");
	assert_int_equal(out.cpus, 3);
	const uint8_t sizes[] = { 0, 1, 9, 255 };
	for (unsigned i = 0; i < sizeof sizes; i++) {
		put(MADT + 4, good, 4);
		lapic(9, 1);
		put(MADT + good + 1, sizes[i], 1);
		table_fix(MADT);
		assert_true(acpi_parse(RSDP, &out));
		assert_int_equal(out.cpus, 3);
		assert_logged("MADT entries after offset 64 are damaged");
	}
}

static void test_limits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VELA_CPUS_MAX + 1; i++)
		lapic((uint8_t)i, 1);
	for (unsigned i = 0; i < ACPI_IOAPICS_MAX; i++)
		ioapic((uint8_t)(i << 4), (uint8_t)(8 * i));
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.cpus, VELA_CPUS_MAX);
	assert_int_equal(out.apic_id[VELA_CPUS_MAX - 1], VELA_CPUS_MAX - 1);
	assert_logged("CPU with APIC ID 64 left out");
	assert_int_equal(out.ioapics, ACPI_IOAPICS_MAX);
	ioapic(0xf0, 200);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.ioapics, ACPI_IOAPICS_MAX);
	assert_logged("I/O APIC at fec0f000 left out");
}

/* A second MADT is not a second set of CPUs. */
static void test_two_madts(void **)
{
	lapic(7, 1);
	table_begin(MORE, "APIC", 44);
	table_append(MORE, (uint8_t[]){ 0, 8, 0, 9, 1, 0, 0, 0 }, 8);
	root_append(MORE);
	assert_true(acpi_parse(RSDP, &out));
	assert_int_equal(out.cpus, 2);
	assert_int_equal(out.apic_id[1], 7);
}

/* A MADT at the very end of the window, cut at every byte: nothing behind it is read. */
static void test_cut(void **state)
{
	lapic(7, 1);
	ioapic(0, 0);
	iso(0, 0, 2, 0);
	uint32_t whole = length(MADT);
	for (uint32_t bytes = 8; bytes <= whole; bytes++) {
		machine_new(state);
		lapic(7, 1);
		ioapic(0, 0);
		iso(0, 0, 2, 0);
		put(MADT + 4, bytes, 4);
		table_fix(MADT);
		uint64_t at = memory_end_with(MADT, bytes, 1);
		table_begin(XSDT, "XSDT", 36);
		table_append(XSDT, &at, 8);
		assert_int_equal(acpi_parse(RSDP, &out), bytes >= 44);
		assert_int_equal(out.cpus, bytes >= 52 ? 2 : 1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_new, memory_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),	    TEST(test_lapic_address),
		TEST(test_root_tables),	    TEST(test_no_root_pointer),
		TEST(test_damaged_tables),  TEST(test_tables_out_of_reach),
		TEST(test_short_fadt),	    TEST(test_mcfg),
		TEST(test_damaged_entries), TEST(test_limits),
		TEST(test_two_madts),	    TEST(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
