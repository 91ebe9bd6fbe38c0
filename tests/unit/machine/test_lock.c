/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's lock among threads: it excludes, wakes every waiter, and stays quiet alone. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/lock.h"

#define THREADS 4
#define ROUNDS	50000

static struct lock lock;
static sem_t semaphore;
static unsigned sleeps, wakes; /* atomic */
static unsigned counter;       /* under the lock */
static bool inside;	       /* under the lock */

void lock_sleep(void)
{
	__atomic_fetch_add(&sleeps, 1, __ATOMIC_RELAXED);
	while (sem_wait(&semaphore))
		;
}

void lock_wake(void)
{
	__atomic_fetch_add(&wakes, 1, __ATOMIC_RELAXED);
	sem_post(&semaphore);
}

static int setup(void **state)
{
	(void)state;
	lock = (struct lock){ LOCK_FREE };
	sleeps = wakes = counter = 0;
	return sem_init(&semaphore, 0, 0);
}

static void alone_it_calls_nobody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		lock_take(&lock);
		assert_int_equal(lock.state, LOCK_HELD);
		lock_give(&lock);
		assert_int_equal(lock.state, LOCK_FREE);
	}
	assert_int_equal(sleeps + wakes, 0);
}

static void *work(void *arg)
{
	bool *fault = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		lock_take(&lock);
		*fault = *fault || inside;
		inside = true;
		counter++;
		/* Others are to find it held now and then. */
		for (volatile unsigned n = i % 64 ? 0 : 200; n; n--)
			;
		inside = false;
		lock_give(&lock);
	}
	return NULL;
}

static void threads_exclude_each_other(void **state)
{
	pthread_t thread[THREADS];
	bool fault[THREADS] = { false };

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &fault[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_false(fault[i]);
	}
	assert_int_equal(counter, THREADS * ROUNDS);
	assert_int_equal(lock.state, LOCK_FREE);
	/* Each wake was for a sleeper, or is still there for the next one. */
	assert_true(wakes >= sleeps);
}

static void *take_and_give(void *arg)
{
	(void)arg;
	lock_take(&lock);
	counter++;
	lock_give(&lock);
	return NULL;
}

static void every_waiter_is_woken(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	lock_take(&lock);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, NULL), 0);
	while (__atomic_load_n(&sleeps, __ATOMIC_RELAXED) < THREADS)
		sched_yield();
	assert_int_equal(counter, 0);
	lock_give(&lock);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(counter, THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(alone_it_calls_nobody, setup),
		cmocka_unit_test_setup(threads_exclude_each_other, setup),
		cmocka_unit_test_setup(every_waiter_is_woken, setup),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
