/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUID and MSR tables: what must be hidden is hidden, what is promised is consistent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/cpuid.h"
#include "cpu/kvmclock.h"
#include "cpu/msr.h"
#include "cpu/registers.h"

/* A host that has everything there is, and more. */
static struct cpuid_regs generous(void *ctx, uint32_t leaf, uint32_t subleaf)
{
	(void)ctx;
	if (leaf == 0 || leaf == CPUID_EXTENDED)
		return (struct cpuid_regs){ leaf + 0x1f, 0x68747541, 0x444d4163, 0x69746e65 };
	if (leaf == CPUID_XSAVE && subleaf == 2)
		return (struct cpuid_regs){ 256, 576, 0, 0 };
	if (leaf == CPUID_EXTENDED + 7)
		return (struct cpuid_regs){ 0 }; /* but does not say that its TSC is invariant */
	if (leaf == CPUID_EXTENDED + 8)
		return (struct cpuid_regs){ 0x3030, ~0u, ~0u, ~0u };
	return (struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u };
}

/* One that has nothing. */
static struct cpuid_regs poor(void *ctx, uint32_t leaf, uint32_t subleaf)
{
	(void)ctx, (void)subleaf;
	if (leaf == 0)
		return (struct cpuid_regs){ 1, 0, 0, 0 };
	return (struct cpuid_regs){ 0, 0, 0, 0 };
}

static struct cpuid_table table;

static void build_cpus(struct cpuid_regs (*host)(void *, uint32_t, uint32_t), unsigned cpus)
{
	const struct cpuid_config config = { host, NULL, cpus, 2500000, 1000000 };

	cpuid_build(&table, &config);
}

static void build(struct cpuid_regs (*host)(void *, uint32_t, uint32_t))
{
	build_cpus(host, 1);
}

static void hides(void **state)
{
	(void)state;
	build(generous);
	const struct cpuid_regs *one = cpuid_find(&table, 1, 0);

	assert_int_equal(one->ecx & (1u << 5), 0);  /* VMX */
	assert_int_equal(one->ecx & (1u << 3), 0);  /* MONITOR */
	assert_int_equal(one->ecx & (1u << 27), 0); /* OSXSAVE is the guest's */
	assert_int_equal(one->ebx >> 24, 0);
	assert_int_equal(cpuid_find(&table, 0x80000001, 0)->ecx & 4, 0);	   /* SVM */
	assert_int_equal(cpuid_find(&table, 7, 0)->ecx & (1u << 16 | 1u << 3), 0); /* LA57, PKU */
	assert_int_equal(cpuid_find(&table, 0xa, 0)->eax, 0);
	assert_int_equal(cpuid_find(&table, 0x8000000a, 0)->eax, 0);
	assert_int_equal(cpuid_find(&table, 0xd, 1)->eax, 5); /* neither XSAVEC nor XSAVES */
	assert_int_equal(cpuid_find(&table, 0xffffffff, 0)->eax, 0);
	assert_int_equal(cpuid_find(&table, 7, 9)->ebx, 0);
}

static void promises(void **state)
{
	(void)state;
	build(generous);
	assert_int_equal(cpuid_find(&table, 0, 0)->eax, 0xd);
	assert_int_equal(cpuid_find(&table, 0, 0)->ebx, 0x68747541);
	assert_int_equal(cpuid_find(&table, 0x80000000, 0)->eax, 0x8000001e);
	assert_int_equal(cpuid_find(&table, 0x80000007, 0)->edx, 1u << 8); /* invariant TSC */
	uint32_t set = 1u << 21 | 1u << 24 | 1u << 31; /* x2APIC, TSC-deadline, hypervisor */

	assert_int_equal(cpuid_find(&table, 1, 0)->ecx & set, set);
	assert_int_equal(cpuid_physical_bits(&table), 48);
	char name[13] = "";
	const struct cpuid_regs *kvm = cpuid_find(&table, CPUID_KVM, 0);

	memcpy(name, &kvm->ebx, 12);
	assert_string_equal(name, "KVMKVMKVM");
	assert_true(kvm->eax >= CPUID_KVM + 1);
	assert_int_equal(cpuid_find(&table, CPUID_KVM + 0x10, 0)->eax, 2500000);
	assert_int_equal(cpuid_find(&table, CPUID_KVM + 0x10, 0)->ebx, 1000000);
}

static void xsave_is_consistent(void **state)
{
	struct cpuid_regs r;

	(void)state;
	build(generous);
	r = *cpuid_find(&table, 0xd, 0);
	assert_int_equal(r.eax, 7);
	assert_int_equal(r.ecx, 832);
	cpuid_complete(&table, 0xd, 0, 0, 7, 0, &r);
	assert_int_equal(r.ebx, 832);
	cpuid_complete(&table, 0xd, 0, 0, 1, 0, &r);
	assert_int_equal(r.ebx, 576);
	r = *cpuid_find(&table, 1, 0);
	cpuid_complete(&table, 1, 0, CR4_OSXSAVE, 1, 0, &r);
	assert_true(r.ecx & (1u << 27));
}

/* A host whose caches are of level 1, 2, 3, and none. */
static struct cpuid_regs cached(void *ctx, uint32_t leaf, uint32_t subleaf)
{
	if (leaf != 4 && leaf != 0x8000001d)
		return generous(ctx, leaf, subleaf);
	return (struct cpuid_regs){ subleaf < 3 ? (subleaf + 1) << 5 | 1 | 0x3c0fc000u : 0, 0, 0,
				    0 };
}

static struct cpuid_regs ask(uint32_t leaf, uint32_t subleaf, uint32_t apic_id)
{
	struct cpuid_regs r = *cpuid_find(&table, leaf, subleaf);

	assert_true(cpuid_is_dynamic(leaf) || leaf == 4 || leaf >= 0x80000008);
	cpuid_complete(&table, leaf, subleaf, 0, 1, apic_id, &r);
	return r;
}

static void topology(void **state)
{
	(void)state;
	build_cpus(cached, 6);
	assert_int_equal(ask(1, 0, 5).ebx >> 16, 5 << 8 | 6);
	assert_int_equal(ask(1, 0, 5).edx >> 28 & 1, 1);
	/* Up to eight ids in the package; level 3 is shared by the six. */
	assert_int_equal(ask(4, 0, 5).eax >> 14, 7 << 12);
	assert_int_equal(ask(4, 2, 5).eax >> 14, 7 << 12 | 5);
	assert_int_equal(ask(4, 3, 5).eax, 0);
	assert_int_equal(ask(0xb, 0, 5).eax, 0);
	assert_int_equal(ask(0xb, 0, 5).ebx, 1);
	assert_int_equal(ask(0xb, 0, 5).ecx, 1 << 8);
	assert_int_equal(ask(0xb, 1, 5).eax, 3);
	assert_int_equal(ask(0xb, 1, 5).ebx, 6);
	assert_int_equal(ask(0xb, 1, 5).ecx, 2 << 8 | 1);
	assert_int_equal(ask(0xb, 1, 5).edx, 5);
	assert_int_equal(ask(0x80000008, 0, 5).ecx, 3 << 12 | 5);
	assert_int_equal(ask(0x8000001d, 1, 5).eax >> 14, 0);
	assert_int_equal(ask(0x8000001d, 2, 5).eax >> 14, 5);
	assert_int_equal(ask(0x8000001e, 0, 5).eax, 5);
	assert_int_equal(ask(0x8000001e, 0, 5).ebx, 5);
	build(cached);
	assert_int_equal(ask(1, 0, 0).ebx >> 16, 1);
	assert_int_equal(ask(1, 0, 0).edx >> 28 & 1, 0);
	assert_int_equal(ask(4, 2, 0).eax >> 14, 0);
	assert_int_equal(ask(0xb, 1, 0).ebx, 1);
	assert_int_equal(ask(0x80000008, 0, 0).ecx, 0);
}

static void works_without_anything(void **state)
{
	(void)state;
	build(poor);
	assert_int_equal(cpuid_find(&table, 0xd, 0)->eax, 0);
	assert_int_equal(cpuid_find(&table, 7, 0)->ebx, 0);
	assert_int_equal(cpuid_physical_bits(&table), 36);
}

static void rows_are_sorted(void **state)
{
	unsigned n;
	const struct msr_policy *rows = msr_policies(&n);
	bool used[MSR_STORED_MAX] = { false };

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		assert_true(rows[i].first <= rows[i].last);
		assert_true(!i || rows[i - 1].last < rows[i].first);
		assert_ptr_equal(msr_find(rows[i].first), &rows[i]);
		assert_ptr_equal(msr_find(rows[i].last), &rows[i]);
		for (uint32_t m = 0;
		     rows[i].kind == MSR_STORED && m <= rows[i].last - rows[i].first; m++) {
			assert_true(rows[i].place + m < MSR_STORED_MAX);
			assert_false(used[rows[i].place + m]);
			used[rows[i].place + m] = true;
		}
	}
	assert_null(msr_find(0x11));
	assert_null(msr_find(0xc0000001));
	assert_null(msr_find(UINT32_MAX));
}

static bool put(struct vela_state *s, struct msr_store *store, uint32_t msr, uint64_t value)
{
	const struct msr_policy *p = msr_find(msr);

	assert_non_null(p);
	if (!msr_write(p, store, s, msr, value))
		return false;
	if (p->kind != MSR_FIXED && p->kind != MSR_EFER)
		assert_int_equal(msr_read(p, store, s, msr), value);
	return true;
}

static void writes_are_checked(void **state)
{
	static struct vela_state s;
	struct msr_store store = { { 0 } };

	(void)state;
	msr_store_init(&store);
	assert_int_equal(msr_read(msr_find(0x2ff), &store, &s, 0x2ff), 0xc06);
	assert_true(put(&s, &store, 0x20f, 0x800));
	assert_int_equal(msr_read(msr_find(0x20e), &store, &s, 0x20e), 0);
	assert_true(put(&s, &store, 0x277, 0x0007040600070406));
	assert_int_equal(s.pat, 0x0007040600070406);
	assert_false(put(&s, &store, 0x277, 2));
	assert_false(put(&s, &store, 0xc0000082, 1ull << 47));
	assert_true(put(&s, &store, 0xc0000082, 0xffffffff81000000));
	assert_true(put(&s, &store, 0xc0000101, 0xffff888000000000));
	assert_int_equal(s.seg[VELA_GS].base, 0xffff888000000000);
	assert_true(put(&s, &store, 0xc0010015, 5));
	assert_int_equal(msr_read(msr_find(0xc0010015), &store, &s, 0xc0010015), 1u << 24);
}

static void efer_is_checked(void **state)
{
	static struct vela_state s;
	struct msr_store store;

	(void)state;
	s.cr0 = CR0_PE;
	assert_true(put(&s, &store, 0xc0000080, EFER_LME | EFER_SCE));
	assert_int_equal(s.efer, EFER_LME | EFER_SCE);
	assert_false(put(&s, &store, 0xc0000080, 1u << 12)); /* SVME */
	s.cr0 |= CR0_PG;
	s.efer |= EFER_LMA;
	assert_false(put(&s, &store, 0xc0000080, EFER_NXE));
	assert_true(put(&s, &store, 0xc0000080, EFER_LME | EFER_NXE));
	assert_int_equal(s.efer, EFER_LME | EFER_LMA | EFER_NXE);
}

/* What a guest computes from the page: ns = ((ticks << shift) * mul) >> 32. */
static uint64_t guest_ns(uint64_t ticks, uint32_t mul, int8_t shift)
{
	ticks = shift < 0 ? ticks >> -shift : ticks << shift;
	return (uint64_t)((unsigned __int128)ticks * mul >> 32);
}

static void clock_scales(void **state)
{
	static const uint64_t rates[] = { 100000, 999999, 1000000, 1000001, 2596123, 5000000 };
	uint32_t mul;
	int8_t shift;

	(void)state;
	for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		kvmclock_scale(rates[i], &mul, &shift);
		/* A day must be right to a tenth of a millisecond. */
		uint64_t day = rates[i] * 1000 * 86400, ns = guest_ns(day, mul, shift);

		assert_in_range(ns, 86400ull * 1000000000 - 100000, 86400ull * 1000000000 + 100000);
	}
}

static void clock_pages(void **state)
{
	static unsigned char ram[4096];
	struct guest_memory memory;
	const struct kvmclock_time now = { 1000, 77, 1700000000ull * 1000000000 + 5 };
	uint32_t word[8];

	(void)state;
	guest_memory_init(&memory, ram, sizeof ram);
	kvmclock_write_system(&memory, 64, 1000000, &now);
	memcpy(word, ram + 64, 32);
	assert_int_equal(word[0], 2);
	assert_int_equal(word[2], 1000);
	assert_int_equal(word[4], 77);
	kvmclock_write_wall(&memory, 128, &now);
	memcpy(word, ram + 128, 12);
	assert_int_equal(word[1], 1700000000);
	assert_int_equal(word[2], 5);
	kvmclock_write_system(&memory, 4090, 1000000, &now); /* not all of it is RAM */
	assert_int_equal(ram[4095], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides),
		cmocka_unit_test(promises),
		cmocka_unit_test(xsave_is_consistent),
		cmocka_unit_test(topology),
		cmocka_unit_test(works_without_anything),
		cmocka_unit_test(rows_are_sorted),
		cmocka_unit_test(writes_are_checked),
		cmocka_unit_test(efer_is_checked),
		cmocka_unit_test(clock_scales),
		cmocka_unit_test(clock_pages),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
