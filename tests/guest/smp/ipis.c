/* SPDX-License-Identifier: Apache-2.0 */
/* Starting processors, and interrupts from one to others: every kind and destination, no wake-up
 * lost. */
#include "../lib/test.h"
#include "smp.h"

#define VECTOR	    0x50u
#define REPLY	    0x51u
#define ROUNDS	    10000u
#define CR0_AT_INIT 0x60000010u

/* Sends, waits until all that should have it do, and a moment for those that should not. */
static void deliver(uint32_t dest, uint32_t command, unsigned want, const char *what)
{
	unsigned vector = (command & 0x700) == ICR_NMI ? VECTOR_NMI : VECTOR, got = 0;
	uint64_t end = tsc_after_us(5000000);

	smp_watch(vector);
	smp_send(dest, ICR_ASSERT | command | (vector == VECTOR ? VECTOR : 0));
	for (bool all = false; !all && rdtsc() < end;) {
		irq_await(&arrived[0][vector], want & 1, 1);
		all = true;
		for (unsigned i = 0; i < cpus; i++)
			all = all && arrived[i][vector] >= (want >> i & 1);
	}
	irq_await(&arrived[0][vector], 1000, 2);
	for (unsigned i = 0; i < cpus; i++) {
		got |= (unsigned)(arrived[i][vector] > 0) << i;
		expect(arrived[i][vector] < 2, "%s: %u times at %u", what, arrived[i][vector], i);
	}
	expect(got == want, "%s: at %x instead of %x", what, got, want);
}

GUEST_TEST(start, "all processors of the MADT start, by INIT and one STARTUP")
{
	smp_start();
	expect(cpus > 1, "%u processors", cpus);
	for (unsigned i = 1; i < cpus; i++) {
		expect(smp_restart(i), "processor %u does not start again", i);
		struct handed handed = smp_handed();

		expect(handed.cr0 == CR0_AT_INIT && handed.cs == 0x7000 &&
			       handed.edx == cpuid(1, 0).eax,
		       "processor %u was handed cr0 %x, cs %x, edx %x", i, handed.cr0, handed.cs,
		       handed.edx);
	}
}

static void identify(void *arg)
{
	unsigned *ids = arg, id = smp_id();

	ids[id] = cpuid(1, 0).ebx >> 24 | cpuid(0xb, 0).edx << 8 | cpuid(0xb, 1).ebx << 16;
}

GUEST_TEST(identities, "each processor sees its own id, and all see their number")
{
	unsigned ids[CPUS_MAX] = { 0 };

	smp_start();
	smp_all(identify, ids);
	for (unsigned i = 0; i < cpus; i++)
		expect(ids[i] == (i | i << 8 | cpus << 16), "processor %u: %x", i, ids[i]);
	expect((cpuid(1, 0).ebx >> 16 & 0xff) == cpus, "leaf 1 says %u",
	       cpuid(1, 0).ebx >> 16 & 0xff);
}

GUEST_TEST(xapic, "IPIs reach physical and flat and cluster destinations and those of shorthands")
{
	unsigned all = (1u << cpus) - 1;

	smp_start();
	for (unsigned i = 0; i < cpus; i++)
		deliver(i, 0, 1u << i, "physical");
	deliver(0xff, 0, all, "physical broadcast");
	deliver(0x3f, 0, 0, "physical, nobody's");
	deliver(0, ICR_SELF, 1, "self");
	deliver(0, ICR_ALL, all, "all");
	deliver(0, ICR_OTHERS, all & ~1u, "all others");
	deliver(0, ICR_OTHERS | ICR_NMI, all & ~1u, "NMI to all others");
	deliver(1, ICR_NMI, 2, "NMI");
}

static void name_flat(void *arg)
{
	(void)arg;
	lapic_write(LAPIC_DFR, 0xffffffff);
	lapic_write(LAPIC_LDR, 1u << (24 + smp_id()));
}

static void name_cluster(void *arg)
{
	(void)arg;
	lapic_write(LAPIC_DFR, 0x0fffffff);
	lapic_write(LAPIC_LDR, (smp_id() / 2 << 4 | 1u << (smp_id() & 1)) << 24);
}

GUEST_TEST(logical, "IPIs reach flat and cluster destinations, lowest priority one of them")
{
	unsigned total = 0;

	smp_start();
	smp_all(name_flat, NULL);
	deliver(3, ICR_LOGICAL, 3, "flat");
	deliver(2, ICR_LOGICAL, 2, "flat, one");
	deliver(0xff, ICR_LOGICAL, (1u << cpus) - 1, "flat, all");
	smp_watch(VECTOR);
	smp_send(0xff, ICR_ASSERT | ICR_LOGICAL | ICR_LOWEST | VECTOR);
	irq_await(&arrived[0][VECTOR], 1000, 20);
	for (unsigned i = 0; i < cpus; i++)
		total += arrived[i][VECTOR];
	expect(total == 1, "lowest priority reached %u", total);
	smp_all(name_cluster, NULL);
	deliver(0x03, ICR_LOGICAL, 3, "cluster 0");
	deliver(0x02, ICR_LOGICAL, 2, "one of cluster 0");
	if (cpus >= 4)
		deliver(0x13, ICR_LOGICAL, 0xc, "cluster 1");
	deliver(0xf1, ICR_LOGICAL, 0x5u & ((1u << cpus) - 1), "the first of every cluster");
	smp_all(name_flat, NULL);
}

#define APICBASE_X2APIC BIT(10)

static volatile unsigned switched;

/* The library knows one mode for all: nobody uses it until all have switched. */
static void own_x2apic(void *arg)
{
	(void)arg;
	wrmsr(MSR_APICBASE, rdmsr(MSR_APICBASE) | APICBASE_X2APIC);
	__atomic_fetch_add(&switched, 1, __ATOMIC_RELEASE);
	while (!lapic_is_x2apic())
		__builtin_ia32_pause();
}

static void to_x2apic(void)
{
	for (unsigned i = 1; i < cpus; i++)
		smp_run(i, own_x2apic, NULL);
	while (__atomic_load_n(&switched, __ATOMIC_ACQUIRE) < cpus - 1)
		__builtin_ia32_pause();
	lapic_set_x2apic(true);
	for (unsigned i = 1; i < cpus; i++)
		smp_wait(i);
}

static void to_xapic(void)
{
	irq_setup();
	for (unsigned i = 1; i < cpus; i++)
		expect(smp_restart(i), "processor %u does not come back", i);
}

GUEST_TEST(x2apic, "IPIs by x2APIC: physical, cluster, broadcast, self, and all shorthands")
{
	unsigned all = (1u << cpus) - 1;

	smp_start();
	to_x2apic();
	for (unsigned i = 0; i < cpus; i++)
		deliver(i, 0, 1u << i, "physical");
	deliver(0xffffffff, 0, all, "broadcast");
	deliver(3, ICR_LOGICAL, 3, "cluster");
	deliver(0x10003, ICR_LOGICAL, 0, "a cluster nobody is in");
	deliver(0xffffffff, ICR_LOGICAL, all, "logical broadcast");
	deliver(0, ICR_OTHERS, all & ~1u, "all others");
	deliver(0, ICR_ALL, all, "all");
	deliver(1, ICR_NMI, 2, "NMI");
	smp_watch(VECTOR);
	lapic_write(LAPIC_SELF_IPI, VECTOR);
	expect(irq_await(&arrived[0][VECTOR], 1, 1000), "self");
	to_xapic();
}

/* Answers each interrupt with one, at a different moment of its sleep each time. */
static void echo(void *arg)
{
	unsigned cpu = smp_id(), rounds = *(const unsigned *)arg;

	for (unsigned i = 1; i <= rounds; i++) {
		while (arrived[cpu][VECTOR] < i)
			irq_wait();
		for (volatile unsigned n = i * 29 % 300; n; n--)
			;
		smp_send(0, ICR_ASSERT | REPLY);
	}
}

GUEST_TEST(wakes, "10,000 times to and fro between processors from HLT to HLT: nothing is lost")
{
	smp_start();
	unsigned rounds = ROUNDS / (cpus - 1) + 1;

	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		smp_watch(VECTOR);
		smp_watch(REPLY);
		smp_run(cpu, echo, &rounds);
		for (unsigned i = 1; i <= rounds; i++) {
			for (volatile unsigned n = i * 37 % 300; n; n--)
				;
			smp_send(cpu, ICR_ASSERT | VECTOR);
			while (arrived[0][REPLY] < i)
				irq_wait();
		}
		smp_wait(cpu);
		expect(arrived[0][REPLY] == rounds && arrived[cpu][VECTOR] == rounds,
		       "%u sent to %u, %u there, %u back", rounds, cpu, arrived[cpu][VECTOR],
		       arrived[0][REPLY]);
	}
}

static volatile unsigned spun;

static void spin(void *arg)
{
	(void)arg;
	for (;;)
		spun++;
}

GUEST_TEST(init_again, "INIT stops a processor wherever it is, and STARTUP starts it anew")
{
	smp_start();
	for (unsigned i = 0; i < 50; i++) {
		unsigned cpu = 1 + i % (cpus - 1), before = spun;
		uint64_t end = tsc_after_us(2000000);

		smp_run(cpu, spin, NULL);
		while (spun == before && rdtsc() < end)
			irq_await(&arrived[0][VECTOR], ~0u, 1);
		expect(spun != before, "round %u: %u does not run", i, cpu);
		smp_send(cpu, ICR_INIT | ICR_ASSERT);
		irq_await(&arrived[0][VECTOR], ~0u, 30);
		before = spun;
		irq_await(&arrived[0][VECTOR], ~0u, 5);
		expect(spun == before, "round %u: %u runs on", i, cpu);
		expect(smp_restart(cpu), "round %u: %u does not start", i, cpu);
	}
}
