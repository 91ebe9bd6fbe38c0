/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multiboot_parse on hand-made data of both protocols, whole and damaged. Relies on memory.h.
 */
#include "memory.h"

#include <stdio.h>
#include <string.h>
#include <x86/multiboot.h>

#define MB1  0x2badb002u
#define MB2  0x36d76289u
#define INFO 0x9000u
#define MAP  0x9400u
#define TEXT 0xa000u
#define MODS 0xb000u

static struct boot_info out;

static void put32(uint64_t pa, uint32_t v)
{
	memcpy(memory_at(pa), &v, sizeof v);
}

static void put64(uint64_t pa, uint64_t v)
{
	memcpy(memory_at(pa), &v, sizeof v);
}

static bool parse(uint32_t magic, uint64_t pa)
{
	return multiboot_parse(magic, memory_at(pa), &out);
}

static void assert_range(unsigned i, uint64_t base, uint64_t size, uint32_t type)
{
	assert_true(i < out.ranges);
	assert_int_equal(out.range[i].base, base);
	assert_int_equal(out.range[i].size, size);
	assert_int_equal(out.range[i].type, type);
}

/* Multiboot 1: a map that grows entry by entry. */
static uint32_t mb1_map_bytes;

static void mb1_begin(void)
{
	mb1_map_bytes = 0;
	put32(INFO, 0x40);
	put32(INFO + 48, MAP);
	put32(INFO + 44, 0);
}

static void mb1_range(uint64_t base, uint64_t size, uint32_t type)
{
	uint64_t at = MAP + mb1_map_bytes;
	put32(at, 20);
	put64(at + 4, base);
	put64(at + 12, size);
	put32(at + 20, type);
	mb1_map_bytes += 24;
	put32(INFO + 44, mb1_map_bytes);
}

static void mb1_modules(unsigned count)
{
	put32(INFO, 0x48);
	put32(INFO + 20, count);
	put32(INFO + 24, MODS);
	for (unsigned i = 0; i < count; i++) {
		put32(MODS + 16 * i, 0x100000 + 0x1000 * i);
		put32(MODS + 16 * i + 4, 0x100000 + 0x1000 * i + 5);
		put32(MODS + 16 * i + 8, 0);
	}
}

/* Multiboot 2: tags one after the other. */
static uint64_t mb2_at;

static void mb2_begin(void)
{
	mb2_at = INFO + 8;
}

static uint64_t mb2_tag(uint32_t type, uint32_t payload)
{
	uint64_t at = mb2_at;
	put32(at, type);
	put32(at + 4, 8 + payload);
	mb2_at += (8 + payload + 7) & ~7ull;
	put32(INFO, (uint32_t)(mb2_at - INFO));
	return at + 8;
}

static void mb2_map(uint32_t stride)
{
	uint64_t at = mb2_tag(6, 8 + 2 * stride);
	put32(at, stride);
	put64(at + 8, 0);
	put64(at + 16, 0x9f000);
	put32(at + 24, 1);
	put64(at + 8 + stride, 0x100000);
	put64(at + 16 + stride, 0x300000);
	put32(at + 24 + stride, 1);
}

static void put_rsdp(uint64_t pa)
{
	memcpy(memory_at(pa), "RSD PTR ", 8);
	memory_fix_sum(pa, 20, pa + 8);
}

static void test_mb1_whole(void **state)
{
	(void)state;
	mb1_begin();
	mb1_range(0x100000, 0x300000, 1);
	mb1_range(0, 0x9fc00, 1);
	mb1_range(0x9fc00, 0x400, 2);
	mb1_range(0x400000, 0x1000, 3);
	mb1_modules(2);
	put32(INFO, 0x4c);
	put32(INFO + 16, TEXT);
	strcpy(memory_at(TEXT), "kernel word");
	put32(MODS + 16 + 8, TEXT + 0x20);
	strcpy(memory_at(TEXT + 0x20), "root a b");
	put_rsdp(0xf59d0);
	assert_true(parse(MB1, INFO));
	assert_string_equal(out.cmdline, "kernel word");
	assert_int_equal(out.modules, 2);
	assert_int_equal(out.module[0].base, 0x100000);
	assert_int_equal(out.module[0].size, 5);
	assert_string_equal(out.module[0].cmdline, "");
	assert_string_equal(out.module[1].cmdline, "root a b");
	assert_int_equal(out.ranges, 4);
	assert_range(0, 0, 0x9f000, VELA_MEMORY_FREE);
	assert_range(1, 0x9f000, 0x1000, VELA_MEMORY_RESERVED);
	assert_range(2, 0x100000, 0x300000, VELA_MEMORY_FREE);
	assert_range(3, 0x400000, 0x1000, VELA_MEMORY_ACPI);
	assert_int_equal(out.rsdp, 0xf59d0);
	assert_log_empty();
}

static void test_mb2_whole(void **state)
{
	(void)state;
	mb2_begin();
	strcpy(memory_at(mb2_tag(1, 5)), "word");
	uint64_t m = mb2_tag(3, 13);
	put32(m, 0x110000);
	put32(m + 4, 0x110123);
	strcpy(memory_at(m + 8), "root");
	mb2_tag(99, 3);
	mb2_map(32);
	uint64_t old = mb2_tag(14, 20);
	uint64_t new = mb2_tag(15, 36);
	mb2_tag(0, 0);
	assert_true(parse(MB2, INFO));
	assert_string_equal(out.cmdline, "word");
	assert_int_equal(out.modules, 1);
	assert_int_equal(out.module[0].size, 0x123);
	assert_string_equal(out.module[0].cmdline, "root");
	assert_int_equal(out.ranges, 2);
	assert_range(1, 0x100000, 0x300000, VELA_MEMORY_FREE);
	assert_int_equal(out.rsdp, new);
	put32(new - 8, 98);
	assert_true(parse(MB2, INFO));
	assert_int_equal(out.rsdp, old);
	put_rsdp(0xe0010);
	assert_true(parse(MB2, INFO));
	assert_int_equal(out.rsdp, 0xe0010);
	assert_log_empty();
}

static void test_rsdp_in_ebda(void **state)
{
	(void)state;
	mb1_begin();
	mb1_range(0, 0x100000, 1);
	*(uint16_t *)memory_at(0x40e) = 0x9fc0;
	put_rsdp(0xf0000);
	put_rsdp(0x9fc20);
	assert_true(parse(MB1, INFO));
	assert_int_equal(out.rsdp, 0x9fc20);
	*(uint8_t *)memory_at(0x9fc28) += 1; /* its checksum */
	assert_true(parse(MB1, INFO));
	assert_int_equal(out.rsdp, 0xf0000);
	*(uint8_t *)memory_at(0xf0008) += 1;
	assert_true(parse(MB1, INFO));
	assert_int_equal(out.rsdp, 0);
}

static void test_ranges_overlap(void **state)
{
	(void)state;
	mb1_begin();
	mb1_range(0, 0x100000, 1);
	mb1_range(0x80000, 0x100000, 1);    /* overlaps and continues: one range */
	mb1_range(0x20000, 0x1000, 2);	    /* a hole in it */
	mb1_range(0x30800, 0x1000, 3);	    /* touches two pages */
	mb1_range(0x30000, 0x10, 2);	    /* reserved wins over ACPI */
	mb1_range(0x40001, 0x1ffe, 1);	    /* holds no whole page; hidden anyway */
	mb1_range(0x50000, 0, 2);	    /* empty */
	mb1_range(0x200fff, 0x1000, 1);	    /* no whole page */
	mb1_range(0x300000, UINT64_MAX, 2); /* wraps around: to the end of all addresses */
	mb1_range(1ull << 60, 0x1000, 1);   /* beyond them */
	assert_true(parse(MB1, INFO));
	assert_int_equal(out.ranges, 7);
	assert_range(0, 0, 0x20000, VELA_MEMORY_FREE);
	assert_range(1, 0x20000, 0x1000, VELA_MEMORY_RESERVED);
	assert_range(2, 0x21000, 0xf000, VELA_MEMORY_FREE);
	assert_range(3, 0x30000, 0x1000, VELA_MEMORY_RESERVED);
	assert_range(4, 0x31000, 0x1000, VELA_MEMORY_ACPI);
	assert_range(5, 0x32000, 0x14e000, VELA_MEMORY_FREE);
	assert_range(6, 0x300000, (1ull << 52) - 0x300000, VELA_MEMORY_RESERVED);
}

static void test_table_limits(void **state)
{
	(void)state;
	mb1_begin();
	for (unsigned i = 0; i < VELA_MEMORY_MAX; i++)
		mb1_range(0x100000 + 0x2000 * i, 0x1000, 1);
	mb1_modules(VELA_MODULES_MAX);
	assert_true(parse(MB1, INFO));
	assert_int_equal(out.ranges, VELA_MEMORY_MAX);
	assert_int_equal(out.modules, VELA_MODULES_MAX);
	mb1_modules(VELA_MODULES_MAX + 1);
	assert_false(parse(MB1, INFO));
	assert_logged("more than 48 modules");
	mb1_modules(1);
	mb1_range(0x800000, 0x1000, 1);
	assert_false(parse(MB1, INFO));
	assert_logged("more than 64 ranges");
	for (unsigned i = 0; i < VELA_MEMORY_MAX; i++)
		mb1_range(0x100000 + 0x2000 * i, 0x1000, 1);
	assert_false(parse(MB1, INFO));
	assert_logged("more than 128 ranges");
}

static void test_mb1_damaged(void **state)
{
	(void)state;
	assert_false(parse(0x12345678, INFO));
	assert_logged("unknown boot protocol, magic number 12345678");
	mb1_begin();
	assert_false(parse(MB1, INFO)); /* an empty map */
	assert_logged("no memory");
	mb1_range(0, 0x100000, 1);
	assert_true(parse(MB1, INFO));
	for (uint32_t size = 0; size < 20; size++) { /* entries that do not move on */
		put32(MAP, size);
		assert_false(parse(MB1, INFO));
	}
	put32(MAP, 21); /* beyond the map */
	assert_false(parse(MB1, INFO));
	put32(MAP, UINT32_MAX);
	assert_false(parse(MB1, INFO));
	put32(MAP, 20);
	put32(INFO + 48, UINT32_MAX - 8);
	assert_false(parse(MB1, INFO));
	put32(INFO + 48, MAP);
	put32(INFO, 0);
	assert_false(parse(MB1, INFO));
	assert_logged("no memory map");
	put32(INFO, 0x44); /* a command line out of reach */
	put32(INFO + 16, 0xfffffff0);
	assert_false(parse(MB1, INFO));
	memset(memory_at(0x10000), 'x', 0x2000); /* and one without end */
	put32(INFO + 16, 0x10000);
	assert_false(parse(MB1, INFO));
	mb1_modules(1);
	put32(INFO + 20, UINT32_MAX);
	assert_false(parse(MB1, INFO));
	assert_false(parse(MB1, 0x200000 - 8)); /* a structure cut off */
	assert_logged("information structure");
}

static void test_module_damaged(void **state)
{
	(void)state;
	mb1_begin();
	mb1_range(0, 0x100000, 1);
	mb1_modules(1);
	assert_true(parse(MB1, INFO));
	put32(MODS, 0x100001);
	assert_false(parse(MB1, INFO));
	put32(MODS, 0x200000);
	assert_false(parse(MB1, INFO));
	mb1_modules(1);
	put32(MODS + 8, 0xfffffff0);
	assert_false(parse(MB1, INFO));
	assert_logged("module");
}

static void test_mb2_damaged(void **state)
{
	(void)state;
	mb2_begin();
	mb2_map(24);
	assert_false(parse(MB2, INFO));
	assert_logged("no end tag");
	uint64_t end = mb2_tag(0, 0) - 8;
	assert_true(parse(MB2, INFO));
	assert_false(parse(MB2, INFO + 4));
	for (uint32_t size = 0; size < 8; size++) { /* tags that do not move on */
		put32(INFO + 12, size);
		assert_false(parse(MB2, INFO));
	}
	put32(INFO + 12, UINT32_MAX);
	assert_false(parse(MB2, INFO));
	put32(INFO + 12, 8); /* a map without its header */
	assert_false(parse(MB2, INFO));
	put32(INFO + 12, 16 + 2 * 24);
	put32(INFO + 16, 0); /* entries that do not move on */
	assert_false(parse(MB2, INFO));
	put32(INFO + 16, 19);
	assert_false(parse(MB2, INFO));
	assert_logged("memory map");
	put32(INFO + 16, 24);
	assert_true(parse(MB2, INFO));
	put32(end, 3); /* a module tag with no room for its addresses */
	assert_false(parse(MB2, INFO));
	put32(end, 1); /* a command line with no room for its end */
	assert_false(parse(MB2, INFO));
	put32(INFO, UINT32_MAX);
	assert_false(parse(MB2, INFO));
	assert_false(parse(MB2, 0));
}

static uint32_t mb2_small(void)
{
	mb2_begin();
	strcpy(memory_at(mb2_tag(1, 5)), "word");
	strcpy((char *)memory_at(mb2_tag(3, 13)) + 8, "root");
	mb2_map(24);
	mb2_tag(0, 0);
	return (uint32_t)(mb2_at - INFO);
}

/* Whatever the total size says, nothing behind it is read, nor behind the window. */
static void test_mb2_cut(void **state)
{
	uint32_t total = mb2_small();
	for (uint32_t size = 8; size <= total; size++) {
		memory_new(state);
		mb2_small();
		put32(INFO, size);
		uint64_t at = memory_end_with(INFO, size, 8);
		assert_int_equal(parse(MB2, at), size == total);
		put32(at, size + 1);
		assert_false(parse(MB2, at));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, memory_new, memory_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mb1_whole),	   TEST(test_mb2_whole),    TEST(test_rsdp_in_ebda),
		TEST(test_ranges_overlap), TEST(test_table_limits), TEST(test_mb1_damaged),
		TEST(test_module_damaged), TEST(test_mb2_damaged),  TEST(test_mb2_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
