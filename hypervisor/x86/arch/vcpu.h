/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: what a vendor's virtualisation provides to core/vc.c. One implementation is chosen at boot;
 * nothing outside it names its control structures.
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <stdint.h>
#include <vela/info.h>

struct cpu;
struct vc;
struct pd;

struct arch_vcpu {
	uint64_t gpr[16]; /* rax and rsp live in the control structure while the guest is loaded */
	void *control;	  /* VMCB or VMCS */
	uint64_t control_pa;
	uint32_t asid, asid_gen; /* address-space tag and its generation on the VC's CPU */
	uint32_t tlb_gen;	 /* of the guest space when the tag was last flushed */
	uint8_t window;		 /* priority class the monitor waits for, or 0 */
	uint32_t tsc_aux;	 /* guest's TSC_AUX, switched by software */
	uint64_t tsc_ratio;	 /* SVM: the guest's, in the format of its MSR */
	/* What SVM keeps in its VMCB and VMX leaves to software. */
	struct {
		struct vmx_page *page;
		uint64_t event;	   /* to inject, error code in the upper half */
		uint64_t cr2, dr6; /* of the guest */
		uint64_t host_cr0, host_fs;
		bool ready;    /* the VMCS is initialised */
		bool launched; /* it is to be resumed */
	} vmx;
};

/* What is left to do after the guest was left. */
#define VCPU_RESUME (-1) /* nothing the monitor must see */

struct vcpu_ops {
	uint64_t feature;		   /* VELA_FEATURE_* */
	bool (*cpu_init)(struct cpu *cpu); /* on each CPU; false: not usable */
	bool (*init)(struct vc *vc, struct pd *payer);
	void (*free)(struct vc *vc, struct pd *payer);
	void (*drop)(struct cpu *cpu, struct vc *vc);  /* on its CPU, which must forget it */
	void (*load)(struct vc *vc, uint64_t groups);  /* state page to guest, checked */
	void (*store)(struct vc *vc, uint64_t groups); /* guest to state page */
	/* Runs the guest until it is left; VCPU_RESUME or an enum vela_exit, whose EXIT group is
	 * then in the state page. */
	int (*run)(struct cpu *cpu, struct vc *vc);
};

extern const struct vcpu_ops *vcpu;

/* Chooses the implementation; a machine without one says so and stops. */
void vcpu_choose(void);

#endif
