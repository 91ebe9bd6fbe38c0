/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state page and the VMCB. Loading reads each word of the page once and lets nothing through
 * that the host depends on: intercepts the kernel needs, SVME, nested paging and the tag are its
 * own; whatever else is wrong the processor refuses, which is an ordinary exit.
 */
#include <arch/fpu.h>
#include <core/cpu.h>
#include <x86/features.h>
#include <x86/svm.h>
#include <x86/trap.h>

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* DR7 with all breakpoints off: the guest's debug registers are kept by its monitor. */
#define DR7_OFF	      0x400ull
#define EVENT_BITS    0xffffffffull
#define CR0_RESERVED  (1ull << 63)
#define CR4_PAE	      0x20ull
#define RFLAGS_ONE    2ull
#define RATIO_SHIFT   16
#define RATIO_BITS    0xffffffffffull
#define RFLAGS_IF     0x200ull
#define EVENT_REFUSED 0x100ull /* no type of event has it: VMRUN refuses */
#define GROUPS_REST   (VELA_GROUP_CR | VELA_GROUP_SEG | VELA_GROUP_MSR | VELA_GROUP_CTRL)

void svm_window(struct vc *vc, unsigned class)
{
	struct vmcb *v = svm_vmcb(vc);
	bool above = class > (v->int_ctl & CTL_TPR);
	vc->arch.window = (uint8_t)class;
	v->int_ctl &= ~(CTL_V_IRQ | CTL_V_PRIO_MAX | CTL_V_IGN_TPR);
	v->intercept1 &= ~I1_VINTR;
	v->intercept_cr &= ~CR_WRITE(8);
	/* A virtual interrupt of the highest priority stands for "can take one now"; it is
	 * intercepted before it would be delivered. */
	if (above) {
		v->int_ctl |= CTL_V_IRQ | CTL_V_PRIO_MAX | CTL_V_IGN_TPR;
		v->intercept1 |= I1_VINTR;
	}
	/* QEMU 7.2 compares priorities in its own way, and a guest that writes CR8 while V_IRQ is
	 * set ends it. */
	if (class)
		v->intercept_cr |= CR_WRITE(8);
	v->clean &= ~(uint64_t)(CLEAN_TPR | CLEAN_INTERCEPTS);
}

void svm_intercepts(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	uint32_t wish = READ(vc->state->intercepts);
	uint32_t i1 = I1_INTR | I1_NMI | I1_INIT | I1_RDPMC | I1_CPUID | I1_INVD | I1_HLT |
		      I1_INVLPGA | I1_IOIO | I1_MSR | I1_FERR | I1_SHUTDOWN;
	uint32_t cr = CR_WRITE(4); /* what QEMU 7.2 does not survive must be seen; see load_cr */
	if (wish & VELA_INTERCEPT_RDTSC)
		i1 |= I1_RDTSC;
	if (wish & VELA_INTERCEPT_INVLPG)
		i1 |= I1_INVLPG;
	if (wish & VELA_INTERCEPT_PAUSE)
		i1 |= I1_PAUSE;
	if (wish & VELA_INTERCEPT_CR0)
		cr |= CR_WRITE(0);
	if (wish & VELA_INTERCEPT_CR3)
		cr |= CR_WRITE(3);
	v->intercept_cr = cr;
	v->intercept_dr = DR_WRITES | DR_READS_0_3 | DR_READ_7;
	/* A guest that faults while delivering #DB or #AC would loop in the processor for ever. */
	v->intercept_exceptions = READ(vc->state->intercept_exceptions) | 1u << VECTOR_DB |
				  1u << VECTOR_AC | 1u << VECTOR_MC;
	v->intercept1 = i1;
	v->intercept2 = I2_ALWAYS;
	svm_window(vc, vc->arch.window);
}

[[gnu::noinline]] static void load_event(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	const struct vela_state *s = vc->state;
	uint32_t event = READ(s->event);
	uint8_t window = vc_window(s);
	v->event_inj = event & VELA_EVENT_VALID
			       ? (event & EVENT_BITS) | (uint64_t)READ(s->event_error) << 32
			       : 0;
	/* What VMX cannot inject no monitor may rely on: an interrupt while IF is clear. */
	if (event & VELA_EVENT_VALID && !(event & VELA_EVENT_TYPE) && !(v->rflags & RFLAGS_IF))
		v->event_inj |= EVENT_REFUSED;
	if (window != vc->arch.window)
		svm_window(vc, window);
}

static void load_cr(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	const struct vela_state *s = vc->state;
	uint64_t cr0 = READ(s->cr0), cr3 = READ(s->cr3), cr4 = READ(s->cr4);
	/* VMRUN keeps the tag's translations, which the old values made: a fresh tag has none. */
	if (v->cr0 != cr0 || v->cr3 != cr3 || v->cr4 != cr4)
		vc->arch.asid_gen = 0;
	v->cr0 = cr0;
	v->cr2 = READ(s->cr2);
	v->cr3 = cr3;
	v->cr4 = cr4;
	v->efer = READ(s->efer) | EFER_SVME;
	/* A guest with LME but without PAE and paging costs QEMU 7.2 the host's CR0 at its next
	 * exit: refused as inconsistent, by a bit that every processor refuses. */
	if (v->efer & EFER_LME && !(v->cr4 & CR4_PAE))
		v->cr0 |= CR0_RESERVED;
	v->dr6 = READ(s->dr6);
	v->dr7 = DR7_OFF;
	v->int_ctl = (v->int_ctl & ~CTL_TPR) | (READ(s->cr8) & CTL_TPR);
	if (vc->arch.window)
		svm_window(vc, vc->arch.window);
	fpu_set_xcr0(cpu_self(), vc->fpu, READ(s->xcr0));
	v->clean &= ~(uint64_t)(CLEAN_CR | CLEAN_CR2 | CLEAN_DR | CLEAN_TPR);
}

static void load_segments(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	struct vela_segment seg[VELA_SEGMENTS];
	memcpy(seg, vc->state->seg, sizeof seg);
	v->es = seg[VELA_ES];
	v->cs = seg[VELA_CS];
	v->ss = seg[VELA_SS];
	v->ds = seg[VELA_DS];
	v->fs = seg[VELA_FS];
	v->gs = seg[VELA_GS];
	v->ldtr = seg[VELA_LDTR];
	v->tr = seg[VELA_TR];
	v->gdtr = seg[VELA_GDTR];
	v->idtr = seg[VELA_IDTR];
	v->cpl = (uint8_t)(v->ss.attr >> 5 & 3); /* SS.DPL, as VMRUN wants it (15.5.1) */
	v->clean &= ~(uint64_t)(CLEAN_SEG | CLEAN_DT);
}

static void load_msrs(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	const struct vela_state *s = vc->state;
	v->star = READ(s->star);
	v->lstar = READ(s->lstar);
	v->cstar = READ(s->cstar);
	v->sfmask = READ(s->sfmask);
	v->kernel_gs_base = READ(s->kernel_gs_base);
	v->sysenter_cs = READ(s->sysenter_cs);
	v->sysenter_esp = READ(s->sysenter_esp);
	v->sysenter_eip = READ(s->sysenter_eip);
	v->g_pat = READ(s->pat);
	vc->arch.tsc_aux = features.rdtscp ? (uint32_t)READ(s->tsc_aux) : 0;
	v->clean &= ~(uint64_t)CLEAN_NP;
}

/* The MSR has 8 bits before and 32 behind the point (15.30.5). */
static uint64_t ratio_to_msr(uint64_t ratio)
{
	uint64_t msr = ratio >> RATIO_SHIFT & RATIO_BITS;
	return features.tsc_ratio && msr ? msr : TSC_RATIO_1;
}

/* Groups that few exits need; apart, so that the others pay nothing for them. */
[[gnu::noinline]] static void load_rest(struct vc *vc, uint64_t groups)
{
	if (groups & VELA_GROUP_CR)
		load_cr(vc);
	if (groups & VELA_GROUP_SEG)
		load_segments(vc);
	if (groups & VELA_GROUP_MSR)
		load_msrs(vc);
	if (groups & VELA_GROUP_CTRL) {
		svm_vmcb(vc)->tsc_offset = READ(vc->state->tsc_offset);
		vc->arch.tsc_ratio = ratio_to_msr(READ(vc->state->tsc_ratio));
		if (READ(vc->state->flush))
			vc->arch.asid_gen = 0;
		svm_intercepts(vc);
	}
}

void svm_load(struct vc *vc, uint64_t groups)
{
	struct vmcb *v = svm_vmcb(vc);
	const struct vela_state *s = vc->state;
	if (groups & VELA_GROUP_GPR) {
		for (unsigned i = 0; i < 16; i++)
			vc->arch.gpr[i] = READ(s->gpr[i]);
		v->rax = vc->arch.gpr[VELA_RAX];
		v->rsp = vc->arch.gpr[VELA_RSP];
	}
	if (groups & VELA_GROUP_RIP) {
		v->rip = READ(s->rip);
		v->rflags = READ(s->rflags) | RFLAGS_ONE;
		v->int_state = READ(s->shadow) & INT_STATE_SHADOW;
	}
	if (groups & VELA_GROUP_EVENT)
		load_event(vc);
	if (groups & GROUPS_REST)
		load_rest(vc, groups);
}

static void store_cr(struct vc *vc)
{
	const struct vmcb *v = svm_vmcb(vc);
	struct vela_state *s = vc->state;
	s->cr0 = v->cr0;
	s->cr2 = v->cr2;
	s->cr3 = v->cr3;
	s->cr4 = v->cr4;
	s->cr8 = v->int_ctl & CTL_TPR;
	s->efer = v->efer & ~EFER_SVME;
	s->xcr0 = fpu_xcr0(cpu_self(), vc->fpu);
	s->dr6 = v->dr6;
}

static void store_segments(struct vc *vc)
{
	const struct vmcb *v = svm_vmcb(vc);
	const struct vela_segment seg[VELA_SEGMENTS] = { v->es, v->cs,	 v->ss, v->ds,	 v->fs,
							 v->gs, v->ldtr, v->tr, v->gdtr, v->idtr };
	memcpy(vc->state->seg, seg, sizeof seg);
}

static void store_msrs(struct vc *vc)
{
	const struct vmcb *v = svm_vmcb(vc);
	struct vela_state *s = vc->state;
	s->star = v->star;
	s->lstar = v->lstar;
	s->cstar = v->cstar;
	s->sfmask = v->sfmask;
	s->kernel_gs_base = v->kernel_gs_base;
	s->sysenter_cs = v->sysenter_cs;
	s->sysenter_esp = v->sysenter_esp;
	s->sysenter_eip = v->sysenter_eip;
	s->pat = v->g_pat;
	s->tsc_aux = vc->arch.tsc_aux;
}

[[gnu::noinline]] static void store_rest(struct vc *vc, uint64_t groups)
{
	if (groups & VELA_GROUP_CR)
		store_cr(vc);
	if (groups & VELA_GROUP_SEG)
		store_segments(vc);
	if (groups & VELA_GROUP_MSR)
		store_msrs(vc);
	if (groups & VELA_GROUP_CTRL) {
		vc->state->tsc_offset = svm_vmcb(vc)->tsc_offset;
		vc->state->tsc_ratio = features.tsc_ratio ? vc->arch.tsc_ratio << RATIO_SHIFT : 0;
	}
}

void svm_store(struct vc *vc, uint64_t groups)
{
	const struct vmcb *v = svm_vmcb(vc);
	struct vela_state *s = vc->state;
	if (groups & VELA_GROUP_GPR) {
		vc->arch.gpr[VELA_RAX] = v->rax;
		vc->arch.gpr[VELA_RSP] = v->rsp;
		for (unsigned i = 0; i < 16; i++)
			s->gpr[i] = vc->arch.gpr[i];
	}
	if (groups & VELA_GROUP_RIP) {
		s->rip = v->rip;
		s->rflags = v->rflags;
		s->shadow = v->int_state & INT_STATE_SHADOW;
	}
	if (groups & VELA_GROUP_EVENT) {
		s->event = (uint32_t)v->event_inj;
		s->event_error = (uint32_t)(v->event_inj >> 32);
		s->window = vc->arch.window;
	}
	if (groups & GROUPS_REST)
		store_rest(vc, groups);
}
