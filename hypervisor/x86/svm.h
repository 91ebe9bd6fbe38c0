/* SPDX-License-Identifier: Apache-2.0 */
/* AMD SVM behind arch/vcpu.h. */
#ifndef X86_SVM_H
#define X86_SVM_H

#include <core/vc.h>
#include <x86/vmcb.h>

extern const struct vcpu_ops svm_ops;

#define TSC_RATIO_1 \
	(1ull << 32) /* in the format of the MSR: the host's rate, and its reset value */

/* Runs the guest once: loads gpr[] (all but rax, rsp), switches worlds, stores gpr[] back. Called
 * with IF=0, GIF=1; returns so. Interrupts that ended it are pending. */
void svm_enter(uint64_t vmcb_pa, uint64_t *gpr, uint64_t host_vmcb_pa);

/* Copies groups between the VMCB and the state page (svm_state.c). */
void svm_load(struct vc *vc, uint64_t groups);
void svm_store(struct vc *vc, uint64_t groups);

/* Sets the intercepts that depend on the monitor's wishes. */
void svm_intercepts(struct vc *vc);

/* Waits until the guest can take an interrupt of this priority class, or for nothing with 0. */
void svm_window(struct vc *vc, unsigned class);

static inline struct vmcb *svm_vmcb(const struct vc *vc)
{
	return vc->arch.control;
}

#endif
