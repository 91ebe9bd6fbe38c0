/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state page and the VMCS. Loading reads each word of the page once; what the host depends on
 * (controls, the bits of CR0 and CR4 that VMX itself needs, caching) is the kernel's own, and
 * whatever else is wrong the processor refuses, which is an ordinary exit.
 */
#include <arch/fpu.h>
#include <core/cpu.h>
#include <x86/features.h>
#include <x86/trap.h>
#include <x86/vmx.h>

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

#define TSC_RATIO_1   (1ull << 48)
#define ATTR_P	      0x80u
#define DR7_OFF	      0x400ull
#define CR0_PG	      0x80000000ull
#define CR0_CACHING   0x60000000ull /* CD, NW: exits do not restore them (SDM vol. 3, 28.5.1) */
#define CR4_PAE	      0x20ull
#define EFER_LME      0x100ull
#define EFER_LMA      0x400ull
#define RFLAGS_ONE    2ull
#define RFLAGS_IF     0x200ull
#define RFLAGS_TF     0x100ull
#define EVENT_BITS    (VELA_EVENT_VALID | VELA_EVENT_ERROR_VALID | VELA_EVENT_TYPE | 0xffu)
#define EVENT_REFUSED 0x100u /* a reserved type */
#define MASK_ALL      UINT64_MAX
#define GROUPS_REST   (VELA_GROUP_CR | VELA_GROUP_SEG | VELA_GROUP_MSR | VELA_GROUP_CTRL)

/* A #DB or #AC without end would keep the processor in delivery for ever; #MC is the host's. */
#define EXCEPTIONS_ALWAYS (1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC)

/* First for the TPR to fall below the class, then for the window: an entry refuses a threshold that
 * is above the TPR (27.2.1.1). */
void vmx_window(struct vc *vc, unsigned class)
{
	uint64_t cpu = vmread(VMCS_CPU_CONTROLS);
	bool above = class > vmx_tpr(vc);
	vc->arch.window = (uint8_t)class;
	vmwrite(VMCS_CPU_CONTROLS, above ? cpu | CPU_WINDOW : cpu & ~(uint64_t)CPU_WINDOW);
	vmwrite(VMCS_TPR_THRESHOLD, above ? 0 : class);
}

static void load_controls(struct vc *vc, const struct vela_state *s)
{
	uint32_t wish = READ(s->intercepts), cpu = vmx.cpu;
	if (READ(s->flush))
		vc->arch.asid_gen = 0;
	if (wish & VELA_INTERCEPT_RDTSC)
		cpu |= CPU_RDTSC;
	if (wish & VELA_INTERCEPT_INVLPG)
		cpu |= CPU_INVLPG;
	if (wish & VELA_INTERCEPT_PAUSE)
		cpu |= CPU_PAUSE;
	if (wish & VELA_INTERCEPT_CR3)
		cpu |= CPU_CR3_LOAD;
	vmwrite(VMCS_CPU_CONTROLS, cpu);
	vmx_window(vc, vc->arch.window);
	vmwrite(VMCS_EXCEPTIONS, READ(s->intercept_exceptions) | EXCEPTIONS_ALWAYS);
	vmwrite(VMCS_CR0_MASK, wish & VELA_INTERCEPT_CR0 ? MASK_ALL : vmx.cr0_fixed | CR0_CACHING);
	vmwrite(VMCS_CR4_MASK, MASK_ALL);
	vmwrite(VMCS_TSC_OFFSET, READ(s->tsc_offset));
	if (features.tsc_ratio) {
		uint64_t ratio = READ(s->tsc_ratio);
		vmwrite(VMCS_TSC_RATIO, ratio ? ratio : TSC_RATIO_1);
	}
}

static void load_event(struct vc *vc, const struct vela_state *s)
{
	uint32_t event = READ(s->event);
	uint8_t window = vc_window(s);
	/* The other types are for the kernel alone, or not of every vendor: as bad as no type. */
	if ((event & VELA_EVENT_TYPE) > VELA_EVENT_SOFT)
		event = (event & ~VELA_EVENT_TYPE) | EVENT_REFUSED;
	vc->arch.vmx.event = event & VELA_EVENT_VALID
				     ? (event & EVENT_BITS) | (uint64_t)READ(s->event_error) << 32
				     : 0;
	if (window != vc->arch.window)
		vmx_window(vc, window);
}

/* Whether these make the processor use the page-directory pointers in the VMCS. */
static bool pae_paging(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return cr0 & CR0_PG && cr4 & CR4_PAE && !(efer & EFER_LMA);
}

static void load_cr(struct vc *vc, const struct vela_state *s)
{
	uint64_t cr0 = READ(s->cr0), cr4 = READ(s->cr4), efer = READ(s->efer) & ~EFER_LMA;
	if (efer & EFER_LME && cr0 & CR0_PG)
		efer |= EFER_LMA;
	/* An entry keeps the tag's translations, which the old values made: a fresh tag has none.
	 */
	vc->arch.asid_gen = 0;
	vmwrite(VMCS_GUEST_CR0, (cr0 & ~CR0_CACHING) | vmx.cr0_fixed);
	vmwrite(VMCS_CR0_SHADOW, cr0);
	vmwrite(VMCS_GUEST_CR3, READ(s->cr3));
	vmwrite(VMCS_GUEST_CR4, cr4 | vmx.cr4_fixed);
	vmwrite(VMCS_CR4_SHADOW, cr4);
	vmwrite(VMCS_GUEST_EFER, efer);
	vmwrite(VMCS_ENTRY_CONTROLS, vmx.entry | (efer & EFER_LMA ? ENTRY_GUEST_64 : 0));
	vmwrite(VMCS_GUEST_DR7, DR7_OFF);
	for (unsigned i = 0; pae_paging(cr0, cr4, efer) && i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE + 2 * i, READ(s->pdpte[i]));
	vc->arch.vmx.cr2 = READ(s->cr2);
	vc->arch.vmx.dr6 = READ(s->dr6);
	vc->arch.vmx.page->apic[VMX_TPR] = (uint8_t)(READ(s->cr8) << 4);
	if (vc->arch.window)
		vmx_window(vc, vc->arch.window);
	fpu_set_xcr0(cpu_self(), vc->fpu, READ(s->xcr0));
}

/* The attributes of the page with what is between them in a VMCS; a segment that is not present is
 * one that cannot be used. */
static void load_segments(const struct vela_state *s)
{
	struct vela_segment seg[VELA_SEGMENTS];
	memcpy(seg, s->seg, sizeof seg);
	for (unsigned i = 0; i < VELA_SEGMENTS; i++) {
		vmwrite(VMCS_GUEST_LIMIT + 2 * i, seg[i].limit);
		vmwrite(VMCS_GUEST_BASE + 2 * i, seg[i].base);
		if (i >= VELA_GDTR)
			continue;
		vmwrite(VMCS_GUEST_SELECTOR + 2 * i, seg[i].selector);
		vmwrite(VMCS_GUEST_ATTR + 2 * i,
			(seg[i].attr & 0xffu) | (seg[i].attr & 0xf00u) << 4 |
				(seg[i].attr & ATTR_P ? 0 : ATTR_UNUSABLE));
	}
}

static void load_msrs(struct vc *vc, const struct vela_state *s)
{
	struct vmx_msr *msr = vc->arch.vmx.page->guest;
	msr[SWITCHED_STAR].value = READ(s->star);
	msr[SWITCHED_LSTAR].value = READ(s->lstar);
	msr[SWITCHED_CSTAR].value = READ(s->cstar);
	msr[SWITCHED_SFMASK].value = READ(s->sfmask);
	msr[SWITCHED_KGS].value = READ(s->kernel_gs_base);
	vmwrite(VMCS_GUEST_SYSENTER_CS, READ(s->sysenter_cs));
	vmwrite(VMCS_GUEST_SYSENTER_ESP, READ(s->sysenter_esp));
	vmwrite(VMCS_GUEST_SYSENTER_EIP, READ(s->sysenter_eip));
	vmwrite(VMCS_GUEST_PAT, READ(s->pat));
	vc->arch.tsc_aux = features.rdtscp ? (uint32_t)READ(s->tsc_aux) : 0;
}

[[gnu::noinline]] static void load_rest(struct vc *vc, const struct vela_state *s, uint64_t groups)
{
	if (groups & VELA_GROUP_CR)
		load_cr(vc, s);
	if (groups & VELA_GROUP_SEG)
		load_segments(s);
	if (groups & VELA_GROUP_MSR)
		load_msrs(vc, s);
	if (groups & VELA_GROUP_CTRL)
		load_controls(vc, s);
}

/* Interruptibility and pending single steps have to fit each other and the flags (27.3.1.5). */
static void load_rip(const struct vela_state *s)
{
	uint64_t flags = READ(s->rflags) | RFLAGS_ONE;
	uint64_t blocked = vmread(VMCS_INTERRUPTIBILITY) & BLOCKED_BY_NMI;
	bool shadow = READ(s->shadow) & 1;
	if (shadow)
		blocked |= flags & RFLAGS_IF ? BLOCKED_BY_STI : BLOCKED_BY_MOV_SS;
	vmwrite(VMCS_GUEST_RIP, READ(s->rip));
	vmwrite(VMCS_GUEST_RFLAGS, flags);
	vmwrite(VMCS_INTERRUPTIBILITY, blocked);
	vmwrite(VMCS_PENDING_DEBUG, shadow && flags & RFLAGS_TF ? PENDING_STEP : 0);
}

static void load(struct vc *vc, const struct vela_state *s, uint64_t groups)
{
	if (groups & VELA_GROUP_GPR) {
		for (unsigned i = 0; i < 16; i++)
			vc->arch.gpr[i] = READ(s->gpr[i]);
		vmwrite(VMCS_GUEST_RSP, vc->arch.gpr[VELA_RSP]);
	}
	if (groups & VELA_GROUP_RIP)
		load_rip(s);
	if (groups & VELA_GROUP_EVENT)
		load_event(vc, s);
	if (groups & GROUPS_REST)
		load_rest(vc, s, groups);
}

void vmx_load(struct vc *vc, uint64_t groups)
{
	vmx_current(vc);
	load(vc, vc->state, groups);
}

void vmx_clear_state(struct vc *vc)
{
	static const struct vela_state nothing;
	vmwrite(VMCS_INTERRUPTIBILITY, 0);
	load(vc, &nothing, VELA_GROUPS & ~VELA_GROUP_CTRL);
	load_controls(vc, vc->state);
}

static void store_cr(struct vc *vc)
{
	struct vela_state *s = vc->state;
	uint64_t mask = vmread(VMCS_CR0_MASK);
	s->cr0 = (vmread(VMCS_GUEST_CR0) & ~mask) | (vmread(VMCS_CR0_SHADOW) & mask);
	s->cr2 = vc->arch.vmx.cr2;
	s->cr3 = vmread(VMCS_GUEST_CR3);
	s->cr4 = vmread(VMCS_CR4_SHADOW);
	s->cr8 = vmx_tpr(vc);
	s->efer = vmread(VMCS_GUEST_EFER);
	s->xcr0 = fpu_xcr0(cpu_self(), vc->fpu);
	s->dr6 = vc->arch.vmx.dr6;
	for (unsigned i = 0; i < 4; i++)
		s->pdpte[i] =
			pae_paging(s->cr0, s->cr4, s->efer) ? vmread(VMCS_GUEST_PDPTE + 2 * i) : 0;
}

static void store_segments(struct vc *vc)
{
	for (unsigned i = 0; i < VELA_SEGMENTS; i++) {
		struct vela_segment seg = { .limit = (uint32_t)vmread(VMCS_GUEST_LIMIT + 2 * i),
					    .base = vmread(VMCS_GUEST_BASE + 2 * i) };
		if (i < VELA_GDTR) {
			uint64_t attr = vmread(VMCS_GUEST_ATTR + 2 * i);
			seg.selector = (uint16_t)vmread(VMCS_GUEST_SELECTOR + 2 * i);
			seg.attr = (uint16_t)((attr & 0xff) | (attr >> 4 & 0xf00));
			if (attr & ATTR_UNUSABLE)
				seg.attr &= (uint16_t)~ATTR_P;
		}
		vc->state->seg[i] = seg;
	}
}

static void store_msrs(struct vc *vc)
{
	const struct vmx_msr *msr = vc->arch.vmx.page->guest;
	struct vela_state *s = vc->state;
	s->star = msr[SWITCHED_STAR].value;
	s->lstar = msr[SWITCHED_LSTAR].value;
	s->cstar = msr[SWITCHED_CSTAR].value;
	s->sfmask = msr[SWITCHED_SFMASK].value;
	s->kernel_gs_base = msr[SWITCHED_KGS].value;
	s->sysenter_cs = vmread(VMCS_GUEST_SYSENTER_CS);
	s->sysenter_esp = vmread(VMCS_GUEST_SYSENTER_ESP);
	s->sysenter_eip = vmread(VMCS_GUEST_SYSENTER_EIP);
	s->pat = vmread(VMCS_GUEST_PAT);
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
		vc->state->tsc_offset = vmread(VMCS_TSC_OFFSET);
		vc->state->tsc_ratio = features.tsc_ratio ? vmread(VMCS_TSC_RATIO) : 0;
	}
}

void vmx_store(struct vc *vc, uint64_t groups)
{
	struct vela_state *s = vc->state;
	vmx_current(vc);
	if (groups & VELA_GROUP_GPR) {
		vc->arch.gpr[VELA_RSP] = vmread(VMCS_GUEST_RSP);
		for (unsigned i = 0; i < 16; i++)
			s->gpr[i] = vc->arch.gpr[i];
	}
	if (groups & VELA_GROUP_RIP) {
		s->rip = vmread(VMCS_GUEST_RIP);
		s->rflags = vmread(VMCS_GUEST_RFLAGS);
		s->shadow =
			!!(vmread(VMCS_INTERRUPTIBILITY) & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
	}
	if (groups & VELA_GROUP_EVENT) {
		s->event = (uint32_t)vc->arch.vmx.event;
		s->event_error = (uint32_t)(vc->arch.vmx.event >> 32);
		s->window = vc->arch.window;
	}
	if (groups & GROUPS_REST)
		store_rest(vc, groups);
}
