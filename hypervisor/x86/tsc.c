/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TSC's frequency: told by CPUID, or measured against a counter of known frequency. A tick of
 * that counter is timed by the two TSC readings it lies between; of several ticks the one with the
 * closest pair counts, so neither an SMI nor a busy emulator's pauses spoil the result.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <x86/insn.h>
#include <x86/tsc.h>

#define CPUID_TSC	 0x15u	     /* EBX / EAX = TSC / crystal, ECX = crystal in Hz */
#define CPUID_HYPERVISOR 0x40000010u /* EAX = TSC in kHz; a convention of hypervisors */

#define PM_TIMER_HZ   3579545u
#define PM_TIMER_MASK 0xffffffu /* the bits every one of them has */

#define PIT_HZ	       1193182u
#define PIT_MASK       0xffffu
#define PIT_CHANNEL2   0x42
#define PIT_COMMAND    0x43
#define PIT_LATCH2     0x80
#define PIT_RATE2      0xb4 /* channel 2, both bytes, mode 2: counts down over and over */
#define PORT_B	       0x61
#define PORT_B_GATE2   0x01
#define PORT_B_SPEAKER 0x02

#define EDGES	    8u
#define POLLS_MAX   100000u
#define SPAN_TICKS  (1ull << 25) /* of the TSC; less than the PIT's 55 ms at 700 MHz */
#define ROUNDS_MAX  5u
#define AGREE_SHIFT 10 /* two rounds agree when they differ by less than 1/1024 */

uint64_t tsc_khz;

/* The reference counter; port 0 is the PIT. */
struct counter {
	uint16_t pm_timer_port;
	uint32_t hz, mask;
};

static uint32_t counter_read(const struct counter *c)
{
	if (c->pm_timer_port)
		return port_in32(c->pm_timer_port) & c->mask;
	port_out8(PIT_COMMAND, PIT_LATCH2);
	uint32_t low = port_in8(PIT_CHANNEL2);
	return -(low | (uint32_t)port_in8(PIT_CHANNEL2) << 8) & c->mask;
}

/* A moment when the counter moved on, and what it then showed; false if it stands still. */
static bool find_edge(const struct counter *c, uint64_t *tsc, uint32_t *count)
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < EDGES; i++) {
		uint32_t was = counter_read(c), now = was;
		uint64_t before = 0, after = tsc_read();
		for (unsigned poll = 0; now == was; poll++) {
			if (poll == POLLS_MAX)
				return false;
			before = after;
			now = counter_read(c);
			after = tsc_read();
		}
		if (after - before < best) {
			best = after - before;
			*tsc = before + best / 2;
			*count = now;
		}
	}
	return true;
}

/* Lets time pass without reading anything: each RDTSC and port is slow on an emulator. */
static void spin_until(uint64_t tsc)
{
	while (tsc_read() < tsc) {
		for (unsigned i = 0; i < 10000; i++)
			__asm__ volatile("");
	}
}

/* One measurement in kHz, 0 if the counter stands still. */
static uint64_t measure(const struct counter *c)
{
	uint64_t start, end;
	uint32_t from, to;
	if (!find_edge(c, &start, &from))
		return 0;
	spin_until(start + SPAN_TICKS);
	if (!find_edge(c, &end, &to))
		return 0;
	uint64_t ticks = (to - from) & c->mask;
	uint64_t hz_ticks = (end - start) * c->hz;
	return ticks ? (hz_ticks + ticks * 500) / (ticks * 1000) : 0;
}

/* Repeats until two measurements running agree: one may have missed a wrap of the counter. */
static uint64_t calibrate(const struct counter *c)
{
	uint64_t last = measure(c), khz = 0;
	for (unsigned i = 1; last && i < ROUNDS_MAX; i++, last = khz) {
		khz = measure(c);
		uint64_t apart = khz > last ? khz - last : last - khz;
		if (apart < khz >> AGREE_SHIFT)
			return khz;
	}
	return last;
}

static uint64_t khz_from_cpuid(void)
{
	struct cpuid tsc = cpuid(CPUID_TSC, 0);
	if (tsc.eax && tsc.ebx && tsc.ecx)
		return (uint64_t)tsc.ecx * tsc.ebx / tsc.eax / 1000;
	return cpuid(CPUID_HYPERVISOR, 0).eax;
}

void tsc_calibrate(uint16_t pm_timer_port)
{
	tsc_khz = khz_from_cpuid();
	if (!tsc_khz && pm_timer_port) {
		struct counter pm_timer = { pm_timer_port, PM_TIMER_HZ, PM_TIMER_MASK };
		tsc_khz = calibrate(&pm_timer);
	}
	if (!tsc_khz) {
		struct counter pit = { 0, PIT_HZ, PIT_MASK };
		port_out8(PORT_B, (port_in8(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2);
		port_out8(PIT_COMMAND, PIT_RATE2);
		port_out8(PIT_CHANNEL2, 0); /* 65,536 */
		port_out8(PIT_CHANNEL2, 0);
		tsc_khz = calibrate(&pit);
	}
	if (!tsc_khz)
		panic("neither CPUID, PM timer nor PIT tells the frequency of the TSC");
}

void tsc_delay_us(uint64_t microseconds)
{
	uint64_t end = tsc_read() + microseconds * tsc_khz / 1000;
	while (tsc_read() < end)
		__builtin_ia32_pause();
}
