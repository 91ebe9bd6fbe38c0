/* SPDX-License-Identifier: Apache-2.0 */
/* Guest page-table walks in every paging mode, with the error codes of the faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "cpu/walk.h"

static unsigned char ram[0x10000];
static struct guest_memory memory;
static struct vela_state s;

static int setup(void **state)
{
	(void)state;
	memset(ram, 0, sizeof ram);
	memset(&s, 0, sizeof s);
	guest_memory_init(&memory, ram, sizeof ram);
	s.cr0 = CR0_PE | CR0_PG | CR0_WP;
	s.cr3 = 0x1000;
	return 0;
}

static void put64(uint64_t table, unsigned index, uint64_t entry)
{
	memcpy(ram + table + index * 8, &entry, 8);
}

static void put32(uint64_t table, unsigned index, uint32_t entry)
{
	memcpy(ram + table + index * 4, &entry, 4);
}

static void assert_walk(uint64_t va, unsigned access, uint64_t expected)
{
	uint64_t gpa = 0;
	uint32_t error = 0;

	assert_true(walk(&memory, &s, va, access, &gpa, &error));
	assert_int_equal(gpa, expected);
}

static void assert_fault(uint64_t va, unsigned access, uint32_t expected)
{
	uint64_t gpa;
	uint32_t error = 0;

	assert_false(walk(&memory, &s, va, access, &gpa, &error));
	assert_int_equal(error, expected);
}

static void unpaged(void **state)
{
	(void)state;
	s.cr0 = CR0_PE;
	assert_walk(0x123456789, WALK_WRITE, 0x23456789);
}

static void four_levels(void **state)
{
	(void)state;
	s.cr4 = CR4_PAE;
	s.efer = EFER_LME | EFER_LMA | EFER_NXE;
	put64(0x1000, 0x1ff, 0x2007);
	put64(0x2000, 2, 0x3007);
	put64(0x2000, 3, 0x140000087); /* 1 GiB */
	put64(0x3000, 0, 0x4007);
	put64(0x3000, 1, 0x600087 | 1ull << 63); /* 2 MiB, NX */
	put64(0x4000, 5, 0x7005);		 /* read-only, user */
	put64(0x4000, 6, 0x8003);		 /* supervisor */
	const uint64_t base = 0xffffff8080000000;

	assert_walk(base + 0x5123, WALK_USER, 0x7123);
	assert_walk(base + 0x6fff, WALK_WRITE, 0x8fff);
	assert_walk(base + 0x212345, WALK_WRITE, 0x612345);
	assert_walk(base + 0x40000000 + 0x123456, 0, 0x140123456);
	assert_fault(base + 0x5000, WALK_WRITE, WALK_PRESENT | WALK_WRITE);
	assert_fault(base + 0x6000, WALK_USER, WALK_PRESENT | WALK_USER);
	assert_fault(base + 0x7000, WALK_WRITE | WALK_USER, WALK_WRITE | WALK_USER);
	assert_fault(base + 0x200000, WALK_FETCH, WALK_PRESENT | WALK_FETCH);
	assert_fault(0, 0, 0);
	s.cr0 &= ~CR0_WP;
	assert_walk(base + 0x5000, WALK_WRITE, 0x7000);
	assert_fault(base + 0x5000, WALK_WRITE | WALK_USER, WALK_PRESENT | WALK_WRITE | WALK_USER);
	s.cr4 |= CR4_SMAP;
	assert_fault(base + 0x5000, 0, WALK_PRESENT);
	s.rflags = FLAG_AC;
	assert_walk(base + 0x5000, 0, 0x7000);
}

static void pae(void **state)
{
	(void)state;
	s.cr3 = 0x1020;
	s.cr4 = CR4_PAE;
	put64(0x1020, 3, 0x2001);
	put64(0x2000, 0x1ff, 0x3003);
	put64(0x2000, 0, 0x400083);
	put64(0x3000, 0x1ff, 0x123400003);
	assert_walk(0xfffff010, 0, 0x123400010);
	assert_walk(0xc0000010, WALK_WRITE, 0x400010);
	assert_walk(0x1c0000010, 0, 0x400010);
	assert_fault(0x0, WALK_FETCH, 0);
}

static void thirty_two_bits(void **state)
{
	(void)state;
	s.cr4 = CR4_PSE;
	put32(0x1000, 1, 0x2007);
	put32(0x1000, 2, 0x00c02083); /* 4 MiB at 0xc00000, bit 32 of the address set by PSE-36 */
	put32(0x2000, 3, 0x5003);
	assert_walk(0x403abc, 0, 0x5abc);
	assert_walk(0x812345, WALK_WRITE, 0x100c12345);
	assert_fault(0x403000, WALK_USER, WALK_PRESENT | WALK_USER);
}

static void tables_outside_memory(void **state)
{
	(void)state;
	s.cr4 = CR4_PAE;
	s.efer = EFER_LMA;
	s.cr3 = 0xfffff000;
	assert_fault(0, WALK_WRITE, WALK_WRITE);
}

static uint64_t get64(uint64_t table, unsigned index)
{
	uint64_t entry;

	memcpy(&entry, ram + table + index * 8, 8);
	return entry;
}

static void long_mode(void)
{
	s.cr4 = CR4_PAE;
	s.efer = EFER_LME | EFER_LMA | EFER_NXE;
	put64(0x1000, 0, 0x2007);
	put64(0x2000, 0, 0x3007);
	put64(0x3000, 0, 0x4007);
	put64(0x4000, 0, 0x9007);
	put64(0x4000, 1, 0x9005);
	put64(0x3000, 1, 0x200087);
}

static void accessed_and_dirty(void **state)
{
	(void)state;
	long_mode();
	assert_walk(0x10, 0, 0x9010);
	assert_int_equal(get64(0x1000, 0), 0x2027);
	assert_int_equal(get64(0x3000, 0), 0x4027);
	assert_int_equal(get64(0x4000, 0), 0x9027);
	assert_walk(0x10, WALK_WRITE, 0x9010);
	assert_int_equal(get64(0x4000, 0), 0x9067);
	assert_int_equal(get64(0x3000, 0), 0x4027);
	assert_fault(0x1010, WALK_WRITE, 3);
	assert_int_equal(get64(0x4000, 1), 0x9005);
	assert_walk(0x200000, WALK_WRITE, 0x200000);
	assert_int_equal(get64(0x3000, 1), 0x2000e7);
	s.cr4 = CR4_PSE;
	s.efer = 0;
	put32(0x1000, 0, 0x2007);
	put32(0x2000, 5, 0x7007);
	assert_walk(0x5004, WALK_WRITE, 0x7004);
	assert_int_equal(get64(0x1000, 0) & 0xffffffff, 0x2027);
	assert_int_equal(get64(0x2000, 2) >> 32 & 0xffff, 0x7067);
}

static void reserved_bits(void **state)
{
	(void)state;
	long_mode();
	put64(0x4000, 0, 0x9007 | 1ull << 45);
	assert_walk(0, 0, 0x9000 | 1ull << 45);
	memory.address_bits = 40;
	assert_fault(0, WALK_WRITE, WALK_PRESENT | WALK_RESERVED | WALK_WRITE);
	put64(0x4000, 0, 0x9007 | 1ull << 63);
	assert_walk(0, 0, 0x9000);
	s.efer &= ~EFER_NXE;
	assert_fault(0, 0, WALK_PRESENT | WALK_RESERVED);
	put64(0x3000, 1, 0x202087); /* a bit between PAT and the address of a large page */
	assert_fault(0x200000, 0, WALK_PRESENT | WALK_RESERVED);
	put64(0x3000, 1, 0x201087);
	assert_walk(0x200000, 0, 0x200000);
	put64(0x1000, 0, 0x2087);
	assert_fault(0, WALK_USER, WALK_PRESENT | WALK_RESERVED | WALK_USER);
}

static void smep(void **state)
{
	(void)state;
	long_mode();
	assert_walk(0, WALK_FETCH, 0x9000);
	s.cr4 |= CR4_SMEP;
	assert_fault(0, WALK_FETCH, WALK_PRESENT | WALK_FETCH);
	assert_walk(0, WALK_FETCH | WALK_USER, 0x9000);
	s.efer &= ~EFER_NXE;
	assert_fault(0x400000, WALK_FETCH, WALK_FETCH);
	s.cr4 &= ~CR4_SMEP;
	assert_fault(0x400000, WALK_FETCH, 0);
}

static void remembered(void **state)
{
	struct walk_path path = { 0 };
	uint64_t gpa;
	uint32_t error;

	(void)state;
	long_mode();
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH));
	assert_true(walk_remember(&memory, &s, 0x123, WALK_FETCH, &path, &gpa, &error));
	assert_int_equal(gpa, 0x9123);
	assert_int_equal(path.gpa, 0x9000);
	assert_true(walk_holds(&path, &s, 0xfff, WALK_FETCH));
	assert_false(walk_holds(&path, &s, 0x1000, WALK_FETCH));
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH | WALK_USER));
	put64(0x4000, 0, 0xa027);
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH));
	put64(0x4000, 0, 0x9027);
	assert_true(walk_holds(&path, &s, 0, WALK_FETCH));
	put64(0x1000, 0, 0x2026);
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH));
	put64(0x1000, 0, 0x2027);
	s.cr3 = 0x5000;
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH));
	assert_false(walk_remember(&memory, &s, 0, WALK_FETCH, &path, &gpa, &error));
	s.cr3 = 0x1000;
	assert_false(walk_holds(&path, &s, 0, WALK_FETCH));
	/* In a large page each page of 4 KiB is one of its own. */
	assert_true(walk_remember(&memory, &s, 0x203456, WALK_FETCH, &path, &gpa, &error));
	assert_int_equal(path.gpa, 0x203000);
	assert_true(walk_holds(&path, &s, 0x203000, WALK_FETCH));
	assert_false(walk_holds(&path, &s, 0x204000, WALK_FETCH));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(unpaged),
		TEST(four_levels),
		TEST(pae),
		TEST(thirty_two_bits),
		TEST(tables_outside_memory),
		TEST(accessed_and_dirty),
		TEST(reserved_bits),
		TEST(smep),
		TEST(remembered),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
