/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor can do, found out once by the boot CPU; the others must have it too. */
#ifndef X86_FEATURES_H
#define X86_FEATURES_H

#include <stddef.h>
#include <stdint.h>

struct features {
	bool nx, pages_1g, rdtscp, smep, smap, umip, xsave, pge;
	bool tsc_ratio; /* of guests */
	bool svm, nrip, decode_assists, flush_by_asid, clean_bits;
	bool vmx;	       /* with all that is needed, and the firmware allows it */
	const char *vmx_lacks; /* what is missing otherwise; NULL without any VMX */
	uint32_t asids;
	uint64_t xcr0;	    /* every component the processor has */
	size_t xsave_bytes; /* of an area with all of them */
	unsigned phys_bits;
};

#define XSAVE_BYTES_MAX 12288u

extern struct features features;

void features_find(void);

/* Control registers, MSRs and descriptor tables of the CPU this runs on. */
struct cpu;
void cpu_setup(struct cpu *cpu);
void fpu_cpu_init(void);

/* Sets TSC_AUX, unless it has this value; 0 outside guests. */
void cpu_tsc_aux(struct cpu *cpu, uint32_t value);

/* Sets the limits of the GDT and the TSS again, which an exit of VMX loses. */
void cpu_limits_restore(struct cpu *cpu);

/* Allocates struct cpu, stacks and TSS of CPU index; boot only. */
void cpu_create(unsigned index, uint32_t apic_id);

#endif
