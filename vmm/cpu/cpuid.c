/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUID policy. A row gives, per register, the bits kept from the host and the bits set in any
 * case; what no row names is zero. Vendor, family and caches are the host's, so that the guest
 * chooses the right errata; virtualisation, power management, performance counters and everything
 * whose MSRs msr.c does not have stay hidden. docs/machine.md shows the table.
 */
#include "cpuid.h"

#include "paravirt.h"
#include "registers.h"

#define BIT(n) (1u << (n))
#define ALL    0xffffffffu

#define LEAF_CACHES	0x4u
#define LEAF_FEATURES	0x7u
#define LEAF_AMD_CACHES 0x8000001du
#define BASIC_MAX	CPUID_XSAVE
#define EXTENDED_MAX	0x80000008u
#define TOPOEXT		BIT(22) /* of 8000_0001.ECX: leaves 8000_001D and 8000_001E */

/* 1.ECX: SSE3, PCLMULQDQ, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, AVX, F16C,
 * RDRAND; set: x2APIC, TSC-deadline, hypervisor. */
#define LEAF1_ECX                                                                               \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | \
	 BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define LEAF1_ECX_SET (BIT(21) | BIT(24) | BIT(31))

/* 1.EDX: all up to SSE2 but DS, ACPI, PSN; 8000_0001.EDX repeats most of them. */
#define LEAF1_EDX 0x078bfbffu

/* 7.EBX: FSGSBASE, BMI1, AVX2, SMEP, BMI2, ERMS, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA. */
#define LEAF7_EBX                                                                            \
	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(20) | \
	 BIT(23) | BIT(24) | BIT(29))

/* 7.ECX: UMIP, GFNI, VAES, VPCLMULQDQ, RDPID. 7.EDX: FSRM. */
#define LEAF7_ECX (BIT(2) | BIT(8) | BIT(9) | BIT(10) | BIT(22))
#define LEAF7_EDX BIT(4)

/* 8000_0001.ECX: LAHF, CR8, ABM, SSE4A, misaligned SSE, PREFETCHW, topology extensions. */
#define EXT1_ECX (BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | TOPOEXT)
/* 8000_0001.EDX: the copies of leaf 1, SYSCALL, NX, MMXEXT, 1 GiB pages, RDTSCP, LM, 3DNow.
 */
#define EXT1_EDX                                                                             \
	(0x0183f3ffu | BIT(11) | BIT(20) | BIT(22) | BIT(26) | BIT(27) | BIT(29) | BIT(30) | \
	 BIT(31))

/* KVM's paravirtual features the monitor provides, and those that make sense for several
 * processors. Of these a guest with one would use stolen time alone. */
#define KVM_FEATURES                                                                            \
	(PARAVIRT_NOP_IO_DELAY | PARAVIRT_CLOCKSOURCE2 | PARAVIRT_EOI | PARAVIRT_CLOCK_STABLE | \
	 PARAVIRT_STEAL_TIME)
#define KVM_SMP_FEATURES (PARAVIRT_UNHALT | PARAVIRT_TLB_FLUSH | PARAVIRT_SEND_IPI)

/* Clock and APIC are this many leaves above the KVM signature. */
#define KVM_TIMING 0x10u

struct policy {
	uint32_t leaf;
	struct cpuid_regs keep, set;
};

static const struct policy policies[] = {
	{ 0x00, { 0, ALL, ALL, ALL }, { 0 } },
	{ 0x01, { ALL, 0x0000ff00u, LEAF1_ECX, LEAF1_EDX }, { 0, BIT(16), LEAF1_ECX_SET, 0 } },
	{ 0x02, { ALL, ALL, ALL, ALL }, { 0 } },
	{ 0x04, { 0x3ff, ALL, ALL, 7 }, { 0 } },
	{ 0x06, { 0 }, { BIT(2), 0, 0, 0 } }, /* the APIC timer never stops */
	{ 0x07, { 0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX }, { 0 } },
	{ 0x80000000u, { 0, ALL, ALL, ALL }, { 0 } },
	{ 0x80000001u, { ALL, 0xf0000000u, EXT1_ECX, EXT1_EDX }, { 0 } },
	{ 0x80000002u, { ALL, ALL, ALL, ALL }, { 0 } },
	{ 0x80000003u, { ALL, ALL, ALL, ALL }, { 0 } },
	{ 0x80000004u, { ALL, ALL, ALL, ALL }, { 0 } },
	{ 0x80000005u, { ALL, ALL, ALL, ALL }, { 0 } },
	{ 0x80000006u, { ALL, ALL, ALL, ALL }, { 0 } },
	/* Invariant TSC, which Vela needs of every host whether its CPUID says so or not. */
	{ 0x80000007u, { 0 }, { 0, 0, 0, BIT(8) } },
	{ 0x80000008u, { 0xffffu, BIT(0), 0, 0 }, { 0 } }, /* address sizes, CLZERO */
	{ LEAF_AMD_CACHES, { 0x3ff, ALL, ALL, 3 }, { 0 } },
};

/* Index into table->sub, or CPUID_SUB_MASKS for leaves without subleaves. */
static unsigned sub_index(uint32_t leaf)
{
	switch (leaf) {
	case LEAF_CACHES:
		return 0;
	case LEAF_FEATURES:
		return 1;
	case CPUID_TOPOLOGY:
		return 2;
	case CPUID_XSAVE:
		return 3;
	case LEAF_AMD_CACHES:
		return 4;
	default:
		return CPUID_SUB_MASKS;
	}
}

static struct cpuid_regs apply(const struct policy *p, struct cpuid_regs host)
{
	return (struct cpuid_regs){
		(host.eax & p->keep.eax) | p->set.eax,
		(host.ebx & p->keep.ebx) | p->set.ebx,
		(host.ecx & p->keep.ecx) | p->set.ecx,
		(host.edx & p->keep.edx) | p->set.edx,
	};
}

static void add_policy(struct cpuid_table *table, const struct cpuid_config *config,
		       const struct policy *p, uint32_t basic_max, uint32_t extended_max)
{
	unsigned sub = sub_index(p->leaf);

	/* A host without the leaf may answer with another one's content. */
	if (p->leaf > (p->leaf < CPUID_EXTENDED ? basic_max : extended_max))
		return;
	struct cpuid_regs regs = apply(p, config->host(config->ctx, p->leaf, 0));
	bool caches = p->leaf == LEAF_CACHES || p->leaf == LEAF_AMD_CACHES;

	if (p->leaf >= CPUID_EXTENDED)
		table->extended[p->leaf - CPUID_EXTENDED] = regs;
	else
		table->basic[p->leaf] = regs;
	if (sub == CPUID_SUB_MASKS)
		return;
	table->sub[sub][0] = regs;
	for (uint32_t i = 1; caches && i < CPUID_SUBLEAVES; i++)
		table->sub[sub][i] = apply(p, config->host(config->ctx, p->leaf, i));
}

#define XSAVE_LEGACY	576u
#define XCR0_X87_SSE	3u
#define XCR0_AVX	4u
#define XSAVE_AVX_STATE 2u
#define XSAVEOPT	BIT(0)
#define XGETBV_ECX1	BIT(2)

/* x87, SSE and AVX; supervisor states and what belongs to hidden features are left out. */
static void add_xsave(struct cpuid_table *table, const struct cpuid_config *config)
{
	struct cpuid_regs *sub = table->sub[sub_index(CPUID_XSAVE)];

	if (!(table->basic[1].ecx & BIT(26)))
		return;
	struct cpuid_regs main = config->host(config->ctx, CPUID_XSAVE, 0);
	struct cpuid_regs more = config->host(config->ctx, CPUID_XSAVE, 1);
	struct cpuid_regs avx = config->host(config->ctx, CPUID_XSAVE, XSAVE_AVX_STATE);

	sub[0] = (struct cpuid_regs){ XCR0_X87_SSE, XSAVE_LEGACY, XSAVE_LEGACY, 0 };
	/* Not XSAVEC: that of Bochs 2.7 writes the upper halves of all YMM registers to one place,
	 * and XSAVEOPT is as good. */
	sub[1].eax = more.eax & (XSAVEOPT | XGETBV_ECX1);
	if (main.eax & XCR0_AVX && table->basic[1].ecx & BIT(28)) {
		sub[0].eax |= XCR0_AVX;
		sub[XSAVE_AVX_STATE] = (struct cpuid_regs){ avx.eax, avx.ebx, 0, 0 };
		table->avx_end = avx.eax + avx.ebx;
		sub[0].ecx = table->avx_end;
	}
	table->basic[CPUID_XSAVE] = sub[0];
}

/* Bits of an APIC id that number so many cores. */
static unsigned core_bits(unsigned cpus)
{
	return cpus > 1 ? 32 - (unsigned)__builtin_clz(cpus - 1) : 0;
}

/* Intel's leaf: a level of threads and one of cores. */
static void add_levels(struct cpuid_table *table, unsigned cpus)
{
	struct cpuid_regs *sub = table->sub[sub_index(CPUID_TOPOLOGY)];

	for (unsigned i = 0; i < CPUID_SUBLEAVES; i++)
		sub[i].ecx = i;
	sub[0].ebx = 1;
	sub[0].ecx |= 1u << 8;
	sub[1].eax = core_bits(cpus);
	sub[1].ebx = cpus;
	sub[1].ecx |= 2u << 8;
	table->basic[CPUID_TOPOLOGY] = sub[0];
}

/* AMD's: cores and the bits that number them, and on processors that have them the extended leaves
 * (APM vol. 3, E.4.7, E.4.15). */
static void add_amd(struct cpuid_table *table, unsigned cpus)
{
	struct cpuid_regs *sizes = &table->extended[8];

	if (sizes->eax && cpus > 1)
		sizes->ecx = core_bits(cpus) << 12 | (cpus - 1);
	if (table->extended[1].ecx & TOPOEXT)
		table->extended[0].eax = CPUID_AMD_TOPOLOGY;
}

/* The cores that share a cache stand in bits 25:14 of both vendors' leaves, less one. */
static void share_caches(struct cpuid_regs *caches, unsigned cpus)
{
	for (unsigned i = 0; i < CPUID_SUBLEAVES; i++)
		if (caches[i].eax & 0x1f && (caches[i].eax >> 5 & 7) == 3)
			caches[i].eax |= (cpus - 1) << 14;
}

/* Cores with one thread in one package; each has its own caches, up to the one of level 3, which
 * all share. */
static void add_topology(struct cpuid_table *table, const struct cpuid_config *config)
{
	unsigned cpus = config->cpus;
	struct cpuid_regs *caches = table->sub[sub_index(LEAF_CACHES)];

	add_levels(table, cpus);
	add_amd(table, cpus);
	if (cpus == 1)
		return;
	table->basic[1].ebx = (table->basic[1].ebx & ~BIT(16)) | cpus << 16;
	table->basic[1].edx |= BIT(28);
	share_caches(caches, cpus);
	share_caches(table->sub[sub_index(LEAF_AMD_CACHES)], cpus);
	for (unsigned i = 0; i < CPUID_SUBLEAVES; i++)
		if (caches[i].eax & 0x1f)
			caches[i].eax |= ((1u << core_bits(cpus)) - 1) << 26;
}

static void add_kvm(struct cpuid_table *table, const struct cpuid_config *config)
{
	/* "KVMKVMKVM" in ebx, ecx, edx: a stock kernel then takes the paravirtual clock and
	 * calibrates nothing. */
	table->kvm[0] =
		(struct cpuid_regs){ CPUID_KVM + KVM_TIMING, 0x4b4d564bu, 0x564b4d56u, 0x4du };
	table->kvm[1].eax = KVM_FEATURES | (config->cpus > 1 ? KVM_SMP_FEATURES : 0);
	table->kvm[KVM_TIMING] = (struct cpuid_regs){ config->tsc_khz, config->apic_khz, 0, 0 };
}

void cpuid_build(struct cpuid_table *table, const struct cpuid_config *config)
{
	uint32_t basic_max = config->host(config->ctx, 0, 0).eax;
	uint32_t extended_max = config->host(config->ctx, CPUID_EXTENDED, 0).eax;

	*table = (struct cpuid_table){ 0 };
	for (unsigned i = 0; i < sizeof policies / sizeof policies[0]; i++)
		add_policy(table, config, &policies[i], basic_max, extended_max);
	table->basic[0].eax = BASIC_MAX;
	if (extended_max >= CPUID_EXTENDED)
		table->extended[0].eax = extended_max < EXTENDED_MAX ? extended_max : EXTENDED_MAX;
	add_xsave(table, config);
	add_topology(table, config);
	add_kvm(table, config);
}

const struct cpuid_regs *cpuid_find(const struct cpuid_table *table, uint32_t leaf,
				    uint32_t subleaf)
{
	static const struct cpuid_regs none;

	if (leaf < CPUID_BASIC_LEAVES) {
		unsigned sub = sub_index(leaf);

		if (sub == CPUID_SUB_MASKS)
			return &table->basic[leaf];
		return subleaf < CPUID_SUBLEAVES ? &table->sub[sub][subleaf] : &none;
	}
	if (leaf == LEAF_AMD_CACHES)
		return subleaf < CPUID_SUBLEAVES ? &table->sub[sub_index(leaf)][subleaf] : &none;
	if (leaf - CPUID_EXTENDED < CPUID_EXTENDED_LEAVES)
		return &table->extended[leaf - CPUID_EXTENDED];
	if (leaf - CPUID_KVM < CPUID_KVM_LEAVES)
		return &table->kvm[leaf - CPUID_KVM];
	return &none;
}

void cpuid_complete(const struct cpuid_table *table, uint32_t leaf, uint32_t subleaf, uint64_t cr4,
		    uint64_t xcr0, uint32_t apic_id, struct cpuid_regs *regs)
{
	if (leaf == 1) {
		regs->ebx |= apic_id << 24;
		regs->ecx |= cr4 & CR4_OSXSAVE ? BIT(27) : 0;
	}
	if (leaf == CPUID_TOPOLOGY)
		regs->edx = apic_id;
	if (leaf == CPUID_AMD_TOPOLOGY && table->extended[0].eax >= leaf) {
		regs->eax = apic_id;
		regs->ebx = apic_id; /* number of the core; one thread in it */
	}
	if (leaf == CPUID_XSAVE && subleaf <= 1 && regs->eax)
		regs->ebx = xcr0 & XCR0_AVX && table->avx_end ? table->avx_end : XSAVE_LEGACY;
}

unsigned cpuid_physical_bits(const struct cpuid_table *table)
{
	unsigned bits = table->extended[8].eax & 0xff;

	return bits ? bits : 36;
}

uint64_t cpuid_cr4_bits(const struct cpuid_table *table)
{
	/* CR4 bit, leaf, register (0 EAX ... 3 EDX), bit; APM vol. 2, 3.1.3 */
	static const struct {
		uint8_t cr4, leaf, reg, bit;
	} features[] = {
		{ 11, 7, 2, 2 },  /* UMIP */ { 16, 7, 1, 0 },	 /* FSGSBASE */
		{ 18, 1, 2, 26 }, /* OSXSAVE */ { 20, 7, 1, 7 }, /* SMEP */
		{ 21, 7, 1, 20 }, /* SMAP */ { 22, 7, 2, 3 },	 /* PKE */
	};
	uint64_t bits = 0x7ff; /* VME to OSXMMEXCPT: every processor with SVM */

	for (unsigned i = 0; i < sizeof features / sizeof features[0]; i++) {
		const struct cpuid_regs *r = cpuid_find(table, features[i].leaf, 0);
		const uint32_t regs[] = { r->eax, r->ebx, r->ecx, r->edx };

		bits |= (uint64_t)(regs[features[i].reg] >> features[i].bit & 1) << features[i].cr4;
	}
	return bits;
}
