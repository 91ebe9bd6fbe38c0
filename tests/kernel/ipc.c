/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls between a client and a worker on one CPU: words in registers and in the UTCB, what a portal
 * refuses, and what callers see when a worker or portal ends.
 */
#include "thread.h"
#include <string.h>

static struct thread *server;

/* Answers word i with its complement plus the portal's id, as many words as came. */
rt_portal_handler_t ipc_echo, ipc_forever, ipc_flags, ipc_end_self;
RT_PORTAL(ipc_echo_entry, ipc_echo);
RT_PORTAL(ipc_forever_entry, ipc_forever);
RT_PORTAL(ipc_flags_entry, ipc_flags);
RT_PORTAL(ipc_end_self_entry, ipc_end_self);

void ipc_echo(uint64_t id, struct rt_message *m)
{
	for (unsigned i = 0; i < VELA_IPC_REGS; i++)
		m->w[i] = ~m->w[i] + id;
	for (unsigned i = VELA_IPC_REGS; i < VELA_MSG_WORDS(m->flags); i++)
		server->utcb[i] = ~server->utcb[i] + id;
}

/* Waits for a semaphore that is the call's first word. */
void ipc_forever(uint64_t id, struct rt_message *m)
{
	(void)id;
	m->w[0] = rt_sm_down((vela_sel_t)m->w[0], VELA_NO_DEADLINE);
	m->flags = 1;
}

/* Answers with the flags that the call's first word says. */
void ipc_flags(uint64_t id, struct rt_message *m)
{
	(void)id;
	m->flags = m->w[0];
}

void ipc_end_self(uint64_t id, struct rt_message *m)
{
	(void)id;
	m->w[0] = rt_destroy((vela_sel_t)m->w[0]);
	m->flags = 1;
}

/* A call in full: *flags in and out as words that came back. */
static uint64_t call(vela_sel_t pt, unsigned flags, uint64_t w[4], uint64_t *words)
{
	struct rt_regs r = { VELA_CALL_ipc_call | flags << 8, pt, w[0], w[1], w[2], w[3] };
	uint64_t s = rt_syscall(&r);
	*words = r.rdi;
	w[0] = r.rsi;
	w[1] = r.rdx;
	w[2] = r.r10;
	w[3] = r.r8;
	return s;
}

static void test_words(void)
{
	server = worker_new(0);
	vela_sel_t pt = portal_new(server, ipc_echo_entry, 1000);
	static const unsigned lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 50, 130, VELA_MSG_FLAGS_MAX };
	for (unsigned l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
		unsigned n = VELA_MSG_WORDS(lengths[l]), wrong = 0;
		uint64_t w[4] = { 11, 22, 33, 44 }, words;
		memset(server->utcb, 0x55, VELA_PAGE_SIZE);
		for (unsigned i = 0; i < VELA_UTCB_WORDS; i++)
			utcb()[i] = i * 7;
		CHECK_OK(call(pt, lengths[l], w, &words));
		CHECK_EQ(words, n);
		for (unsigned i = 0; i < VELA_IPC_REGS; i++)
			CHECK_EQ(w[i], ~((i + 1) * 11ull) + 1000);
		for (unsigned i = VELA_IPC_REGS; i < VELA_UTCB_WORDS; i++) {
			bool sent = i < n;
			wrong += utcb()[i] != (sent ? ~(i * 7ull) + 1000 : i * 7);
			wrong += !sent && server->utcb[i] != 0x5555555555555555;
		}
		CHECK_EQ(wrong, 0);
	}
}

static void test_refused(void)
{
	server = worker_new(0);
	vela_sel_t pt = portal_new(server, ipc_echo_entry, 0);
	uint64_t w[4] = { 1, 2, 3, 4 }, words;
	for (unsigned flags = VELA_MSG_FLAGS_MAX + 1; flags < 256; flags++)
		CHECK_EQ(call(pt, flags, w, &words), VELA_BAD_ARG);
	CHECK(w[0] == 1 && w[1] == 2 && w[2] == 3 && w[3] == 4);
	CHECK_OK(call(pt, 4, w, &words));
}

static void client(struct thread *t)
{
	vela_sel_t *sel = t->arg; /* portal, word */
	uint64_t w[4] = { sel[1] }, words;
	t->value = 100 + call(sel[0], 1, w, &words);
}

/* An answer longer than there is goes back to the worker, whose start-up code then traps; its
 * client waits on until somebody ends the worker. */
static void test_bad_answer(void)
{
	struct thread *w = worker_new(0);
	vela_sel_t sel[] = { portal_new(w, ipc_flags_entry, 0), VELA_MSG_FLAGS_MAX + 1 };
	struct thread *c = thread_run(0, PRIORITY_HIGH, client, sel);
	CHECK_OK(rt_sm_down(w->done, PATIENCE));
	CHECK_EQ(w->fault[VELA_EVENT_VECTOR], 6);
	CHECK_EQ(c->value, 0);
	CHECK_OK(rt_destroy(w->ec));
	thread_wait(c);
	CHECK_EQ(c->value, 100 + VELA_ABORTED);
}

static void test_worker_destroyed(void)
{
	struct thread *w = worker_new(0);
	vela_sel_t sm = MAKE(SM, 0);
	vela_sel_t sel[] = { portal_new(w, ipc_forever_entry, 0), sm };
	struct thread *c[3];
	for (unsigned i = 0; i < 3; i++) /* the first is served, the others wait for the worker */
		c[i] = thread_run(0, PRIORITY_HIGH, client, sel);
	CHECK_EQ(c[0]->value, 0);
	CHECK_OK(rt_destroy(w->ec));
	for (unsigned i = 0; i < 3; i++) {
		thread_wait(c[i]);
		CHECK_EQ(c[i]->value, 100 + VELA_ABORTED);
	}
	uint64_t words, m[4] = { 0 };
	CHECK_EQ(call(sel[0], 0, m, &words), VELA_ABORTED);
	CHECK_OK(rt_sm_up(sm));
}

static void test_portal_destroyed(void)
{
	struct thread *w = worker_new(0);
	vela_sel_t sm = MAKE(SM, 0);
	vela_sel_t sel[] = { portal_new(w, ipc_forever_entry, 0), sm };
	struct thread *a = thread_run(0, PRIORITY_HIGH, client, sel);
	struct thread *b = thread_run(0, PRIORITY_HIGH, client, sel);
	CHECK_OK(rt_destroy(sel[0]));
	CHECK_OK(rt_sm_up(sm));
	/* The call that was being served ends as if nothing had been; the waiting one finds none.
	 */
	thread_wait(a);
	CHECK_EQ(a->value, 100 + VELA_OK);
	thread_wait(b);
	CHECK_EQ(b->value, 100 + VELA_BAD_CAP);
}

static void test_self_destroyed(void)
{
	struct thread *w = worker_new(0);
	vela_sel_t pt = portal_new(w, ipc_end_self_entry, 0);
	uint64_t m[4] = { w->ec }, words;
	CHECK_EQ(call(pt, 1, m, &words), VELA_ABORTED);
	struct thread *w2 = worker_new(0);
	vela_sel_t pt2 = portal_new(w2, ipc_end_self_entry, 0);
	m[0] = pt2; /* its own portal: the answer still comes */
	CHECK_OK(call(pt2, 1, m, &words));
	CHECK_OK(m[0]);
	CHECK_EQ(call(pt2, 1, m, &words), VELA_BAD_CAP);
}

/* The client ends while its server waits: the server's later wake-up must find no trace of it. */
static void client_destroyed(bool only_time)
{
	struct thread *w = worker_new(0);
	vela_sel_t sm = MAKE(SM, 0), echo = portal_new(w, ipc_forever_entry, 0);
	vela_sel_t sel[] = { echo, sm };
	struct thread *c = thread_run(0, PRIORITY_HIGH, client, sel);
	CHECK_OK(rt_destroy(only_time ? c->sc : c->ec));
	CHECK_OK(rt_sm_up(sm)); /* nobody's time is left to run the server */
	spin_until(in_ms(2));
	CHECK_EQ(c->value, 0);
	if (only_time) {
		thread_start(c, 0, PRIORITY_HIGH);
		thread_wait(c);
		CHECK_EQ(c->value, 100);
		return;
	}
	/* The next caller lends the time to end the abandoned call, then is served. */
	CHECK_OK(rt_sm_up(sm));
	struct thread *next = thread_run(0, PRIORITY_HIGH, client, sel);
	thread_wait(next);
	CHECK_EQ(next->value, 100);
}

static void test_client_destroyed(void)
{
	client_destroyed(false);
}

static void test_client_time_destroyed(void)
{
	client_destroyed(true);
}

static void test_other_cpu(void)
{
	struct thread *w = worker_new(1);
	vela_sel_t pt = portal_new(w, ipc_echo_entry, 0);
	uint64_t m[4] = { 0 }, words;
	CHECK_EQ(call(pt, 0, m, &words), VELA_BAD_CPU);
}

const struct test tests_ipc[] = {
	{ "words of call and answer", test_words, 0 },
	{ "what a call refuses", test_refused, 0 },
	{ "an answer with unknown flags", test_bad_answer, 0 },
	{ "worker destroyed during a call", test_worker_destroyed, 0 },
	{ "portal destroyed during a call", test_portal_destroyed, 0 },
	{ "worker destroys itself, or its portal", test_self_destroyed, 0 },
	{ "client destroyed during a call", test_client_destroyed, 0 },
	{ "client loses its time during a call", test_client_time_destroyed, 0 },
	{ "a worker of another CPU", test_other_cpu, 2 },
	{ 0 },
};
