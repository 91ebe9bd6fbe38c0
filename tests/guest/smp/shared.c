/* SPDX-License-Identifier: Apache-2.0 */
/* What processors share and what each has of its own: memory, translations, time, timers. */
#include "../lib/pages.h"
#include "../lib/test.h"
#include "smp.h"

#define VECTOR	   0x60u
#define TIMER	   0x61u
#define DONE	   0x62u
#define INCREMENTS 20000u
#define READINGS   20000u
#define SHOOTDOWNS 500u
#define TICKS	   200u

/* A lock that gives its place away while it is taken: the holder may not be running. */
static volatile unsigned lock;

static void take(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static void give(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static volatile uint64_t counter, atomic_counter;

static void increment(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < INCREMENTS; i++) {
		take();
		counter = counter + 1;
		give();
		__atomic_fetch_add(&atomic_counter, 1, __ATOMIC_RELAXED);
	}
}

GUEST_TEST(locks, "locked and atomic increments of all processors add up")
{
	smp_start();
	smp_all(increment, NULL);
	expect(counter == (uint64_t)cpus * INCREMENTS, "%lu under the lock", counter);
	expect(atomic_counter == (uint64_t)cpus * INCREMENTS, "%lu atomic", atomic_counter);
}

static volatile uint64_t last_tsc;
static volatile unsigned backwards;
static volatile uint64_t worst;

/* Reads the counter where no later read of another processor can come before. */
static void read_times(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < READINGS; i++) {
		take();
		__asm__ volatile("lfence" : : : "memory");
		uint64_t now = rdtsc();

		if (now < last_tsc) {
			backwards++;
			if (last_tsc - now > worst)
				worst = last_tsc - now;
		}
		last_tsc = now;
		give();
		/* Exits of every kind move no clock. */
		if (i % 64 == 0)
			cpuid(0, 0);
		if (i % 256 == 0)
			smp_send(0, ICR_ASSERT | ICR_OTHERS | VECTOR);
	}
}

static void watch_time(void *arg)
{
	irq_enable();
	read_times(arg);
	irq_disable();
}

GUEST_TEST(time, "the time stamp counter never goes back from one processor to another, under load")
{
	smp_start();
	smp_watch(VECTOR);
	last_tsc = 0;
	smp_all(watch_time, NULL);
	expect(backwards == 0, "%u times, at worst by %lu", backwards, worst);
}

#define CLOCK_MSR 0x4b564d01u

static uint8_t clock_pages[CPUS_MAX][64] __attribute__((aligned(64)));

static void ask_clock(void *arg)
{
	(void)arg;
	wrmsr(CLOCK_MSR, (uint64_t)clock_pages[smp_id()] | 1);
}

GUEST_TEST(clocks, "the paravirtual clock tells every processor the same")
{
	smp_start();
	smp_all(ask_clock, NULL);
	for (unsigned i = 0; i < cpus; i++) {
		expect(*(uint64_t *)(clock_pages[i] + 24) != 0, "processor %u has no clock", i);
		expect(memcmp(clock_pages[i] + 8, clock_pages[0] + 8, 24) == 0,
		       "processor %u has another clock", i);
	}
}

static volatile unsigned generation, wrong, shot[CPUS_MAX];
static volatile bool storm;

/* Each processor drops the translation and notes that it has. */
static void shoot(struct frame *frame)
{
	(void)frame;
	__asm__ volatile("invlpg (%0)" : : "r"(page_at(0)) : "memory");
	lapic_write(LAPIC_EOI, 0);
	unsigned cpu = smp_id();

	shot[cpu]++;
}

/* What the page shows must be at least as new as what was announced before it was read. */
static void look(void *arg)
{
	(void)arg;
	irq_enable();
	while (storm) {
		unsigned announced = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
		unsigned seen = *(volatile unsigned *)page_at(0);

		if (seen < announced)
			wrong++;
	}
	irq_disable();
}

static void all_shot(unsigned round)
{
	uint64_t end = tsc_after_us(5000000);

	for (unsigned i = 1; i < cpus; i++)
		while (shot[i] < round && rdtsc() < end)
			irq_await(&arrived[0][DONE], ~0u, 0);
}

GUEST_TEST(shootdowns,
	   "500 changes of a mapping, each announced by IPI: no processor sees an old one")
{
	static uint8_t frames[2][PAGE_BYTES] __attribute__((aligned(4096)));

	smp_start();
	trap_set_handler(VECTOR, shoot);
	page_map(0, (uint64_t)frames[0], PAGE_PRESENT | PAGE_WRITE);
	storm = true;
	for (unsigned i = 1; i < cpus; i++)
		smp_run(i, look, NULL);
	for (unsigned i = 1; i <= SHOOTDOWNS; i++) {
		*(volatile unsigned *)frames[i & 1] = i;
		page_map(0, (uint64_t)frames[i & 1], PAGE_PRESENT | PAGE_WRITE);
		smp_send(0, ICR_ASSERT | ICR_OTHERS | VECTOR);
		all_shot(i);
		__atomic_store_n(&generation, i, __ATOMIC_RELEASE);
	}
	storm = false;
	for (unsigned i = 1; i < cpus; i++) {
		smp_wait(i);
		expect(shot[i] == SHOOTDOWNS, "processor %u: %u instead of %u", i, shot[i],
		       SHOOTDOWNS);
	}
	expect(wrong == 0, "%u old pages seen", wrong);
}

static volatile uint64_t early[CPUS_MAX];

/* Ticks in both modes; none may come before its time. */
static void tick(void *arg)
{
	unsigned cpu = smp_id();

	(void)arg;
	for (unsigned i = 0; i < TICKS; i++) {
		uint64_t due = tsc_after_us(100 + i % 7 * 50);

		if (i & 1) {
			lapic_write(LAPIC_LVT_TIMER, TIMER_DEADLINE | TIMER);
			wrmsr(MSR_TSC_DEADLINE, due);
		} else {
			due = rdtsc() + tsc_khz() / 10;
			lapic_timer(TIMER_ONE_SHOT | TIMER, (uint32_t)(LAPIC_TIMER_HZ / 10000));
		}
		while (arrived[cpu][TIMER] <= i)
			irq_wait();
		early[cpu] += rdtsc() < due;
	}
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
}

GUEST_TEST(timers,
	   "every processor's timer ticks for itself, in both modes and not before its time")
{
	smp_start();
	smp_watch(TIMER);
	smp_all(tick, NULL);
	for (unsigned i = 0; i < cpus; i++)
		expect(arrived[i][TIMER] == TICKS && early[i] == 0, "processor %u: %u, %lu early",
		       i, arrived[i][TIMER], early[i]);
}
