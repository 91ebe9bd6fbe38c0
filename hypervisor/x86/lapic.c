/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC (Intel SDM vol. 3, chapter 11; AMD APM vol. 2, chapter 16). Register numbers are
 * those of x2APIC mode; in xAPIC mode the same register lies at 16 times its number.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <stddef.h>
#include <x86/insn.h>
#include <x86/lapic.h>
#include <x86/phys.h>
#include <x86/tsc.h>

#define MSR_APICBASE	 0x1bu
#define APICBASE_X2APIC	 (1ull << 10)
#define APICBASE_ENABLE	 (1ull << 11)
#define APICBASE_ADDRESS 0x000ffffffffff000ull
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC	 0x800u

#define REG_VERSION	  0x03u
#define REG_TPR		  0x08u
#define REG_EOI		  0x0bu
#define REG_SPURIOUS	  0x0fu
#define REG_LVT_CMCI	  0x2fu
#define REG_ICR		  0x30u
#define REG_ICR_HIGH	  0x31u /* xAPIC mode only */
#define REG_LVT_TIMER	  0x32u
#define REG_LVT_THERMAL	  0x33u
#define REG_LVT_COUNTER	  0x34u
#define REG_LVT_LINT0	  0x35u
#define REG_LVT_LINT1	  0x36u
#define REG_LVT_ERROR	  0x37u
#define REG_TIMER_INITIAL 0x38u
#define REG_TIMER_CURRENT 0x39u
#define REG_TIMER_DIVIDE  0x3eu

#define VERSION_LVTS(v)	   ((v) >> 16 & 0xffu) /* entries - 1 */
#define SPURIOUS_ENABLE	   0x100u
#define LVT_MASKED	   0x10000u
#define LVT_TSC_DEADLINE   0x40000u
#define TIMER_DIVIDE_BY_1  0xbu
#define ICR_INIT	   0x500u
#define ICR_STARTUP	   0x600u
#define ICR_PENDING	   0x1000u
#define ICR_ASSERT	   0x4000u
#define XAPIC_ID_BROADCAST 0xffu

#define CPUID_1_X2APIC	     (1u << 21) /* ECX */
#define CPUID_1_TSC_DEADLINE (1u << 24) /* ECX */

#define PIC1 0x20 /* command; data is the next port */
#define PIC2 0xa0

#define CALIBRATE_TICKS (1ull << 22) /* of the TSC */
#define POLLS_MAX	1000000u

volatile uint32_t *lapic_mmio;

static bool x2apic, tsc_deadline_mode;
static uint64_t timer_ratio; /* timer ticks per 2^32 TSC ticks */

static uint32_t reg_read(uint32_t reg)
{
	return x2apic ? (uint32_t)msr_read(MSR_X2APIC + reg) : lapic_mmio[reg * 4];
}

static void reg_write(uint32_t reg, uint32_t value)
{
	if (x2apic)
		msr_write(MSR_X2APIC + reg, value);
	else
		lapic_mmio[reg * 4] = value;
}

uint32_t lapic_id(void)
{
	struct cpuid topology = cpuid(0xb, 0);
	return topology.ebx ? topology.edx : cpuid(1, 0).ebx >> 24;
}

bool lapic_wide(void)
{
	return x2apic;
}

bool lapic_reaches(uint32_t apic_id)
{
	return x2apic || apic_id < XAPIC_ID_BROADCAST;
}

void lapic_eoi(void)
{
	reg_write(REG_EOI, 0);
}

/* Writes to x2APIC registers do not wait for earlier stores, which the receiver is meant to see
 * (SDM 11.12.3). In xAPIC mode the command is busy until the bus has taken the one before. */
static void icr_write(uint32_t apic_id, uint32_t command)
{
	if (x2apic) {
		__asm__ volatile("mfence; lfence" : : : "memory");
		msr_write(MSR_X2APIC + REG_ICR, (uint64_t)apic_id << 32 | command);
		return;
	}
	for (unsigned i = 0; i < POLLS_MAX && (reg_read(REG_ICR) & ICR_PENDING); i++)
		__builtin_ia32_pause();
	reg_write(REG_ICR_HIGH, apic_id << 24);
	reg_write(REG_ICR, command);
}

void lapic_ipi(uint32_t apic_id, uint8_t vector)
{
	icr_write(apic_id, ICR_ASSERT | vector);
}

void lapic_park_cpu(uint32_t apic_id)
{
	icr_write(apic_id, ICR_ASSERT | ICR_INIT);
}

/* The delays and the second SIPI are the MP Specification's (B.4). */
void lapic_start_cpu(uint32_t apic_id, uint8_t page)
{
	lapic_park_cpu(apic_id);
	tsc_delay_us(10000);
	icr_write(apic_id, ICR_ASSERT | ICR_STARTUP | page);
	tsc_delay_us(200);
	icr_write(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void lapic_timer_at(uint64_t tsc_deadline)
{
	if (tsc_deadline_mode) {
		/* Writing 0 stops, so it must never stand for a deadline. */
		uint64_t value = tsc_deadline ? tsc_deadline : 1;
		msr_write(MSR_TSC_DEADLINE, tsc_deadline == UINT64_MAX ? 0 : value);
		return;
	}
	uint64_t now = tsc_read(), ticks = 0;
	if (tsc_deadline != UINT64_MAX) {
		uint64_t left = tsc_deadline > now ? tsc_deadline - now : 0;
		unsigned __int128 exact = (unsigned __int128)left * timer_ratio >> 32;
		ticks = exact >= UINT32_MAX ? UINT32_MAX : (uint64_t)exact + 1;
	}
	reg_write(REG_TIMER_INITIAL, (uint32_t)ticks);
}

/* The timer's count between two close readings of the TSC: of several tries the closest. */
static void timer_sample(uint64_t *tsc, uint32_t *count)
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < 8; i++) {
		uint64_t before = tsc_read();
		uint32_t now = reg_read(REG_TIMER_CURRENT);
		uint64_t apart = tsc_read() - before;
		if (apart < best) {
			best = apart;
			*tsc = before + apart / 2;
			*count = now;
		}
	}
}

static void timer_measure(void)
{
	uint64_t start, end;
	uint32_t from, to;
	reg_write(REG_TIMER_INITIAL, UINT32_MAX);
	timer_sample(&start, &from);
	while (tsc_read() < start + CALIBRATE_TICKS)
		__builtin_ia32_pause();
	timer_sample(&end, &to);
	reg_write(REG_TIMER_INITIAL, 0);
	if (from <= to)
		panic("the local APIC's timer stands still");
	timer_ratio = ((uint64_t)(from - to) << 32) / (end - start);
}

/* Gives the 8259s vectors of their own and masks them: nothing they raise, not even the spurious
 * interrupts that masking does not stop, may look like an exception. */
static void pic_silence(void)
{
	static const struct {
		uint8_t master, slave;
	} words[] = {
		{ VECTOR_PIC, VECTOR_PIC + 8 },
		{ 0x04, 0x02 }, /* slave on IRQ 2 */
		{ 0x01, 0x01 }, /* 8086 mode */
		{ 0xff, 0xff }, /* all masked */
	};
	port_out8(PIC1, 0x11);
	port_out8(PIC2, 0x11);
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		port_out8(PIC1 + 1, words[i].master);
		port_out8(PIC2 + 1, words[i].slave);
	}
}

static void lvt_init(void)
{
	uint32_t last = VERSION_LVTS(reg_read(REG_VERSION));
	reg_write(REG_LVT_LINT0, LVT_MASKED);
	reg_write(REG_LVT_LINT1, LVT_MASKED);
	reg_write(REG_LVT_ERROR, LVT_MASKED);
	if (last >= 4)
		reg_write(REG_LVT_COUNTER, LVT_MASKED);
	if (last >= 5)
		reg_write(REG_LVT_THERMAL, LVT_MASKED);
	if (last >= 6)
		reg_write(REG_LVT_CMCI, LVT_MASKED);
	reg_write(REG_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	reg_write(REG_LVT_TIMER, VECTOR_TIMER | (tsc_deadline_mode ? LVT_TSC_DEADLINE : 0));
	/* In xAPIC mode the store above must have arrived before the MSR is written (SDM 11.5.4.1).
	 */
	__asm__ volatile("mfence" : : : "memory");
}

void lapic_recheck(void)
{
	reg_write(REG_TPR, 0);
}

void lapic_init(void)
{
	static bool again;
	uint32_t features = cpuid(1, 0).ecx;
	uint64_t base = msr_read(MSR_APICBASE);
	if (!again) {
		pic_silence();
		x2apic = features & CPUID_1_X2APIC;
		tsc_deadline_mode = features & CPUID_1_TSC_DEADLINE;
		/* Not used in x2APIC mode, but then too it is nobody else's. */
		lapic_mmio = device_map(base & APICBASE_ADDRESS, 0x1000);
	}
	msr_write(MSR_APICBASE, base | APICBASE_ENABLE | (x2apic ? APICBASE_X2APIC : 0));
	reg_write(REG_TPR, 0);
	reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	lvt_init();
	if (!again && !tsc_deadline_mode)
		timer_measure();
	again = true;
}
