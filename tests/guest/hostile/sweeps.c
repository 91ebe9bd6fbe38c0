/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a guest can touch, once: all ports, all MSRs, the interrupt controllers' pages,
 * addresses without memory. Whatever comes back is right as long as the machine goes on; only what
 * would end it is left out. Interrupts are off, and NMIs are expected.
 */
#include "../lib/irq.h"
#include "../lib/pages.h"
#include "../lib/test.h"

#define SEED	    20250101u
#define MMIO_ROUNDS 20000u

static volatile unsigned nmis;

static void on_nmi(struct frame *frame)
{
	(void)frame;
	nmis++;
}

static uint32_t port_read(uint16_t port, unsigned width)
{
	return width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
}

static void port_write(uint16_t port, unsigned width, uint32_t value)
{
	if (width == 1)
		outb(port, (uint8_t)value);
	else if (width == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
}

/* Ports whose write ends the machine, or prints: keyboard controller, port 92, COM1's data, debug
 * exit, pvpanic, PM1 control, reset control. */
static bool is_deadly(uint32_t port, unsigned width)
{
	static const uint16_t deadly[] = { 0x60,  0x64,	 0x92,	0x3f8, 0x501,
					   0x505, 0x604, 0x605, 0xcf9 };

	for (unsigned i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		if (deadly[i] >= port && deadly[i] < port + width)
			return true;
	return false;
}

static void quiet(void)
{
	trap_set_handler(VECTOR_NMI, on_nmi);
	irq_setup();
	uart_init();
}

GUEST_TEST(ports_read, "reading all 65,536 ports in three widths")
{
	uint32_t unclaimed = 0;

	quiet();
	for (unsigned width = 1; width <= 4; width *= 2)
		for (uint32_t port = 0; port < 0x10000; port++)
			unclaimed +=
				port_read((uint16_t)port, width) == 0xffffffffu >> (32 - 8 * width);
	expect(unclaimed > 3 * 65536 - 1000, "only %u read as nobody's", unclaimed);
}

GUEST_TEST(ports_written, "writing all ports but the deadly ones in three widths")
{
	random_seed(SEED);
	for (unsigned width = 1; width <= 4; width *= 2)
		for (uint32_t port = 0; port < 0x10000; port++)
			if (!is_deadly(port, width))
				port_write((uint16_t)port, width, (uint32_t)random_next());
	quiet();
	expect(inb(0x64) >> 4 == 1, "the machine is another one: %x", inb(0x64));
}

/* Reads and writes back; false if reading faults. */
static bool touch_msr(uint32_t msr)
{
	uint32_t low = 0, high = 0;

	if (TRAP_OF("rdmsr", : "=a"(low), "=d"(high) : "c"(msr)) != NO_TRAP)
		return false;
	TRAP_OF("wrmsr", : : "c"(msr), "a"(low), "d"(high));
	return true;
}

static unsigned touch_msrs(uint32_t first, uint32_t count)
{
	unsigned readable = 0;

	for (uint32_t i = 0; i < count; i++)
		readable += touch_msr(first + i);
	return readable;
}

GUEST_TEST(msrs, "reading all MSRs of the three ranges and around, and writing them back")
{
	unsigned readable;

	quiet();
	readable = touch_msrs(0, 0x2000);
	expect(readable > 30 && readable < 200, "%u of the first range", readable);
	readable = touch_msrs(0xc0000000u, 0x2000);
	expect(readable >= 9 && readable < 50, "%u of the second range", readable);
	readable = touch_msrs(0xc0010000u, 0x2000);
	expect(readable > 10 && readable < 100, "%u of the third range", readable);
	expect(!touch_msrs(0x2000, 100) && !touch_msrs(0xbfffff00u, 0x100) &&
		       !touch_msrs(0xc0002000u, 100) && !touch_msrs(0xffffff00u, 0x100),
	       "MSRs outside the ranges");
	lapic_set_x2apic(true);
	touch_msrs(0x800, 0x100);
	lapic_set_x2apic(false);
}

GUEST_TEST(msrs_random, "writing random values to the MSRs of the local APIC, MTRRs and clocks")
{
	static const uint32_t msrs[] = { 0x1b,	0x6e0, 0x200,	    0x20f,
					 0x2ff, 0x277, 0x4b564d00u, 0x4b564d01u };
	uint64_t tsc = rdtsc();

	quiet();
	random_seed(SEED + 1);
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t value = random_next() >> random_next() % 64;
		uint32_t msr = i & 1 ? msrs[random_next() % 8] : 0x800 + random_next() % 0x40;

		/* The clock's page may be anywhere but in the image. */
		if (msr >= 0x4b564d00u && (value & ~(uint64_t)0xfff) - 0x100000 < 0x400000)
			continue;
		if (msr == 0x1b)
			value = (value & 0xd00) | LAPIC_GPA;
		TRAP_OF("wrmsr", : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
	}
	wrmsr(MSR_APICBASE, LAPIC_GPA);
	wrmsr(MSR_APICBASE, LAPIC_GPA | 0x900);
	quiet();
	expect(rdtsc() > tsc, "the TSC went back");
	expect((lapic_read(LAPIC_VERSION) & 0xff) == 0x14, "no local APIC: %x",
	       lapic_read(LAPIC_VERSION));
}

static uint64_t mmio_read(uint64_t at, unsigned width)
{
	switch (width) {
	case 1:
		return *(volatile uint8_t *)at;
	case 2:
		return *(volatile uint16_t *)at;
	case 4:
		return *(volatile uint32_t *)at;
	default:
		return *(volatile uint64_t *)at;
	}
}

static void mmio_write(uint64_t at, unsigned width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
	}
}

GUEST_TEST(mmio_random, "random accesses to APIC, IOAPIC and empty pages")
{
	static const uint64_t pages[] = { LAPIC_GPA, LAPIC_GPA, IOAPIC_GPA, IOAPIC_GPA,
					  0xd0000000ull };

	quiet();
	random_seed(SEED + 2);
	for (unsigned i = 0; i < MMIO_ROUNDS; i++) {
		uint64_t r = random_next(), page = pages[r % 5];
		uint64_t at = page + (r >> 8 & (page == IOAPIC_GPA ? 0x7f : 0xff8));
		unsigned width = r >> 32 & 3 ? 4 : 1u << (r >> 34 & 3);

		if (r >> 40 & 1)
			at &= ~(uint64_t)0xf;
		if (r >> 41 & 1)
			mmio_read(at, width);
		else
			mmio_write(at, width, random_next() & 0xffffffff);
	}
	quiet();
	print("# %u NMIs\n", nmis);
	expect(lapic_read(LAPIC_SVR) == 0x1ff && ioapic_read(0x10) == IOAPIC_MASKED,
	       "controllers cannot be set up again: %x, %x", lapic_read(LAPIC_SVR),
	       ioapic_read(0x10));
}

GUEST_TEST(addresses, "guest-physical addresses up to the last bit, and beyond it")
{
	unsigned bits = cpuid(0x80000008u, 0).eax & 0xff;
	uint64_t value = 0;

	for (unsigned bit = 25; bit < 52; bit++) {
		uint64_t *at = page_map(0, BIT(bit), PAGE_PRESENT | PAGE_WRITE);
		int vector = TRAP_OF("movq (%1), %0", : "=r"(value) : "r"(at) : "memory");

		expect(vector == (bit < bits ? NO_TRAP : VECTOR_PF), "2^%u: vector %d", bit,
		       vector);
		expect(vector != NO_TRAP || value == ~0ull, "2^%u reads %lx", bit, value);
		TRAP_OF("movq %0, (%1)", : : "r"(value), "r"(at) : "memory");
	}
}

extern uint64_t pages_root[512];

GUEST_TEST(tables_nowhere, "page tables in device pages and outside memory")
{
	static const uint64_t places[] = { LAPIC_GPA, IOAPIC_GPA, 0xd0000000ull, BIT(39) };
	volatile uint64_t *at = (volatile uint64_t *)0x10000000000ull; /* slot 2 of the root */
	uint64_t value = 0;

	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
		pages_root[2] = places[i] | PAGE_PRESENT | PAGE_WRITE;
		write_cr3(read_cr3());
		int read = TRAP_OF("movq (%1), %0", : "=r"(value) : "r"(at) : "memory");
		int write = TRAP_OF("movq %0, (%1)", : : "r"(value), "r"(at) : "memory");

		expect(read != NO_TRAP && write != NO_TRAP, "%lx: vectors %d and %d", places[i],
		       read, write);
	}
	pages_root[2] = 0;
	write_cr3(read_cr3());
}
