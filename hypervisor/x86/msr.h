/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the model-specific registers the kernel uses (APM vol. 2, appendix A; SDM vol. 4). */
#ifndef X86_MSR_H
#define X86_MSR_H

#define MSR_FEATURE_CONTROL 0x3au
#define MSR_PAT		    0x277u
#define MSR_VMX_BASIC	    0x480u
#define MSR_VMX_MISC	    0x485u
#define MSR_VMX_CR0_FIXED0  0x486u
#define MSR_VMX_CR4_FIXED0  0x488u
#define MSR_VMX_CPU2	    0x48bu
#define MSR_VMX_EPT_VPID    0x48cu
#define MSR_VMX_TRUE_PIN    0x48du
#define MSR_VMX_TRUE_CPU    0x48eu
#define MSR_VMX_TRUE_EXIT   0x48fu
#define MSR_VMX_TRUE_ENTRY  0x490u
#define MSR_EFER	    0xc0000080u
#define MSR_STAR	    0xc0000081u
#define MSR_LSTAR	    0xc0000082u
#define MSR_CSTAR	    0xc0000083u
#define MSR_SFMASK	    0xc0000084u
#define MSR_FS_BASE	    0xc0000100u
#define MSR_GS_BASE	    0xc0000101u
#define MSR_KGS_BASE	    0xc0000102u
#define MSR_TSC_AUX	    0xc0000103u
#define MSR_TSC_RATIO	    0xc0000104u
#define MSR_VM_CR	    0xc0010114u
#define MSR_HSAVE_PA	    0xc0010117u

#endif
