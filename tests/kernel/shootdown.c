/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translations that are taken away while another CPU uses them: when the call returns, no CPU can
 * reach the page any more. Each thread reads or writes in a loop until it faults.
 */
#include "pages.h"
#include "thread.h"

#define RW (VELA_MEM_R | VELA_MEM_W)

static void reader(struct thread *t)
{
	for (;;) {
		peek((uint64_t)t->arg);
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

static void writer(struct thread *t)
{
	for (uint64_t i = 0;; i++) {
		poke((uint64_t)t->arg, i);
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

static void start_all(struct thread **t, void (*run)(struct thread *))
{
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		t[cpu] = thread_run(cpu, PRIORITY_LOW, run, (void *)WINDOW);
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		EVENTUALLY(__atomic_load_n(&t[cpu]->value, __ATOMIC_RELAXED) > 1000);
}

static void all_fault(struct thread **t)
{
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++) {
		thread_wait(t[cpu]);
		CHECK(t[cpu]->faulted);
		CHECK_EQ(t[cpu]->fault[VELA_EVENT_VECTOR], 14);
		CHECK_EQ(t[cpu]->fault[VELA_EVENT_ADDRESS], WINDOW);
	}
}

static void map_spare(unsigned n, unsigned rights)
{
	CHECK_OK(rt_map(VELA_ROOT_HST, VELA_ROOT_HST, PAGE(spare[n]), PAGE(WINDOW), 1, rights));
}

static void test_unmap(void)
{
	struct thread *t[VELA_CPUS_MAX];
	map_spare(0, RW);
	start_all(t, writer);
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
	/* From now on the page is the test's alone. */
	poke((uint64_t)spare[0], 0x1234567);
	all_fault(t);
	CHECK_EQ(peek((uint64_t)spare[0]), 0x1234567);
}

static void test_reduce(void)
{
	struct thread *t[VELA_CPUS_MAX];
	map_spare(1, RW);
	start_all(t, writer);
	map_spare(1, VELA_MEM_R);
	poke((uint64_t)spare[1], 0x7654321);
	all_fault(t);
	CHECK_EQ(peek(WINDOW), 0x7654321);
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
}

/* Another page takes the place: who reads sees only the new one afterwards. */
static void checker(struct thread *t)
{
	volatile uint64_t *turn = (volatile uint64_t *)spare[15];
	while (*turn < 1000) {
		uint64_t before = *turn, seen = peek((uint64_t)t->arg);
		/* Pages count up, and a page is announced after it has been mapped. */
		if (seen < before)
			__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

static void test_replace(void)
{
	struct thread *t[VELA_CPUS_MAX];
	volatile uint64_t *turn = (volatile uint64_t *)spare[15];
	*turn = 0;
	poke((uint64_t)spare[0], 0);
	map_spare(0, VELA_MEM_R);
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		t[cpu] = thread_run(cpu, PRIORITY_LOW, checker, (void *)WINDOW);
	for (uint64_t i = 1; i <= 1000; i++) {
		poke((uint64_t)spare[i & 1], i);
		map_spare(i & 1, VELA_MEM_R);
		*turn = i;
	}
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++) {
		thread_wait(t[cpu]);
		CHECK_EQ(t[cpu]->value, 0);
	}
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
}

/* A fault whose cause is gone when the portal answers is no fault: the thread goes on. */
static uint64_t again(struct thread *t)
{
	(void)t;
	return 0;
}

static void test_repeat(void)
{
	struct thread *t[VELA_CPUS_MAX];
	map_spare(2, RW);
	start_all(t, reader);
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		t[cpu]->on_fault = again;
	for (unsigned i = 0; i < 50; i++) {
		CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
		for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
			__atomic_store_n(&t[cpu]->value, 0, __ATOMIC_RELAXED);
		map_spare(2, RW);
	}
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++) {
		EVENTUALLY(__atomic_load_n(&t[cpu]->value, __ATOMIC_RELAXED) > 1000);
		t[cpu]->on_fault = NULL;
	}
	CHECK_OK(rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0));
	all_fault(t);
}

const struct test tests_shootdown[] = {
	{ "unmap, while others write", test_unmap, 2 },
	{ "fewer rights, while others write", test_reduce, 2 },
	{ "another page in its place", test_replace, 2 },
	{ "unmap and map again", test_repeat, 2 },
	{ 0 },
};
