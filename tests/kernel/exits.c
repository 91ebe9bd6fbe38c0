/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One guest per exit class, with what its exit must tell, and what a guest may do without an exit.
 */
#include "vm.h"
#include <string.h>

GUEST(out8, "mov $0x5a, %al; out %al, $0x80; hlt");
GUEST(in16, "mov $0x1234, %dx; in %dx, %ax; hlt");
GUEST(out32, "mov $0xfffc, %dx; outl %eax, %dx; hlt");
GUEST(outs, "mov $0x4000, %si; mov $5, %cx; mov $0x3f9, %dx; rep outsb; hlt");
GUEST(mem_read, "mov 0x9000, %ax; hlt");
GUEST(mem_write, "mov %ax, 0x9004; hlt");
GUEST(mem_run, "jmp *0x4000");
GUEST(do_cpuid, "mov $0x7, %eax; cpuid; hlt");
GUEST(rd_msr, "mov $0x1b, %ecx; rdmsr; hlt");
GUEST(wr_msr, "mov $0xc0000080, %ecx; wrmsr; hlt");
GUEST(do_hlt, "hlt; hlt");
GUEST(triple, "ud2");
GUEST(do_vmmcall, "vmmcall; hlt");
GUEST(do_vmcall, "vmcall; hlt");
GUEST(write_cr3, "mov %eax, %cr3; hlt");
GUEST(write_cr0, "mov %cr0, %eax; xor $8, %eax; mov %eax, %cr0; hlt"); /* TS */
GUEST(do_wbinvd, "wbinvd; hlt");
GUEST(spin, "1: incl 0x4000; jmp 1b");
GUEST(opens, "cli; movw $1, 0x4000; sti; nop; movw $2, 0x4000; nop; movw $3, 0x4000; 1: jmp 1b");

static void expect_io(struct vm *vm, uint16_t port, uint8_t width, uint8_t flags, uint64_t next)
{
	const struct vela_exit_info *e = &vm->s->exit;
	CHECK_EQ(e->port, port);
	CHECK_EQ(e->width, width);
	CHECK_EQ(e->io_flags, flags);
	CHECK_EQ(e->next_rip, next);
}

static void test_io(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, out8), VELA_EXIT_IO);
	expect_io(&vm, 0x80, 1, 0, VM_CODE + 4);
	CHECK_EQ(vm.s->rip, VM_CODE + 2);
	CHECK_EQ(vm.s->gpr[VELA_RAX], 0x5a);
	vm.s->rip = vm.s->exit.next_rip;
	CHECK_EQ(vm_run(&vm, VELA_GROUP_RIP, PATIENCE), VELA_EXIT_HALT);
	CHECK_EQ(VM_EXIT(&vm, in16), VELA_EXIT_IO);
	expect_io(&vm, 0x1234, 2, VELA_IO_IN, VM_CODE + 4);
	CHECK_EQ(VM_EXIT(&vm, out32), VELA_EXIT_IO);
	expect_io(&vm, 0xfffc, 4, 0, VM_CODE + 5);
	CHECK_EQ(VM_EXIT(&vm, outs), VELA_EXIT_IO);
	expect_io(&vm, 0x3f9, 1, VELA_IO_STRING | VELA_IO_REP, VM_CODE + 11);
	CHECK_EQ(vm.s->gpr[VELA_RCX], 5);
}

static void test_memory(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, mem_read), VELA_EXIT_MEMORY);
	CHECK_EQ(vm.s->exit.gpa, VM_HOLE);
	CHECK_EQ(vm.s->exit.access, VELA_ACCESS_R);
	CHECK_EQ(vm.s->rip, VM_CODE);
	/* Mapped now, the instruction goes on by itself. */
	poke((uint64_t)vm_memory[VM_PAGES], 0xabcd);
	CHECK_OK(rt_map(VELA_ROOT_HST, vm.gst, PAGE(vm_memory[VM_PAGES]), PAGE(VM_HOLE), 1,
			VELA_MEM_R));
	CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_HALT);
	CHECK_EQ(vm.s->gpr[VELA_RAX], 0xabcd);
	CHECK_EQ(VM_EXIT(&vm, mem_write), VELA_EXIT_MEMORY); /* read-only */
	CHECK_EQ(vm.s->exit.gpa, VM_HOLE + 4);
	CHECK(vm.s->exit.access & VELA_ACCESS_W);
	VM_LOAD(&vm, mem_run);
	poke((uint64_t)vm_memory[PAGE(VM_DATA)], VM_HOLE);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_MEMORY); /* not executable */
	CHECK_EQ(vm.s->exit.gpa, VM_HOLE);
	CHECK(vm.s->exit.access & VELA_ACCESS_X);
	CHECK_EQ(vm.s->rip, VM_HOLE);
	CHECK_OK(rt_map(0, vm.gst, 0, PAGE(VM_HOLE), 1, 0));
	CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_MEMORY);
	CHECK(vm.s->exit.access & VELA_ACCESS_X);
}

static void test_instructions(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, do_cpuid), VELA_EXIT_CPUID);
	CHECK_EQ(vm.s->gpr[VELA_RAX], 7);
	CHECK_EQ(vm.s->exit.next_rip, vm.s->rip + 2);
	CHECK_EQ(VM_EXIT(&vm, rd_msr), VELA_EXIT_MSR);
	CHECK_EQ(vm.s->exit.write, 0);
	CHECK_EQ(vm.s->gpr[VELA_RCX], 0x1b);
	CHECK_EQ(vm.s->exit.next_rip, vm.s->rip + 2);
	CHECK_EQ(VM_EXIT(&vm, wr_msr), VELA_EXIT_MSR);
	CHECK_EQ(vm.s->exit.write, 1);
	CHECK_EQ(VM_EXIT(&vm, do_hlt), VELA_EXIT_HALT);
	CHECK_EQ(vm.s->exit.next_rip, VM_CODE + 1);
	CHECK_EQ(is_vmx() ? VM_EXIT(&vm, do_vmcall) : VM_EXIT(&vm, do_vmmcall),
		 VELA_EXIT_HYPERCALL);
	CHECK_EQ(vm.s->exit.next_rip, VM_CODE + 3);
	CHECK_EQ(VM_EXIT(&vm, do_wbinvd), VELA_EXIT_OTHER);
	CHECK_EQ(vm.s->exit.raw_code, is_vmx() ? 54 : 0x89);
	/* No instruction of a hypervisor works for a guest. */
	static const uint8_t svm[] = { 0xd8, 0xda, 0xdb, 0xdc, 0xdd, 0xdf };
	for (unsigned i = 0; i < sizeof svm; i++) {
		const uint8_t code[] = { 0x0f, 0x01, svm[i], 0xf4 };
		vm_load(&vm, code, code + sizeof code);
		vm.s->intercept_exceptions = 1u << 6;
		uint64_t cls = vm_run(&vm, ALL_DIRTY, PATIENCE);
		CHECK(cls == VELA_EXIT_OTHER || cls == VELA_EXIT_EXCEPTION);
		CHECK_EQ(vm.s->rip, VM_CODE);
	}
}

static void test_control_registers(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, write_cr3), VELA_EXIT_HALT); /* nobody asked for it */
	CHECK_EQ(VM_EXIT(&vm, write_cr0), VELA_EXIT_HALT);
	VM_LOAD(&vm, write_cr3);
	vm.s->intercepts = VELA_INTERCEPT_CR3;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_CR);
	CHECK_EQ(vm.s->exit.raw_code, is_vmx() ? 28 : 0x13);
	VM_LOAD(&vm, write_cr0);
	vm.s->intercepts = VELA_INTERCEPT_CR0;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_CR);
	CHECK_EQ(vm.s->exit.raw_code, is_vmx() ? 28 : 0x10);
}

static void test_shutdown(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, triple);
	vm.s->seg[VELA_IDTR].limit = 0;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_SHUTDOWN);
	CHECK_EQ(VM_EXIT(&vm, do_hlt), VELA_EXIT_HALT); /* the VC is as good as before */
}

static void test_exceptions(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, triple);
	vm.s->intercept_exceptions = 1u << 6;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_EXCEPTION);
	CHECK_EQ(vm.s->exit.vector, 6);
	CHECK_EQ(vm.s->rip, VM_CODE);
	VM_LOAD(&vm, do_hlt);
	vm.s->cr4 |= 1ull << 40;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_INVALID);
	CHECK_EQ(VM_EXIT(&vm, do_hlt), VELA_EXIT_HALT); /* the VC is as good as before */
}

static void test_timeout(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, spin);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t deadline = in_ms(50);
		CHECK_EQ(vm_run(&vm, i ? 0 : ALL_DIRTY, deadline), VELA_EXIT_TIMEOUT);
		CHECK(rt_rdtsc() >= deadline);
		CHECK(peek((uint64_t)vm_memory[PAGE(VM_DATA)]) > 0);
		/* The same deadline has still passed; so has any in the past. */
		CHECK_EQ(vm_run(&vm, 0, deadline), VELA_EXIT_TIMEOUT);
		CHECK_EQ(vm_run(&vm, 0, 1), VELA_EXIT_TIMEOUT);
	}
	/* A deadline outlives other exits, and one taken back does not fire. */
	VM_LOAD(&vm, do_hlt);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, in_ms(50)), VELA_EXIT_HALT);
	VM_LOAD(&vm, spin);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, in_ms(50)), VELA_EXIT_TIMEOUT);
	VM_LOAD(&vm, do_hlt);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, VELA_NO_DEADLINE), VELA_EXIT_HALT);
}

static void test_window(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, opens);
	vm.s->window = VELA_WINDOW_ANY;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_WINDOW);
	CHECK_EQ(vm.s->window, 0);
	/* Not while interrupts were off, and not in the shadow of STI. */
	uint64_t reached = peek((uint64_t)vm_memory[PAGE(VM_DATA)]);
	CHECK(reached == 1 || reached == 2);
	CHECK(vm.s->rflags & 0x200);
	CHECK_EQ(vm_run(&vm, 0, in_ms(50)), VELA_EXIT_TIMEOUT);
	CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 3);
}

static void test_window_at_entry(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, spin);
	vm.s->rflags |= 0x200;
	vm.s->window = VELA_WINDOW_ANY;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_WINDOW); /* open already */
	vm.s->window = VELA_WINDOW_ANY;
	vm.s->rflags &= ~0x200ull;
	CHECK_EQ(vm_run(&vm, VELA_GROUP_EVENT | VELA_GROUP_RIP, in_ms(50)), VELA_EXIT_TIMEOUT);
	vm.s->window = 0;
	vm.s->rflags |= 0x200;
	CHECK_EQ(vm_run(&vm, VELA_GROUP_EVENT | VELA_GROUP_RIP, in_ms(50)), VELA_EXIT_TIMEOUT);
}

/* An emulator may open the window in the shadow, but must not let the HLT look like any other
 * instruction: an interrupt before it would be no wake-up. */
static void test_window_in_shadow(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, do_hlt);
	vm.s->rflags |= 0x200;
	vm.s->shadow = 1;
	vm.s->window = VELA_WINDOW_ANY;
	uint64_t cls = vm_run(&vm, ALL_DIRTY, PATIENCE);
	CHECK(cls == VELA_EXIT_HALT || (cls == VELA_EXIT_WINDOW && vm.s->shadow == 1));
	CHECK_EQ(vm.s->rip, VM_CODE);
}

GUEST(lowers, ".code64; mov $15, %eax; 1: mov %rax, %cr8; mov %eax, 0x4000; sub $1, %eax; jns 1b;"
	      "2: jmp 2b");
GUEST(raises, ".code64; mov $5, %eax; mov %rax, %cr8; sti; nop; mov $3, %eax; mov %rax, %cr8;"
	      "movl $1, 0x4000; 1: jmp 1b");
GUEST(opens_late, ".code64; mov $3, %eax; mov %rax, %cr8; movl $1, 0x4000; sti; nop;"
		  "movl $2, 0x4000; 1: jmp 1b");
GUEST(spin64, ".code64; 1: incl 0x4000; jmp 1b");

#define RFLAGS_IF 0x200ull

/* The guest begins in 64-bit mode, where every processor has CR8. */
static void load_long(struct vm *vm, const uint8_t *code, const uint8_t *end)
{
	vm_load(vm, code, end);
	*(uint64_t *)vm_memory[5] = 0x6007;
	*(uint64_t *)vm_memory[6] = 0x7007;
	*(uint64_t *)vm_memory[7] = 0x87; /* 2 MiB from 0 */
	vm->s->cr0 = 0x80000031;
	vm->s->cr3 = 0x5000;
	vm->s->cr4 = 0x20;
	vm->s->efer = 0x500;
	vm->s->seg[VELA_CS].attr = 0x29b;
}
#define LOAD_LONG(vm, name) load_long((vm), name, name##_end)

/* Writes of CR8, all from RAX, are the monitor's to carry out if they exit. */
static uint64_t run_cr8(struct vm *vm, uint64_t dirty, uint64_t deadline)
{
	uint64_t cls = vm_run(vm, dirty, deadline);
	while (cls == VELA_EXIT_CR) {
		vm->s->cr8 = vm->s->gpr[VELA_RAX];
		vm->s->rip += 4;
		cls = vm_run(vm, VELA_GROUP_CR | VELA_GROUP_RIP, deadline);
	}
	return cls;
}

/* For an interrupt of each priority the window opens with the one write of CR8 that lets it in. */
static void test_window_priority(void)
{
	struct vm vm = vm_new(0);
	for (unsigned class = 1; class < VELA_WINDOW_ANY; class ++) {
		LOAD_LONG(&vm, lowers);
		vm.s->rflags |= RFLAGS_IF;
		vm.s->cr8 = 15;
		vm.s->window = class;
		CHECK_EQ(run_cr8(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_WINDOW);
		CHECK_EQ(vm.s->window, 0);
		CHECK_EQ(vm.s->cr8, class - 1);
		CHECK_EQ(vm.s->rip, VM_CODE + 9); /* behind the write */
		CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), class);
		CHECK_EQ(run_cr8(&vm, 0, in_ms(20)), VELA_EXIT_TIMEOUT); /* once */
		CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 0);
	}
}

/* Priority and interrupt flag: both have to allow it, whichever changes last. */
static void test_window_both(void)
{
	struct vm vm = vm_new(0);
	LOAD_LONG(&vm, raises);
	vm.s->window = 5;
	CHECK_EQ(run_cr8(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_WINDOW);
	CHECK_EQ(vm.s->cr8, 3);
	CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 0);
	LOAD_LONG(&vm, opens_late);
	vm.s->cr8 = 8;
	vm.s->window = 4;
	CHECK_EQ(run_cr8(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_WINDOW);
	CHECK(vm.s->rflags & RFLAGS_IF);
	CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 1);
}

/* What the monitor loads counts as what the guest does. */
static void test_window_loaded(void)
{
	struct vm vm = vm_new(0);
	LOAD_LONG(&vm, spin64);
	vm.s->rflags |= RFLAGS_IF;
	vm.s->cr8 = 5;
	vm.s->window = 5;
	CHECK_EQ(run_cr8(&vm, ALL_DIRTY, in_ms(20)), VELA_EXIT_TIMEOUT);
	CHECK_EQ(vm.s->window, 5);
	CHECK(peek((uint64_t)vm_memory[PAGE(VM_DATA)]) > 0);
	vm.s->cr8 = 4;
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_CR, PATIENCE), VELA_EXIT_WINDOW);
	vm.s->cr8 = 15;
	vm.s->window = 14;
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_EVENT | VELA_GROUP_CR, in_ms(20)), VELA_EXIT_TIMEOUT);
	vm.s->intercepts = VELA_INTERCEPT_RDTSC; /* the controls anew */
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_CTRL, in_ms(20)), VELA_EXIT_TIMEOUT);
	vm.s->window = UINT32_MAX; /* no priority is higher than any */
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_EVENT, PATIENCE), VELA_EXIT_WINDOW);
	vm.s->window = 15;
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_EVENT, in_ms(20)), VELA_EXIT_TIMEOUT);
	vm.s->window = 0;
	vm.s->cr8 = 0;
	CHECK_EQ(run_cr8(&vm, VELA_GROUP_EVENT | VELA_GROUP_CR, in_ms(20)), VELA_EXIT_TIMEOUT);
}

GUEST(port_sweep, "xor %dx, %dx; 1: in %dx, %al; add $0x4d, %dx; jnz 1b; hlt");
GUEST(icw, "in $0x20, %al; hlt");
GUEST(allowed, "in $0xed, %al; mov %al, 0x4000; out %al, $0xec; hlt");
GUEST(msr_own, "mov $0xc0000102, %ecx; mov $0x1234, %eax; xor %edx, %edx; wrmsr; xor %eax, %eax;"
	       "rdmsr; mov %eax, 0x4000; mov $0xc0000103, %ecx; rdmsr; hlt");

static void test_permissions(void)
{
	vela_sel_t pio = MAKE(SP, VELA_SP_PIO), msr = MAKE(SP, VELA_SP_MSR);
	struct vm vm = vm_new(0), open = vm_new_with(0, pio, msr);
	unsigned exits = 0;
	uint64_t cls = VM_EXIT(&vm, port_sweep);
	for (; cls == VELA_EXIT_IO; exits++) {
		CHECK_EQ(vm.s->exit.port, (uint16_t)vm.s->gpr[VELA_RDX]);
		vm.s->rip = vm.s->exit.next_rip;
		vm.s->gpr[VELA_RDX] += 0x4d * 63; /* a step of 64 until it comes round to 0 */
		cls = vm_run(&vm, VELA_GROUP_RIP | VELA_GROUP_GPR, PATIENCE);
	}
	CHECK_EQ(cls, VELA_EXIT_HALT);
	CHECK_EQ(exits, 1024);
	CHECK_OK(rt_map(VELA_ROOT_PIO, pio, 0xed, 0xed, 1, VELA_MEM_R | VELA_MEM_W));
	CHECK_EQ(VM_EXIT(&open, allowed), VELA_EXIT_IO);
	expect_io(&open, 0xec, 1, 0, VM_CODE + 7);
	/* A port the root may not touch it cannot give away. */
	CHECK_OK(rt_map(VELA_ROOT_PIO, pio, 0x20, 0x20, 1, VELA_MEM_R | VELA_MEM_W));
	CHECK_EQ(VM_EXIT(&open, icw), VELA_EXIT_IO);
	/* The permission for one port or MSR is none for another. */
	CHECK_EQ(rt_map(VELA_ROOT_PIO, pio, 0xed, 0xec, 1, VELA_MEM_R | VELA_MEM_W), VELA_BAD_ARG);
	CHECK_EQ(VM_EXIT(&open, allowed), VELA_EXIT_IO);
	CHECK_EQ(VM_EXIT(&open, msr_own), VELA_EXIT_MSR);
	CHECK_EQ(open.s->rip, VM_CODE + 15);
	CHECK_OK(rt_map(VELA_ROOT_MSR, msr, 0xc0000102, 0xc0000102, 1, VELA_MEM_R));
	CHECK_EQ(VM_EXIT(&open, msr_own), VELA_EXIT_MSR);
	CHECK_EQ(open.s->exit.write, 1);
	CHECK_EQ(rt_map(VELA_ROOT_MSR, msr, 0xc0000102, 0xc0000103, 1, VELA_MEM_R), VELA_BAD_ARG);
	CHECK_OK(rt_map(VELA_ROOT_MSR, msr, 0xc0000102, 0xc0000102, 2, VELA_MEM_R | VELA_MEM_W));
	CHECK_EQ(VM_EXIT(&open, msr_own), VELA_EXIT_MSR); /* TSC_AUX is not the root's to give */
	CHECK_EQ(open.s->exit.write, 0);
	CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 0x1234);
	CHECK_EQ(open.s->kernel_gs_base, 0x1234);
}

const struct test tests_exits[] = {
	{ "IO", test_io, 0 },
	{ "MEMORY", test_memory, 0 },
	{ "CPUID, MSR, HALT, HYPERCALL, OTHER", test_instructions, 0 },
	{ "CR", test_control_registers, 0 },
	{ "SHUTDOWN", test_shutdown, NEEDS_SHUTDOWN },
	{ "EXCEPTION, INVALID", test_exceptions, 0 },
	{ "TIMEOUT", test_timeout, 0 },
	{ "WINDOW", test_window, 0 },
	{ "WINDOW at the entry", test_window_at_entry, NEEDS_WINDOW | NEEDS_IF_OFF },
	{ "WINDOW asked for in the shadow of STI, before HLT", test_window_in_shadow, 0 },
	{ "WINDOW for a priority", test_window_priority, NEEDS_WINDOW },
	{ "WINDOW for a priority with interrupts off", test_window_both, NEEDS_WINDOW },
	{ "WINDOW for a priority that is loaded", test_window_loaded, NEEDS_WINDOW },
	{ "ports and MSRs without exit", test_permissions, 0 },
	{ 0 },
};
