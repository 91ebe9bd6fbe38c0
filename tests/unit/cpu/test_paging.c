/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator and the guest's page tables: code, operands, and the address that an exit tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "guest.h"

#define TABLE  0x3000u /* of the page directory with the device's page */
#define PAGES  0x4000u /* page table for 0xc0200000 */
#define WINDOW 0xc0200000u

static struct guest g;

static int setup(void **state)
{
	(void)state;
	guest_init(&g);
	return 0;
}

static uint32_t ram32(uint32_t at)
{
	uint32_t value;

	memcpy(&value, g.ram + at, 4);
	return value;
}

/* A page in the window of 64-bit mode, to gpa with these flags. */
static void map(unsigned page, uint64_t gpa, uint64_t flags)
{
	const uint64_t directory = PAGES | 7, entry = gpa | flags;

	guest_long_mode(&g);
	g.ram[0x1000] |= 4;
	g.ram[0x2000 + 3 * 8] |= 4;
	memcpy(g.ram + TABLE + 8, &directory, 8);
	memcpy(g.ram + PAGES + page * 8, &entry, 8);
}

static uint64_t page_entry(unsigned page)
{
	uint64_t entry;

	memcpy(&entry, g.ram + PAGES + page * 8, 8);
	return entry;
}

static void cache_lines(void **state)
{
	(void)state;
	map(0, GUEST_MMIO, 7);
	g.state.gpr[VELA_RBX] = WINDOW;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xae, 0x3b), EMULATE_DONE); /* clflush [rbx] */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0x0f, 0xae, 0x3b), EMULATE_DONE); /* ...opt */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0x0f, 0xae, 0x33), EMULATE_DONE); /* clwb */
	assert_int_equal(g.accesses, 0);
	g.state.gpr[VELA_RBX] = WINDOW + 0x1000;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x0f, 0xae, 0x3b), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, VECTOR_PF);
}

/* The exit's address does not stand for a write if the exit was not one. */
static void exit_address_needs_the_same_access(void **state)
{
	const unsigned char code[] = { 0x01, 0x03 }; /* add [rbx], eax */

	(void)state;
	map(0, GUEST_MMIO, 5); /* read-only */
	g.state.gpr[VELA_RBX] = WINDOW;
	memcpy(g.ram + GUEST_CODE, code, sizeof code);
	g.emulator.hint = GUEST_MMIO;
	g.emulator.hint_write = false;
	assert_int_equal(emulate(&g.emulator), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, VECTOR_PF);
	assert_int_equal(g.emulator.fault.error, WALK_PRESENT | WALK_WRITE);
	assert_int_equal(g.accesses, 0);
	map(0, GUEST_MMIO, 7);
	assert_int_equal(emulate(&g.emulator), EMULATE_DONE);
	assert_int_equal(g.accesses, 2);
	assert_true(page_entry(0) & 0x40); /* dirty */
}

/* A write across pages whose second one faults leaves the first alone. */
static void crossing_faults(void **state)
{
	(void)state;
	map(0, 0x20000, 7);
	map(1, GUEST_MMIO, 5);
	memset(g.ram + 0x20ffc, 0, 4);
	g.state.gpr[VELA_RBX] = WINDOW + 0xffc;
	g.state.gpr[VELA_RAX] = UINT64_MAX;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x48, 0x89, 0x03), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.address, WINDOW + 0x1000);
	assert_int_equal(g.emulator.fault.error, WALK_PRESENT | WALK_WRITE);
	assert_int_equal(ram32(0x20ffc), 0);
	assert_int_equal(g.accesses, 0);
}

/* Code whose page is exchanged is read where it is now. */
static void code_follows_the_page_tables(void **state)
{
	(void)state;
	memcpy(g.ram + 0x20000, "\x8b\x01", 2); /* mov eax, [rcx] */
	memcpy(g.ram + 0x21000, "\x89\x01", 2); /* mov [rcx], eax */
	g.state.gpr[VELA_RCX] = GUEST_MMIO;
	g.emulator.hint = GUEST_MMIO;
	g.emulator.hint_write = true;
	for (unsigned i = 0; i < 4; i++) {
		map(0, i & 1 ? 0x21000 : 0x20000, 7);
		g.state.rip = WINDOW;
		g.accesses = 0;
		assert_int_equal(emulate(&g.emulator), EMULATE_DONE);
		assert_int_equal(g.access[0].write, i & 1);
	}
	/* Taken away, and made not executable. */
	map(0, 0x20000, 6);
	g.state.rip = WINDOW;
	assert_int_equal(emulate(&g.emulator), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.error, WALK_FETCH);
	map(0, 0x20000, 7 | 1ull << 63);
	assert_int_equal(emulate(&g.emulator), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.error, WALK_FETCH | WALK_PRESENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(cache_lines),
		TEST(exit_address_needs_the_same_access),
		TEST(crossing_faults),
		TEST(code_follows_the_page_tables),
	};

	return cmocka_run_group_tests_name("paging", tests, NULL, NULL);
}
