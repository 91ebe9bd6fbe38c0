/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and workers of the tests: stacks, TLS and UTCB windows are static and given out anew for
 * each test. A fault of such a thread is recorded and ends it unless the test says what to do.
 */
#ifndef KERNEL_TEST_THREAD_H
#define KERNEL_TEST_THREAD_H

#include "test.h"

#define PRIORITY_MAIN 100u /* of the first thread, on CPU 0 */
#define PRIORITY_HIGH 110u
#define PRIORITY_LOW  50u
#define SLICE_US      5000u

struct thread {
	vela_sel_t ec, sc, event;
	vela_sel_t done; /* upped when it has ended or faulted */
	uint64_t *utcb;
	uint64_t stack_top;
	uint64_t tls;
	void (*run)(struct thread *t);
	void *arg;
	uint64_t value; /* for the test's use */
	volatile bool faulted, ended;
	uint64_t fault[VELA_IPC_REGS];
	/* Called by the event worker; returns the answer: 0 repeats the instruction. */
	uint64_t (*on_fault)(struct thread *t);
};

/* A thread on a CPU that runs run(t); it is not started before thread_start. */
struct thread *thread_new(unsigned cpu, void (*run)(struct thread *), void *arg);
struct thread *thread_new_with(unsigned cpu, unsigned flags, void (*run)(struct thread *),
			       void *arg, vela_sel_t hst);

/* Gives it a round-robin SC; it runs. */
void thread_start(struct thread *t, unsigned cpu, unsigned priority);

/* Both. */
struct thread *thread_run(unsigned cpu, unsigned priority, void (*run)(struct thread *), void *arg);

/* Waits until it has ended or faulted. */
bool thread_wait(struct thread *t);

/* Destroys the thread that was made last; its place can be used again. */
void thread_drop(struct thread *t);

/* A worker, and a portal to it. */
struct thread *worker_new(unsigned cpu);
vela_sel_t portal_new(const struct thread *worker, void (*entry)(void), uint64_t id);

/* Addresses for an EC that the test creates itself: an unused UTCB page. */
uint64_t utcb_va_new(void);

/* First instruction of every thread; for tests that set registers. */
void thread_enter(struct thread *t);

/* Frame: makes the event workers; forgets all threads. */
void threads_init(void);
void threads_reset(void);

#endif
