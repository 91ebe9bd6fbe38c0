/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark's guest: how long the guest waits for each kind of exit, by its own TSC. Every
 * operation is done in batches, a loop's own cost is taken off, and nothing is printed before all
 * is measured. Under the emulator's instruction counter a tick is an instruction and batches
 * differ only by the host's timer interrupts: the least and the median are the same.
 */
#include "doorbell.h"

#include <stddef.h>
#include <stdint.h>

enum { BATCHES = 9, ROUNDS = 1000 };

enum {
	UART = 0x3f8,
	UART_LINE_STATUS = UART + 5,
	UART_SCRATCH = UART + 7,
	UART_EMPTY = 0x20,
	NO_PORT = 0x2e0, /* nothing decodes it */
	DEBUG_EXIT = 0x501,
	MSR_APIC_BASE = 0x1b,
};

#define IOAPIC_INDEX   ((volatile uint32_t *)0xfec00000u)
#define IOAPIC_WINDOW  ((volatile uint32_t *)0xfec00010u)
#define IOAPIC_VERSION 1u
#define LAPIC_VERSION  ((volatile uint32_t *)0xfee00030u)

void guest_main(void);

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint32_t read32(const volatile uint32_t *at)
{
	uint32_t value;
	__asm__ volatile("movl %1, %0" : "=r"(value) : "m"(*at));
	return value;
}

static inline void write32(volatile uint32_t *at, uint32_t value)
{
	__asm__ volatile("movl %1, %0" : "=m"(*at) : "r"(value));
}

static inline void cpuid_0(void)
{
	uint32_t a = 0, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static inline void read_msr(uint32_t msr)
{
	uint32_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
}

/* Defines a batch: the TSC ticks of ROUNDS times the operation. */
#define BATCH(name, operation)                          \
	static uint64_t name(void)                      \
	{                                               \
		uint64_t start = read_tsc();            \
		for (unsigned i = 0; i < ROUNDS; i++) { \
			operation;                      \
			__asm__ volatile("" : "+r"(i)); \
		}                                       \
		return read_tsc() - start;              \
	}

BATCH(empty_batch, )
BATCH(cpuid_batch, cpuid_0())
BATCH(port_write_batch, out8(UART_SCRATCH, 0x55))
BATCH(port_write_none_batch, out8(NO_PORT, 0x55))
BATCH(port_read_batch, in8(UART_SCRATCH))
BATCH(port_read_none_batch, in8(NO_PORT))
BATCH(mmio_read_batch, read32(IOAPIC_WINDOW))
BATCH(mmio_write_batch, write32(IOAPIC_INDEX, IOAPIC_VERSION))
BATCH(lapic_read_batch, read32(LAPIC_VERSION))
BATCH(msr_read_batch, read_msr(MSR_APIC_BASE))

static uint16_t doorbell;

BATCH(doorbell_batch, out16(doorbell, 1))

static const struct {
	const char *key;
	uint64_t (*batch)(void);
} operations[] = {
	{ "exit_cpuid", cpuid_batch },
	{ "exit_port_write", port_write_batch },
	{ "exit_port_write_unclaimed", port_write_none_batch },
	{ "exit_port_read", port_read_batch },
	{ "exit_port_read_unclaimed", port_read_none_batch },
	{ "exit_mmio_write", mmio_write_batch },
	{ "exit_mmio_read", mmio_read_batch },
	{ "exit_mmio_read_lapic", lapic_read_batch },
	{ "exit_msr_read", msr_read_batch },
	{ "exit_virtio_doorbell", doorbell_batch },
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

struct times {
	uint64_t least, median; /* ticks of a batch */
};

static void put_char(char c)
{
	while (!(in8(UART_LINE_STATUS) & UART_EMPTY))
		;
	out8(UART, (uint8_t)c);
}

static void put_text(const char *text)
{
	for (; *text; text++)
		put_char(*text);
}

static void put_number(uint64_t value)
{
	if (value > 9)
		put_number(value / 10);
	put_char((char)('0' + value % 10));
}

static struct times measure(uint64_t (*batch)(void))
{
	uint64_t sorted[BATCHES];

	for (unsigned n = 0; n < BATCHES; n++) {
		uint64_t ticks = batch();
		unsigned at = n;
		for (; at && sorted[at - 1] > ticks; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = ticks;
	}
	return (struct times){ sorted[0], sorted[BATCHES / 2] };
}

static uint64_t per_round(uint64_t ticks, uint64_t empty)
{
	return (ticks - empty + ROUNDS / 2) / ROUNDS;
}

static void report(const char *key, const struct times *times, uint64_t empty)
{
	uint64_t least = per_round(times->least, empty), median = per_round(times->median, empty);

	put_text("@@ ");
	put_text(key);
	put_text(" ");
	put_number(least);
	put_text("\r\n");
	if (median == least)
		return;
	put_text(key);
	put_text(": the median of its batches is ");
	put_number(median);
	put_text("\r\n");
}

void guest_main(void)
{
	static struct times times[OPERATIONS];
	uint64_t empty = measure(empty_batch).least;

	doorbell = doorbell_set_up();
	if (!doorbell) {
		put_text("there is no virtio device that takes a driver\r\n");
		out8(DEBUG_EXIT, 1);
	}
	for (unsigned i = 0; i < OPERATIONS; i++)
		times[i] = measure(operations[i].batch);
	for (unsigned i = 0; i < OPERATIONS; i++)
		report(operations[i].key, &times[i], empty);
	out8(DEBUG_EXIT, 0);
}
