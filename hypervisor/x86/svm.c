/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD SVM with nested paging (APM vol. 2, ch. 15): entering the guest, sorting exits, tags.
 */
#include <arch/ports.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/pd.h>
#include <core/pool.h>
#include <x86/features.h>
#include <x86/insn.h>
#include <x86/lapic.h>
#include <x86/msr.h>
#include <x86/pagetable.h>
#include <x86/svm.h>
#include <x86/trap.h>

#define PAT_RESET 0x0007040600070406ull
#define NP_ENABLE 1ull

/* IOIO EXITINFO1 (15.10.2) */
#define IOIO_IN	     0x1u
#define IOIO_STR     0x4u
#define IOIO_REP     0x8u
#define IOIO_SIZE(i) ((uint8_t)((i) >> 4 & 7))
#define IOIO_PORT(i) ((uint16_t)((i) >> 16))

/* NPF EXITINFO1 (15.25.6) */
#define NPF_W	 0x2ull
#define NPF_I	 0x10ull
#define NPF_WALK 0x200000000ull

static bool svm_cpu_init(struct cpu *cpu)
{
	void *save = pool_alloc(0);
	cpu->arch.host_vmcb = pool_alloc(0);
	if (!save || !cpu->arch.host_vmcb)
		return false;
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	msr_write(MSR_HSAVE_PA, pool_pa(save));
	__asm__ volatile("vmsave %0" : : "a"(pool_pa(cpu->arch.host_vmcb)) : "memory");
	cpu->arch.asid_gen = 1;
	cpu->arch.asid_next = 1;
	cpu->arch.tsc_ratio = TSC_RATIO_1;
	return true;
}

static bool svm_init(struct vc *vc, struct pd *payer)
{
	struct vmcb *v = pd_alloc_pages(payer, 0);
	if (!v)
		return false;
	vc->arch.control = v;
	vc->arch.control_pa = pool_pa(v);
	v->iopm_pa = vc->pio ? pool_pa(vc->pio->bitmap) : image_pa(ports_none);
	v->msrpm_pa = vc->msr ? pool_pa(vc->msr->bitmap) : image_pa(ports_none);
	v->int_ctl = CTL_V_INTR_MASK;
	v->np_enable = NP_ENABLE;
	v->n_cr3 = pool_pa(vc->gst->root);
	v->g_pat = PAT_RESET;
	vc->arch.tsc_ratio = TSC_RATIO_1;
	v->efer = EFER_SVME;
	svm_intercepts(vc);
	return true;
}

static void svm_free(struct vc *vc, struct pd *payer)
{
	pd_free_pages(payer, vc->arch.control, 0);
}

/* VMRUN leaves nothing of a VMCB in the processor that a later one at its place would find. */
static void svm_drop(struct cpu *, struct vc *)
{
}

/* Gives the VC a tag that no stale translation has: a fresh one, or its own flushed. Tags are
 * numbered per CPU; when they run out the generation ends and all are flushed (15.15). */
static void tag(struct cpu *cpu, struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	uint32_t gen = __atomic_load_n(&vc->gst->tlb_gen, __ATOMIC_ACQUIRE);
	v->tlb_control = 0;
	bool fresh = vc->arch.asid_gen == cpu->arch.asid_gen;
	if (fresh && vc->arch.tlb_gen == gen)
		return;
	vc->arch.tlb_gen = gen;
	if (fresh && features.flush_by_asid) {
		v->tlb_control = TLB_FLUSH_ASID;
		return;
	}
	if (cpu->arch.asid_next >= features.asids) {
		cpu->arch.asid_gen++;
		cpu->arch.asid_next = 1; /* 0 is the host's */
		v->tlb_control = TLB_FLUSH_ALL;
	}
	vc->arch.asid = cpu->arch.asid_next++;
	vc->arch.asid_gen = cpu->arch.asid_gen;
	v->asid = vc->arch.asid;
	v->clean &= ~(uint64_t)CLEAN_ASID;
}

/* An event whose delivery the exit cut short is delivered by the next entry (15.20), except
 * software ones: there the instruction is executed again. */
static void reinject(struct vmcb *v)
{
	uint64_t event = v->exit_int_info;
	unsigned vector = event & 0xff, type = event & VELA_EVENT_TYPE;
	v->event_inj = 0;
	if (!(event & VELA_EVENT_VALID) || type == VELA_EVENT_SOFT ||
	    (type == VELA_EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF)))
		return;
	/* QEMU 7.2 reports a virtual interrupt cut short as an exception of its vector. */
	if (type == VELA_EVENT_EXCEPTION && vector >= 32)
		event &= ~(uint64_t)VELA_EVENT_TYPE;
	v->event_inj = event;
}

/* Length of an instruction by its exit, if it has no prefixes: what processors without nRIP-save
 * leave us with. */
static unsigned fixed_length(uint64_t code)
{
	switch (code) {
	case VMEXIT_HLT:
		return 1;
	case VMEXIT_CPUID:
	case VMEXIT_MSR:
		return 2;
	case VMEXIT_VMMCALL:
		return 3;
	default:
		return 0;
	}
}

static uint64_t next_rip(const struct vmcb *v, uint64_t code)
{
	if (code == VMEXIT_IOIO)
		return v->exit_info2;
	if (code >= VMEXIT_EXCEPTION && code < VMEXIT_INTR)
		return 0;
	if (features.nrip)
		return code == VMEXIT_NPF ? 0 : v->nrip;
	unsigned length = fixed_length(code);
	return length ? v->rip + length : 0;
}

static void describe_io(struct vela_exit_info *e, uint64_t info)
{
	e->port = IOIO_PORT(info);
	e->width = IOIO_SIZE(info);
	e->io_flags = (info & IOIO_IN ? VELA_IO_IN : 0) | (info & IOIO_STR ? VELA_IO_STRING : 0) |
		      (info & IOIO_REP ? VELA_IO_REP : 0);
}

static void describe_memory(struct vela_exit_info *e, const struct vmcb *v)
{
	uint64_t info = v->exit_info1;
	e->gpa = v->exit_info2;
	e->access = info & NPF_W ? VELA_ACCESS_W : info & NPF_I ? VELA_ACCESS_X : VELA_ACCESS_R;
	if (info & NPF_WALK)
		e->access |= VELA_ACCESS_WALK;
	if (!features.decode_assists)
		return;
	e->insn_bytes = v->insn_count & 15;
	memcpy(e->insn, v->insn, sizeof v->insn);
}

/* Classes with a description of their own; the others' exit codes speak for themselves. */
static int classify(struct vela_exit_info *e, struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	uint32_t code = (uint32_t)v->exit_code; /* QEMU 7.2 stores INVALID as 32 bits */
	switch (code) {
	case VMEXIT_CPUID:
		return VELA_EXIT_CPUID;
	case VMEXIT_IOIO:
		describe_io(e, v->exit_info1);
		return VELA_EXIT_IO;
	case VMEXIT_NPF:
		describe_memory(e, v);
		return VELA_EXIT_MEMORY;
	case VMEXIT_MSR:
		e->write = v->exit_info1 & 1;
		return VELA_EXIT_MSR;
	case VMEXIT_HLT:
		return VELA_EXIT_HALT;
	case VMEXIT_SHUTDOWN:
		return VELA_EXIT_SHUTDOWN;
	case VMEXIT_VMMCALL:
		return VELA_EXIT_HYPERCALL;
	case VMEXIT_INVALID:
		return VELA_EXIT_INVALID;
	default:
		if (code < VMEXIT_EXCEPTION || code == VMEXIT_CR0_SELECTIVE)
			return VELA_EXIT_CR;
		return VELA_EXIT_OTHER;
	}
}

/* #DB and #AC that the monitor did not ask for go back to the guest, by the kernel. */
static int exception(struct vela_exit_info *e, struct vc *vc, unsigned vector)
{
	struct vmcb *v = svm_vmcb(vc);
	if (vector == VECTOR_MC)
		panic("machine check while a guest ran");
	e->vector = (uint8_t)vector;
	e->error = (uint32_t)v->exit_info1;
	if (__atomic_load_n(&vc->state->intercept_exceptions, __ATOMIC_RELAXED) >> vector & 1)
		return VELA_EXIT_EXCEPTION;
	if (v->event_inj & VELA_EVENT_VALID)
		return VCPU_RESUME; /* the instruction will raise it again */
	v->event_inj = vector | VELA_EVENT_EXCEPTION | VELA_EVENT_VALID;
	if (vector == VECTOR_AC)
		v->event_inj |= VELA_EVENT_ERROR_VALID; /* its error code is always 0 */
	return VCPU_RESUME;
}

/* After a refused entry QEMU 7.2 has values of the host in the save area, none of which may be
 * seen, and int_ctl may have lost V_INTR_MASK, without which a guest holds off the host's
 * interrupts. The monitor loads all of the state again. */
static void forget_state(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	memset(&v->es, 0, offsetof(struct vmcb, reserved8) - offsetof(struct vmcb, es));
	v->efer = EFER_SVME;
	v->event_inj = 0;
	svm_window(vc, 0);
	v->int_ctl = CTL_V_INTR_MASK;
	v->clean = 0;
}

static int sort_exit(struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	struct vela_exit_info *e = &vc->state->exit;
	uint32_t code = (uint32_t)v->exit_code;
	if (code == VMEXIT_INTR || code == VMEXIT_NMI || code == VMEXIT_INIT)
		return VCPU_RESUME;
	*e = (struct vela_exit_info){ .raw_code = v->exit_code,
				      .raw_info1 = v->exit_info1,
				      .raw_info2 = v->exit_info2,
				      .next_rip = next_rip(v, code) };
	int cls;
	if (code == VMEXIT_VINTR) {
		svm_window(vc, 0);
		cls = VELA_EXIT_WINDOW;
	} else if (code >= VMEXIT_EXCEPTION && code < VMEXIT_INTR) {
		cls = exception(e, vc, code - VMEXIT_EXCEPTION);
	} else {
		cls = classify(e, vc);
		if (cls == VELA_EXIT_INVALID)
			forget_state(vc);
	}
	e->cls = (uint32_t)cls;
	return cls;
}

/* VMRUN in QEMU 7.2 forgets the shadow that it should enter with. A guest that was left again
 * before its next instruction is still in it: an interrupt there could come between STI and HLT.
 * It also keeps the vector of an injected interrupt until the next exit or exception, and may
 * deliver it again before, whatever IF says: an interrupt that waits here makes the exit follow at
 * once. QEMU is known by its lack of nRIP-save. */
static void enter(struct cpu *cpu, struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	uint64_t shadow = v->int_state & INT_STATE_SHADOW, rip = v->rip;
	if (!features.nrip &&
	    (v->event_inj & (VELA_EVENT_VALID | VELA_EVENT_TYPE)) == VELA_EVENT_VALID)
		lapic_ipi(cpu->arch.apic_id, VECTOR_IPI);
	svm_enter(vc->arch.control_pa, vc->arch.gpr, pool_pa(cpu->arch.host_vmcb));
	if (shadow && v->rip == rip)
		v->int_state |= shadow;
}

static int svm_run(struct cpu *cpu, struct vc *vc)
{
	struct vmcb *v = svm_vmcb(vc);
	tag(cpu, vc);
	if (!features.clean_bits)
		v->clean = 0;
	cpu_tsc_aux(cpu, vc->arch.tsc_aux);
	if (cpu->arch.tsc_ratio != vc->arch.tsc_ratio) {
		cpu->arch.tsc_ratio = vc->arch.tsc_ratio;
		msr_write(MSR_TSC_RATIO, vc->arch.tsc_ratio);
	}
	cpu->arch.host_vmcb->fs.base = cpu->arch.tls; /* restored from there after the guest */
	enter(cpu, vc);
	/* VMRUN in QEMU 7.2 notes a V_IRQ without the lock under which the LAPIC's timer notes its
	 * interrupt, and can lose that. */
	if (vc->arch.window)
		lapic_recheck();
	v->clean = CLEAN_ALL;
	cpu->stat[VELA_STAT_HW_VMEXITS]++;
	if ((uint32_t)v->exit_code == VMEXIT_INTR)
		interrupts_take();
	reinject(v);
	return sort_exit(vc);
}

const struct vcpu_ops svm_ops = {
	.feature = VELA_FEATURE_SVM,
	.cpu_init = svm_cpu_init,
	.init = svm_init,
	.free = svm_free,
	.drop = svm_drop,
	.load = svm_load,
	.store = svm_store,
	.run = svm_run,
};
