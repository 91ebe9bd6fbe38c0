/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls on virtual CPUs: state groups in and out, masks per exit class, refused arguments,
 * statistics, and register state that must not leak between guest and monitor.
 */
#include "vm.h"

#include <rt/tsc.h>
#include <string.h>

GUEST(halt, "1: hlt; jmp 1b");
GUEST(forever, "1: jmp 1b");
GUEST(read_tsc, "rdtsc; hlt");

static void test_refused(void)
{
	struct vm vm = vm_new(0);
	uint64_t cls;
	VM_LOAD(&vm, halt);
	static const uint64_t dirty[] = { 1, 0x100, 1ull << 32, 1ull << 63, UINT64_MAX };
	for (unsigned i = 0; i < sizeof dirty / sizeof dirty[0]; i++)
		CHECK_EQ(rt_vcpu_run(vm.vc, dirty[i], 0, &cls), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, VELA_EXITS, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, UINT64_MAX, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, 1ull << 32, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, 0, 0x100), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, 0, 1ull << 32), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_READ, 0x100, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_READ, UINT64_MAX, 0), VELA_BAD_ARG);
	for (unsigned op = 2; op < 256; op++)
		CHECK_EQ(rt_vcpu_ctrl(vm.vc, op, 0, 0), VELA_BAD_ARG);
	vela_sel_t sm = MAKE(SM, 0), other = MAKE(SM, 0);
	CHECK_EQ(rt_sm_bind(sm, sm), VELA_BAD_KIND);
	CHECK_EQ(rt_sm_bind(sm, VELA_SEL_MAX), VELA_BAD_CAP);
	CHECK_OK(rt_sm_bind(sm, vm.vc));
	CHECK_EQ(rt_sm_bind(sm, vm.vc), VELA_BUSY);
	CHECK_EQ(rt_sm_bind(other, vm.vc), VELA_BUSY);
	CHECK_OK(rt_destroy(sm)); /* ends the bond */
	CHECK_OK(rt_sm_bind(other, vm.vc));
	if (cpu_total() > 1) {
		struct vm far = vm_new(1);
		CHECK_EQ(rt_vcpu_run(far.vc, 0, 0, &cls), VELA_BAD_CPU);
	}
}

/* The state page is a page of the kernel's: it can be neither given on nor replaced. */
static void test_state_page(void)
{
	struct vm vm = vm_new(0);
	vela_sel_t hst = MAKE(SP, VELA_SP_HST);
	uint64_t page = PAGE(vm.s);
	CHECK_EQ(rt_map(VELA_ROOT_HST, hst, page, 1, 1, VELA_MEM_R), VELA_BAD_ARG);
	CHECK_EQ(rt_map(VELA_ROOT_HST, vm.gst, page, 20, 1, VELA_MEM_R), VELA_BAD_ARG);
	CHECK_EQ(rt_map(VELA_ROOT_HST, VELA_ROOT_HST, PAGE(spare), page, 1, VELA_MEM_R),
		 VELA_BAD_ARG);
	CHECK_EQ(rt_map(0, VELA_ROOT_HST, 0, page, 1, 0), VELA_BAD_ARG);
	CHECK_OK(rt_destroy(vm.vc));
	CHECK_EQ(FAULTS((uint64_t)vm.s, READ), 4);
}

/* Bytes of each group in the state page. */
static const struct {
	uint32_t group, from, to;
} areas[] = {
	{ VELA_GROUP_GPR, 0x080, 0x100 },   { VELA_GROUP_RIP, 0x100, 0x114 },
	{ VELA_GROUP_EVENT, 0x118, 0x124 }, { VELA_GROUP_CR, 0x180, 0x1c0 },
	{ VELA_GROUP_SEG, 0x200, 0x2a0 },   { VELA_GROUP_MSR, 0x2c0, 0x310 },
};

static void fill(struct vm *vm)
{
	memset((char *)vm->s + 0x80, 0xa5, VELA_PAGE_SIZE - 0x80);
}

static unsigned untouched(struct vm *vm, uint32_t from, uint32_t to)
{
	unsigned n = 0;
	for (uint32_t i = from; i < to; i++)
		n += ((uint8_t *)vm->s)[i] == 0xa5;
	return n;
}

/* Exactly the groups asked for are written. */
static void expect_written(struct vm *vm, uint32_t groups)
{
	for (unsigned a = 0; a < sizeof areas / sizeof areas[0]; a++) {
		unsigned left = untouched(vm, areas[a].from, areas[a].to);
		unsigned size = areas[a].to - areas[a].from;
		if (groups & areas[a].group ? !CHECK(left < size / 2) : !CHECK_EQ(left, size))
			note("group %#x, asked for %#x", areas[a].group, groups);
	}
	CHECK_EQ(untouched(vm, 0x400, VELA_PAGE_SIZE), VELA_PAGE_SIZE - 0x400);
}

static void test_masks(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, halt), VELA_EXIT_HALT); /* first: all */
	CHECK_EQ(vm.s->exit.groups, VELA_GROUPS);
	for (unsigned mask = 0; mask < VELA_GROUPS; mask += 2) {
		CHECK_OK(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, VELA_EXIT_HALT, mask));
		fill(&vm);
		CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_HALT);
		CHECK_EQ(vm.s->exit.groups, mask | VELA_GROUP_EXIT);
		expect_written(&vm, mask);
		fill(&vm);
		CHECK_OK(rt_vcpu_ctrl(vm.vc, VELA_VC_READ, mask, 0));
		expect_written(&vm, mask);
	}
	/* The mask of one class is not that of another. */
	CHECK_OK(rt_vcpu_ctrl(vm.vc, VELA_VC_SET_MASK, VELA_EXIT_HALT, 0));
	VM_LOAD(&vm, forever);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, in_ms(1)), VELA_EXIT_TIMEOUT);
	CHECK_EQ(vm.s->exit.groups, VELA_GROUPS);
}

/* What goes in comes out: every field of every group, each loaded alone. */
static void test_round_trip(void)
{
	struct vm vm = vm_new(0);
	struct vela_state in;
	VM_LOAD(&vm, halt);
	struct vela_state *s = vm.s;
	for (unsigned i = 0; i < 16; i++)
		s->gpr[i] = 0x1111111111111111 * (i + 1);
	s->rflags = 0xa93; /* the bits a guest may have, IOPL aside */
	s->cr2 = 0xdeadbeef;
	s->cr3 = 0x5000;
	s->cr4 = 0x600;
	s->cr8 = 5;
	for (unsigned i = 0; i < VELA_GDTR; i++) {
		s->seg[i].base = 0x100000ull * i;
		s->seg[i].selector = (uint16_t)(0x10 + 8 * i);
	}
	s->seg[VELA_CS].base = 0;    /* where its code is */
	s->seg[VELA_CS].attr = 0x93; /* what it is in real mode, and no processor changes */
	s->seg[VELA_GDTR] = (struct vela_segment){ .base = 0x7000, .limit = 0x7f };
	s->seg[VELA_IDTR] = (struct vela_segment){ .base = 0x8000, .limit = 0x3ff };
	uint64_t *msr[] = { &s->star,		&s->lstar,	  &s->cstar,	   &s->sfmask,
			    &s->kernel_gs_base, &s->sysenter_esp, &s->sysenter_eip };
	for (unsigned i = 0; i < sizeof msr / sizeof msr[0]; i++)
		*msr[i] = 0x123456789000ull + i;
	s->sfmask = 0x56789003; /* 32 bits on Intel's processors */
	s->sysenter_cs = 0x18;
	s->pat = 0x0606060606060606;
	s->tsc_offset = 0x77777777;
	in = *s;
	for (uint64_t group = VELA_GROUP_GPR; group < VELA_GROUPS; group <<= 1) {
		*s = in;
		CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
		in.exit = s->exit;
		memset(in.pad0, 0, sizeof in.pad0);
		memcpy(in.pad0, s->pad0, sizeof in.pad0);
		in.xcr0 = s->xcr0;
		in.tsc_aux = s->tsc_aux;
		in.tsc_ratio = s->tsc_ratio;
		if (on_bochs_svm()) /* it loads no CR2 */
			in.cr2 = s->cr2;
		const uint64_t *a = (const uint64_t *)&in, *b = (const uint64_t *)s;
		for (unsigned i = 0x80 / 8; i < sizeof in / 8; i++) {
			if (!CHECK_EQ(b[i], a[i]))
				note("at %#x of the state page", i * 8);
		}
	}
	CHECK(s->xcr0 & 1);
}

/* The guest's TSC runs at half the rate where the processor can do that. */
static void test_tsc_ratio(void)
{
	bool can = rt_machine()->features & VELA_FEATURE_TSC_RATIO;
	unsigned shift = can ? 1 : 0;
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, read_tsc);
	vm.s->tsc_ratio = 1ull << 47;
	vm.s->tsc_offset = 1000000;
	uint64_t before = rt_rdtsc();
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	uint64_t after = rt_rdtsc(), seen = vm.s->gpr[VELA_RDX] << 32 | vm.s->gpr[VELA_RAX];
	CHECK(seen >= (before >> shift) + 1000000 && seen <= (after >> shift) + 1000000);
	CHECK_EQ(vm.s->tsc_ratio, can ? 1ull << 47 : 0);
	/* 0 is the host's rate. */
	VM_LOAD(&vm, read_tsc);
	before = rt_rdtsc();
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	after = rt_rdtsc(), seen = vm.s->gpr[VELA_RDX] << 32 | vm.s->gpr[VELA_RAX];
	CHECK(seen >= before && seen <= after);
}

/* Dropping what is kept of its translations, more often than there are tags, changes nothing that a
 * guest sees. */
static void test_flush(void)
{
	struct vm vm = vm_new(0);
	for (unsigned i = 0; i < 100; i++) {
		VM_LOAD(&vm, read_tsc);
		vm.s->flush = i & 1;
		CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	}
}

static void test_statistics(void)
{
	struct vm vm = vm_new(0);
	CHECK_EQ(VM_EXIT(&vm, halt), VELA_EXIT_HALT);
	for (unsigned i = 0; i < 9; i++)
		CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_HALT);
	VM_LOAD(&vm, forever);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, 1), VELA_EXIT_TIMEOUT);
	CHECK_OK(rt_stat(vm.vc, 0));
	for (unsigned i = 0; i < VELA_STAT_VC_WORDS; i++)
		CHECK_EQ(utcb()[i], i == VELA_EXIT_HALT ? 10 : i == VELA_EXIT_TIMEOUT ? 1 : 0);
	CHECK_EQ(rt_stat(vm.vc, 1), VELA_BAD_ARG);
}

GUEST(put_xmm, "mov $0x11223344, %eax; movd %eax, %xmm3; hlt; movd %xmm3, %ebx; hlt; jmp .");

/* The guest's FPU state is its own: the monitor's stays, the guest's comes back. */
static void test_fpu(void)
{
	struct vm vm = vm_new(0);
	uint64_t before = 0xfeedface, after = 0;
	VM_LOAD(&vm, put_xmm);
	vm.s->cr4 = 0x600; /* OSFXSR, OSXMMEXCPT */
	__asm__ volatile("movq %0, %%xmm3" : : "r"(before) : "xmm3");
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	__asm__ volatile("movq %%xmm3, %0" : "=r"(after));
	CHECK_EQ(after, before);
	__asm__ volatile("movq %0, %%xmm3" : : "r"(0x99ull) : "xmm3");
	vm.s->rip = vm.s->exit.next_rip;
	CHECK_EQ(vm_run(&vm, VELA_GROUP_RIP, PATIENCE), VELA_EXIT_HALT);
	CHECK_EQ(vm.s->gpr[VELA_RBX], 0x11223344);
}

static void runs_without_fpu(struct thread *t)
{
	struct vm *vm = t->arg;
	uint64_t cls, x;
	CHECK_OK(rt_vcpu_run(vm->vc, ALL_DIRTY, PATIENCE, &cls));
	t->value = cls;
	__asm__ volatile("movq %%xmm3, %0" : "=r"(x)); /* the guest's is loaded, but not its */
	t->value = x;
}

static void test_no_fpu_monitor(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, put_xmm);
	vm.s->cr4 = 0x600;
	struct thread *t = thread_new_with(0, VELA_EC_NO_FPU, runs_without_fpu, &vm, VELA_ROOT_HST);
	thread_start(t, 0, PRIORITY_HIGH);
	thread_wait(t);
	CHECK(t->faulted);
	CHECK_EQ(t->fault[VELA_EVENT_VECTOR], 7);
	CHECK_EQ(t->value, VELA_EXIT_HALT);
	/* A thread with FPU, next on this CPU, finds its own. */
	uint64_t x;
	__asm__ volatile("movq %%xmm3, %0" : "=r"(x));
	CHECK(x != 0x11223344);
	vm.s->rip = vm.s->exit.next_rip;
	CHECK_EQ(vm_run(&vm, VELA_GROUP_RIP, PATIENCE), VELA_EXIT_HALT);
	CHECK_EQ(vm.s->gpr[VELA_RBX], 0x11223344);
}

const struct test tests_vcpu[] = {
	{ "what the calls refuse", test_refused, 0 },
	{ "the state page stays the kernel's", test_state_page, 0 },
	{ "groups and masks", test_masks, 0 },
	{ "all fields go in and come out", test_round_trip, 0 },
	{ "rate of the TSC", test_tsc_ratio, 0 },
	{ "flush of translations", test_flush, 0 },
	{ "statistics", test_statistics, 0 },
	{ "FPU state of guest and monitor", test_fpu, 0 },
	{ "a monitor without FPU", test_no_fpu_monitor, 0 },
	{ 0 },
};
