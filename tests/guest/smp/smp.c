/* SPDX-License-Identifier: Apache-2.0 */
/* Several processors; see smp.h. */
#include "smp.h"

#include "../lib/boot.h"
#include "../lib/print.h"
#include "../lib/trap.h"

#define TRAMPOLINE   0x70000u
#define STACK_BYTES  16384u
#define STIR_VECTOR  0xf0u
#define ALARM_VECTOR 0xf1u
#define PATIENCE_US  10000000u
#define SELECTOR_TSS 0x18

#define APICBASE_X2APIC BIT(10)
#define APICBASE_ENABLE BIT(11)

struct ap_tss {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7];
	uint8_t reserved2[10];
	uint16_t iomap;
} __attribute__((packed));

extern const uint8_t ap_trampoline[], ap_trampoline_end[], ap_seen_edx[], ap_seen_cr0[],
	ap_seen_cs[];
void ap_main(void);

unsigned cpus = 1;
volatile unsigned arrived[CPUS_MAX][256];
uint64_t ap_stack_top;
static uint8_t stacks[CPUS_MAX][STACK_BYTES] __attribute__((aligned(16)));
static uint8_t nmi_stacks[CPUS_MAX][4096] __attribute__((aligned(16)));
static struct ap_tss tss[CPUS_MAX];
static uint64_t own_gdt[CPUS_MAX][5];
static volatile unsigned up[CPUS_MAX];
static unsigned starting;
static struct {
	void (*volatile work)(void *arg);
	void *arg;
	volatile unsigned asked, done;
} jobs[CPUS_MAX];

unsigned smp_id(void)
{
	uint32_t id = lapic_read(LAPIC_ID);

	return lapic_is_x2apic() ? id : id >> 24;
}

static void count(struct frame *frame)
{
	arrived[smp_id()][frame->vector]++;
	if (frame->vector != VECTOR_NMI)
		lapic_write(LAPIC_EOI, 0);
}

void smp_watch(unsigned vector)
{
	for (unsigned i = 0; i < CPUS_MAX; i++)
		arrived[i][vector] = 0;
	trap_set_handler(vector, count);
}

void smp_send(uint32_t dest, uint32_t command)
{
	if (lapic_is_x2apic()) {
		wrmsr(MSR_X2APIC + LAPIC_ICR, (uint64_t)dest << 32 | command);
		return;
	}
	lapic_write(LAPIC_ICR_HIGH, dest << 24);
	lapic_write(LAPIC_ICR, command);
}

void smp_stir(unsigned cpu)
{
	if (cpu != smp_id())
		smp_send(cpu, ICR_ASSERT | STIR_VECTOR);
}

bool smp_await(const volatile unsigned *counter, unsigned value)
{
	uint64_t end = tsc_after_us(PATIENCE_US);

	lapic_write(LAPIC_LVT_TIMER, TIMER_DEADLINE | ALARM_VECTOR);
	wrmsr(MSR_TSC_DEADLINE, end);
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != value && rdtsc() < end)
		irq_wait();
	wrmsr(MSR_TSC_DEADLINE, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	return *counter == value;
}

/* Own TSS, so that NMIs have a stack. */
static void load_tables(unsigned cpu)
{
	uint64_t base = (uint64_t)&tss[cpu];
	extern const uint64_t gdt[];
	const struct {
		uint16_t limit;
		const void *base;
	} __attribute__((packed)) gdtr = { sizeof own_gdt[cpu] - 1, own_gdt[cpu] };

	memcpy(own_gdt[cpu], gdt, 3 * sizeof gdt[0]);
	tss[cpu].ist[0] = tss[cpu].ist[1] = (uint64_t)(nmi_stacks[cpu] + sizeof nmi_stacks[cpu]);
	tss[cpu].iomap = sizeof tss[cpu];
	own_gdt[cpu][3] = (sizeof tss[cpu] - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			  (base >> 24) << 56;
	own_gdt[cpu][4] = base >> 32;
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
	trap_load_table(trap_table, sizeof trap_table - 1);
}

/* INIT leaves the mode of the local APIC as it was, and there is no way from x2APIC mode to the
 * other but through "off". */
static void set_mode(void)
{
	uint64_t base = rdmsr(MSR_APICBASE);

	if (lapic_is_x2apic()) {
		wrmsr(MSR_APICBASE, base | APICBASE_X2APIC);
	} else if (base & APICBASE_X2APIC) {
		wrmsr(MSR_APICBASE, base & ~(APICBASE_X2APIC | APICBASE_ENABLE));
		wrmsr(MSR_APICBASE, base & ~APICBASE_X2APIC);
	}
}

void ap_main(void)
{
	unsigned cpu = starting;

	load_tables(cpu);
	set_mode();
	lapic_write(LAPIC_SVR, 0x1ff);
	__atomic_store_n(&up[cpu], up[cpu] + 1, __ATOMIC_RELEASE);
	smp_stir(0);
	for (;;) {
		while (__atomic_load_n(&jobs[cpu].asked, __ATOMIC_ACQUIRE) == jobs[cpu].done)
			irq_wait();
		jobs[cpu].work(jobs[cpu].arg);
		irq_disable();
		__atomic_store_n(&jobs[cpu].done, jobs[cpu].asked, __ATOMIC_RELEASE);
		smp_stir(0);
	}
}

static const void *in_trampoline(const uint8_t *symbol)
{
	return (const void *)(uint64_t)(TRAMPOLINE + (symbol - ap_trampoline));
}

struct handed smp_handed(void)
{
	return (struct handed){
		*(const uint32_t *)in_trampoline(ap_seen_cr0),
		*(const uint32_t *)in_trampoline(ap_seen_edx),
		*(const uint32_t *)in_trampoline(ap_seen_cs),
	};
}

bool smp_restart(unsigned cpu)
{
	unsigned before = up[cpu];

	starting = cpu;
	jobs[cpu].done = jobs[cpu].asked;
	ap_stack_top = (uint64_t)(stacks[cpu] + STACK_BYTES);
	memcpy((void *)(uint64_t)TRAMPOLINE, ap_trampoline,
	       (size_t)(ap_trampoline_end - ap_trampoline));
	smp_send(cpu, ICR_INIT | ICR_ASSERT);
	smp_send(cpu, ICR_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	return smp_await(&up[cpu], before + 1);
}

/* Entries of enabled local APICs in the MADT (ACPI 6.0, 5.2.12). */
static unsigned count_cpus(void)
{
	const uint8_t *rsdp = (const void *)boot_info.rsdp;
	const uint8_t *xsdt = *(const uint8_t *const *)(rsdp + 24);
	unsigned found = 0;

	for (uint32_t i = 36; i < *(const uint32_t *)(xsdt + 4); i += 8) {
		const uint8_t *table = *(const uint8_t *const *)(xsdt + i);

		if (memcmp(table, "APIC", 4) != 0)
			continue;
		for (uint32_t at = 44; at < *(const uint32_t *)(table + 4); at += table[at + 1])
			found += table[at] == 0 && table[at + 4] & 1;
	}
	return found;
}

void smp_start(void)
{
	irq_setup();
	smp_watch(STIR_VECTOR);
	smp_watch(ALARM_VECTOR);
	if (cpus > 1)
		return;
	for (unsigned i = 1, all = count_cpus(); i < all; i++) {
		if (!smp_restart(i)) {
			print("# processor %u does not start\n", i);
			guest_exit(101);
		}
		cpus++;
	}
}

void smp_run(unsigned cpu, void (*work)(void *arg), void *arg)
{
	jobs[cpu].work = work;
	jobs[cpu].arg = arg;
	__atomic_store_n(&jobs[cpu].asked, jobs[cpu].asked + 1, __ATOMIC_RELEASE);
	smp_stir(cpu);
}

void smp_wait(unsigned cpu)
{
	if (!smp_await(&jobs[cpu].done, jobs[cpu].asked)) {
		print("# processor %u does not finish\n", cpu);
		guest_exit(102);
	}
}

void smp_all(void (*work)(void *arg), void *arg)
{
	for (unsigned i = 1; i < cpus; i++)
		smp_run(i, work, arg);
	work(arg);
	irq_disable();
	for (unsigned i = 1; i < cpus; i++)
		smp_wait(i);
}
