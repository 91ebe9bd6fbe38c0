/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register state belongs to one thread: general registers, flags, x87 and SSE state, FS base. And
 * ec_ctrl: stopping, reading and writing registers, going on, also on another CPU.
 */
#include "pages.h"
#include "thread.h"
#include <string.h>

static volatile bool stop;

/* Loads a pattern into registers the kernel must keep, spins, and compares; a preemption or a call
 * in between must not show. */
static uint64_t pattern_round(uint64_t p, unsigned spins)
{
	uint64_t wrong = 0, spin = spins;
	__asm__ volatile("movq %2, %%xmm0; movq %2, %%xmm15; movq %2, %%mm3\n\t"
			 "mov %2, %%r12; mov %2, %%r13; mov %2, %%r14; mov %2, %%r9\n"
			 "1:	pause; dec %1; jnz 1b\n\t"
			 "xor %%eax, %%eax; movq %%xmm0, %%rbx; cmp %%rbx, %2; setne %%al\n\t"
			 "add %%rax, %0; movq %%xmm15, %%rbx; cmp %%rbx, %2; setne %%al\n\t"
			 "add %%rax, %0; movq %%mm3, %%rbx; cmp %%rbx, %2; setne %%al\n\t"
			 "add %%rax, %0; cmp %%r12, %2; setne %%al; add %%rax, %0\n\t"
			 "cmp %%r13, %2; setne %%al; add %%rax, %0\n\t"
			 "cmp %%r14, %2; setne %%al; add %%rax, %0\n\t"
			 "cmp %%r9, %2; setne %%al; add %%rax, %0; emms"
			 : "+r"(wrong), "+r"(spin)
			 : "r"(p)
			 : "rax", "rbx", "r9", "r12", "r13", "r14", "xmm0", "xmm15", "cc");
	return wrong;
}

static void pattern(struct thread *t)
{
	uint64_t p = 0x9e3779b97f4a7c15 * (uint64_t)(t->ec + 1);
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	for (unsigned i = 0; !stop; i++) {
		t->value += pattern_round(p + i, 20000);
		if (i % 4 == 0)
			rt_sm_down(sm, rt_rdtsc() + 1000);
	}
}

static void test_patterns(void)
{
	struct thread *t[8];
	void *sm = (void *)(uint64_t)MAKE(SM, 0);
	stop = false;
	for (unsigned i = 0; i < 8; i++) {
		unsigned cpu = i % (cpu_total() < 2 ? 1 : 2);
		t[i] = thread_new(cpu, pattern, sm);
		t[i]->sc = MAKE(SC, VELA_ROOT_CP + cpu, t[i]->ec, PRIORITY_LOW, 1000, 0);
	}
	CHECK_EQ(rt_sm_down((vela_sel_t)(uint64_t)sm, in_ms(400)), VELA_TIMEOUT);
	stop = true;
	for (unsigned i = 0; i < 8; i++) {
		thread_wait(t[i]);
		CHECK_EQ(t[i]->value, 0);
	}
}

/* The first thing a new thread finds in the FPU is the initial state, not another thread's. */
static void dirty(struct thread *t)
{
	__asm__ volatile("movq %0, %%xmm7; pushq %1; ldmxcsr (%%rsp); addq $8, %%rsp; fldpi"
			 :
			 : "r"(0x5ec2e75ec2e7ull), "r"(0x9f80ull)
			 : "xmm7", "memory");
	t->value = 1;
	while (!stop)
		;
	__asm__ volatile("pushq %0; ldmxcsr (%%rsp); addq $8, %%rsp; fninit" : : "r"(0x1f80ull));
}

static void fresh(struct thread *t)
{
	uint64_t xmm;
	uint32_t mxcsr;
	uint16_t control, status;
	__asm__ volatile("movq %%xmm7, %0; stmxcsr %1; fnstcw %2; fnstsw %3"
			 : "=r"(xmm), "=m"(mxcsr), "=m"(control), "=m"(status));
	t->value = xmm | (uint64_t)(mxcsr != 0x1f80) << 1 | (uint64_t)(control != 0x37f) << 2 |
		   (uint64_t)(status != 0) << 3;
}

static void test_initial(void)
{
	stop = false;
	struct thread *d = thread_run(0, PRIORITY_LOW, dirty, NULL);
	EVENTUALLY(__atomic_load_n(&d->value, __ATOMIC_RELAXED) == 1);
	struct thread *f = thread_run(0, PRIORITY_HIGH, fresh, NULL);
	thread_wait(f);
	CHECK_EQ(f->value, 0);
	stop = true;
	thread_wait(d);
}

static void uses_fpu(struct thread *t)
{
	uint64_t x;
	__asm__ volatile("movq %%xmm0, %0" : "=r"(x));
	t->value = 1;
}

static void test_no_fpu(void)
{
	stop = false;
	struct thread *d = thread_run(0, PRIORITY_LOW, dirty, NULL);
	struct thread *t = thread_new_with(0, VELA_EC_NO_FPU, uses_fpu, NULL, VELA_ROOT_HST);
	thread_start(t, 0, PRIORITY_LOW);
	thread_wait(t);
	CHECK(t->faulted);
	CHECK_EQ(t->fault[VELA_EVENT_VECTOR], 7);
	CHECK_EQ(t->value, 0);
	stop = true;
	thread_wait(d);
}

/* A thread of another host space breaks its own FS base; the next one with the same value has its
 * own all the same. Its code is a page of bytes: it spins after it has loaded a null selector. */
static const uint8_t break_fs[] = { 0x31, 0xc0, 0x8e, 0xe0, 0xeb, 0xfe };

static void checks_tls(struct thread *t)
{
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	for (unsigned i = 0; i < 50; i++) {
		rt_sm_down(sm, rt_rdtsc() + ms(1));
		if (utcb() != t->utcb)
			t->value++;
	}
}

static void test_fs_base(void)
{
	vela_sel_t hst = MAKE(SP, VELA_SP_HST), sm = MAKE(SM, 0);
	struct thread *t = thread_new(0, checks_tls, (void *)(uint64_t)sm);
	memcpy(spare[4], break_fs, sizeof break_fs);
	CHECK_OK(rt_map(VELA_ROOT_HST, VELA_ROOT_HST, PAGE(spare[4]), PAGE(WINDOW), 1, VELA_MEM_R));
	/* Executable in the other space only: the image's page is not, so it comes from RAM. */
	uint64_t ram = free_ram();
	CHECK_OK(rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, ram, PAGE(WINDOW), 1,
			VELA_MEM_R | VELA_MEM_W));
	memcpy((void *)WINDOW, break_fs, sizeof break_fs);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, hst, ram, PAGE(WINDOW), 1, VELA_MEM_R | VELA_MEM_X));
	vela_sel_t ec = MAKE(EC, VELA_ROOT_OBJ, hst, 0, 0, 0x1000, WINDOW, 0x1000, 0, t->tls);
	MAKE(SC, VELA_ROOT_CP, ec, PRIORITY_LOW, SLICE_US, 0);
	thread_start(t, 0, PRIORITY_LOW + 1);
	thread_wait(t);
	CHECK(!t->faulted);
	CHECK_EQ(t->value, 0);
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
}

static void counts(struct thread *t)
{
	register uint64_t mark __asm__("r15") = 0xc0ffee;
	for (;;) {
		__asm__ volatile("" : "+r"(mark));
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

static void other(struct thread *t)
{
	t->value = 4711;
}

static uint64_t value(struct thread *t)
{
	return __atomic_load_n(&t->value, __ATOMIC_RELAXED);
}

/* Stop, look, go on; then another way. */
static void control_on(unsigned cpu)
{
	struct thread *t = thread_new(cpu, counts, NULL);
	CHECK_EQ(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS), VELA_BUSY);
	thread_start(t, cpu, PRIORITY_LOW);
	vela_sel_t never = MAKE(SM, 0);
	EVENTUALLY(value(t) > 0);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
	EVENTUALLY(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS) == VELA_OK);
	CHECK_EQ(utcb()[15], 0xc0ffee);
	CHECK(utcb()[VELA_REG_IP] - (uint64_t)counts < 64);
	CHECK_EQ(utcb()[VELA_REG_TLS], t->tls);
	CHECK((utcb()[VELA_REG_FLAGS] & 0x200) && !(utcb()[VELA_REG_FLAGS] & 0x3000));
	uint64_t seen = value(t), w[VELA_REGS];
	memcpy(w, utcb(), sizeof w);
	rt_sm_down(never, in_ms(10));
	CHECK_EQ(value(t), seen);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
	EVENTUALLY(value(t) > seen);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
	EVENTUALLY(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS) == VELA_OK);
	static const uint64_t bad[] = { VELA_USER_END, 1ull << 47, 1ull << 63, UINT64_MAX };
	for (unsigned i = 0; i < 4; i++) {
		utcb()[VELA_REG_IP] = bad[i];
		CHECK_EQ(rt_ec_ctrl(t->ec, VELA_EC_SET_REGS), VELA_BAD_ARG);
		utcb()[VELA_REG_IP] = 0;
		utcb()[VELA_REG_TLS] = bad[i];
		CHECK_EQ(rt_ec_ctrl(t->ec, VELA_EC_SET_REGS), VELA_BAD_ARG);
		utcb()[VELA_REG_TLS] = t->tls;
	}
	/* Flags that are not its own to set are not set: IF stays, IOPL, NT, VM do not come. */
	memcpy(utcb(), w, sizeof w);
	t->run = other;
	utcb()[VELA_REG_IP] = (uint64_t)thread_enter;
	utcb()[4] = t->stack_top - 8;
	utcb()[7] = (uint64_t)t;
	utcb()[VELA_REG_FLAGS] = 0x37000 | 0x800;
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_SET_REGS));
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS));
	CHECK_EQ(utcb()[VELA_REG_FLAGS], 0xa02);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
	thread_wait(t);
	CHECK_EQ(value(t), 4711);
	CHECK(!t->faulted);
}

static void test_control(void)
{
	control_on(0);
}

static void test_control_cpu(void)
{
	control_on(1);
}

/* Of stop and resume the later one counts, however fast they follow. */
static void test_last_wins(void)
{
	struct thread *t = thread_run(1, PRIORITY_LOW, counts, NULL);
	for (unsigned i = 0; i < 300; i++) {
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
		EVENTUALLY(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS) == VELA_OK);
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
		CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
		uint64_t seen = value(t);
		if (!EVENTUALLY(value(t) > seen))
			break;
	}
}

static void waits(struct thread *t)
{
	t->value = 1 + rt_sm_down((vela_sel_t)(uint64_t)t->arg, VELA_NO_DEADLINE);
}

/* A thread that is stopped while it waits does not run when its wait ends, only when resumed. */
static void test_stop_waiting(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	struct thread *t = thread_run(0, PRIORITY_HIGH, waits, (void *)(uint64_t)sm);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS));
	CHECK_EQ(rt_ec_ctrl(t->ec, VELA_EC_SET_REGS), VELA_BUSY); /* its call is under way */
	CHECK_OK(rt_sm_up(sm));
	CHECK_EQ(value(t), 0);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
	thread_wait(t);
	CHECK_EQ(value(t), 1 + VELA_OK);
}

const struct test tests_registers[] = {
	{ "patterns survive switches", test_patterns, 0 },
	{ "the FPU's first state", test_initial, 0 },
	{ "NO_FPU", test_no_fpu, 0 },
	{ "FS base is no other's to break", test_fs_base, 0 },
	{ "stop, read, write, resume", test_control, 0 },
	{ "the same on another CPU", test_control_cpu, 2 },
	{ "the last of stop and resume counts", test_last_wins, 2 },
	{ "stop a thread that waits", test_stop_waiting, 0 },
	{ 0 },
};
