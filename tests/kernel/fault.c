/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of threads: what the event portal is told, that an answer lets the thread go on, and what
 * happens without a portal. User code is made to fault by single instructions.
 */
#include "pages.h"
#include "vm.h"

#define ANY UINT64_MAX

struct expected {
	void (*run)(struct thread *t);
	unsigned vector;
	uint64_t error, address;
	const char *name;
};

static void divide(struct thread *t)
{
	(void)t;
	__asm__ volatile("divl %0" : : "r"(0u), "a"(1u), "d"(0u));
}

static void undefined(struct thread *t)
{
	(void)t;
	__asm__ volatile("ud2");
}

static void privileged(struct thread *t)
{
	(void)t;
	__asm__ volatile("hlt");
}

static void control(struct thread *t)
{
	(void)t;
	__asm__ volatile("mov %%cr3, %%rax" : : : "rax");
}

static void model_specific(struct thread *t)
{
	(void)t;
	__asm__ volatile("wrmsr" : : "a"(0), "d"(0), "c"(0xc0000082));
}

static void interrupts(struct thread *t)
{
	(void)t;
	__asm__ volatile("cli");
}

static void soft(struct thread *t)
{
	(void)t;
	__asm__ volatile("int $0x80");
}

static void soft_ipi(struct thread *t)
{
	(void)t;
	__asm__ volatile("int $0xfd");
}

static void breakpoint(struct thread *t)
{
	(void)t;
	__asm__ volatile("int3");
}

static void single_step(struct thread *t)
{
	(void)t;
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" : : : "memory");
}

static void non_canonical(struct thread *t)
{
	(void)t;
	peek(1ull << 47);
}

static void null_read(struct thread *t)
{
	(void)t;
	peek(0);
}

static void kernel_write(struct thread *t)
{
	(void)t;
	poke(0xffffffff80300000, 1);
}

/* Each vendor's processors do not know the other's. */
static void hypervisor_call(struct thread *t)
{
	(void)t;
	if (is_vmx())
		__asm__ volatile("vmcall");
	__asm__ volatile("vmrun %%rax" : : "a"(0));
}

static void port(struct thread *t)
{
	(void)t;
	__asm__ volatile("outb %%al, $0x21" : : "a"(0xff)); /* the kernel's own */
}

static void port_ffff(struct thread *t)
{
	(void)t;
	/* Ports 0xffff to 0x10002: the byte behind the bitmap forbids. */
	__asm__ volatile("inl %%dx, %%eax" : : "d"(0xffff) : "eax");
}

static void segment(struct thread *t)
{
	(void)t;
	__asm__ volatile("mov %0, %%ds" : : "r"(0x10)); /* the kernel's data */
}

static void test_vectors(void)
{
	static const struct expected e[] = {
		{ divide, 0, 0, 0, "#DE" },
		{ single_step, 1, 0, 0, "#DB" },
		{ breakpoint, 3, 0, 0, "#BP" },
		{ undefined, 6, 0, 0, "#UD" },
		{ privileged, 13, 0, 0, "HLT" },
		{ control, 13, 0, 0, "MOV CR3" },
		{ model_specific, 13, 0, 0, "WRMSR" },
		{ interrupts, 13, 0, 0, "CLI" },
		{ soft, 13, ANY, 0, "INT 0x80" }, /* QEMU 7.2 shifts the selector too far */
		{ soft_ipi, 13, ANY, 0, "INT of the IPI's vector" },
		{ port, 13, 0, 0, "a port of the kernel's" },
		{ port_ffff, 13, 0, 0, "beyond the last port" },
		{ segment, 13, 0x10, 0, "a kernel segment" },
		{ non_canonical, 13, 0, 0, "non-canonical address" },
		{ null_read, 14, 4, 0, "#PF at 0" },
		{ hypervisor_call, 13, 0, 0, "VMRUN or VMCALL" },
	};
	for (unsigned i = 0; i < sizeof e / sizeof e[0]; i++) {
		unsigned cpu = i % cpu_total();
		struct thread *t = thread_run(cpu, PRIORITY_HIGH, e[i].run, NULL);
		thread_wait(t);
		bool good = CHECK(t->faulted);
		good &= CHECK_EQ(t->fault[VELA_EVENT_VECTOR], e[i].vector);
		good &= e[i].error == ANY || CHECK_EQ(t->fault[VELA_EVENT_ERROR], e[i].error);
		good &= CHECK_EQ(t->fault[VELA_EVENT_ADDRESS], e[i].address);
		good &= CHECK(t->fault[VELA_EVENT_IP] - (uint64_t)e[i].run < 64);
		if (!good)
			note("%s", e[i].name);
		thread_drop(t);
	}
}

static void test_kernel_address(void)
{
	struct thread *t = thread_run(0, PRIORITY_HIGH, kernel_write, NULL);
	thread_wait(t);
	CHECK_EQ(t->fault[VELA_EVENT_VECTOR], 14);
	CHECK_EQ(t->fault[VELA_EVENT_ADDRESS], 0xffffffff80300000);
	CHECK((t->fault[VELA_EVENT_ERROR] & 6) == 6);
}

static uint64_t map_it(struct thread *t)
{
	t->value++;
	if (t->fault[VELA_EVENT_ADDRESS] != WINDOW + 8)
		return 1;
	return rt_map(VELA_ROOT_HST, VELA_ROOT_HST, PAGE(spare[3]), PAGE(WINDOW), 1,
		      VELA_MEM_R | VELA_MEM_W);
}

static void reads_window(struct thread *t)
{
	t->value = peek(WINDOW + 8) + t->value * 1000;
}

static void test_resume(void)
{
	poke((uint64_t)spare[3] + 8, 42);
	struct thread *t = thread_new(cpu_total() - 1, reads_window, NULL);
	t->on_fault = map_it;
	thread_start(t, cpu_total() - 1, PRIORITY_HIGH);
	thread_wait(t);
	CHECK(!t->faulted);
	CHECK_EQ(t->value, 1042); /* one fault, then what is there */
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
}

/* The worker that serves the portal faults itself, into its own portal: it is stopped, no more. */
rt_portal_handler_t fault_in_handler;
RT_PORTAL(fault_in_handler_entry, fault_in_handler);
void fault_in_handler(uint64_t id, struct rt_message *m)
{
	(void)id;
	(void)m;
	__asm__ volatile("ud2");
}

static void set_event(vela_sel_t slot, vela_sel_t pt)
{
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, pt, slot, 1, pt ? 0xff : 0));
}

/* Stopped threads answer GET_REGS; those that run or wait for an answer say BUSY. */
static void stays_stopped(struct thread *t)
{
	EVENTUALLY(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS) == VELA_OK);
	CHECK(utcb()[VELA_REG_IP] - (uint64_t)undefined < 64);
	CHECK(!t->ended);
}

static void test_no_portal(void)
{
	struct thread *none = thread_new(0, undefined, NULL);
	set_event(none->event, 0);
	thread_start(none, 0, PRIORITY_HIGH);
	stays_stopped(none);
	/* A portal that is no portal, one without the right to call, one of another CPU. */
	struct thread *wrong = thread_new(0, undefined, NULL);
	set_event(wrong->event, VELA_ROOT_PD);
	thread_start(wrong, 0, PRIORITY_HIGH);
	stays_stopped(wrong);
	if (cpu_total() > 1) {
		struct thread *far = thread_new(0, undefined, NULL);
		set_event(far->event, portal_new(worker_new(1), fault_in_handler_entry, 0));
		thread_start(far, 0, PRIORITY_HIGH);
		stays_stopped(far);
	}
	struct thread *w = worker_new(0), *dead = thread_new(0, undefined, NULL);
	vela_sel_t pt = portal_new(w, fault_in_handler_entry, 0);
	set_event(dead->event, pt);
	CHECK_OK(rt_destroy(w->ec));
	thread_start(dead, 0, PRIORITY_HIGH);
	stays_stopped(dead);
}

static void test_fault_in_handler(void)
{
	struct thread *w = worker_new(0), *t = thread_new(0, undefined, NULL);
	vela_sel_t pt = portal_new(w, fault_in_handler_entry, 0);
	set_event(t->event, pt);
	set_event(w->event, pt);
	thread_start(t, 0, PRIORITY_HIGH);
	EVENTUALLY(rt_ec_ctrl(w->ec, VELA_EC_GET_REGS) == VELA_OK);
	CHECK_OK(rt_destroy(w->ec));
	stays_stopped(t); /* nobody has answered its fault */
}

const struct test tests_fault[] = {
	{ "vectors, error codes, addresses", test_vectors, 0 },
	{ "the kernel's half", test_kernel_address, 0 },
	{ "a repaired fault is repeated", test_resume, 0 },
	{ "no portal to go to", test_no_portal, 0 },
	{ "a fault while handling one", test_fault_in_handler, 0 },
	{ 0 },
};
