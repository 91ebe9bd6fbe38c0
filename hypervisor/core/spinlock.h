/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test-and-set lock. The kernel runs with interrupts off, so a holder is never preempted; every
 * section under a lock is short and waits for no other CPU (sync.h says why that matters).
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

struct spinlock {
	bool held;
};

/* Pairs with the release in spin_unlock. */
static inline bool spin_try(struct spinlock *l)
{
	return !__atomic_exchange_n(&l->held, true, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *l)
{
	while (!spin_try(l)) {
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
	}
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->held, false, __ATOMIC_RELEASE);
}

#endif
