/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions the machine does not have, values it does not allow, and exceptions in delivery. */
#include "../lib/irq.h"
#include "../lib/pages.h"
#include "../lib/test.h"

#define CR0_WP	  BIT(16)
#define ERROR_IDT 2u /* the rest of the error code QEMU 7.2 gets wrong */

/* On Intel's processors hypercall and hypervisor instructions are others. */
static bool is_intel(void)
{
	return cpuid(0, 0).ebx == 0x756e6547; /* "Genu" */
}

GUEST_TEST(hypercall, "the vendor's call answers as KVM does when it knows no such call; the other "
		      "vendor's is undefined")
{
	uint64_t rax = 1, rbx = 2;

	if (is_intel())
		__asm__ volatile("vmcall" : "+a"(rax), "+b"(rbx) : : "memory");
	else
		__asm__ volatile("vmmcall" : "+a"(rax), "+b"(rbx) : : "memory");
	expect(rax == (uint64_t)-1000 && rbx == 2, "rax %lx, rbx %lx", rax, rbx);
	if (is_intel())
		expect_trap(VECTOR_UD, "vmmcall", : : "a"(0) : "memory");
	else
		expect_trap(VECTOR_UD, "vmcall", : : "a"(0) : "memory");
}

GUEST_TEST(svm_hidden, "SVM instructions do not exist")
{
	expect_trap(VECTOR_UD, "vmrun %%rax", : : "a"(scratch) : "memory");
	expect_trap(VECTOR_UD, "vmload %%rax", : : "a"(scratch) : "memory");
	expect_trap(VECTOR_UD, "vmsave %%rax", : : "a"(scratch) : "memory");
	expect_trap(VECTOR_UD, "stgi", : : : "memory");
	expect_trap(VECTOR_UD, "clgi", : : : "memory");
	expect_trap(VECTOR_UD, "skinit %%eax", : : "a"(0) : "memory");
	expect_trap(VECTOR_UD, "invlpga %%rax, %%ecx", : : "a"(0), "c"(0) : "memory");
}

GUEST_TEST(other_hidden, "MONITOR, MWAIT, RDPMC, VMX, SMX and RSM do not exist")
{
	expect_trap(VECTOR_UD, "monitor", : : "a"(scratch), "c"(0), "d"(0) : "memory");
	expect_trap(VECTOR_UD, "mwait", : : "a"(0), "c"(0) : "memory");
	expect_trap(VECTOR_UD, "rdpmc", : : "c"(0) : "rax", "rdx");
	expect_trap(VECTOR_UD, ".byte 0x0f, 0xc7, 0x30", : : "a"(scratch) : "memory"); /* VMPTRLD */
	expect_trap(VECTOR_UD, ".byte 0x0f, 0x37", : : "a"(0) : "memory");	       /* GETSEC */
	expect_trap(VECTOR_UD, ".byte 0x0f, 0xaa", : : : "memory");		       /* RSM */
	expect_trap(VECTOR_UD, "ud2", : :);
}

GUEST_TEST(cache_control, "INVD and WBINVD do nothing, and RAM keeps what it has")
{
	scratch[0] = 0x77;
	expect_trap(NO_TRAP, "invd", : : : "memory");
	expect_trap(NO_TRAP, "wbinvd", : : : "memory");
	expect_trap(NO_TRAP, "repne wbinvd", : : : "memory");
	expect(scratch[0] == 0x77, "%x", scratch[0]);
}

GUEST_TEST(xsetbv, "XSETBV takes what CPUID shows and nothing else")
{
	uint32_t components = cpuid(0xd, 0).eax, low = 0, high;
	uint64_t cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & BIT(26)))
		return;
	expect_trap(VECTOR_UD, "xsetbv", : : "c"(0), "a"(1), "d"(0));
	write_cr4(cr4 | CR4_OSXSAVE);
	expect_trap(NO_TRAP, "xsetbv", : : "c"(0), "a"(components), "d"(0));
	expect_trap(NO_TRAP, "xgetbv", : "=a"(low), "=d"(high) : "c"(0));
	expect(low == components && high == 0, "XCR0 %x", low);
	expect_trap(VECTOR_GP, "xsetbv", : : "c"(0), "a"(0), "d"(0));
	expect_trap(VECTOR_GP, "xsetbv", : : "c"(1), "a"(1), "d"(0));
	if (components & 4)
		expect_trap(VECTOR_GP, "xsetbv", : : "c"(0), "a"(5), "d"(0));
	expect_trap(NO_TRAP, "xgetbv", : "=a"(low), "=d"(high) : "c"(0));
	expect(low == components, "XCR0 %x after refused values", low);
	cpuid(0, 0);
	expect_trap(NO_TRAP, "xgetbv", : "=a"(low), "=d"(high) : "c"(0));
	expect(low == components, "XCR0 %x after an exit", low);
	expect_trap(NO_TRAP, "xsetbv", : : "c"(0), "a"(1), "d"(0));
	write_cr4(cr4);
}

GUEST_TEST(cr4_refused, "CR4 takes no reserved bit and keeps PAE in long mode")
{
	uint64_t cr4 = read_cr4();

	expect_trap(VECTOR_GP,
		    "mov %0, %%cr4", : : "r"(cr4 | BIT(12)) : "memory"); /* LA57, not offered */
	expect_trap(VECTOR_GP, "mov %0, %%cr4", : : "r"(cr4 | BIT(13)) : "memory"); /* VMXE */
	expect_trap(VECTOR_GP, "mov %0, %%cr4", : : "r"(cr4 | BIT(31)) : "memory");
	expect_trap(VECTOR_GP, "mov %0, %%cr4", : : "r"(cr4 | BIT(63)) : "memory");
	expect_trap(VECTOR_GP, "mov %0, %%cr4", : : "r"(cr4 & ~BIT(5)) : "memory"); /* PAE */
	expect(read_cr4() == cr4, "CR4 %lx", read_cr4());
}

/* Reserved bits are left out: QEMU 7.2 takes any CR0 and CR8, and ends the guest for those of CR3,
 * in a state that does not tell where. */
GUEST_TEST(control_registers_kept, "control registers keep the guest's values over exits")
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4(), cr2 = 0x123456789abcdefull;

	write_cr0(cr0 | CR0_WP | BIT(3));
	write_cr4(cr4 | BIT(7) | BIT(2));
	__asm__ volatile("movq %0, %%cr2" : : "r"(cr2));
	cpuid(0, 0);
	inb(0x61);
	expect(read_cr0() == (cr0 | CR0_WP | BIT(3)), "CR0 %lx", read_cr0());
	expect(read_cr4() == (cr4 | BIT(7) | BIT(2)), "CR4 %lx", read_cr4());
	expect(read_cr2() == cr2, "CR2 %lx", read_cr2());
	write_cr0(cr0);
	write_cr4(cr4);
}

static void set_gate_present(unsigned vector, bool present)
{
	trap_table[vector].type = present ? 0x8e : 0x0e;
}

GUEST_TEST(delivery_not_present, "an absent gate makes an exception a not-present fault")
{
	set_gate_present(VECTOR_UD, false);
	expect_trap(VECTOR_NP, "ud2", : :);
	expect(trap.error & ERROR_IDT, "error code %lx", trap.error);
	expect_trap(VECTOR_NP, "skinit %%eax", : : "a"(0) : "memory");
	expect(trap.error & ERROR_IDT, "injected: error code %lx", trap.error);
	set_gate_present(VECTOR_UD, true);
}

static volatile unsigned double_faults;
static volatile uint64_t double_fault_error;

static void double_fault(struct frame *frame)
{
	double_faults++;
	double_fault_error = frame->error;
	frame->rip += 2; /* the length of the instruction below */
}

/* By the processor alone: what QEMU 7.2 injects is delivered as if nothing went before it. */
GUEST_TEST(delivery_double_fault, "a fault in the delivery of a protection fault is a double fault")
{
	irq_setup();
	trap_set_handler(VECTOR_DF, double_fault);
	double_faults = 0;
	double_fault_error = 1;
	set_gate_present(VECTOR_GP, false);
	__asm__ volatile("movb (%%rax), %%al" : : "a"(BIT(47)) : "memory");
	set_gate_present(VECTOR_GP, true);
	expect(double_faults == 1 && double_fault_error == 0, "%u double faults, error %lx",
	       double_faults, double_fault_error);
	trap_set_handler(VECTOR_DF, NULL);
}

GUEST_TEST(delivery_page_fault,
	   "an interrupt whose gate lies beyond the table is a protection fault")
{
	struct gate *gates = page_map(0, (uint64_t)trap_table, PAGE_PRESENT | PAGE_WRITE);
	struct gate saved = trap_table[0xc0];
	unsigned strays;

	irq_setup();
	trap_load_table(gates, 0xc0 * sizeof *gates - 1);
	trap.vector = NO_TRAP;
	lapic_self_ipi(0xc1);
	__asm__ volatile(TRY("sti\n\tnop\n\tnop") "\n\tcli" : : : "memory");
	expect(trap.vector == VECTOR_GP && (trap.error & ERROR_IDT), "vector %d, error %lx",
	       trap.vector, trap.error);
	trap_load_table(trap_table, sizeof trap_table - 1);
	lapic_write(LAPIC_EOI, 0);
	strays = trap_strays;
	lapic_self_ipi(0xc1);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	expect(trap_strays == strays + 1, "nothing comes any more");
	lapic_write(LAPIC_EOI, 0);
	expect(!memcmp(&saved, &trap_table[0xc0], sizeof saved), "the table changed");
}

static volatile unsigned software;

static void count_software(struct frame *frame)
{
	(void)frame;
	software++;
}

GUEST_TEST(software_interrupts,
	   "INT n, INT3 and INTO-like exceptions return behind the instruction")
{
	trap_set_handler(0x99, count_software);
	trap_set_handler(3, count_software);
	software = 0;
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("int $0x99\n\tint3\n\tint $3" : : : "memory");
	expect(software == 300, "%u", software);
	trap_set_handler(3, NULL);
}
