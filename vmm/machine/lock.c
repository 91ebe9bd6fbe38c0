/* SPDX-License-Identifier: Apache-2.0 */
/* The waiting half of the lock; see lock.h. */
#include "lock.h"

/*
 * Whoever leaves this with the lock has it marked WANTED, because it cannot know whether others
 * wait too; the price is a wake-up too many, after which the sleeper that it reaches, now or later,
 * looks here once more.
 */
void lock_wait(struct lock *lock)
{
	while (__atomic_exchange_n(&lock->state, LOCK_WANTED, __ATOMIC_ACQUIRE) != LOCK_FREE)
		lock_sleep();
}
