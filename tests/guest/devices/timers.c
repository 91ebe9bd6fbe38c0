/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and timers against the TSC. Bounds are wide: the host may be busy. */
#include "../lib/irq.h"
#include "../lib/pages.h"
#include "../lib/test.h"

#define VECTOR	 0x50u
#define PM_TIMER 0x608
#define PM_HZ	 3579545ull

static uint64_t ns_since(uint64_t tsc)
{
	return (rdtsc() - tsc) * 1000 / (tsc_khz() / 1000);
}

/* One after the other in both modes of the local APIC. */
static void in_both_modes(void (*test)(void))
{
	irq_setup();
	irq_watch(VECTOR);
	test();
	lapic_set_x2apic(true);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	irq_watch(VECTOR);
	test();
	lapic_set_x2apic(false);
}

static void one_shot(void)
{
	uint64_t start = rdtsc();

	lapic_timer(TIMER_ONE_SHOT | VECTOR, 3000000);
	expect(lapic_read(LAPIC_TIMER_CURRENT) <= 3000000, "current count above the initial one");
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "no interrupt in 1 s");
	expect(ns_since(start) >= 3000000, "after %lu ns", ns_since(start));
	expect(!irq_await(&irq_count[VECTOR], 2, 10), "a second one");
	expect(lapic_read(LAPIC_TIMER_CURRENT) == 0, "still counting");
	lapic_timer(LVT_MASKED | VECTOR, 1000);
	expect(!irq_await(&irq_count[VECTOR], 2, 5), "one although masked");
}

GUEST_TEST(lapic_one_shot, "the local APIC's timer fires once, not early, and not when masked")
{
	in_both_modes(one_shot);
}

static void periodic(void)
{
	uint64_t start = rdtsc();

	lapic_timer(TIMER_PERIODIC | VECTOR, 1000000);
	expect(irq_await(&irq_count[VECTOR], 10, 2000), "%u in 2 s", irq_count[VECTOR]);
	expect(ns_since(start) >= 9900000, "ten periods of 1 ms after %lu ns", ns_since(start));
	lapic_timer(LVT_MASKED, 0);
}

GUEST_TEST(lapic_periodic, "periodic interrupts come, and not too often")
{
	in_both_modes(periodic);
}

static void deadline(void)
{
	uint64_t due = tsc_after_us(200000);

	lapic_write(LAPIC_LVT_TIMER, TIMER_DEADLINE | VECTOR);
	wrmsr(MSR_TSC_DEADLINE, due);
	expect(rdmsr(MSR_TSC_DEADLINE) == due, "deadline %lx", rdmsr(MSR_TSC_DEADLINE));
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "no interrupt in 1 s");
	expect(rdtsc() >= due, "early");
	expect(rdmsr(MSR_TSC_DEADLINE) == 0, "still armed");
	wrmsr(MSR_TSC_DEADLINE, 1);
	expect(irq_await(&irq_count[VECTOR], 2, 1000), "none for a deadline in the past");
	wrmsr(MSR_TSC_DEADLINE, tsc_after_us(1000000));
	wrmsr(MSR_TSC_DEADLINE, 0);
	expect(!irq_await(&irq_count[VECTOR], 3, 1200), "one although disarmed");
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
}

GUEST_TEST(lapic_deadline, "TSC deadlines: in time, in the past, disarmed")
{
	in_both_modes(deadline);
}

static volatile unsigned storm;

static void end_storm(struct frame *frame)
{
	(void)frame;
	if (++storm == 100)
		lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_EOI, 0);
}

GUEST_TEST(lapic_shortest, "with the shortest period the handler still runs, and can end the storm")
{
	irq_setup();
	trap_set_handler(VECTOR, end_storm);
	storm = 0;
	lapic_timer(TIMER_PERIODIC | VECTOR, 1);
	expect(irq_await(&storm, 100, 5000), "%u interrupts in 5 s", storm);
	lapic_timer(LVT_MASKED, 0);
}

GUEST_TEST(lapic_dividers, "the divider slows the count")
{
	static const struct {
		uint32_t dcr, by;
	} dividers[] = { { 0xb, 1 }, { 0x0, 2 }, { 0x2, 8 }, { 0x9, 64 }, { 0xa, 128 } };

	irq_setup();
	for (unsigned i = 0; i < sizeof dividers / sizeof dividers[0]; i++) {
		uint64_t start = rdtsc(), before, least;
		uint32_t gone;

		lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
		lapic_write(LAPIC_DCR, dividers[i].dcr);
		before = rdtsc();
		lapic_write(LAPIC_TIMER_INITIAL, 0xffffffff);
		while (ns_since(start) < 1000000)
			;
		least = ns_since(rdtsc() - (rdtsc() - before)) / dividers[i].by;
		gone = 0xffffffffu - lapic_read(LAPIC_TIMER_CURRENT);
		expect(gone >= least / 2 && gone <= ns_since(before) / dividers[i].by + 1,
		       "divided by %u: %u gone of %lu ns", dividers[i].by, gone, ns_since(before));
	}
	lapic_timer(LVT_MASKED, 0);
}

GUEST_TEST(pit_rate, "the 8254 interrupts by the PIC at its rate")
{
	uint64_t start;

	irq_setup();
	lapic_write(LAPIC_LVT_LINT0, 0x700); /* ExtINT */
	trap_set_handler(PIC_BASE, NULL);
	trap_strays = 0;
	pit_start(2, PIT_HZ / 500);
	start = rdtsc();
	pic_mask(0xfffe);
	while (trap_strays < 10 && ns_since(start) < 2000000000) {
		irq_enable();
		__asm__ volatile("nop\n\tnop");
		irq_disable();
		outb(0x20, 0x20);
	}
	pic_mask(0xffff);
	expect(trap_strays >= 10, "%u interrupts", trap_strays);
	expect(ns_since(start) >= 17000000, "ten periods of 2 ms in %lu ns", ns_since(start));
	pit_start(0, 0);
}

GUEST_TEST(pit_counts, "the 8254's counter goes down with time, and channel 2 shows its output")
{
	uint64_t start;

	irq_setup();
	outb(0x61, 1);
	outb(0x43, 0xb0); /* channel 2, mode 0 */
	outb(0x42, 0xff);
	outb(0x42, 0x2f); /* 10.3 ms */
	start = rdtsc();
	expect(!(inb(0x61) & 0x20), "output is high at the start");
	while (!(inb(0x61) & 0x20) && ns_since(start) < 2000000000)
		;
	expect(inb(0x61) & 0x20, "output never rises");
	expect(ns_since(start) > 10200000, "after %lu ns", ns_since(start));
	outb(0x61, 0);
}

GUEST_TEST(pm_timer, "the PM timer counts 3.579545 MHz against the TSC")
{
	uint32_t first = inl(PM_TIMER), ticks;
	uint64_t start = rdtsc(), ns;

	while (ns_since(start) < 20000000)
		;
	ticks = inl(PM_TIMER) - first;
	ns = ns_since(start);
	expect(ticks > 20000000 / 1000 * PM_HZ / 1000000 - 10, "%u ticks in %lu ns", ticks, ns);
	expect(ticks < ns * PM_HZ / 1000000000 + 5000, "%u ticks in %lu ns", ticks, ns);
}

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

static unsigned decimal(uint8_t bcd)
{
	return (bcd >> 4) * 10u + (bcd & 15);
}

GUEST_TEST(rtc_time, "the clock shows a plausible time, and its seconds pass")
{
	unsigned year = decimal(cmos(0x32)) * 100 + decimal(cmos(9)), second = cmos(0);
	uint64_t start = rdtsc();

	expect(year >= 2024 && year < 2100, "year %u", year);
	expect(decimal(cmos(8)) - 1 < 12 && decimal(cmos(7)) - 1 < 31 && decimal(cmos(4)) < 24 &&
		       decimal(cmos(2)) < 60 && decimal((uint8_t)second) < 60,
	       "%x-%x %x:%x:%x", cmos(8), cmos(7), cmos(4), cmos(2), second);
	expect(cmos(0xd) & 0x80, "the battery is flat");
	while (cmos(0) == second && ns_since(start) < 5000000000)
		;
	expect(cmos(0) != second, "no second passes");
	expect(ns_since(start) < 4000000000, "a second took %lu ns", ns_since(start));
}

struct system_time {
	volatile uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad1[2];
};

static uint64_t clock_ns(const struct system_time *t)
{
	uint64_t delta = rdtsc() - t->tsc;

	delta = t->shift < 0 ? delta >> -t->shift : delta << t->shift;
	return t->ns + (uint64_t)((unsigned __int128)delta * t->mul >> 32);
}

GUEST_TEST(kvmclock, "the paravirtual clock is stable, monotonic, and as fast as the TSC")
{
	struct system_time *t = (struct system_time *)(uint64_t)scratch;
	uint32_t *wall = (uint32_t *)(uint64_t)(scratch + 64);
	uint64_t last, start, first;

	memset(scratch, 0, 128);
	wrmsr(0x4b564d01u, (uint64_t)t | 1);
	wrmsr(0x4b564d00u, (uint64_t)wall);
	expect(t->version && !(t->version & 1) && t->flags & 1, "version %u, flags %x", t->version,
	       t->flags);
	expect(wall[1] > 1704067200u, "wall clock at %u s", wall[1]);
	start = rdtsc();
	last = first = clock_ns(t);
	while (ns_since(start) < 10000000) {
		uint64_t now = clock_ns(t);

		expect(now >= last, "back from %lu to %lu", last, now);
		last = now;
	}
	last = clock_ns(t) - first;
	expect(last >= 9990000 && last <= ns_since(start) + 100000, "%lu ns in %lu", last,
	       ns_since(start));
	wrmsr(0x4b564d01u, 0);
}
