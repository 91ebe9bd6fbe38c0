/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU: its window of stacks and TSS, its descriptor tables and control registers, and switching
 * it between threads.
 *
 *	CPU_VA + n * CPU_WINDOW, in pages:
 *	0 guard | 1-2 stack | 3 guard | 4 NMI stack | 5 guard | 6 fatal stack | 7 guard |
 *	8 TSS | 9-10 port bitmap of the current thread's space | 11 all ones
 */
#include <arch/fpu.h>
#include <core/cpu.h>
#include <core/ec.h>
#include <core/log.h>
#include <core/pool.h>
#include <x86/features.h>
#include <x86/insn.h>
#include <x86/lapic.h>
#include <x86/layout.h>
#include <x86/msr.h>
#include <x86/pagetable.h>
#include <x86/selectors.h>
#include <x86/smp.h>
#include <x86/tsc.h>

#define CPU_WINDOW  (16 * PAGE_SIZE)
#define TSS_PAGE    8
#define BITMAP_AT   PAGE_SIZE	    /* of the port bitmap, from the start of the TSS */
#define TSS_LIMIT   (3 * PAGE_SIZE) /* TSS page, bitmap, and the byte behind it */
#define BITMAP_NONE 0xffff	    /* beyond the limit: no port is allowed */

#define EFER_SCE	1ul
#define EFER_NXE	0x800ul
#define PAT_WITH_WC	0x0007040600070106ul /* reset value with entry 1 write-combining */
#define FLAGS_CLEARED	0x3f7fd5ul	     /* every flag: DF, TF, IF, AC, NT among them */
#define CR0_SET		0x80010031ul	     /* PG, WP, NE, ET, PE */
#define CR4_PSE_PAE_PGE 0x0b0ul
#define CR4_MCE		0x040ul
#define CR4_FXSR	0x600ul /* FXSAVE and SIMD exceptions */
#define CR4_UMIP	0x800ul
#define CR4_XSAVE	0x40000ul
#define CR4_SMEP	0x100000ul
#define CR4_SMAP	0x200000ul

#define TLS_UNKNOWN UINT64_MAX /* no thread's FS base */

#define IST_NMI	  1u
#define IST_FATAL 2u

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, bitmap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "APM vol. 2, 12.2.5");

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

struct pseudo_descriptor {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct cpu *cpus[VELA_CPUS_MAX];
unsigned cpu_count;
uint32_t nmi_count;

static struct gate idt[256] __attribute__((aligned(16)));
static uint64_t gdt[VELA_CPUS_MAX][8];

extern const char entry_syscall[], entry_vectors[], entry_nmi[], entry_fatal[];

static uint64_t window(unsigned index, unsigned page)
{
	return CPU_VA + index * CPU_WINDOW + page * PAGE_SIZE;
}

void *cpu_stack_top(unsigned index)
{
	return (void *)window(index, 3);
}

unsigned cpu_index(void)
{
	uint32_t id = lapic_id();
	for (unsigned i = 0; i < cpu_count; i++) {
		if (cpus[i]->arch.apic_id == id)
			return i;
	}
	return 0;
}

static void *take_page(void)
{
	void *page = pool_alloc(0);
	if (!page)
		panic("no memory for CPU structures");
	return page;
}

void cpu_create(unsigned index, uint32_t apic_id)
{
	static const uint8_t pages[] = { 1, 2, 4, 6, TSS_PAGE, TSS_PAGE + 3 };
	_Static_assert(sizeof(struct cpu) <= PAGE_SIZE, "one page");
	struct cpu *cpu = take_page();
	for (unsigned i = 0; i < sizeof pages; i++)
		kernel_map(window(index, pages[i]), pool_pa(take_page()), PTE_W);
	cpu->index = index;
	cpu->resched = true;
	cpu->timer = UINT64_MAX;
	sched_init(&cpu->sched);
	cpu->arch.self = cpu;
	cpu->arch.apic_id = apic_id;
	cpu->arch.stack = window(index, 3);
	cpu->arch.tss = (struct tss *)window(index, TSS_PAGE);
	memset((void *)window(index, TSS_PAGE + 3), 0xff, PAGE_SIZE);
	cpus[index] = cpu;
}

static void gate_set(unsigned vector, const char *entry, unsigned ist)
{
	uint64_t at = (uint64_t)entry;
	idt[vector] = (struct gate){ .offset0 = (uint16_t)at,
				     .selector = SEL_KERNEL_CODE,
				     .ist = (uint8_t)ist,
				     .type = 0x8e, /* present, interrupt gate, DPL 0 */
				     .offset1 = (uint16_t)(at >> 16),
				     .offset2 = (uint32_t)(at >> 32) };
}

static void fill_idt(void)
{
	for (unsigned v = 0; v < 256; v++)
		gate_set(v, entry_vectors + v * 16, 0);
	/* INT3 and INTO are the user's to execute: their gates have DPL 3. */
	idt[3].type = 0xee;
	idt[4].type = 0xee;
	gate_set(2, entry_nmi, IST_NMI);
	gate_set(8, entry_fatal, IST_FATAL);
	gate_set(18, entry_fatal, IST_FATAL);
}

static void gdt_load(const struct cpu *cpu)
{
	struct pseudo_descriptor gdtr = { sizeof gdt[0] - 1, (uint64_t)gdt[cpu->index] };
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
}

static void tss_load(const struct cpu *cpu)
{
	uint64_t *g = gdt[cpu->index], tss = (uint64_t)cpu->arch.tss;
	g[5] = TSS_LIMIT | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
	g[6] = tss >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS) : "memory");
}

/* SDM vol. 3, 28.5.2: the limits are 64 KiB and 67h then. No vector lies behind the IDT's end, but
 * selectors behind the GDT's would make descriptors of whatever is there. */
void cpu_limits_restore(struct cpu *cpu)
{
	gdt_load(cpu);
	if (cpu->pio)
		tss_load(cpu);
}

static void load_tables(struct cpu *cpu)
{
	uint64_t *g = gdt[cpu->index];
	g[1] = 0x00af9b000000ffff; /* kernel code, 64-bit */
	g[2] = 0x00cf93000000ffff; /* kernel data */
	g[3] = 0x00cff3000000ffff; /* user data */
	g[4] = 0x00affb000000ffff; /* user code, 64-bit */
	struct pseudo_descriptor idtr = { sizeof idt - 1, (uint64_t)idt };
	cpu->arch.tss->ist[IST_NMI - 1] = window(cpu->index, 5);
	cpu->arch.tss->ist[IST_FATAL - 1] = window(cpu->index, 7);
	cpu->arch.tss->bitmap = BITMAP_NONE;
	gdt_load(cpu);
	__asm__ volatile("lidt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %2, %%ss\n\t"
			 "movl %3, %%ds\n\t"
			 "movl %3, %%es\n\t"
			 "movl %3, %%fs\n\t"
			 "movl %3, %%gs\n\t"
			 "lldt %w3"
			 :
			 : "m"(idtr), "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(0)
			 : "rax", "memory");
	tss_load(cpu);
}

void cpu_setup(struct cpu *cpu)
{
	if (cpu->index == 0)
		fill_idt();
	load_tables(cpu);
	uint64_t cr4 = CR4_PSE_PAE_PGE | CR4_MCE | CR4_FXSR | (features.umip ? CR4_UMIP : 0) |
		       (features.xsave ? CR4_XSAVE : 0) | (features.smep ? CR4_SMEP : 0) |
		       (features.smap ? CR4_SMAP : 0);
	__asm__ volatile("mov %0, %%cr0" : : "r"(CR0_SET));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE | (features.nx ? EFER_NXE : 0));
	msr_write(MSR_PAT, PAT_WITH_WC);
	msr_write(MSR_STAR,
		  (uint64_t)SEL_KERNEL_DATA << 48 | 3ul << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (uint64_t)entry_syscall);
	msr_write(MSR_CSTAR, 0); /* unreachable: there is no 32-bit user code segment */
	msr_write(MSR_SFMASK, FLAGS_CLEARED);
	msr_write(MSR_FS_BASE, 0);
	msr_write(MSR_GS_BASE, (uint64_t)cpu);
	msr_write(MSR_KGS_BASE, 0);
	fpu_cpu_init();
}

void regs_init(struct arch_regs *r, uint64_t ip, uint64_t sp, uint64_t arg)
{
	*r = (struct arch_regs){ .ip = ip,
				 .sp = sp,
				 .rdi = arg,
				 .cs = SEL_USER_CODE,
				 .ss = SEL_USER_DATA,
				 .flags = 0x202 /* IF */ };
}

/* Encoding order: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15. */
void regs_get(const struct arch_regs *r, uint64_t *w)
{
	const uint64_t gpr[16] = { r->rax, r->rcx, r->rdx, r->rbx, r->sp,  r->rbp, r->rsi, r->rdi,
				   r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15 };
	memcpy(w + VELA_REG_GPR, gpr, sizeof gpr);
	w[VELA_REG_IP] = r->ip;
	w[VELA_REG_FLAGS] = r->flags;
}

#define FLAGS_USER 0x240dd5ul /* ID, AC, OF, DF, TF, SF, ZF, AF, PF, CF: a thread's own to set */

void regs_set(struct arch_regs *r, const uint64_t *w)
{
	uint64_t *const gpr[16] = { &r->rax, &r->rcx, &r->rdx, &r->rbx, &r->sp,	 &r->rbp,
				    &r->rsi, &r->rdi, &r->r8,  &r->r9,	&r->r10, &r->r11,
				    &r->r12, &r->r13, &r->r14, &r->r15 };
	for (unsigned i = 0; i < 16; i++)
		*gpr[i] = w[VELA_REG_GPR + i];
	r->ip = w[VELA_REG_IP];
	r->flags = (w[VELA_REG_FLAGS] & FLAGS_USER) | 0x202;
}

void cpu_tsc_aux(struct cpu *cpu, uint32_t value)
{
	if (cpu->arch.tsc_aux == value)
		return;
	cpu->arch.tsc_aux = value;
	msr_write(MSR_TSC_AUX, value);
}

/* Shows the ports of a space in the TSS window. */
[[gnu::noinline]] static void ports_switch(struct cpu *cpu, struct sp *pio)
{
	cpu->pio = pio;
	cpu->arch.tss->bitmap = pio ? BITMAP_AT : BITMAP_NONE;
	for (unsigned i = 0; pio && i < 2; i++)
		kernel_map(window(cpu->index, TSS_PAGE + 1 + i),
			   pool_pa(pio->bitmap) + i * PAGE_SIZE, 0);
	if (pio && features.vmx)
		tss_load(cpu);
}

static void host_switch(struct cpu *cpu, struct sp *hst, uint64_t cr3)
{
	/* Announced before the tables are used; see sp_flush. Loading CR3 is serialising. */
	__atomic_store_n(&cpu->hst, hst, __ATOMIC_RELAXED);
	cr3_load(cr3);
	/* A thread may have broken its FS base by loading a selector: that is its process's affair,
	 * but must not reach the next one whose base happens to be the same. */
	cpu->arch.tls = TLS_UNKNOWN;
	cpu_tsc_aux(cpu, 0);
	cpu->stat[VELA_STAT_HW_SWITCHES]++;
}

void cpu_switch(struct cpu *cpu, struct ec *ec)
{
	if (cpu->arch.current != ec) {
		cpu->arch.current = ec;
		cpu->arch.frame_end = (uint64_t)(&ec->regs + 1);
		cpu->arch.tss->rsp[0] = cpu->arch.frame_end;
		if (cpu->hst != ec->hst)
			host_switch(cpu, ec->hst, pool_pa(ec->hst->root));
		if (cpu->pio != ec->pio)
			ports_switch(cpu, ec->pio);
	}
	if (cpu->arch.tls != ec->tls) {
		cpu->arch.tls = ec->tls;
		msr_write(MSR_FS_BASE, ec->tls);
	}
	fpu_switch(cpu, ec->fpu, ec->hst);
}

void cpu_switch_idle(struct cpu *cpu)
{
	if (cpu->hst)
		host_switch(cpu, NULL, kernel_cr3);
	cpu->arch.current = NULL;
}

void arch_sync(struct cpu *cpu)
{
	/* Threads and spaces may be freed after this: keep none of them. */
	if (cpu->arch.current != cpu->current)
		cpu->arch.current = NULL;
	if (cpu->pio && cpu->pio->object.dying)
		ports_switch(cpu, NULL);
	if (cpu->hst && cpu->hst->object.dying)
		cpu_switch_idle(cpu);
	else
		pagetable_flush_local();
}

void cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void cpu_interrupt(const struct cpu *target)
{
	lapic_ipi(target->arch.apic_id, VECTOR_IPI);
}

void cpu_timer(uint64_t deadline_tsc)
{
	lapic_timer_at(deadline_tsc);
}

uint64_t us_to_ticks(uint64_t us)
{
	return us * tsc_khz / 1000;
}
