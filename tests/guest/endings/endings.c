/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that ends in the way its command line names; test_endings.py runs one of each. */
#include "../lib/boot.h"
#include "../lib/cpu.h"
#include "../lib/print.h"
#include "../lib/trap.h"

#define PM1_CONTROL   0x604
#define PVPANIC	      0x505
#define SLP_ENABLE    0x2000
#define SLP_TYP(n)    ((n) << 10)
#define S5	      5
#define KEYBOARD      0x64
#define KEYBOARD_DATA 0x60

static void by_code(void)
{
	guest_exit(42);
}

static void by_cf9(void)
{
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
}

static void by_pulse(void)
{
	outb(KEYBOARD, 0xfe);
}

static void by_output_port(void)
{
	outb(KEYBOARD, 0xd1);
	outb(KEYBOARD_DATA, 0xfe);
}

static void by_port92(void)
{
	outb(0x92, inb(0x92) | 1);
}

static void by_acpi(void)
{
	outw(PM1_CONTROL, SLP_TYP(1) | SLP_ENABLE); /* no such state: nothing happens */
	outw(PM1_CONTROL, SLP_TYP(S5) | SLP_ENABLE);
}

static void by_panic(void)
{
	outb(PVPANIC, inb(PVPANIC) & 1);
}

static void by_triple_fault(void)
{
	trap_load_table(trap_table, 0);
	__asm__ volatile("ud2");
}

/* The interrupt table in an address space hole: the delivery itself has nothing to read. */
static void by_lost_table(void)
{
	trap_load_table((const void *)0xd0000000ull, 4095);
	__asm__ volatile("ud2");
}

/* Page tables where no memory is: not even an exception can be delivered. */
static void by_lost_pages(void)
{
	write_cr3(0xd0000000ull);
}

/* Code where no memory is: an exception, which the library turns into code 100. */
static void by_lost_code(void)
{
	__asm__ volatile("jmp *%0" : : "r"(0xd0000000ull));
}

static const struct {
	const char *name;
	void (*end)(void);
} endings[] = {
	{ "code", by_code },	    { "cf9", by_cf9 },
	{ "pulse", by_pulse },	    { "output", by_output_port },
	{ "port92", by_port92 },    { "acpi", by_acpi },
	{ "panic", by_panic },	    { "triple", by_triple_fault },
	{ "table", by_lost_table }, { "lost", by_lost_code },
	{ "pages", by_lost_pages },
};

static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

uint32_t guest_main(void)
{
	for (unsigned i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (is_same(boot_info.cmdline, endings[i].name))
			endings[i].end();
	return 99;
}
