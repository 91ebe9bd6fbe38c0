/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock among the threads of a process. One that nobody wants costs two atomic operations;
 * waiters sleep on a semaphore. Not recursive, and not fair: who unlocks may take it again before
 * a waiter that it woke.
 */
#ifndef VMM_MACHINE_LOCK_H
#define VMM_MACHINE_LOCK_H

#include <stdint.h>

enum { LOCK_FREE, LOCK_HELD, LOCK_WANTED /* held, and there may be waiters */ };

struct lock {
	uint32_t state; /* acquire on taking it pairs with release on giving it back */
};

/* The slow halves. Provided by the platform are lock_sleep, which returns after a lock_wake that no
 * other lock_sleep has returned for, and lock_wake. */
void lock_wait(struct lock *lock);
void lock_sleep(void);
void lock_wake(void);

static inline void lock_take(struct lock *lock)
{
	uint32_t expected = LOCK_FREE;

	if (!__atomic_compare_exchange_n(&lock->state, &expected, LOCK_HELD, 0, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		lock_wait(lock);
}

static inline void lock_give(struct lock *lock)
{
	if (__atomic_exchange_n(&lock->state, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_WANTED)
		lock_wake();
}

#endif
