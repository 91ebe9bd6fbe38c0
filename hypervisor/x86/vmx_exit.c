/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the guest was left (SDM vol. 3, ch. 28): why, what the monitor must know of it, and what
 * the exit interrupted.
 */
#include <core/cpu.h>
#include <core/log.h>
#include <x86/insn.h>
#include <x86/trap.h>
#include <x86/vmx.h>

/* Exit qualification of an I/O instruction (28-5) */
#define IO_SIZE(q) ((uint8_t)(((q) & 7) + 1))
#define IO_IN	   0x08u
#define IO_STRING  0x10u
#define IO_REP	   0x20u
#define IO_PORT(q) ((uint16_t)((q) >> 16))

/* and of an EPT violation (28-7) */
#define EPT_WRITE	  0x002u
#define EPT_FETCH	  0x004u
#define EPT_LINEAR	  0x080u
#define EPT_TRANSLATED	  0x100u
#define EPT_IRET_NMI	  0x1000u
#define DB_BITS		  0x600full /* qualification of #DB: B0 to B3, BD, BS */
#define FLAG_ZF		  0x40u
#define VECTOR(event)	  ((event) & 0xffu)
#define EVENT_TYPE(event) ((event) & VELA_EVENT_TYPE)

/* An event whose delivery the exit cut short is delivered by the next entry, except software ones,
 * types 4 to 6: there the instruction is executed again. */
static void reinject(struct vc *vc)
{
	uint64_t event = vmread(VMCS_VECTORING);
	vc->arch.vmx.event = 0;
	if (!(event & VELA_EVENT_VALID) || EVENT_TYPE(event) >= VELA_EVENT_SOFT)
		return;
	event &= VELA_EVENT_VALID | VELA_EVENT_ERROR_VALID | VELA_EVENT_TYPE | 0xff;
	if (event & VELA_EVENT_ERROR_VALID)
		event |= vmread(VMCS_VECTORING_ERROR) << 32;
	vc->arch.vmx.event = event;
}

void vmx_inject(struct vc *vc)
{
	uint64_t event = vc->arch.vmx.event, type = EVENT_TYPE(event);
	uint64_t blocked = vmread(VMCS_INTERRUPTIBILITY);
	/* The monitor decides when: an entry would refuse these while they are held off. */
	if (type == VELA_EVENT_INTR)
		blocked &= ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	else if (type == VELA_EVENT_NMI)
		blocked = 0;
	vmwrite(VMCS_INTERRUPTIBILITY, blocked);
	vmwrite(VMCS_ENTRY_EVENT, (uint32_t)event);
	vmwrite(VMCS_ENTRY_ERROR, event >> 32);
	vmwrite(VMCS_ENTRY_LENGTH, 0); /* of INT n: RIP is behind it, as with SVM */
}

static void describe_io(struct vela_exit_info *e, uint64_t q)
{
	e->port = IO_PORT(q);
	e->width = IO_SIZE(q);
	e->io_flags = (q & IO_IN ? VELA_IO_IN : 0) | (q & IO_STRING ? VELA_IO_STRING : 0) |
		      (q & IO_REP ? VELA_IO_REP : 0);
}

static void describe_memory(struct vela_exit_info *e, uint64_t q)
{
	e->gpa = vmread(VMCS_GUEST_PHYSICAL);
	e->access = q & EPT_WRITE ? VELA_ACCESS_W : q & EPT_FETCH ? VELA_ACCESS_X : VELA_ACCESS_R;
	if ((q & (EPT_LINEAR | EPT_TRANSLATED)) == EPT_LINEAR)
		e->access |= VELA_ACCESS_WALK;
}

/* IRET had unblocked NMIs when it faulted: they are blocked when it is executed again (28.2.3). */
static void block_nmis(const struct vc *vc)
{
	if (!vc->arch.vmx.event)
		vmwrite(VMCS_INTERRUPTIBILITY, vmread(VMCS_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

/* #DB and #AC that the monitor did not ask for go back to the guest, by the kernel. */
static int exception(struct vela_exit_info *e, struct vc *vc, uint32_t event)
{
	unsigned vector = VECTOR(event);
	if (vector == VECTOR_MC)
		panic("machine check while a guest ran");
	if (event & EVENT_IRET_NMI)
		block_nmis(vc);
	if (vector == VECTOR_DB)
		vc->arch.vmx.dr6 |= e->raw_info1 & DB_BITS;
	e->vector = (uint8_t)vector;
	e->error = event & VELA_EVENT_ERROR_VALID ? (uint32_t)vmread(VMCS_EXIT_ERROR) : 0;
	if (__atomic_load_n(&vc->state->intercept_exceptions, __ATOMIC_RELAXED) >> vector & 1)
		return VELA_EXIT_EXCEPTION;
	if (vc->arch.vmx.event)
		return VCPU_RESUME;	     /* the instruction will raise it again */
	if (EVENT_TYPE(event) == EVENT_INT1) /* a trap: RIP will be behind it */
		vmwrite(VMCS_GUEST_RIP, vmread(VMCS_GUEST_RIP) + vmread(VMCS_EXIT_LENGTH));
	vc->arch.vmx.event = (uint64_t)e->error << 32 | VELA_EVENT_VALID | VELA_EVENT_EXCEPTION |
			     (event & (VELA_EVENT_ERROR_VALID | 0xff));
	return VCPU_RESUME;
}

static int exception_or_nmi(struct vela_exit_info *e, struct vc *vc)
{
	uint32_t event = (uint32_t)vmread(VMCS_EXIT_EVENT);
	e->raw_info2 = event;
	if (EVENT_TYPE(event) != VELA_EVENT_NMI)
		return exception(e, vc, event);
	__asm__ volatile("int $2"); /* its IRET ends the blocking that the exit left (28.5.5) */
	return VCPU_RESUME;
}

/* The TPR alone has changed, or it was raised behind the window's back. */
static int window(struct vc *vc, uint32_t reason)
{
	bool open = reason == REASON_WINDOW && vc->arch.window > vmx_tpr(vc);
	vmx_window(vc, open ? 0 : vc->arch.window);
	return open ? VELA_EXIT_WINDOW : VCPU_RESUME;
}

/* Classes with a description of their own; the others' reasons speak for themselves. */
static int classify(struct vela_exit_info *e, struct vc *vc, uint32_t reason)
{
	switch (reason) {
	case REASON_CPUID:
		return VELA_EXIT_CPUID;
	case REASON_IO:
		describe_io(e, e->raw_info1);
		return VELA_EXIT_IO;
	case REASON_EPT_VIOLATION:
		if (e->raw_info1 & EPT_IRET_NMI)
			block_nmis(vc);
		describe_memory(e, e->raw_info1);
		return VELA_EXIT_MEMORY;
	case REASON_RDMSR:
		return VELA_EXIT_MSR;
	case REASON_WRMSR:
		e->write = 1;
		return VELA_EXIT_MSR;
	case REASON_HLT:
		return VELA_EXIT_HALT;
	case REASON_TRIPLE_FAULT:
		return VELA_EXIT_SHUTDOWN;
	case REASON_VMCALL:
		return VELA_EXIT_HYPERCALL;
	case REASON_CR:
	case REASON_DR:
	case REASON_XSETBV:
		return VELA_EXIT_CR;
	case REASON_EXCEPTION:
		return exception_or_nmi(e, vc);
	case REASON_WINDOW:
	case REASON_TPR:
		return window(vc, reason);
	default:
		return VELA_EXIT_OTHER;
	}
}

/* Those that faults and events cause, and none of an instruction: the length field means nothing.
 */
static bool has_length(uint32_t reason)
{
	return reason >= REASON_CPUID && reason != REASON_EPT_VIOLATION;
}

static int refused(struct vc *vc, struct vela_exit_info *e)
{
	e->cls = VELA_EXIT_INVALID;
	vc->arch.vmx.event = 0;
	vmwrite(VMCS_ENTRY_EVENT, 0); /* only an exit withdraws it */
	vmx_clear_state(vc);
	return VELA_EXIT_INVALID;
}

int vmx_sort_failure(struct vc *vc, uint64_t flags)
{
	struct vela_exit_info *e = &vc->state->exit;
	memset(e, 0, sizeof *e);
	e->raw_code = VELA_RAW_NO_ENTRY;
	e->raw_info1 = flags & FLAG_ZF ? vmread(VMCS_INSTRUCTION_ERROR) : 0;
	return refused(vc, e);
}

int vmx_sort_exit(struct vc *vc)
{
	struct vela_exit_info *e = &vc->state->exit;
	uint32_t reason = (uint32_t)vmread(VMCS_EXIT_REASON);
	bool interrupt = reason == REASON_INTERRUPT || reason == REASON_TIMER;
	if (interrupt)
		interrupts_take();
	if (reason == REASON_ENTRY_FAILED + REASON_ENTRY_MC)
		panic("machine check while a guest was entered");
	vc->arch.vmx.launched |= !(reason & REASON_ENTRY_FAILED);
	reinject(vc);
	if (interrupt || reason == REASON_INIT)
		return VCPU_RESUME;
	memset(e, 0, offsetof(struct vela_exit_info, insn));
	e->raw_code = reason;
	/* What has a qualification: port, address, register, invalid state. */
	if (reason >= REASON_CR || reason == REASON_EXCEPTION)
		e->raw_info1 = vmread(VMCS_QUALIFICATION);
	if (reason & REASON_ENTRY_FAILED)
		return refused(vc, e);
	if (has_length(reason))
		e->next_rip = vmread(VMCS_GUEST_RIP) + vmread(VMCS_EXIT_LENGTH);
	int cls = classify(e, vc, reason);
	e->cls = (uint32_t)cls;
	return cls;
}
