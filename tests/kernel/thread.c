/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the tests. Those of the frame (one event worker per CPU) belong to the root PD and
 * live for the whole run; all others belong to the test's PD.
 */
#include "thread.h"
#include <string.h>

#define THREADS	    40u
#define STACK_BYTES 8192u
#define UTCB_WINDOW 0x500000000000ull /* one page per thread */
#define UTCB_PAGES  512u

static uint8_t stacks[THREADS][STACK_BYTES] __attribute__((aligned(4096)));
static uint8_t tls_pages[THREADS][VELA_PAGE_SIZE] __attribute__((aligned(4096)));
static struct thread threads[THREADS];
static unsigned used, frame_used;
static unsigned utcb_used, frame_utcb_used;
static vela_sel_t event_ec[VELA_CPUS_MAX];

static __thread uint64_t *own_utcb;

uint64_t *utcb(void)
{
	return own_utcb ? own_utcb : (uint64_t *)VELA_UTCB_VA;
}

uint64_t utcb_va_new(void)
{
	if (utcb_used == UTCB_PAGES)
		bail_out("no UTCB addresses left", utcb_used);
	return UTCB_WINDOW + utcb_used++ * VELA_PAGE_SIZE;
}

rt_portal_handler_t thread_event;
RT_PORTAL(thread_event_entry, thread_event);

void thread_event(uint64_t id, struct rt_message *m)
{
	struct thread *t = &threads[id];
	memcpy(t->fault, m->w, sizeof t->fault);
	m->w[0] = t->on_fault ? t->on_fault(t) : 1;
	m->flags = 1;
	if (m->w[0] == 0)
		return;
	t->faulted = true;
	rt_sm_up(t->done);
}

/* First instruction of every thread; rdi is its struct. */
void thread_enter(struct thread *t)
{
	t->run(t);
	t->ended = true;
	rt_sm_up(t->done);
	for (;;)
		rt_ec_ctrl(t->ec, VELA_EC_STOP);
}

static struct thread *take(void)
{
	if (used == THREADS)
		bail_out("no threads left", used);
	struct thread *t = &threads[used];
	*t = (struct thread){ 0 };
	memset(tls_pages[used], 0, VELA_PAGE_SIZE);
	t->tls = rt_thread_tls(tls_pages[used]);
	t->stack_top = (uint64_t)stacks[used] + STACK_BYTES;
	t->utcb = (uint64_t *)utcb_va_new();
	/* Its own_utcb lies as far from its thread pointer as this thread's from here. */
	uint64_t tp;
	__asm__("mov %%fs:0, %0" : "=r"(tp));
	*(uint64_t **)((uint64_t)&own_utcb - tp + t->tls) = t->utcb;
	used++;
	return t;
}

struct thread *thread_new_with(unsigned cpu, unsigned flags, void (*run)(struct thread *),
			       void *arg, vela_sel_t hst)
{
	struct thread *t = take();
	bool worker = flags & VELA_EC_WORKER;
	t->run = run;
	t->arg = arg;
	t->done = MAKE(SM, 0);
	t->event = MAKE(PT, event_ec[cpu], (uint64_t)thread_event_entry, (uint64_t)(t - threads));
	/* A function is entered with the stack 8 below a multiple of 16. */
	t->ec = MAKE(EC, VELA_ROOT_OBJ, hst, VELA_ROOT_PIO, cpu, (uint64_t)t->utcb,
		     (uint64_t)thread_enter, t->stack_top - (worker ? 0 : 8), (uint64_t)t, t->tls,
		     t->event, flags);
	return t;
}

struct thread *thread_new(unsigned cpu, void (*run)(struct thread *), void *arg)
{
	return thread_new_with(cpu, 0, run, arg, VELA_ROOT_HST);
}

void thread_start(struct thread *t, unsigned cpu, unsigned priority)
{
	t->sc = MAKE(SC, VELA_ROOT_CP + cpu, t->ec, priority, SLICE_US, 0);
}

struct thread *thread_run(unsigned cpu, unsigned priority, void (*run)(struct thread *), void *arg)
{
	struct thread *t = thread_new(cpu, run, arg);
	thread_start(t, cpu, priority);
	return t;
}

bool thread_wait(struct thread *t)
{
	return WAIT(t->done);
}

void thread_drop(struct thread *t)
{
	if (t != &threads[used - 1])
		bail_out("not the last thread", (uint64_t)(t - threads));
	CHECK_OK(rt_destroy(t->ec));
	CHECK_OK(rt_destroy(t->event));
	CHECK_OK(rt_destroy(t->done));
	if (t->sc)
		CHECK_OK(rt_destroy(t->sc));
	used--;
	utcb_used--;
}

struct thread *worker_new(unsigned cpu)
{
	return thread_new_with(cpu, VELA_EC_WORKER, NULL, NULL, VELA_ROOT_HST);
}

vela_sel_t portal_new(const struct thread *worker, void (*entry)(void), uint64_t id)
{
	return MAKE(PT, worker->ec, (uint64_t)entry, id);
}

void threads_init(void)
{
	/* One page of tables for the UTCB window, made by mapping anything there. */
	for (unsigned i = 0; i < 2; i++)
		rt_map(VELA_ROOT_HST, VELA_ROOT_HST, (uint64_t)tls_pages / VELA_PAGE_SIZE,
		       UTCB_WINDOW / VELA_PAGE_SIZE, 1, i ? 0 : VELA_MEM_R);
	for (unsigned cpu = 0; cpu < cpu_total(); cpu++) {
		struct thread *t = take();
		uint64_t w[] = { VELA_ROOT_OBJ,
				 VELA_ROOT_HST,
				 VELA_ROOT_PIO,
				 cpu,
				 (uint64_t)t->utcb,
				 0,
				 t->stack_top,
				 0,
				 t->tls,
				 0,
				 VELA_EC_WORKER };
		_Static_assert(sizeof w / sizeof w[0] == VELA_EC_PARAMS, "all parameters");
		event_ec[cpu] = VELA_ROOT_CP + VELA_CPUS_MAX + cpu;
		uint64_t s =
			create_in(VELA_ROOT_PD, event_ec[cpu], VELA_KIND_EC, VELA_EC_PARAMS, w);
		if (s)
			bail_out("no event worker", s);
	}
	frame_used = used;
	frame_utcb_used = utcb_used;
}

void threads_reset(void)
{
	used = frame_used;
	utcb_used = frame_utcb_used;
}
