/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID as the machine documents it, and as the features it names really are. */
#include "../lib/test.h"

#define LEAF_KVM   0x40000000u
#define LEAF_XSAVE 0xdu

#define HIDDEN_1_ECX \
	(BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) | BIT(15) | BIT(17) | BIT(18))
#define HIDDEN_1_EDX  (BIT(18) | BIT(21) | BIT(22) | BIT(28) | BIT(30))
#define HIDDEN_7_ECX  (BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(16) | BIT(31))
#define HIDDEN_EX_ECX (BIT(2) | BIT(3) | BIT(10) | BIT(12) | BIT(15) | BIT(23) | BIT(29))
#define OSXSAVE	      BIT(27)

GUEST_TEST(cpuid_hidden, "CPUID hides virtualisation, power management, counters, 5-level paging")
{
	struct cpuid one = cpuid(1, 0), seven = cpuid(7, 0), extended = cpuid(0x80000001u, 0);

	expect(!(one.ecx & HIDDEN_1_ECX), "1.ecx %x", one.ecx);
	expect(!(one.edx & HIDDEN_1_EDX), "1.edx %x", one.edx);
	expect(!(seven.ecx & HIDDEN_7_ECX), "7.ecx %x", seven.ecx);
	expect(!(seven.ebx & BIT(2)) && !(seven.ebx & BIT(10)), "SGX or INVPCID: %x", seven.ebx);
	expect(!(extended.ecx & HIDDEN_EX_ECX), "8000_0001.ecx %x", extended.ecx);
	for (uint32_t leaf = 0x8000000au; leaf < 0x80000020u; leaf++) {
		struct cpuid r = cpuid(leaf, 0);

		/* Where the processor has them these two describe caches and cores. */
		if (leaf == 0x8000001du || leaf == 0x8000001eu)
			continue;
		expect(!(r.eax | r.ebx | r.ecx | r.edx), "leaf %x is not empty", leaf);
	}
	expect(!cpuid(0xa, 0).eax, "performance counters are shown");
}

GUEST_TEST(cpuid_shown, "CPUID shows what the machine has")
{
	struct cpuid one = cpuid(1, 0), power = cpuid(6, 0), extended = cpuid(0x80000001u, 0);

	expect(cpuid(0, 0).eax == LEAF_XSAVE, "last basic leaf %x", cpuid(0, 0).eax);
	expect((one.ecx & (BIT(21) | BIT(24) | BIT(31))) == (BIT(21) | BIT(24) | BIT(31)),
	       "x2APIC, TSC-deadline, hypervisor: ecx %x", one.ecx);
	expect((one.ebx >> 16 & 0xff) == 1 && one.ebx >> 24 == 0, "processors, id: ebx %x",
	       one.ebx);
	expect(one.edx & BIT(9), "no APIC");
	expect(power.eax & BIT(2), "the APIC timer would stop");
	expect((extended.edx & BIT(29)) && (extended.edx & BIT(20)), "long mode, NX: %x",
	       extended.edx);
	expect((cpuid(0x80000008u, 0).eax & 0xff) >= 36, "physical address bits");
}

GUEST_TEST(cpuid_topology, "CPUID 4 and B: one thread in one core")
{
	struct cpuid threads = cpuid(0xb, 0), cores = cpuid(0xb, 1), none = cpuid(0xb, 2);

	expect(threads.eax == 0 && threads.ebx == 1 && threads.ecx == 0x100, "threads: %x %x %x",
	       threads.eax, threads.ebx, threads.ecx);
	expect(cores.eax == 0 && cores.ebx == 1 && cores.ecx == 0x201, "cores: %x %x %x", cores.eax,
	       cores.ebx, cores.ecx);
	expect(none.ebx == 0 && (none.ecx & 0xff00) == 0, "no third level: %x", none.ecx);
	for (unsigned i = 0; i < 4; i++)
		expect(!(cpuid(4, i).eax >> 14), "cache %u is shared: %x", i, cpuid(4, i).eax);
}

GUEST_TEST(cpuid_hypervisor, "hypervisor leaves: KVM's signature, clock, frequencies")
{
	struct cpuid top = cpuid(LEAF_KVM, 0), features = cpuid(LEAF_KVM + 1, 0);
	struct cpuid timing = cpuid(LEAF_KVM + 0x10, 0);

	expect(top.ebx == 0x4b4d564bu && top.ecx == 0x564b4d56u && top.edx == 0x4du,
	       "signature %x %x %x", top.ebx, top.ecx, top.edx);
	expect(top.eax == LEAF_KVM + 0x10, "last leaf %x", top.eax);
	expect(features.eax == (BIT(1) | BIT(3) | BIT(5) | BIT(6) | BIT(24)), "features %x",
	       features.eax);
	expect(timing.eax >= 10000, "TSC %u kHz", timing.eax);
	expect(timing.ebx == 1000000, "APIC %u kHz", timing.ebx);
	for (uint32_t leaf = LEAF_KVM + 0x100; leaf < LEAF_KVM + 0x1000; leaf += 0x100)
		expect(!cpuid(leaf, 0).eax, "leaf %x is not empty", leaf);
}

GUEST_TEST(cpuid_unknown, "leaves beyond the last one of their kind are zero")
{
	static const uint32_t leaves[] = { 0xe,		0x14,	     0x100,	  0x7fffffffu,
					   0x80000009u, 0x90000000u, 0xc0000000u, 0xffffffffu };

	for (unsigned i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
		struct cpuid r = cpuid(leaves[i], 0);

		expect(!(r.eax | r.ebx | r.ecx | r.edx), "leaf %x is not empty", leaves[i]);
	}
	expect(!cpuid(7, 1).eax && !cpuid(7, 100).ebx, "7 has subleaves");
}

static void check_sizes(uint32_t mask, uint32_t bytes)
{
	struct cpuid r = cpuid(LEAF_XSAVE, 0);

	expect(NO_TRAP == TRAP_OF("xsetbv", : : "c"(0), "a"(mask), "d"(0)), "xsetbv %x", mask);
	r = cpuid(LEAF_XSAVE, 0);
	expect(r.ebx == bytes, "%u bytes for XCR0 %x instead of %u", r.ebx, mask, bytes);
}

GUEST_TEST(cpuid_xsave, "CPUID D follows CR4.OSXSAVE and XCR0")
{
	struct cpuid one = cpuid(1, 0), main = cpuid(LEAF_XSAVE, 0), avx = cpuid(LEAF_XSAVE, 2);
	uint64_t cr4 = read_cr4();

	expect(!(one.ecx & OSXSAVE), "OSXSAVE before CR4 has it");
	if (!(one.ecx & BIT(26)))
		return expect(!main.eax && !main.ebx, "no XSAVE, but a leaf %x", main.eax);
	write_cr4(cr4 | CR4_OSXSAVE);
	expect(cpuid(1, 0).ecx & OSXSAVE, "no OSXSAVE although CR4 has it");
	expect((main.eax & 3) == 3 && !(main.eax & ~7u) && !main.edx, "components %x", main.eax);
	check_sizes(1, 576);
	check_sizes(3, 576);
	if (main.eax & 4) {
		expect(main.ecx == avx.eax + avx.ebx, "%u bytes at most, AVX %u at %u", main.ecx,
		       avx.eax, avx.ebx);
		check_sizes(7, main.ecx);
		check_sizes(3, 576);
	}
	for (unsigned i = 3; i < 64; i++)
		expect(!cpuid(LEAF_XSAVE, i).eax, "component %u is shown", i);
	expect(!(cpuid(LEAF_XSAVE, 1).eax & BIT(3)) && !cpuid(LEAF_XSAVE, 1).ecx, "XSAVES");
	write_cr4(cr4);
}
