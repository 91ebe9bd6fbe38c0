/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt controllers and the 8254; see irq.h. */
#include "irq.h"

#include "trap.h"

#define APICBASE_X2APIC BIT(10)
#define APICBASE_ENABLE BIT(11)
#define SVR_ON		0x1ffu
#define SPURIOUS	0xffu
#define PIC1		0x20
#define PIC2		0xa0
#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define CPUID_TIMING	0x40000010u

volatile unsigned irq_count[256];
static bool x2apic;

static volatile uint32_t *lapic_register(unsigned reg)
{
	return (volatile uint32_t *)(LAPIC_GPA + reg * 16ull);
}

uint32_t lapic_read(unsigned reg)
{
	return x2apic ? (uint32_t)rdmsr(MSR_X2APIC + reg) : *lapic_register(reg);
}

void lapic_write(unsigned reg, uint32_t value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg, value);
	else
		*lapic_register(reg) = value;
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

/* x2APIC mode can only be left through "off", which clears the registers. */
void lapic_set_x2apic(bool on)
{
	uint64_t base = rdmsr(MSR_APICBASE) & ~(APICBASE_X2APIC | APICBASE_ENABLE);

	if (on == x2apic)
		return;
	if (!on)
		wrmsr(MSR_APICBASE, base);
	wrmsr(MSR_APICBASE, base | APICBASE_ENABLE | (on ? APICBASE_X2APIC : 0));
	x2apic = on;
	lapic_write(LAPIC_SVR, SVR_ON);
}

static void count(struct frame *frame)
{
	irq_count[frame->vector]++;
	lapic_write(LAPIC_EOI, 0);
}

void irq_watch(unsigned vector)
{
	irq_count[vector] = 0;
	trap_set_handler(vector, count);
}

void lapic_self_ipi(unsigned vector)
{
	lapic_write(LAPIC_ICR, ICR_SELF | vector);
}

void lapic_timer(uint32_t mode_and_vector, uint32_t initial)
{
	lapic_write(LAPIC_DCR, DCR_DIVIDE_1);
	lapic_write(LAPIC_LVT_TIMER, mode_and_vector);
	lapic_write(LAPIC_TIMER_INITIAL, initial);
}

uint32_t ioapic_read(unsigned reg)
{
	*(volatile uint32_t *)IOAPIC_GPA = reg;
	return *(volatile uint32_t *)(IOAPIC_GPA + 0x10);
}

void ioapic_write(unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC_GPA = reg;
	*(volatile uint32_t *)(IOAPIC_GPA + 0x10) = value;
}

void ioapic_route(unsigned pin, uint32_t low)
{
	ioapic_write(0x11 + 2 * pin, 0);
	ioapic_write(0x10 + 2 * pin, low);
}

void pic_mask(uint16_t mask)
{
	outb(PIC1 + 1, (uint8_t)mask);
	outb(PIC2 + 1, (uint8_t)(mask >> 8));
}

static void pic_setup(void)
{
	outb(PIC1, 0x11);
	outb(PIC1 + 1, PIC_BASE);
	outb(PIC1 + 1, 4);
	outb(PIC1 + 1, 1);
	outb(PIC2, 0x11);
	outb(PIC2 + 1, PIC_BASE + 8);
	outb(PIC2 + 1, 2);
	outb(PIC2 + 1, 1);
	pic_mask(0xffff);
}

void irq_setup(void)
{
	lapic_set_x2apic(false);
	pic_setup();
	lapic_write(LAPIC_SVR, SVR_ON);
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	for (unsigned pin = 0; pin < 24; pin++)
		ioapic_route(pin, IOAPIC_MASKED);
	trap_set_handler(SPURIOUS, NULL);
}

void pit_start(unsigned mode, uint16_t value)
{
	outb(PIT_COMMAND, (uint8_t)(0x30 | mode << 1));
	outb(PIT_CHANNEL0, (uint8_t)value);
	outb(PIT_CHANNEL0, (uint8_t)(value >> 8));
}

uint64_t tsc_khz(void)
{
	return cpuid(CPUID_TIMING, 0).eax;
}

uint64_t tsc_after_us(uint64_t us)
{
	return rdtsc() + us * tsc_khz() / 1000;
}

bool irq_await(const volatile unsigned *counter, unsigned value, unsigned ms)
{
	uint64_t end = tsc_after_us(ms * 1000ull);

	/* SVM in Bochs misses a window that is open at an entry, until IF changes. */
	do
		__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	while (*counter < value && rdtsc() < end);
	return *counter >= value;
}
