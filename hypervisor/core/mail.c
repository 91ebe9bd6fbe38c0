/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail between CPUs and waiting for them.
 */
#include <core/calls.h>
#include <core/sc.h>
#include <core/sync.h>
#include <core/vc.h>

static void mail_do(struct cpu *cpu, struct mail *m, unsigned ops)
{
	if (m->kind == MAIL_EC)
		ec_mail(cpu, container_of(m, struct ec, mail), ops);
	else if (m->kind == MAIL_SC)
		sc_mail(cpu, container_of(m, struct sc, mail), ops);
	else
		vc_mail(cpu, container_of(m, struct vc, mail), ops);
}

void mail_send(struct cpu *target, struct mail *m, unsigned ops)
{
	if (target == cpu_self()) {
		mail_do(target, m, ops);
		return;
	}
	spin_lock(&target->mail_lock);
	/* Of stop and resume the later request counts, whatever is still unread. */
	if (ops & (MAIL_STOP | MAIL_RESUME))
		m->ops &= ~(MAIL_STOP | MAIL_RESUME);
	m->ops |= ops;
	if (!m->queued) {
		m->queued = true;
		m->next = target->mail;
		target->mail = m;
	}
	spin_unlock(&target->mail_lock);
	cpu_interrupt(target);
}

void mail_read(struct cpu *cpu)
{
	while (__atomic_load_n(&cpu->mail, __ATOMIC_RELAXED)) {
		spin_lock(&cpu->mail_lock);
		struct mail *m = cpu->mail;
		cpu->mail = m->next;
		unsigned ops = m->ops;
		m->ops = 0;
		m->queued = false;
		spin_unlock(&cpu->mail_lock);
		mail_do(cpu, m, ops);
	}
}

void sync_answer(struct cpu *cpu)
{
	/* What was asked before this load is done before the answer is stored. */
	uint32_t wanted = __atomic_load_n(&cpu->sync_wanted, __ATOMIC_ACQUIRE);
	mail_read(cpu);
	if (wanted == cpu->sync_done)
		return;
	arch_sync(cpu);
	__atomic_store_n(&cpu->sync_done, wanted, __ATOMIC_RELEASE);
}

void sync_cpus(bool (*wanted)(const struct cpu *cpu, const void *arg), const void *arg)
{
	struct cpu *self = cpu_self();
	uint32_t ticket[VELA_CPUS_MAX];
	uint64_t asked = 0;
	for (unsigned i = 0; i < cpu_count; i++) {
		struct cpu *cpu = cpus[i];
		if (cpu == self || (wanted && !wanted(cpu, arg)))
			continue;
		ticket[i] = __atomic_add_fetch(&cpu->sync_wanted, 1, __ATOMIC_SEQ_CST);
		asked |= 1ull << i;
		cpu_interrupt(cpu);
	}
	for (unsigned i = 0; i < cpu_count; i++) {
		if (!(asked >> i & 1))
			continue;
		/* Signed distance: the counters wrap. */
		while ((int32_t)(__atomic_load_n(&cpus[i]->sync_done, __ATOMIC_ACQUIRE) -
				 ticket[i]) < 0) {
			sync_answer(self);
			cpu_pause();
		}
	}
}

void sync_all(void)
{
	sync_cpus(NULL, NULL);
}

void sync_lock(struct spinlock *l)
{
	struct cpu *cpu = cpu_self();
	while (!spin_try(l)) {
		sync_answer(cpu);
		if (!cpu->current)
			kernel_leave(); /* the lock's holder is destroying this thread */
		cpu_pause();
	}
}
