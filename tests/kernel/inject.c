/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events for the guest: delivery, delivery cut short by an exit and repeated by the kernel, events
 * the monitor takes back, and that each comes exactly once. Handlers stand in the real-mode table
 * of vectors at 0.
 */
#include "vm.h"

#define HANDLER 0x2000u
#define IF	0x200ull

GUEST(idle, "sti; 1: hlt; jmp 1b");
GUEST(busy, "sti; 1: incl 0x4000; jmp 1b");
GUEST(handler, "incw 0x4010; iret");

static void set_vector(unsigned vector, uint16_t offset)
{
	uint8_t *entry = (uint8_t *)vm_memory + vector * 4;
	entry[0] = (uint8_t)offset;
	entry[1] = (uint8_t)(offset >> 8);
}

static void put_handler(unsigned vector)
{
	uint8_t *to = (uint8_t *)vm_memory + HANDLER;
	for (const uint8_t *from = handler; from < handler_end;)
		*to++ = *from++;
	set_vector(vector, HANDLER);
}

static uint16_t handled(void)
{
	return *(volatile uint16_t *)((uint8_t *)vm_memory + 0x4010);
}

static void inject(struct vm *vm, uint32_t event)
{
	vm->s->event = event | VELA_EVENT_VALID;
	vm->s->event_error = 0;
	vm->s->rflags |= IF;
}

static void test_types(void)
{
	static const uint32_t events[] = { VELA_EVENT_INTR | 0x20,   VELA_EVENT_INTR | 0xff,
					   VELA_EVENT_NMI | 2,	     VELA_EVENT_EXCEPTION | 0,
					   VELA_EVENT_EXCEPTION | 6, VELA_EVENT_EXCEPTION | 13 };
	struct vm vm = vm_new(0);
	for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
		VM_LOAD(&vm, idle);
		put_handler(events[i] & 0xff);
		inject(&vm, events[i]);
		CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
		CHECK_EQ(handled(), 1);
		CHECK(!(vm.s->event & VELA_EVENT_VALID));
		/* The stack is as it was: what was pushed has been popped. */
		CHECK_EQ(vm.s->gpr[VELA_RSP], VM_STACK);
		vm.s->rip = vm.s->exit.next_rip;
		CHECK_EQ(vm_run(&vm, VELA_GROUP_RIP, PATIENCE), VELA_EXIT_HALT);
		CHECK_EQ(handled(), 1);
	}
}

/* The guest has to be able to take it: that is the monitor's to know. */
static void test_closed(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, idle);
	put_handler(0x30);
	inject(&vm, VELA_EVENT_INTR | 0x30);
	vm.s->rflags &= ~IF;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_INVALID);
	CHECK_EQ(handled(), 0);
	/* An NMI needs no leave. */
	VM_LOAD(&vm, idle);
	put_handler(2);
	inject(&vm, VELA_EVENT_NMI | 2);
	vm.s->rflags &= ~IF;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	CHECK_EQ(handled(), 1);
}

static void test_many(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, idle);
	put_handler(0x30);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_HALT);
	for (unsigned i = 1; i <= 2000; i++) {
		inject(&vm, VELA_EVENT_INTR | 0x30);
		vm.s->rip = vm.s->exit.next_rip;
		if (!CHECK_EQ(vm_run(&vm, VELA_GROUP_EVENT | VELA_GROUP_RIP, PATIENCE),
			      VELA_EXIT_HALT))
			break;
		CHECK_EQ(handled(), i);
	}
}

/* The interrupt's frame goes to a page without a mapping: the exit is in the middle of delivery. */
static void cut_short(struct vm *vm, uint32_t event)
{
	VM_LOAD(vm, busy);
	put_handler(event & 0xff);
	vm->s->gpr[VELA_RSP] = VM_HOLE + 0x100;
	inject(vm, event);
	CHECK_EQ(vm_run(vm, ALL_DIRTY, PATIENCE), VELA_EXIT_MEMORY);
	CHECK_EQ(PAGE(vm->s->exit.gpa), PAGE(VM_HOLE));
	CHECK_EQ(handled(), 0);
	/* What the next entry would deliver. */
	CHECK_EQ(vm->s->event, event | VELA_EVENT_VALID);
}

static void hole(struct vm *vm, bool there)
{
	CHECK_OK(rt_map(VELA_ROOT_HST, vm->gst, PAGE(vm_memory[VM_PAGES]), PAGE(VM_HOLE), 1,
			there ? VELA_MEM_R | VELA_MEM_W : 0));
}

static void test_reinjection(void)
{
	static const uint32_t events[] = { VELA_EVENT_INTR | 0x40, VELA_EVENT_NMI | 2,
					   VELA_EVENT_EXCEPTION | 6 };
	struct vm vm = vm_new(0);
	for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
		cut_short(&vm, events[i]);
		hole(&vm, true);
		CHECK_EQ(vm_run(&vm, 0, in_ms(50)), VELA_EXIT_TIMEOUT);
		CHECK_EQ(handled(), 1); /* by the kernel, once */
		CHECK_EQ(vm_run(&vm, 0, in_ms(50)), VELA_EXIT_TIMEOUT);
		CHECK_EQ(handled(), 1);
		hole(&vm, false);
		/* Still no memory: it is cut short again, and kept again. */
		cut_short(&vm, events[i]);
		CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_MEMORY);
		CHECK_EQ(vm.s->event, events[i] | VELA_EVENT_VALID);
		/* The monitor takes it back. */
		hole(&vm, true);
		vm.s->event = 0;
		CHECK_EQ(vm_run(&vm, VELA_GROUP_EVENT, in_ms(50)), VELA_EXIT_TIMEOUT);
		CHECK_EQ(handled(), 0);
		hole(&vm, false);
		/* Or has another delivered in its place. */
		cut_short(&vm, events[i]);
		hole(&vm, true);
		set_vector(events[i] & 0xff, 0x7000);
		put_handler(0x50);
		inject(&vm, VELA_EVENT_INTR | 0x50);
		CHECK_EQ(vm_run(&vm, VELA_GROUP_EVENT, in_ms(50)), VELA_EXIT_TIMEOUT);
		CHECK_EQ(handled(), 1);
		hole(&vm, false);
	}
}

/* A software interrupt cut short is executed again: its instruction is where the guest stands. */
GUEST(soft, "int $0x60; movw $7, 0x4000; 1: jmp 1b");

static void test_soft(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, soft);
	put_handler(0x60);
	vm.s->gpr[VELA_RSP] = VM_HOLE + 0x100;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_MEMORY);
	CHECK_EQ(vm.s->rip, VM_CODE);
	hole(&vm, true);
	CHECK_EQ(vm_run(&vm, 0, in_ms(50)), VELA_EXIT_TIMEOUT);
	CHECK_EQ(handled(), 1);
	CHECK_EQ(peek((uint64_t)vm_memory[PAGE(VM_DATA)]), 7);
}

/* A refused entry delivers nothing and leaves the page as it is; all of it is loaded again. */
static void test_after_invalid(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, busy);
	put_handler(0x41);
	inject(&vm, VELA_EVENT_INTR | 0x41);
	vm.s->cr4 |= 1ull << 40;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_INVALID);
	CHECK_EQ(handled(), 0);
	CHECK_EQ(vm.s->exit.groups, VELA_GROUP_EXIT);
	CHECK_EQ(vm.s->event, VELA_EVENT_INTR | VELA_EVENT_VALID | 0x41);
	CHECK_EQ(vm.s->rip, VM_CODE);
	/* Nothing of the host shows in what is left. */
	struct vela_state sent = *vm.s;
	CHECK_OK(rt_vcpu_ctrl(vm.vc, VELA_VC_READ, VELA_GROUPS, 0));
	CHECK(!vm.s->rip && !vm.s->gpr[VELA_RSP] && !vm.s->seg[VELA_GDTR].base && !vm.s->cr3);
	*vm.s = sent;
	vm.s->cr4 &= ~(1ull << 40);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, in_ms(50)), VELA_EXIT_TIMEOUT);
	CHECK_EQ(handled(), 1);
}

/* #DB belongs to the guest although the kernel must intercept it. */
GUEST(steps, "pushf; pop %ax; or $0x100, %ax; push %ax; popf; nop; nop; 1: jmp 1b");

static void test_debug(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, steps);
	put_handler(1);
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, in_ms(50)), VELA_EXIT_TIMEOUT);
	CHECK(handled() > 2);
	VM_LOAD(&vm, steps);
	vm.s->intercept_exceptions = 1u << 1;
	CHECK_EQ(vm_run(&vm, ALL_DIRTY, PATIENCE), VELA_EXIT_EXCEPTION);
	CHECK_EQ(vm.s->exit.vector, 1);
}

/* #DB whose own delivery raises #DB again for ever: left by its deadline. */
static void test_endless_debug(void)
{
	struct vm vm = vm_new(0);
	VM_LOAD(&vm, steps);
	vm.s->seg[VELA_IDTR].limit = 0;
	uint64_t cls = vm_run(&vm, ALL_DIRTY, in_ms(50));
	CHECK(cls == VELA_EXIT_SHUTDOWN || cls == VELA_EXIT_TIMEOUT);
}

const struct test tests_inject[] = {
	{ "types of events", test_types, 0 },
	{ "an interrupt the guest holds off", test_closed, 0 },
	{ "2,000 interrupts, each once", test_many, 0 },
	{ "delivery cut short", test_reinjection, 0 },
	{ "a software interrupt cut short", test_soft, NEEDS_SOFT_EXIT },
	{ "a refused entry", test_after_invalid, 0 },
	{ "debug exceptions", test_debug, 0 },
	{ "debug exceptions without end", test_endless_debug, NEEDS_SHUTDOWN },
	{ 0 },
};
