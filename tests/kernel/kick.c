/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that runs while something happens: its semaphore is upped, its memory is taken away, its
 * virtual CPU or monitor is destroyed, its monitor is preempted. On the same CPU and on others.
 */
#include "vm.h"

GUEST(writes, "1: incl 0x4000; mov %ax, 0x9000; jmp 1b");
GUEST(counts, "1: incl 0x4000; jmp 1b");
GUEST(halts, "1: hlt; jmp 1b");

struct monitor {
	struct vm *vm;
	uint64_t deadline, status, cls;
	volatile uint64_t runs;
};

static void run_once(struct thread *t)
{
	struct monitor *m = t->arg;
	m->status = rt_vcpu_run(m->vm->vc, ALL_DIRTY, m->deadline, &m->cls);
}

static uint32_t counter(void)
{
	return *(volatile uint32_t *)vm_memory[PAGE(VM_DATA)];
}

/* A guest on the last CPU, started; returns when it has run. */
static struct thread *start(struct vm *vm, struct monitor *m, const uint8_t *code,
			    const uint8_t *end)
{
	unsigned cpu = cpu_total() - 1;
	*vm = vm_new(cpu);
	vm_load(vm, code, end);
	*m = (struct monitor){ .vm = vm, .deadline = VELA_NO_DEADLINE, .status = 77 };
	struct thread *t = thread_run(cpu, PRIORITY_LOW, run_once, m);
	EVENTUALLY(counter() > 100);
	return t;
}

static void test_kick(void)
{
	struct vm vm;
	struct monitor m;
	vela_sel_t sm = MAKE(SM, 0);
	struct thread *t = start(&vm, &m, counts, counts_end);
	CHECK_OK(rt_sm_bind(sm, vm.vc));
	CHECK_EQ(m.status, 77);
	/* A guest on another CPU may be left after the first. */
	for (unsigned i = 0; i < (cpu_total() == 1 ? 3 : 1); i++)
		CHECK_OK(rt_sm_up(sm));
	thread_wait(t);
	CHECK_OK(m.status);
	CHECK_EQ(m.cls, VELA_EXIT_EVENT);
	CHECK(rt_sm_down(sm, 0) == VELA_TIMEOUT); /* the exit has taken the count */
}

/* An up before the run is seen at once; each only once. */
static void test_up_before(void)
{
	struct vm vm = vm_new(0);
	vela_sel_t sm = MAKE(SM, 1);
	CHECK_OK(rt_sm_bind(sm, vm.vc));
	CHECK_EQ(VM_EXIT(&vm, counts), VELA_EXIT_EVENT);
	CHECK_EQ(counter(), 0);
	CHECK_EQ(vm_run(&vm, 0, in_ms(40)), VELA_EXIT_TIMEOUT);
	CHECK_OK(rt_sm_up(sm));
	CHECK_OK(rt_sm_up(sm));
	CHECK_EQ(vm_run(&vm, 0, PATIENCE), VELA_EXIT_EVENT);
	CHECK_EQ(vm_run(&vm, 0, in_ms(40)), VELA_EXIT_TIMEOUT);
	CHECK_OK(rt_sm_up(sm));
	CHECK_OK(rt_sm_down(sm, 0)); /* or the monitor takes it itself */
	CHECK_EQ(vm_run(&vm, 0, in_ms(40)), VELA_EXIT_TIMEOUT);
}

/* Ups from another CPU at any moment of the monitor's loop: none is lost. */
static void kicker(struct thread *t)
{
	vela_sel_t *sel = t->arg; /* bound, answer */
	for (unsigned i = 0; i < 1000; i++) {
		rt_sm_up(sel[0]);
		if (rt_sm_down(sel[1], PATIENCE))
			return;
		t->value++;
		spin_until(rt_rdtsc() + i * 37 % 5000);
	}
}

static void test_kick_race(void)
{
	struct vm vm = vm_new(0);
	vela_sel_t sel[] = { MAKE(SM, 0), MAKE(SM, 0) };
	CHECK_OK(rt_sm_bind(sel[0], vm.vc));
	VM_LOAD(&vm, counts);
	struct thread *t = thread_run(1, PRIORITY_LOW, kicker, sel);
	for (unsigned i = 0; i < 1000; i++) {
		if (!CHECK_EQ(vm_run(&vm, i ? 0 : ALL_DIRTY, PATIENCE), VELA_EXIT_EVENT))
			break;
		CHECK_OK(rt_sm_up(sel[1]));
	}
	thread_wait(t);
	CHECK_EQ(t->value, 1000);
}

/* A thread is woken at any moment of the last exits of a guest that leaves its CPU with nothing to
 * do: the interrupt is taken even if it came as the guest was left. */
struct leaver {
	struct vm vm;
	vela_sel_t turn, left, wake, awake;
	volatile bool stop;
};

static void leaves(struct thread *t)
{
	struct leaver *l = t->arg;
	while (!rt_sm_down(l->turn, VELA_NO_DEADLINE) && !l->stop) {
		for (unsigned i = 0; i < 4; i++)
			vm_run(&l->vm, t->value++ ? 0 : ALL_DIRTY, PATIENCE);
		rt_sm_up(l->left);
	}
}

static void wakes(struct thread *t)
{
	struct leaver *l = t->arg;
	while (!rt_sm_down(l->wake, VELA_NO_DEADLINE) && !l->stop)
		rt_sm_up(l->awake);
}

/* Returns how long the guest ran. */
static uint64_t leave(struct leaver *l, uint64_t wake_after)
{
	uint64_t start = rt_rdtsc();
	rt_sm_up(l->turn);
	spin_until(start + wake_after);
	rt_sm_up(l->wake);
	CHECK_OK(rt_sm_down(l->left, PATIENCE));
	uint64_t end = rt_rdtsc();
	return CHECK_OK(rt_sm_down(l->awake, PATIENCE)) ? end - start : 0;
}

static void test_leave_race(void)
{
	struct leaver l = { vm_new(1), MAKE(SM, 0), MAKE(SM, 0), MAKE(SM, 0), MAKE(SM, 0), false };
	VM_LOAD(&l.vm, halts);
	struct thread *leaving = thread_run(1, PRIORITY_LOW, leaves, &l);
	struct thread *waking = thread_run(1, PRIORITY_HIGH, wakes, &l);
	uint64_t ran = leave(&l, 0);
	for (unsigned i = 0; i < 1000 && ran; i++)
		ran = leave(&l, i * 7919ull % ran);
	l.stop = true;
	rt_sm_up(l.turn);
	rt_sm_up(l.wake);
	thread_wait(leaving);
	thread_wait(waking);
}

static void test_unmap(void)
{
	struct vm vm;
	struct monitor m;
	for (unsigned rights = 0; rights <= VELA_MEM_R; rights++) {
		struct vm first = vm_new(cpu_total() - 1);
		vm = first;
		CHECK_OK(rt_map(VELA_ROOT_HST, vm.gst, PAGE(spare[6]), PAGE(VM_HOLE), 1,
				VELA_MEM_R | VELA_MEM_W));
		VM_LOAD(&vm, writes);
		m = (struct monitor){ .vm = &vm, .deadline = VELA_NO_DEADLINE, .status = 77 };
		struct thread *t = thread_run(cpu_total() - 1, PRIORITY_LOW, run_once, &m);
		EVENTUALLY(counter() > 100);
		CHECK_OK(rt_map(VELA_ROOT_HST, vm.gst, PAGE(spare[6]), PAGE(VM_HOLE), 1, rights));
		/* From here on no write of the guest's can come. */
		poke((uint64_t)spare[6], 0x1234567887654321);
		thread_wait(t);
		CHECK_OK(m.status);
		CHECK_EQ(m.cls, VELA_EXIT_MEMORY);
		CHECK_EQ(vm.s->exit.gpa, VM_HOLE);
		CHECK_EQ(peek((uint64_t)spare[6]), 0x1234567887654321);
	}
}

static void test_destroy(void)
{
	struct vm vm;
	struct monitor m;
	struct thread *t = start(&vm, &m, counts, counts_end);
	CHECK_OK(rt_destroy(vm.vc));
	thread_wait(t);
	CHECK_EQ(m.status, VELA_ABORTED);
	t = start(&vm, &m, counts, counts_end);
	CHECK_OK(rt_destroy(vm.gst)); /* takes the virtual CPU with it */
	thread_wait(t);
	CHECK_EQ(m.status, VELA_ABORTED);
	uint64_t cls;
	CHECK_EQ(rt_vcpu_run(vm.vc, 0, 0, &cls), VELA_BAD_CAP);
}

static void test_monitor_destroyed(void)
{
	struct vm vm;
	struct monitor m;
	struct thread *t = start(&vm, &m, counts, counts_end);
	CHECK_OK(rt_destroy(t->ec));
	uint32_t seen = counter();
	spin_until(in_ms(5));
	CHECK_EQ(counter(), seen);
	/* Another monitor can go on with the same guest. */
	struct monitor next = { .vm = &vm, .deadline = in_ms(50), .status = 77 };
	struct thread *n = thread_run(cpu_total() - 1, PRIORITY_LOW, run_once, &next);
	thread_wait(n);
	CHECK_OK(next.status);
	CHECK_EQ(next.cls, VELA_EXIT_TIMEOUT);
	CHECK(counter() != seen);
	/* And the end of the test's PD, with a guest running. */
	start(&vm, &m, counts, counts_end);
}

static void preempts(struct thread *t)
{
	struct monitor *m = t->arg;
	m->status = rt_vcpu_run(m->vm->vc, 0, 0, &m->cls);
}

/* Preemption does not show; a second monitor is told that the virtual CPU is in use. */
static void test_preempted(void)
{
	struct vm vm;
	struct monitor m, second;
	unsigned cpu = cpu_total() - 1;
	struct thread *t = start(&vm, &m, counts, counts_end);
	for (unsigned i = 0; i < 50; i++) {
		second = (struct monitor){ .vm = &vm, .status = 77 };
		struct thread *p = thread_run(cpu, PRIORITY_HIGH, preempts, &second);
		thread_wait(p);
		CHECK_EQ(second.status, VELA_BUSY);
		CHECK_EQ(rt_vcpu_ctrl(vm.vc, VELA_VC_READ, VELA_GROUP_RIP, 0), VELA_BUSY);
		CHECK_EQ(m.status, 77);
		thread_drop(p);
	}
	/* Stopping the monitor stops the guest; it goes on where it was. */
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_STOP));
	EVENTUALLY(rt_ec_ctrl(t->ec, VELA_EC_GET_REGS) == VELA_OK);
	CHECK_EQ(rt_ec_ctrl(t->ec, VELA_EC_SET_REGS), VELA_BUSY);
	uint32_t seen = counter();
	spin_until(in_ms(5));
	CHECK_EQ(counter(), seen);
	CHECK_OK(rt_ec_ctrl(t->ec, VELA_EC_RESUME));
	EVENTUALLY(counter() != seen);
	uint64_t used;
	CHECK_OK(rt_sc_time(t->sc, &used));
	CHECK(used > 0); /* a guest's time is its monitor's */
	CHECK_EQ(m.status, 77);
}

/* Two guests on one CPU keep their memory, registers and tags apart. */
static void alternates(struct thread *t)
{
	struct vm *vm = t->arg;
	for (unsigned i = 0; i < 300; i++) {
		uint64_t cls;
		vm->s->gpr[VELA_RBX] = (uint64_t)t;
		if (rt_vcpu_run(vm->vc, i ? VELA_GROUP_GPR : ALL_DIRTY, PATIENCE, &cls) ||
		    cls != VELA_EXIT_HALT || vm->s->gpr[VELA_RBX] != (uint64_t)t)
			t->value++;
		rt_sm_down(vm->pio, rt_rdtsc() + 100);
	}
}

static void test_two_guests(void)
{
	struct vm vm[4];
	struct thread *t[4];
	vela_sel_t never = MAKE(SM, 0);
	for (unsigned i = 0; i < 4; i++) {
		vm[i] = vm_new(i % cpu_total());
		VM_LOAD(&vm[i], halts);
		vm[i].pio = never;
	}
	/* Only now: they share the memory that loading writes. */
	for (unsigned i = 0; i < 4; i++)
		t[i] = thread_run(i % cpu_total(), PRIORITY_LOW, alternates, &vm[i]);
	for (unsigned i = 0; i < 4; i++) {
		thread_wait(t[i]);
		CHECK_EQ(t[i]->value, 0);
	}
}

const struct test tests_kick[] = {
	{ "EVENT leaves a running guest", test_kick, 0 },
	{ "EVENT before a run", test_up_before, 0 },
	{ "1,000 kicks from another CPU", test_kick_race, 2 },
	{ "1,000 wakes as a guest is left", test_leave_race, 2 },
	{ "memory taken from a running guest", test_unmap, 0 },
	{ "virtual CPU or guest space destroyed", test_destroy, 0 },
	{ "monitor destroyed", test_monitor_destroyed, 0 },
	{ "monitor preempted and stopped", test_preempted, 0 },
	{ "several guests", test_two_guests, 0 },
	{ 0 },
};
