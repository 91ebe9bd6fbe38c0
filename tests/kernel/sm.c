/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores: order, deadlines, wake-ups between CPUs, the end of a semaphore that is waited for.
 */
#include "thread.h"

#define COUNT_MAX (UINT64_MAX / 2)

static void test_count(void)
{
	vela_sel_t sm = MAKE(SM, 3), full = MAKE(SM, COUNT_MAX);
	for (unsigned i = 0; i < 3; i++)
		CHECK_OK(rt_sm_down(sm, 0));
	CHECK_EQ(rt_sm_down(sm, 0), VELA_TIMEOUT);
	CHECK_EQ(rt_sm_down_all(sm, 0), VELA_TIMEOUT);
	for (unsigned i = 0; i < 5; i++)
		CHECK_OK(rt_sm_up(sm));
	CHECK_OK(rt_sm_down_all(sm, VELA_NO_DEADLINE));
	CHECK_EQ(rt_sm_down(sm, 0), VELA_TIMEOUT);
	CHECK_EQ(rt_sm_up(full), VELA_OVERFLOW);
	CHECK_OK(rt_sm_down(full, 0));
	CHECK_OK(rt_sm_up(full));
	CHECK_EQ(rt_sm_up(full), VELA_OVERFLOW);
	CHECK_OK(rt_sm_down_all(full, 0));
	CHECK_EQ(rt_sm_down(full, 0), VELA_TIMEOUT);
}

static void test_deadline(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	static const unsigned wait_ms[] = { 1, 3, 10 };
	for (unsigned i = 0; i < 3; i++) {
		uint64_t deadline = in_ms(wait_ms[i]);
		CHECK_EQ(rt_sm_down(sm, deadline), VELA_TIMEOUT);
		CHECK(rt_rdtsc() >= deadline);
	}
	uint64_t now = rt_rdtsc();
	CHECK_EQ(rt_sm_down(sm, now), VELA_TIMEOUT);
	CHECK_EQ(rt_sm_down(sm, 1), VELA_TIMEOUT);
	CHECK(rt_rdtsc() - now < ms(5000)); /* the past is not waited for */
}

struct waiter {
	vela_sel_t sm;
	uint64_t deadline;
	bool all;
};
static volatile uint64_t order, woken;

static void waiter(struct thread *t)
{
	struct waiter *w = t->arg;
	uint64_t s = w->all ? rt_sm_down_all(w->sm, w->deadline) : rt_sm_down(w->sm, w->deadline);
	t->value = s << 32 | __atomic_add_fetch(&order, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&woken, 1, __ATOMIC_RELEASE);
}

static void test_order(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	struct waiter w = { sm, VELA_NO_DEADLINE, false };
	struct thread *t[6];
	order = woken = 0;
	for (unsigned i = 0; i < 6; i++)
		t[i] = thread_run(0, PRIORITY_HIGH, waiter, &w);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_OK(rt_sm_up(sm)); /* preempts this thread: first come, first served */
		CHECK_EQ(t[i]->value, i + 1);
	}
	CHECK_EQ(rt_sm_down(sm, 0), VELA_TIMEOUT);
}

/* Deadlines in any order expire in theirs, and those of others are not disturbed. */
static void test_deadlines(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	static const unsigned at_ms[8] = { 50, 20, 80, 30, 70, 40, 60, 10 };
	struct waiter w[8];
	struct thread *t[8];
	uint64_t start = rt_rdtsc();
	order = woken = 0;
	for (unsigned i = 0; i < 8; i++) {
		w[i] = (struct waiter){ sm, start + ms(at_ms[i]), i & 1 };
		t[i] = thread_run(0, PRIORITY_HIGH, waiter, &w[i]);
	}
	CHECK_OK(rt_sm_up(sm)); /* the first waiter (50 ms) gets it */
	for (unsigned i = 0; i < 8; i++)
		thread_wait(t[i]);
	CHECK_EQ(t[0]->value, 1);
	for (unsigned i = 1; i < 8; i++) {
		unsigned rank = 2;
		for (unsigned n = 1; n < 8; n++)
			rank += at_ms[n] < at_ms[i];
		CHECK_EQ(t[i]->value, (uint64_t)VELA_TIMEOUT << 32 | rank);
	}
}

static void test_destroyed(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	struct waiter forever = { sm, VELA_NO_DEADLINE, false }, late = { sm, PATIENCE, true };
	struct thread *t[8];
	woken = 0;
	for (unsigned i = 0; i < 8; i++)
		t[i] = thread_run(i % cpu_total(), PRIORITY_HIGH, waiter, i & 1 ? &late : &forever);
	spin_until(in_ms(20));
	CHECK_EQ(woken, 0);
	CHECK_OK(rt_destroy(sm));
	for (unsigned i = 0; i < 8; i++) {
		thread_wait(t[i]);
		CHECK_EQ(t[i]->value >> 32, VELA_ABORTED);
	}
}

struct pair {
	vela_sel_t ping, pong;
	unsigned rounds;
};

static void ponger(struct thread *t)
{
	struct pair *p = t->arg;
	for (unsigned i = 0; i < p->rounds; i++) {
		if (rt_sm_down(p->ping, PATIENCE) == VELA_OK)
			t->value++;
		rt_sm_up(p->pong);
	}
}

static void test_cross_cpu(void)
{
	struct pair p = { MAKE(SM, 0), MAKE(SM, 0), 2000 };
	struct thread *t = thread_run(1, PRIORITY_LOW, ponger, &p);
	for (unsigned i = 0; i < p.rounds; i++) {
		CHECK_OK(rt_sm_up(p.ping));
		if (!CHECK_OK(rt_sm_down(p.pong, PATIENCE)))
			break;
	}
	thread_wait(t);
	CHECK_EQ(t->value, p.rounds);
}

/* Ups of all CPUs and downs of all CPUs: none is lost or counted twice, though half of the waits
 * end by their deadline while an up is on its way. */
static volatile uint64_t given, taken;

static void giver(struct thread *t)
{
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	for (unsigned i = 0; i < 2000; i++) {
		if (rt_sm_up(sm) == VELA_OK)
			__atomic_add_fetch(&given, 1, __ATOMIC_RELAXED);
	}
}

static void taker(struct thread *t)
{
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t s = rt_sm_down(sm, rt_rdtsc() + ms(1) / (1 + i % 32));
		if (s == VELA_OK)
			__atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
		else
			CHECK_EQ(s, VELA_TIMEOUT);
	}
}

static void test_none_lost(void)
{
	uint64_t sm = MAKE(SM, 0);
	struct thread *t[2 * 4];
	unsigned cpus = cpu_total() < 4 ? cpu_total() : 4;
	given = taken = 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		t[2 * cpu] = thread_run(cpu, PRIORITY_LOW, taker, (void *)sm);
		t[2 * cpu + 1] = thread_run(cpu, PRIORITY_LOW, giver, (void *)sm);
	}
	for (unsigned i = 0; i < 2 * cpus; i++)
		thread_wait(t[i]);
	while (rt_sm_down((vela_sel_t)sm, 0) == VELA_OK)
		taken++;
	CHECK_EQ(given, 2000ull * cpus);
	CHECK_EQ(taken, given);
}

const struct test tests_sm[] = {
	{ "counting", test_count, 0 },
	{ "a deadline is not early", test_deadline, 0 },
	{ "first come, first served", test_order, 0 },
	{ "many deadlines", test_deadlines, 0 },
	{ "destroyed while waited for", test_destroyed, 0 },
	{ "wake-ups between CPUs", test_cross_cpu, 2 },
	{ "no up is lost", test_none_lost, 0 },
	{ 0 },
};
