/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose time and priority a call runs on: donation along chains, helping a busy worker, bounded
 * depth, and cycles.
 */
#include "thread.h"

rt_portal_handler_t chain_work, chain_next, chain_slow;
RT_PORTAL(chain_work_entry, chain_work);
RT_PORTAL(chain_next_entry, chain_next);
RT_PORTAL(chain_slow_entry, chain_slow);

/* Spins for the milliseconds of its first word. */
void chain_work(uint64_t id, struct rt_message *m)
{
	(void)id;
	spin_until(in_ms(m->w[0]));
}

/* Calls the portal that is its id; answers with the status of the innermost call that failed and
 * how deep that was. */
void chain_next(uint64_t id, struct rt_message *m)
{
	uint64_t w[4] = { 0 };
	uint64_t s = rt_ipc_call((vela_sel_t)id, 0, w);
	m->w[0] = s ? s : w[0];
	m->w[1] = s ? 1 : w[1] + 1;
	m->flags = 2;
}

static volatile uint64_t slow_entered, slow_done;

/* Is at work until another thread says so. */
void chain_slow(uint64_t id, struct rt_message *m)
{
	(void)id;
	(void)m;
	slow_entered++;
	while (!slow_done)
		__builtin_ia32_pause();
}

struct caller {
	vela_sel_t pt;
	uint64_t word, status;
};

static void caller(struct thread *t)
{
	struct caller *c = t->arg;
	uint64_t w[4] = { c->word };
	c->status = rt_ipc_call(c->pt, 1, w);
}

static void test_time_is_the_clients(void)
{
	struct thread *w = worker_new(0);
	struct caller c = { .pt = portal_new(w, chain_work_entry, 0), .word = 20, .status = 77 };
	struct thread *t = thread_run(0, PRIORITY_HIGH, caller, &c);
	uint64_t used, mine, later;
	CHECK_OK(rt_sc_time(VELA_ROOT_SC, &mine));
	thread_wait(t);
	CHECK_OK(c.status);
	CHECK_OK(rt_sc_time(t->sc, &used));
	CHECK(used >= ms(18));
	CHECK_OK(rt_sc_time(VELA_ROOT_SC, &later));
	CHECK(later - mine < ms(18));
}

static void test_depth(void)
{
	vela_sel_t pt[VELA_CALL_DEPTH + 2];
	struct thread *w = worker_new(0);
	pt[0] = portal_new(w, chain_work_entry, 0);
	for (unsigned i = 1; i < VELA_CALL_DEPTH + 2; i++)
		pt[i] = portal_new(worker_new(0), chain_next_entry, pt[i - 1]);
	uint64_t m[4] = { 0 };
	/* Eight workers below this thread are allowed. */
	CHECK_OK(rt_ipc_call(pt[VELA_CALL_DEPTH - 1], 0, m));
	CHECK_OK(m[0]);
	m[0] = 0;
	CHECK_OK(rt_ipc_call(pt[VELA_CALL_DEPTH], 0, m));
	CHECK_EQ(m[0], VELA_OVERFLOW);
	CHECK_EQ(m[1], VELA_CALL_DEPTH);
	/* All are free again. */
	m[0] = 0;
	CHECK_OK(rt_ipc_call(pt[VELA_CALL_DEPTH - 1], 0, m));
	CHECK_OK(m[0]);
}

static void test_cycle(void)
{
	struct thread *a = worker_new(0), *b = worker_new(0);
	vela_sel_t back = sel_new();
	vela_sel_t to_b = portal_new(b, chain_next_entry, back);
	vela_sel_t to_a = portal_new(a, chain_next_entry, to_b);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, to_a, back, 1, 0xff));
	uint64_t m[4] = { 0 };
	CHECK_OK(rt_ipc_call(to_a, 0, m)); /* a calls b calls a */
	CHECK_EQ(m[0], VELA_OVERFLOW);
	CHECK_EQ(m[1], 2);
	vela_sel_t self = sel_new();
	struct thread *c = worker_new(0);
	vela_sel_t own = portal_new(c, chain_next_entry, self);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, own, self, 1, 0xff));
	CHECK_OK(rt_ipc_call(own, 0, m));
	CHECK_EQ(m[0], VELA_OVERFLOW);
	CHECK_EQ(m[1], 1);
}

static void middle(struct thread *t)
{
	while (!slow_done)
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
}

static void releaser(struct thread *t)
{
	CHECK_EQ(rt_sm_down((vela_sel_t)(uint64_t)t->arg, in_ms(10)), VELA_TIMEOUT);
	slow_done = 1;
}

/* A low thread's server is busy. A thread of middle priority would keep it from ending; a high one
 * that calls the same server lends it its priority. */
static void test_helping(void)
{
	struct thread *w = worker_new(0);
	vela_sel_t never = MAKE(SM, 0), pt = portal_new(w, chain_slow_entry, 0);
	struct caller low = { .pt = pt, .status = 77 }, high = { .pt = pt, .status = 77 };
	slow_done = slow_entered = 0;
	struct thread *l = thread_run(0, 20, caller, &low);
	EVENTUALLY(slow_entered == 1);
	struct thread *m = thread_run(0, 60, middle, NULL);
	struct thread *r = thread_run(0, PRIORITY_HIGH + 1, releaser, (void *)(uint64_t)never);
	struct thread *h = thread_run(0, PRIORITY_HIGH, caller, &high);
	thread_wait(r);
	thread_wait(h); /* its help ended the low call, then its own was served */
	CHECK_OK(high.status);
	CHECK_EQ(slow_entered, 2);
	CHECK_EQ(m->value, 0);
	uint64_t used;
	CHECK_OK(rt_sc_time(h->sc, &used));
	CHECK(used >= ms(5));
	thread_wait(l);
	thread_wait(m);
	CHECK_OK(low.status);
}

/* Many threads of several priorities share one worker; every call is served once. */
static void crowd_member(struct thread *t)
{
	struct caller *c = t->arg;
	uint64_t w[4] = { 0 };
	for (unsigned i = 0; i < 200; i++) {
		if (rt_ipc_call(c->pt, 1, w) == VELA_OK)
			t->value++;
	}
}

static volatile uint64_t crowd_calls, crowd_inside;
rt_portal_handler_t chain_count;
RT_PORTAL(chain_count_entry, chain_count);
void chain_count(uint64_t id, struct rt_message *m)
{
	(void)id;
	(void)m;
	CHECK_EQ(crowd_inside++, 0); /* one at a time */
	crowd_calls++;
	for (unsigned i = 0; i < 100; i++)
		__builtin_ia32_pause();
	crowd_inside--;
}

static void test_crowd(void)
{
	struct thread *w = worker_new(cpu_total() - 1), *t[12];
	struct caller c = { .pt = portal_new(w, chain_count_entry, 0) };
	crowd_calls = crowd_inside = 0;
	for (unsigned i = 0; i < 12; i++)
		t[i] = thread_run(cpu_total() - 1, 30 + i / 3, crowd_member, &c);
	for (unsigned i = 0; i < 12; i++) {
		thread_wait(t[i]);
		CHECK_EQ(t[i]->value, 200);
	}
	CHECK_EQ(crowd_calls, 12 * 200);
}

const struct test tests_chain[] = {
	{ "a server's time is its client's", test_time_is_the_clients, 0 },
	{ "depth is bounded", test_depth, 0 },
	{ "cycles are refused", test_cycle, 0 },
	{ "a busy worker is helped", test_helping, 0 },
	{ "many clients of one worker", test_crowd, 0 },
	{ 0 },
};
