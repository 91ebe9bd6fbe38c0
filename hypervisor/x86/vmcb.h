/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual machine control block (APM vol. 2, appendix B) and its codes (appendix C). */
#ifndef X86_VMCB_H
#define X86_VMCB_H

#include <stddef.h>
#include <stdint.h>
#include <vela/state.h>

struct vmcb {
	uint32_t intercept_cr; /* reads 15:0, writes 31:16 */
	uint32_t intercept_dr;
	uint32_t intercept_exceptions;
	uint32_t intercept1, intercept2, intercept3;
	uint8_t reserved0[0x40 - 0x18];
	uint64_t iopm_pa, msrpm_pa;
	uint64_t tsc_offset;
	uint32_t asid;
	uint32_t tlb_control;
	uint64_t int_ctl;
	uint64_t int_state;
	uint64_t exit_code, exit_info1, exit_info2, exit_int_info;
	uint64_t np_enable;
	uint64_t avic[2];
	uint64_t event_inj;
	uint64_t n_cr3;
	uint64_t lbr;
	uint64_t clean;
	uint64_t nrip;
	uint8_t insn_count, insn[15];
	uint8_t reserved1[0x400 - 0xe0];
	/* save area: es cs ss ds fs gs gdtr ldtr idtr tr */
	struct vela_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved2[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved3;
	uint64_t efer;
	uint8_t reserved4[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved5[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved6[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved7[0x668 - 0x648];
	uint64_t g_pat;
	uint8_t reserved8[0x1000 - 0x670];
};

#define VMCB_AT(field, offset) \
	_Static_assert(offsetof(struct vmcb, field) == (offset), "VMCB." #field)
VMCB_AT(iopm_pa, 0x40);
VMCB_AT(asid, 0x58);
VMCB_AT(int_ctl, 0x60);
VMCB_AT(exit_code, 0x70);
VMCB_AT(event_inj, 0xa8);
VMCB_AT(nrip, 0xc8);
VMCB_AT(insn, 0xd1);
VMCB_AT(es, 0x400);
VMCB_AT(tr, 0x490);
VMCB_AT(cpl, 0x4cb);
VMCB_AT(efer, 0x4d0);
VMCB_AT(cr4, 0x548);
VMCB_AT(rip, 0x578);
VMCB_AT(rsp, 0x5d8);
VMCB_AT(rax, 0x5f8);
VMCB_AT(cr2, 0x640);
VMCB_AT(g_pat, 0x668);
_Static_assert(sizeof(struct vmcb) == 4096, "one page");

/* intercept1 */
#define I1_INTR	    (1u << 0)
#define I1_NMI	    (1u << 1)
#define I1_INIT	    (1u << 3)
#define I1_VINTR    (1u << 4)
#define I1_RDTSC    (1u << 14)
#define I1_RDPMC    (1u << 15)
#define I1_CPUID    (1u << 18)
#define I1_INVD	    (1u << 22)
#define I1_PAUSE    (1u << 23)
#define I1_HLT	    (1u << 24)
#define I1_INVLPG   (1u << 25)
#define I1_INVLPGA  (1u << 26)
#define I1_IOIO	    (1u << 27)
#define I1_MSR	    (1u << 28)
#define I1_FERR	    (1u << 30)
#define I1_SHUTDOWN (1u << 31)

/* intercept2: VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT; WBINVD, MONITOR, MWAIT (both),
 * RDPRU */
#define I2_ALWAYS 0x00005e7fu

#define CR_WRITE(n)  (1u << (16 + (n)))
#define DR_READS_0_3 0x0000000fu
#define DR_READ_7    0x00000080u
#define DR_WRITES    0xffff0000u

/* int_ctl */
#define CTL_TPR		0xfull
#define CTL_V_IRQ	(1ull << 8)
#define CTL_V_PRIO_MAX	(0xfull << 16)
#define CTL_V_IGN_TPR	(1ull << 20)
#define CTL_V_INTR_MASK (1ull << 24)

#define INT_STATE_SHADOW 1ull

/* clean bits: parts of the VMCB the processor may still have cached */
#define CLEAN_INTERCEPTS 0x001u
#define CLEAN_ASID	 0x004u
#define CLEAN_TPR	 0x008u
#define CLEAN_CR	 0x020u
#define CLEAN_DR	 0x040u
#define CLEAN_DT	 0x080u
#define CLEAN_SEG	 0x100u
#define CLEAN_CR2	 0x200u
#define CLEAN_NP	 0x010u
#define CLEAN_ALL	 0xfffu

#define TLB_FLUSH_ALL  1u
#define TLB_FLUSH_ASID 3u

enum vmexit {
	VMEXIT_CR_READ = 0x00,
	VMEXIT_CR_WRITE = 0x10,
	VMEXIT_DR_READ = 0x20,
	VMEXIT_DR_WRITE = 0x30,
	VMEXIT_EXCEPTION = 0x40,
	VMEXIT_INTR = 0x60,
	VMEXIT_NMI = 0x61,
	VMEXIT_INIT = 0x63,
	VMEXIT_VINTR = 0x64,
	VMEXIT_CR0_SELECTIVE = 0x65,
	VMEXIT_CPUID = 0x72,
	VMEXIT_HLT = 0x78,
	VMEXIT_IOIO = 0x7b,
	VMEXIT_MSR = 0x7c,
	VMEXIT_SHUTDOWN = 0x7f,
	VMEXIT_VMMCALL = 0x81,
	VMEXIT_NPF = 0x400,
};
#define VMEXIT_INVALID 0xffffffffu

#define EFER_LME  0x100ull
#define EFER_SVME 0x1000ull

#endif
