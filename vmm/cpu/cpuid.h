/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest's CPUID says. All answers are computed when the machine is made, from the host's
 * CPUID by the policy table in cpuid.c; an exit is a look-up. Three answers depend on registers the
 * guest changes, and some on which processor asks; these are completed at the exit.
 */
#ifndef VMM_CPU_CPUID_H
#define VMM_CPU_CPUID_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

#define CPUID_BASIC_LEAVES    0x20u
#define CPUID_EXTENDED_LEAVES 0x20u
#define CPUID_KVM_LEAVES      0x11u
#define CPUID_SUBLEAVES	      4u /* of the leaves in sub; others have one */

#define CPUID_KVM	   0x40000000u
#define CPUID_EXTENDED	   0x80000000u
#define CPUID_TOPOLOGY	   0xbu
#define CPUID_XSAVE	   0xdu
#define CPUID_AMD_TOPOLOGY 0x8000001eu
#define CPUID_SUB_MASKS	   5u

struct cpuid_table {
	struct cpuid_regs basic[CPUID_BASIC_LEAVES];
	struct cpuid_regs sub[CPUID_SUB_MASKS][CPUID_SUBLEAVES]; /* 4, 7, 0xb, 0xd, 8000001d */
	struct cpuid_regs kvm[CPUID_KVM_LEAVES];
	struct cpuid_regs extended[CPUID_EXTENDED_LEAVES];
	uint32_t avx_end; /* bytes of an XSAVE area with AVX state, 0 if not offered */
};

struct cpuid_config {
	/* The host's answers; on Vela the instruction itself. */
	struct cpuid_regs (*host)(void *ctx, uint32_t leaf, uint32_t subleaf);
	void *ctx;
	unsigned cpus; /* processors: each a core with one thread, their APIC ids count from 0 */
	uint32_t tsc_khz;
	uint32_t apic_khz; /* input clock of the local APIC's timer */
};

void cpuid_build(struct cpuid_table *table, const struct cpuid_config *config);

/* The answer for a leaf; never NULL. Leaves that do not exist are zero. */
const struct cpuid_regs *cpuid_find(const struct cpuid_table *table, uint32_t leaf,
				    uint32_t subleaf);

/* Whether cpuid_complete has something to add to the leaf. */
static inline bool cpuid_is_dynamic(uint32_t leaf)
{
	return leaf == 1 || leaf == CPUID_TOPOLOGY || leaf == CPUID_XSAVE ||
	       leaf == CPUID_AMD_TOPOLOGY;
}

/* Adds the APIC id of the processor, and what follows from its CR4 and XCR0: OSXSAVE, and the size
 * of the enabled XSAVE area. */
void cpuid_complete(const struct cpuid_table *table, uint32_t leaf, uint32_t subleaf, uint64_t cr4,
		    uint64_t xcr0, uint32_t apic_id, struct cpuid_regs *regs);

/* The bits of CR4 that stand for features the guest is told of; all others are reserved. */
uint64_t cpuid_cr4_bits(const struct cpuid_table *table);

/* Physical address bits the guest is told. */
unsigned cpuid_physical_bits(const struct cpuid_table *table);

#endif
