/* SPDX-License-Identifier: Apache-2.0 */
/* Writes of CR0, CR4 and XCR0 that the monitor carries out: what a processor takes, what it
 * refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/control.h"
#include "cpu/cpuid.h"
#include "cpu/registers.h"
#include "machine/memory.h"

#define CR0_NE (1ull << 5)
#define CR0_TS (1ull << 3)
#define TABLE  0x1020u

static struct cpuid_regs host(void *ctx, uint32_t leaf, uint32_t subleaf)
{
	(void)ctx;
	if (leaf == 0)
		return (struct cpuid_regs){ 0xd, 0, 0, 0 };
	if (leaf == CPUID_XSAVE)
		return subleaf == 2 ? (struct cpuid_regs){ 256, 576, 0, 0 }
				    : (struct cpuid_regs){ 7, 832, 832, 0 };
	return (struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u };
}

static struct cpuid_table cpuid;
static uint64_t ram[0x2000 / 8];
static struct guest_memory memory;
static struct vela_state s;

static int setup(void **state)
{
	const struct cpuid_config config = { host, NULL, 0, 2500000, 1000000 };

	(void)state;
	cpuid_build(&cpuid, &config);
	guest_memory_init(&memory, ram, sizeof ram);
	memset(ram, 0, sizeof ram);
	memset(&s, 0, sizeof s);
	s.cr0 = CR0_ET;
	s.xcr0 = 1;
	return 0;
}

static bool set_cr0(uint64_t value)
{
	return control_set_cr0(&s, &memory, value);
}

static bool set_cr4(uint64_t value)
{
	return control_set_cr4(&s, &memory, &cpuid, value);
}

static void cr0_bits(void **state)
{
	(void)state;
	assert_true(set_cr0(CR0_PE | CR0_NE | CR0_TS));
	assert_int_equal(s.cr0, CR0_PE | CR0_NE | CR0_TS | CR0_ET);
	assert_true(
		set_cr0(CR0_PE | CR0_CD | CR0_NW | 1ull << 20)); /* an undefined bit stays clear */
	assert_int_equal(s.cr0, CR0_PE | CR0_CD | CR0_NW | CR0_ET);
	uint64_t before = s.cr0;

	assert_false(set_cr0(CR0_PE | 1ull << 32));
	assert_false(set_cr0(CR0_NW | CR0_PE));
	assert_false(set_cr0(CR0_PG));
	assert_int_equal(s.cr0, before);
}

static void long_mode(void **state)
{
	(void)state;
	s.efer = EFER_LME;
	assert_false(set_cr0(CR0_PE | CR0_PG)); /* needs PAE */
	s.cr4 = CR4_PAE;
	s.seg[VELA_CS].attr = SEGMENT_LONG;
	assert_false(set_cr0(CR0_PE | CR0_PG)); /* not from a 64-bit segment */
	s.seg[VELA_CS].attr = 0;
	assert_true(set_cr0(CR0_PE | CR0_PG));
	assert_int_equal(s.efer, EFER_LME | EFER_LMA);
	assert_false(set_cr4(0)); /* PAE stays */
	s.seg[VELA_CS].attr = SEGMENT_LONG;
	assert_false(set_cr0(CR0_PE));
	s.seg[VELA_CS].attr = 0;
	assert_true(set_cr0(CR0_PE));
	assert_int_equal(s.efer, EFER_LME);
}

static void pae_paging(void **state)
{
	(void)state;
	s.cr3 = TABLE;
	ram[TABLE / 8] = 0x3001;
	ram[TABLE / 8 + 3] = 0x5001;
	s.cr4 = CR4_PAE;
	assert_true(set_cr0(CR0_PE | CR0_PG));
	assert_int_equal(s.pdpte[0], 0x3001);
	assert_int_equal(s.pdpte[1], 0);
	assert_int_equal(s.pdpte[3], 0x5001);
	ram[TABLE / 8 + 1] = 0x7001; /* a change of paging reads them again */
	assert_true(set_cr4(CR4_PAE | CR4_PSE));
	assert_int_equal(s.pdpte[1], 0x7001);
	ram[TABLE / 8 + 2] = 0x7003; /* writable is a reserved bit there */
	assert_false(set_cr4(CR4_PAE));
	assert_int_equal(s.cr4, CR4_PAE | CR4_PSE);
	s.cr3 = 0x2000; /* no memory */
	assert_false(set_cr0(CR0_PE | CR0_PG | CR0_TS));
}

static void cr4_bits(void **state)
{
	(void)state;
	assert_true(set_cr4(CR4_PAE | CR4_OSXSAVE | CR4_SMAP));
	assert_false(set_cr4(CR4_LA57));
	assert_false(set_cr4(1ull << 63));
	assert_int_equal(s.cr4, CR4_PAE | CR4_OSXSAVE | CR4_SMAP);
}

static void xcr0_bits(void **state)
{
	(void)state;
	assert_true(control_set_xcr0(&s, &cpuid, 7));
	assert_int_equal(s.xcr0, 7);
	assert_false(control_set_xcr0(&s, &cpuid, 6)); /* x87 always */
	assert_false(control_set_xcr0(&s, &cpuid, 5)); /* AVX on top of SSE */
	assert_false(control_set_xcr0(&s, &cpuid, 0xe7));
	assert_false(control_set_xcr0(&s, &cpuid, 1ull << 62 | 1));
	assert_int_equal(s.xcr0, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cr0_bits, setup),   cmocka_unit_test_setup(long_mode, setup),
		cmocka_unit_test_setup(pae_paging, setup), cmocka_unit_test_setup(cr4_bits, setup),
		cmocka_unit_test_setup(xcr0_bits, setup),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
