/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduling on one CPU: priorities, round robin, budgets and their refills, CPU shares. Parts of
 * time are checked only where time is counted in instructions.
 */
#include "thread.h"

static volatile bool stop;

static void counter(struct thread *t)
{
	while (!stop)
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
}

static uint64_t value(struct thread *t)
{
	return __atomic_load_n(&t->value, __ATOMIC_RELAXED);
}

/* Sleeps this thread, so that lower ones run. */
static void sleep_ms(unsigned n)
{
	static vela_sel_t never;
	never = MAKE(SM, 0);
	CHECK_EQ(rt_sm_down(never, in_ms(n)), VELA_TIMEOUT);
}

static void end_all(struct thread **t, unsigned n)
{
	stop = true;
	for (unsigned i = 0; i < n; i++)
		thread_wait(t[i]);
}

static void test_priority(void)
{
	struct thread *t[3];
	stop = false;
	t[0] = thread_run(0, 10, counter, NULL);
	t[1] = thread_run(0, 20, counter, NULL);
	t[2] = thread_run(0, 15, counter, NULL);
	spin_until(in_ms(30));
	CHECK(!value(t[0]) && !value(t[1]) && !value(t[2])); /* this one is higher */
	EVENTUALLY(value(t[1]) > 0);
	CHECK(!value(t[0]) && !value(t[2]));
	CHECK_OK(rt_sc_set(t[1]->sc, 5, SLICE_US, 0));
	uint64_t before = value(t[1]);
	EVENTUALLY(value(t[2]) > 0);
	CHECK_EQ(value(t[1]), before);
	CHECK(!value(t[0]));
	end_all(t, 3);
}

static void preempting(struct thread *t)
{
	t->value = 1;
}

static void test_preemption(void)
{
	struct thread *t = thread_new(0, preempting, NULL);
	thread_start(t, 0, PRIORITY_HIGH);
	CHECK_EQ(t->value, 1); /* it has run before create returned */
	thread_wait(t);
}

/* How large a part of the time somebody got means something only where time is counted in
 * instructions: elsewhere a busy host takes what it likes. */
static bool counted(void)
{
	return test_argument("counted");
}

static void test_round_robin(void)
{
	struct thread *t[4];
	stop = false;
	for (unsigned i = 0; i < 4; i++) {
		t[i] = thread_new(0, counter, NULL);
		t[i]->sc = MAKE(SC, VELA_ROOT_CP, t[i]->ec, PRIORITY_LOW, 2000, 0);
	}
	sleep_ms(200);
	uint64_t used[4], all = 0;
	for (unsigned i = 0; i < 4; i++) {
		CHECK_OK(rt_sc_time(t[i]->sc, &used[i]));
		all += used[i];
	}
	for (unsigned i = 0; i < 4; i++) {
		CHECK(used[i]);
		if (counted() && (!CHECK(used[i] > all / 5) || !CHECK(used[i] < all / 3)))
			note("thread %u: %lu of %lu ticks", i, used[i], all);
	}
	end_all(t, 4);
}

/* Runs one thread on a budget of budget out of period milliseconds; returns the part of the time it
 * got, in thousandths. */
static uint64_t part(unsigned cpu, unsigned budget, unsigned period, unsigned run_ms)
{
	struct thread *t = thread_new(cpu, counter, NULL);
	uint64_t used, start = rt_rdtsc();
	stop = false;
	t->sc = MAKE(SC, VELA_ROOT_CP + cpu, t->ec, PRIORITY_LOW, budget * 1000, period * 1000);
	sleep_ms(run_ms);
	CHECK_OK(rt_sc_time(t->sc, &used));
	uint64_t thousandths = used * 1000 / (rt_rdtsc() - start);
	end_all(&t, 1);
	return thousandths;
}

static void test_budget(void)
{
	uint64_t quarter = part(0, 5, 20, 400), tenth = part(cpu_total() - 1, 2, 20, 400);
	CHECK(quarter && tenth);
	if (!counted())
		return;
	if (!CHECK(quarter > 220 && quarter < 280) || !CHECK(tenth > 80 && tenth < 120))
		note("parts of 250 and 100 thousandths: %lu, %lu", quarter, tenth);
}

/* A budget holds for the whole call chain and for waiting in between: it is no time slice. */
static void sleeper(struct thread *t)
{
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	while (!stop) {
		rt_sm_down(sm, rt_rdtsc() + ms(1) / 4);
		spin_until(rt_rdtsc() + ms(1) / 2);
	}
}

static void test_budget_with_waits(void)
{
	struct thread *t = thread_new(0, sleeper, (void *)(uint64_t)MAKE(SM, 0));
	uint64_t used, start = rt_rdtsc();
	stop = false;
	t->sc = MAKE(SC, VELA_ROOT_CP, t->ec, PRIORITY_HIGH, 3000, 30000);
	spin_until(in_ms(300));
	CHECK_OK(rt_sc_time(t->sc, &used));
	CHECK(!counted() || used * 1000 / (rt_rdtsc() - start) < 120);
	CHECK(used > ms(3));
	end_all(&t, 1);
}

/* A depleted thread that is woken by a lower one gets its refill when it is due, not when that
 * one's slice ends. */
static void one_more(struct thread *t)
{
	vela_sel_t sm = (vela_sel_t)(uint64_t)t->arg;
	rt_sm_down(sm, VELA_NO_DEADLINE);
	spin_until(in_ms(3)); /* its whole budget, and more */
	rt_sm_down(sm, VELA_NO_DEADLINE);
	t->value = rt_rdtsc();
}

static void test_refill_in_time(void)
{
	vela_sel_t sm = MAKE(SM, 0);
	struct thread *t = thread_new(0, one_more, (void *)(uint64_t)sm);
	CHECK_OK(rt_sc_set(VELA_ROOT_SC, PRIORITY_MAIN, 5000000, 0)); /* no timer of its own soon */
	t->sc = MAKE(SC, VELA_ROOT_CP, t->ec, PRIORITY_HIGH, 2000, 40000);
	CHECK_OK(rt_sm_up(sm));
	uint64_t woken = rt_rdtsc();
	spin_until(in_ms(60)); /* it has ended its spin after the first refill */
	CHECK_OK(rt_sm_up(sm));
	EVENTUALLY(value(t));
	CHECK(!counted() || value(t) - woken < ms(70));
	thread_wait(t);
	CHECK_OK(rt_sc_set(VELA_ROOT_SC, PRIORITY_MAIN, 10000, 0));
}

/* Changing parameters to and fro gives no extra time. */
static void test_set_gives_nothing(void)
{
	struct thread *t = thread_new(0, counter, NULL);
	uint64_t used, start = rt_rdtsc();
	stop = false;
	t->sc = MAKE(SC, VELA_ROOT_CP, t->ec, PRIORITY_HIGH, 4000, 40000);
	while (rt_rdtsc() - start < ms(300)) {
		CHECK_OK(rt_sc_set(t->sc, PRIORITY_HIGH, 400, 4000));
		CHECK_OK(rt_sc_set(t->sc, PRIORITY_HIGH, 4000, 40000));
		spin_until(rt_rdtsc() + ms(1) / 2);
	}
	CHECK_OK(rt_sc_time(t->sc, &used));
	CHECK(!counted() || used * 1000 / (rt_rdtsc() - start) < 120);
	end_all(&t, 1);
}

/* Shares are derived from one another to a bounded depth. */
static void test_share_depth(void)
{
	uint64_t w[] = { VELA_ROOT_CP, 50, 1000 }, s = VELA_OK;
	unsigned depth = 0;
	for (; depth < 40 && !s; depth++) {
		vela_sel_t sel = sel_new();
		s = create_in(test_pd, sel, VELA_KIND_CP, 3, w);
		w[0] = sel;
	}
	CHECK_EQ(s, VELA_OVERFLOW);
	CHECK(depth > 8 && depth < 20);
}

static void test_shares(void)
{
	vela_sel_t half = MAKE(CP, VELA_ROOT_CP, 50, 500), inner = MAKE(CP, half, 40, 300);
	struct thread *a = thread_new(0, counter, NULL), *b = thread_new(0, counter, NULL);
	uint64_t w[] = { half, b->ec, 50, 3000, 10000 };
	stop = true;
	a->sc = MAKE(SC, inner, a->ec, 40, 3000, 10000);
	vela_sel_t sel = sel_new();
	CHECK_EQ(create_in(test_pd, sel, VELA_KIND_SC, 5, w), VELA_OVERFLOW); /* 300 + 300 > 500 */
	w[3] = 2000;
	CHECK_OK(create_in(test_pd, sel, VELA_KIND_SC, 5, w));
	CHECK_EQ(rt_sc_set(sel, 50, 3000, 10000), VELA_OVERFLOW);
	CHECK_OK(rt_sc_set(sel, 50, 2000, 10000)); /* what it had it still has */
	CHECK_EQ(rt_sc_set(sel, 51, 2000, 10000), VELA_BAD_ARG);
	CHECK_EQ(rt_sc_set(sel, 50, 2000, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_sc_set(a->sc, 40, 3010, 10000), VELA_OVERFLOW);
	CHECK_OK(rt_sc_set(a->sc, 40, 1000, 10000));
	CHECK_OK(rt_destroy(a->sc)); /* its share is free again */
	thread_wait(b);
	a->sc = MAKE(SC, inner, a->ec, 40, 3000, 10000);
	thread_wait(a);
	CHECK_OK(rt_destroy(a->sc));
	CHECK_OK(rt_destroy(inner));
	CHECK_OK(rt_sc_set(sel, 50, 5000, 10000));
	if (cpu_total() > 1) {
		struct thread *c = thread_run(1, 10, counter, NULL);
		CHECK_EQ(rt_sc_set(c->sc, 10, 1000, 0), VELA_BAD_CPU);
		thread_wait(c);
	}
}

const struct test tests_sched[] = {
	{ "priorities", test_priority, 0 },
	{ "preemption", test_preemption, 0 },
	{ "round robin", test_round_robin, 0 },
	{ "budget and period", test_budget, 0 },
	{ "budget of a thread that waits often", test_budget_with_waits, 0 },
	{ "a refill comes when it is due", test_refill_in_time, 0 },
	{ "new parameters give no extra time", test_set_gives_nothing, 0 },
	{ "CPU shares", test_shares, 0 },
	{ "depth of CPU shares", test_share_depth, 0 },
	{ 0 },
};
