/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel VMX with EPT, VPID and unrestricted guest (SDM vol. 3, ch. 24 to 29): what the processor
 * must offer, VMCSs, tags, entering the guest.
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
#include <x86/selectors.h>
#include <x86/vmx.h>

#define FEATURE_LOCKED 1ull
#define FEATURE_VMXON  4ull /* outside SMX */
#define BASIC_REVISION 0x7fffffffull
#define BASIC_TRUE     (1ull << 55)
#define CR0_PE_PG      0x80000001ull
#define CR4_VMXE       0x2000ull
#define VPIDS	       0x10000u
#define FLAG_ZF_CF     0x41u

struct vmx_features vmx;

/* Controls with what is needed, what else is wanted if it is offered, and what the processor has on
 * in any case (A.3.1); 0 when something needed is missing. */
static uint32_t controls(uint32_t msr, uint32_t needed, uint32_t wanted)
{
	uint64_t allowed = msr_read(msr);
	uint32_t may = (uint32_t)(allowed >> 32);
	return (needed & ~may) ? 0 : (needed | (wanted & may) | (uint32_t)allowed);
}

static const char *find_controls(void)
{
	vmx.basic = msr_read(MSR_VMX_BASIC);
	if (!(vmx.basic & BASIC_TRUE))
		return "controls with defaults that can be cleared";
	vmx.pin = controls(MSR_VMX_TRUE_PIN, PIN_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI, PIN_TIMER);
	vmx.timer_shift = msr_read(MSR_VMX_MISC) & 31;
	vmx.cpu = controls(MSR_VMX_TRUE_CPU,
			   CPU_TSC_OFFSET | CPU_HLT | CPU_MWAIT | CPU_RDPMC | CPU_TPR_SHADOW |
				   CPU_MOV_DR | CPU_IO_BITMAPS | CPU_MSR_BITMAPS | CPU_MONITOR |
				   CPU_SECONDARY,
			   0);
	vmx.exit = controls(MSR_VMX_TRUE_EXIT,
			    EXIT_HOST_64 | EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_EFER |
				    EXIT_LOAD_EFER,
			    EXIT_SAVE_DEBUG);
	vmx.entry = controls(MSR_VMX_TRUE_ENTRY,
			     ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER, 0);
	if (!vmx.pin || !vmx.cpu || !vmx.exit || !vmx.entry)
		return "the controls of a processor with EPT";
	if (!controls(MSR_VMX_CPU2, CPU2_EPT, 0))
		return "EPT";
	if (!controls(MSR_VMX_CPU2, CPU2_UNRESTRICTED, 0))
		return "unrestricted guest";
	vmx.cpu2 = controls(MSR_VMX_CPU2, CPU2_EPT | CPU2_VPID | CPU2_WBINVD | CPU2_UNRESTRICTED,
			    CPU2_RDTSCP | CPU2_TSC_RATIO);
	return vmx.cpu2 ? NULL : "VPID";
}

static const char *find_ept(void)
{
	const uint64_t needed = EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_INVEPT |
				EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL | EPT_CAP_INVVPID |
				EPT_CAP_INVVPID_ALL;
	uint64_t cap = msr_read(MSR_VMX_EPT_VPID);
	if (needed & ~cap)
		return "EPT of four levels, write-back, with INVEPT and INVVPID";
	vmx.eptp = EPTP_WB | EPTP_WALK_4 | (cap & EPT_CAP_AD ? EPTP_AD : 0);
	guest_shift = cap & EPT_CAP_1G ? 30 : cap & EPT_CAP_2M ? 21 : PAGE_SHIFT;
	return NULL;
}

const char *vmx_find(void)
{
	uint64_t firmware = msr_read(MSR_FEATURE_CONTROL);
	if (firmware & FEATURE_LOCKED && !(firmware & FEATURE_VMXON))
		return "the firmware's consent";
	const char *missing = find_controls();
	if (!missing)
		missing = find_ept();
	/* Unrestricted guests choose PE and PG themselves (24.8). */
	vmx.cr0_fixed = msr_read(MSR_VMX_CR0_FIXED0) & ~CR0_PE_PG;
	vmx.cr4_fixed = msr_read(MSR_VMX_CR4_FIXED0);
	return missing;
}

struct invalidation {
	uint64_t first, second;
};

/* INVEPT: 1 one EPTP's translations, 2 all. */
static void invept(uint64_t type, uint64_t eptp)
{
	struct invalidation what = { eptp, 0 };
	__asm__ volatile("invept %0, %1" : : "m"(what), "r"(type) : "cc", "memory");
}

/* INVVPID, type 2: the translations of all VPIDs but 0. */
static void invvpid_all(void)
{
	struct invalidation what = { 0, 0 };
	__asm__ volatile("invvpid %0, %1" : : "m"(what), "r"(2ul) : "cc", "memory");
}

static void vmclear(uint64_t pa)
{
	__asm__ volatile("vmclear %0" : : "m"(pa) : "cc", "memory");
}

static void vmptrld(uint64_t pa)
{
	__asm__ volatile("vmptrld %0" : : "m"(pa) : "cc", "memory");
}

static bool vmx_cpu_init(struct cpu *cpu)
{
	uint32_t *region = pool_alloc(0);
	uint64_t firmware = msr_read(MSR_FEATURE_CONTROL), pa;
	bool failed;
	if (!region)
		return false;
	if (!(firmware & FEATURE_LOCKED))
		msr_write(MSR_FEATURE_CONTROL, firmware | FEATURE_LOCKED | FEATURE_VMXON);
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4_read() | CR4_VMXE));
	*region = (uint32_t)(vmx.basic & BASIC_REVISION);
	pa = pool_pa(region);
	__asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(pa) : "memory");
	if (failed)
		return false;
	invept(2, 0);
	invvpid_all();
	cpu->arch.asid_gen = 1;
	cpu->arch.asid_next = 1;
	return true;
}

static bool vmx_init(struct vc *vc, struct pd *payer)
{
	struct arch_vcpu *a = &vc->arch;
	uint32_t *vmcs = pd_alloc_pages(payer, 0);
	a->control = vmcs;
	a->vmx.page = pd_alloc_pages(payer, 0);
	if (!vmcs || !a->vmx.page)
		return false;
	*vmcs = (uint32_t)(vmx.basic & BASIC_REVISION);
	a->control_pa = pool_pa(vmcs);
	return true;
}

static void vmx_free(struct vc *vc, struct pd *payer)
{
	pd_free_pages(payer, vc->arch.control, 0);
	pd_free_pages(payer, vc->arch.vmx.page, 0);
}

/* The processor may hold a VMCS in its caches and write it to memory at any time until VMCLEAR
 * (25.11.1). */
static void vmx_drop(struct cpu *cpu, struct vc *vc)
{
	if (vc->arch.vmx.ready)
		vmclear(vc->arch.control_pa);
	vc->arch.vmx.ready = false;
	if (cpu->arch.vmcs_of == vc)
		cpu->arch.vmcs_of = NULL;
}

static void setup_switched(struct vc *vc)
{
	static const uint32_t index[SWITCHED_MSRS] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK,
						       MSR_KGS_BASE };
	struct vmx_page *page = vc->arch.vmx.page;
	uint64_t pa = pool_pa(page);
	for (unsigned i = 0; i < SWITCHED_MSRS; i++) {
		page->guest[i].index = index[i];
		page->host[i] = (struct vmx_msr){ .index = index[i], .value = msr_read(index[i]) };
	}
	vmwrite(VMCS_VIRTUAL_APIC, pa);
	vmwrite(VMCS_TPR_THRESHOLD, 0);
	vmwrite(VMCS_ENTRY_MSR_LOAD, pa + offsetof(struct vmx_page, guest));
	vmwrite(VMCS_EXIT_MSR_STORE, pa + offsetof(struct vmx_page, guest));
	vmwrite(VMCS_EXIT_MSR_LOAD, pa + offsetof(struct vmx_page, host));
	vmwrite(VMCS_ENTRY_MSR_LOADS, SWITCHED_MSRS);
	vmwrite(VMCS_EXIT_MSR_STORES, SWITCHED_MSRS);
	vmwrite(VMCS_EXIT_MSR_LOADS, SWITCHED_MSRS);
}

static void setup_controls(struct vc *vc)
{
	uint64_t ports = vc->pio ? pool_pa(vc->pio->bitmap) : image_pa(ports_none);
	vmwrite(VMCS_PIN_CONTROLS, vmx.pin);
	vmwrite(VMCS_CPU2_CONTROLS, vmx.cpu2);
	vmwrite(VMCS_EXIT_CONTROLS, vmx.exit);
	vmwrite(VMCS_PAGE_FAULT_MASK, 0);
	vmwrite(VMCS_PAGE_FAULT_MATCH, 0);
	vmwrite(VMCS_CR3_TARGETS, 0);
	vmwrite(VMCS_IO_BITMAP_A, ports);
	vmwrite(VMCS_IO_BITMAP_B, ports + PAGE_SIZE);
	vmwrite(VMCS_MSR_BITMAP, vc->msr ? pool_pa(vc->msr->bitmap) : image_pa(ports_none));
	vmwrite(VMCS_EPTP, vmx.eptp | pool_pa(vc->gst->root));
	vmwrite(VMCS_LINK, UINT64_MAX);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	vmwrite(VMCS_ACTIVITY, 0);
	vmwrite(VMCS_ENTRY_EVENT, 0);
}

/* What an exit loads (28.5): as this CPU has it now, but for what changes between entries. */
static void setup_host(const struct cpu *cpu, struct vc *vc)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr, idtr;
	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	__asm__ volatile("sidt %0" : "=m"(idtr));
	vmwrite(VMCS_HOST_ES, 0);
	vmwrite(VMCS_HOST_CS, SEL_KERNEL_CODE);
	vmwrite(VMCS_HOST_SS, SEL_KERNEL_DATA);
	vmwrite(VMCS_HOST_DS, 0);
	vmwrite(VMCS_HOST_FS, 0);
	vmwrite(VMCS_HOST_GS, 0);
	vmwrite(VMCS_HOST_TR, SEL_TSS);
	vmwrite(VMCS_HOST_CR3, pool_pa(vc->hst->root));
	vmwrite(VMCS_HOST_CR4, cr4_read());
	vmwrite(VMCS_HOST_PAT, msr_read(MSR_PAT));
	vmwrite(VMCS_HOST_EFER, msr_read(MSR_EFER));
	vmwrite(VMCS_HOST_GS_BASE, (uint64_t)cpu);
	vmwrite(VMCS_HOST_TR_BASE, (uint64_t)cpu->arch.tss);
	vmwrite(VMCS_HOST_GDTR_BASE, gdtr.base);
	vmwrite(VMCS_HOST_IDTR_BASE, idtr.base);
	vmwrite(VMCS_HOST_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_RIP, (uint64_t)vmx_exit);
	/* No value the next entry could find already there. */
	vc->arch.vmx.host_cr0 = 0;
	vc->arch.vmx.host_fs = 1;
}

void vmx_current(struct vc *vc)
{
	struct cpu *cpu = cpu_self();
	struct arch_vcpu *a = &vc->arch;
	if (cpu->arch.vmcs_of == vc)
		return;
	cpu->arch.vmcs_of = vc;
	if (!a->vmx.ready)
		vmclear(a->control_pa);
	vmptrld(a->control_pa);
	if (a->vmx.ready)
		return;
	a->vmx.ready = true;
	setup_controls(vc);
	setup_switched(vc);
	setup_host(cpu, vc);
	vmx_clear_state(vc);
}

/* Gives the VC a tag that no stale translation has. VPIDs are numbered per CPU; when they run out
 * the generation ends and all are flushed. Translations of guest-physical addresses are tagged by
 * the EPT's address instead (29.4.1): flushed when the guest space changed, and before a VC runs
 * for the first time, since another space may have lain there. */
static void tag(struct cpu *cpu, struct vc *vc)
{
	struct arch_vcpu *a = &vc->arch;
	uint32_t gen = __atomic_load_n(&vc->gst->tlb_gen, __ATOMIC_ACQUIRE);
	if (a->tlb_gen != gen || !a->asid) {
		a->tlb_gen = gen;
		invept(1, vmx.eptp | pool_pa(vc->gst->root));
	}
	if (a->asid_gen == cpu->arch.asid_gen)
		return;
	if (cpu->arch.asid_next == VPIDS) {
		cpu->arch.asid_gen++;
		cpu->arch.asid_next = 1; /* 0 is the host's */
		invvpid_all();
	}
	a->asid = cpu->arch.asid_next++;
	a->asid_gen = cpu->arch.asid_gen;
	vmwrite(VMCS_VPID, a->asid);
}

/* Of the host's state an exit loads, what depends on the thread that entered. */
static void host_state(const struct cpu *cpu, struct arch_vcpu *a)
{
	uint64_t cr0 = cr0_read();
	if (a->vmx.host_cr0 != cr0)
		vmwrite(VMCS_HOST_CR0, a->vmx.host_cr0 = cr0);
	if (a->vmx.host_fs != cpu->arch.tls)
		vmwrite(VMCS_HOST_FS_BASE, a->vmx.host_fs = cpu->arch.tls);
}

/*
 * The preemption timer ends the guest's turn when the CPU's own timer is due. The interrupt would
 * too, but Bochs 2.7 keeps it pending while a guest runs on that was entered with IF clear.
 */
static void arm_timer(const struct cpu *cpu)
{
	uint64_t now = tsc_read(), left = cpu->timer > now ? cpu->timer - now : 0;
	left >>= vmx.timer_shift;
	vmwrite(VMCS_TIMER, left < UINT32_MAX ? left + 1 : UINT32_MAX);
}

static int vmx_run(struct cpu *cpu, struct vc *vc)
{
	struct arch_vcpu *a = &vc->arch;
	vmx_current(vc);
	tag(cpu, vc);
	host_state(cpu, a);
	cpu_tsc_aux(cpu, a->tsc_aux);
	if (a->vmx.event)
		vmx_inject(vc);
	if (cr2_read() != a->vmx.cr2)
		__asm__ volatile("mov %0, %%cr2" : : "r"(a->vmx.cr2));
	if (vmx.pin & PIN_TIMER)
		arm_timer(cpu);
	uint64_t flags = vmx_enter(a->gpr, a->vmx.launched) & FLAG_ZF_CF;
	a->vmx.cr2 = cr2_read();
	if (flags)
		return vmx_sort_failure(vc, flags);
	cpu_limits_restore(cpu);
	cpu->stat[VELA_STAT_HW_VMEXITS]++;
	return vmx_sort_exit(vc);
}

const struct vcpu_ops vmx_ops = {
	.feature = VELA_FEATURE_VMX,
	.cpu_init = vmx_cpu_init,
	.init = vmx_init,
	.free = vmx_free,
	.drop = vmx_drop,
	.load = vmx_load,
	.store = vmx_store,
	.run = vmx_run,
};
