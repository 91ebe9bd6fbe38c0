/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual interface between processors: end of interrupt by a flag, IPIs to many by one
 * hypercall, the end of a HLT, and what a processor that does not run looks like to the others.
 */
#include "../lib/test.h"
#include "smp.h"

#define LEAF_FEATURES 0x40000001u
#define FEATURES      0xaeau /* with SEND_IPI, TLB_FLUSH, UNHALT, EOI, STEAL_TIME */
#define MSR_STEAL     0x4b564d03u
#define MSR_EOI	      0x4b564d04u
#define CALL_KICK     5u
#define CALL_IPI      10u
#define VECTOR	      0x70u
#define LOWER	      0x61u
#define PREEMPTED     1u
#define FLUSH	      2u

struct steal {
	volatile uint64_t steal;
	volatile uint32_t version, flags;
	volatile uint8_t preempted;
	uint8_t pad[47];
};

static struct steal steal[CPUS_MAX] __attribute__((aligned(64)));
static volatile uint32_t skip __attribute__((aligned(4)));
static volatile unsigned silent, spoken;

static int64_t hypercall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	int64_t result;

	/* The kernel takes either instruction for what the processor has. */
	if (cpuid(0, 0).ebx == 0x756e6547u)
		__asm__ volatile("vmcall"
				 : "=a"(result)
				 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
				 : "memory");
	else
		__asm__ volatile("vmmcall"
				 : "=a"(result)
				 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
				 : "memory");
	return result;
}

/* Ends its interrupt by the flag where it may. */
static void end(struct frame *frame)
{
	arrived[0][frame->vector]++;
	if (__atomic_exchange_n(&skip, 0, __ATOMIC_RELAXED) & 1) {
		silent++;
		return;
	}
	spoken++;
	lapic_write(LAPIC_EOI, 0);
}

static void expect_ends(unsigned want_silent, unsigned want_spoken, const char *what)
{
	expect(silent == want_silent && spoken == want_spoken, "%s: %u silent, %u spoken", what,
	       silent, spoken);
	silent = spoken = 0;
}

GUEST_TEST(features, "what several processors have in common is announced")
{
	smp_start();
	expect((cpuid(LEAF_FEATURES, 0).eax & FEATURES) == FEATURES, "features %x",
	       cpuid(LEAF_FEATURES, 0).eax);
	expect_trap(VECTOR_GP, "wrmsr", : : "c"(MSR_EOI), "a"((uint32_t)(uint64_t)&skip | 3),
		    "d"(0));
	expect_trap(VECTOR_GP, "wrmsr", : : "c"(MSR_EOI), "a"(1), "d"(0x100));
	expect_trap(VECTOR_GP, "wrmsr", : : "c"(MSR_STEAL), "a"((uint32_t)(uint64_t)steal | 0x21),
		    "d"(0));
	expect_trap(VECTOR_GP, "wrmsr", : : "c"(MSR_STEAL), "a"(0xc0000001), "d"(0));
	expect(hypercall(77, 0, 0, 0, 0) == -1000, "an unknown hypercall");
}

GUEST_TEST(silent_ends, "an edge with nothing behind it ends by a flag, everything else by EOI")
{
	smp_start();
	trap_set_handler(VECTOR, end);
	trap_set_handler(LOWER, end);
	arrived[0][VECTOR] = arrived[0][LOWER] = 0;
	wrmsr(MSR_EOI, (uint64_t)&skip | 1);
	for (unsigned i = 1; i <= 100; i++) {
		lapic_self_ipi(VECTOR);
		expect(irq_await(&arrived[0][VECTOR], i, 1000), "interrupt %u is lost", i);
	}
	expect_ends(100, 0, "alone");
	/* The lower one waits for the end of the higher, so somebody must hear of that. */
	arrived[0][VECTOR] = 0;
	lapic_self_ipi(VECTOR);
	lapic_self_ipi(LOWER);
	expect(irq_await(&arrived[0][LOWER], 1, 1000) && arrived[0][VECTOR] == 1, "one is lost");
	expect_ends(1, 1, "two");
	/* An end that the local APIC has not heard of shows in no register. */
	lapic_self_ipi(LOWER);
	irq_await(&arrived[0][LOWER], 2, 1000);
	expect(lapic_read(LAPIC_ISR + LOWER / 32) == 0, "in service: %x",
	       lapic_read(LAPIC_ISR + LOWER / 32));
	expect_ends(1, 0, "looked at");
	wrmsr(MSR_EOI, 0);
	lapic_self_ipi(VECTOR);
	irq_await(&arrived[0][VECTOR], 2, 1000);
	expect_ends(0, 1, "switched off");
	expect(skip == 0, "the flag is %x", skip);
}

static volatile unsigned others;

static void from_other(void *arg)
{
	(void)arg;
	for (unsigned i = 1; i <= 1000; i++) {
		smp_send(0, ICR_ASSERT | (i & 1 ? VECTOR : LOWER));
		while (arrived[0][VECTOR] + arrived[0][LOWER] < i)
			__builtin_ia32_pause();
	}
	others = 1;
}

GUEST_TEST(silent_ends_under_fire, "silent ends lose no interrupt of another processor")
{
	smp_start();
	trap_set_handler(VECTOR, end);
	trap_set_handler(LOWER, end);
	arrived[0][VECTOR] = arrived[0][LOWER] = others = 0;
	wrmsr(MSR_EOI, (uint64_t)&skip | 1);
	smp_run(1, from_other, NULL);
	while (!others)
		irq_wait();
	smp_wait(1);
	expect(arrived[0][VECTOR] == 500 && arrived[0][LOWER] == 500, "%u and %u",
	       arrived[0][VECTOR], arrived[0][LOWER]);
	wrmsr(MSR_EOI, 0);
}

GUEST_TEST(many, "one hypercall sends IPIs to all processors of a map")
{
	uint64_t all = (1u << cpus) - 1;

	smp_start();
	smp_watch(VECTOR);
	expect(hypercall(CALL_IPI, all | 0xff00, ~0ull, 0, VECTOR) == cpus, "not all got it");
	irq_await(&arrived[0][VECTOR], 1, 1000);
	for (unsigned i = 0; i < cpus; i++) {
		uint64_t limit = tsc_after_us(2000000);

		while (!arrived[i][VECTOR] && rdtsc() < limit)
			irq_await(&arrived[0][VECTOR], ~0u, 1);
		expect(arrived[i][VECTOR] == 1, "%u at %u", arrived[i][VECTOR], i);
	}
	expect(hypercall(CALL_IPI, 1, 0, 1, VECTOR) == 1, "the map begins at its first id");
	expect(hypercall(CALL_IPI, ~0ull, ~0ull, ~0ull - 200, VECTOR) == 0, "ids far away");
	expect(hypercall(CALL_IPI, all, 0, 0, ICR_ALL | VECTOR) == -22, "a shorthand");
	expect(hypercall(CALL_IPI, all, 0, 0, ICR_INIT) == -22, "INIT");
	smp_watch(VECTOR_NMI);
	expect(hypercall(CALL_IPI, 2, 0, 0, ICR_NMI) == 1, "NMI");
	uint64_t limit = tsc_after_us(2000000);

	while (!arrived[1][VECTOR_NMI] && rdtsc() < limit)
		irq_await(&arrived[0][VECTOR], ~0u, 1);
	expect(arrived[1][VECTOR_NMI] == 1, "%u NMIs", arrived[1][VECTOR_NMI]);
}

static volatile unsigned woken;

/* With interrupts off only a kick ends this. */
static void wait_for_kick(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 100; i++) {
		__asm__ volatile("hlt");
		__atomic_fetch_add(&woken, 1, __ATOMIC_RELEASE);
	}
}

GUEST_TEST(kicks, "a kick ends a HLT with interrupts off, also one that comes behind it")
{
	smp_start();
	woken = 0;
	smp_run(1, wait_for_kick, NULL);
	irq_await(&arrived[0][VECTOR], ~0u, 20);
	expect(woken == 0, "%u without a kick", woken);
	for (unsigned i = 1; i <= 100; i++) {
		uint64_t limit = tsc_after_us(5000000);

		hypercall(CALL_KICK, 0, 1, 0, 0);
		while (woken < i && rdtsc() < limit)
			irq_await(&arrived[0][VECTOR], ~0u, 0);
		if (woken != i)
			return expect(false, "%u after kick %u", woken, i);
	}
	smp_wait(1);
	hypercall(CALL_KICK, 0, 99, 0, 0);
}

static void tell_steal(void *arg)
{
	(void)arg;
	wrmsr(MSR_STEAL, (uint64_t)&steal[smp_id()] | 1);
}

static void nothing(void *arg)
{
	(void)arg;
}

static volatile uint64_t spin_until;

static void spin(void *arg)
{
	(void)arg;
	while (rdtsc() < spin_until)
		__builtin_ia32_pause();
}

GUEST_TEST(away, "a processor in HLT is marked, takes a request to flush, and returns unmarked")
{
	smp_start();
	smp_all(tell_steal, NULL);
	for (unsigned i = 1; i < cpus; i++) {
		uint64_t limit = tsc_after_us(5000000);
		uint8_t marked = PREEMPTED;

		while (!steal[i].preempted && rdtsc() < limit)
			irq_await(&arrived[0][VECTOR], ~0u, 1);
		expect(__atomic_compare_exchange_n(&steal[i].preempted, &marked, PREEMPTED | FLUSH,
						   false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST),
		       "processor %u: mark is %x", i, marked);
		smp_run(i, nothing, NULL);
		smp_wait(i);
		expect(!(steal[i].preempted & FLUSH), "processor %u: the request stays", i);
	}
	expect(steal[0].preempted == 0, "the one that runs is marked");
}

GUEST_TEST(stolen, "processors that share a host CPU see stolen time, in whole versions")
{
	uint64_t total = 0;

	smp_start();
	smp_all(tell_steal, NULL);
	spin_until = tsc_after_us(300000);
	smp_all(spin, NULL);
	smp_all(tell_steal, NULL);
	for (unsigned i = 0; i < cpus; i++) {
		expect(!(steal[i].version & 1), "processor %u: version %u", i, steal[i].version);
		total += steal[i].steal;
	}
	expect(total > 0, "none although they were %u", cpus);
}
