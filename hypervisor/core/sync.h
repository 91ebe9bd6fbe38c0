/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for other CPUs. When sync_cpus returns, each CPU asked has, since the call, read its
 * mail, flushed its host TLB, left guest mode, and been at a point where it holds no pointer got by
 * a capability lookup: what was unlinked before the call can be freed after it.
 *
 * A CPU answers from the interrupt (it was outside the kernel) or while it waits itself in here or
 * in sync_lock, where it holds no such pointers either. It must never wait for a CPU in any other
 * place: no caller holds a spinlock.
 */
#ifndef CORE_SYNC_H
#define CORE_SYNC_H

#include <core/cpu.h>

/* Asks all other CPUs for which wanted(cpu, arg) is true. */
void sync_cpus(bool (*wanted)(const struct cpu *cpu, const void *arg), const void *arg);
void sync_all(void);

/* Answers requests of others; interrupts are off. */
void sync_answer(struct cpu *cpu);

/* Takes a lock that may be held across sync_cpus, answering while it waits. Does not return when
 * the calling thread is destroyed meanwhile. */
void sync_lock(struct spinlock *l);

#endif
