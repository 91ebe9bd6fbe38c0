/* SPDX-License-Identifier: Apache-2.0 */
/* Intel VMX behind arch/vcpu.h. */
#ifndef X86_VMX_H
#define X86_VMX_H

#include <core/vc.h>
#include <x86/vmcs.h>

extern const struct vcpu_ops vmx_ops;

/* Finds out whether the processor's VMX will do; the boot CPU asks once. NULL, or what is missing
 * as the end of a sentence. */
const char *vmx_find(void);

/* A page of a virtual CPU that the processor knows by address: the virtual APIC page, of which the
 * TPR shadow uses the TPR alone (SDM vol. 3, 30.1.1), and behind it MSRs that entries and exits
 * switch (25.7.2). */
enum {
	SWITCHED_STAR,
	SWITCHED_LSTAR,
	SWITCHED_CSTAR,
	SWITCHED_SFMASK,
	SWITCHED_KGS,
	SWITCHED_MSRS
};

struct vmx_msr {
	uint32_t index, reserved;
	uint64_t value;
};

struct vmx_page {
	uint8_t apic[0x400];
	struct vmx_msr guest[SWITCHED_MSRS], host[SWITCHED_MSRS];
};
_Static_assert(sizeof(struct vmx_page) <= 4096, "one page");

#define VMX_TPR 0x80

/* What the processor offers, by vmx_find. */
struct vmx_features {
	uint64_t basic;
	uint32_t pin, cpu, cpu2, exit, entry; /* controls as every VMCS has them */
	uint64_t eptp;			      /* without its address */
	uint64_t cr0_fixed, cr4_fixed;	      /* must be set in the guest too */
	unsigned timer_shift;		      /* of the TSC's rate to the preemption timer's */
};
extern struct vmx_features vmx;

/* Runs the guest once: loads gpr[] (all but rsp), switches worlds, stores gpr[] back. Called and
 * returns with IF=0. 0 after an exit; the flags of a failed VMLAUNCH or VMRESUME otherwise. */
uint64_t vmx_enter(uint64_t *gpr, bool launched);
extern const char vmx_exit[];

/* Makes the VC's VMCS current on its CPU, where this runs. */
void vmx_current(struct vc *vc);

/* Copies groups between the VMCS and a state (vmx_state.c). */
void vmx_load(struct vc *vc, uint64_t groups);
void vmx_store(struct vc *vc, uint64_t groups);

/* The state of a virtual CPU that nothing was loaded into. */
void vmx_clear_state(struct vc *vc);

/* Waits until the guest can take an interrupt of this priority class, or for nothing with 0. */
void vmx_window(struct vc *vc, unsigned class);

/* The guest's TPR, as a priority class. */
static inline unsigned vmx_tpr(const struct vc *vc)
{
	return vc->arch.vmx.page->apic[VMX_TPR] >> 4;
}

/* Has the next entry deliver the pending event. */
void vmx_inject(struct vc *vc);

/* After an exit (vmx_exit.c): describes it; VCPU_RESUME or an enum vela_exit. */
int vmx_sort_exit(struct vc *vc);

/* After an entry that failed: the flags of the instruction, or 0 and a reason. */
int vmx_sort_failure(struct vc *vc, uint64_t flags);

/* A field that the processor does not have would be a bug here: nothing is checked. */
static inline uint64_t vmread(uint64_t field)
{
	uint64_t value;
	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(uint64_t field, uint64_t value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc");
}

#endif
