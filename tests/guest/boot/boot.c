/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot protocols hand over. The same guest is booted by PVH and by multiboot 1; boot.conf
 * has the command lines and modules that are expected here.
 */
#include "../lib/test.h"

#define MEMORY	  (48ull << 20)
#define LOW_END	  0x9fc00ull
#define HIGH_BASE 0x100000ull
#define RAM	  1u

#define PVH_COMMAND_LINE       "by pvh, with \"quotes\" and $signs"
#define MULTIBOOT_COMMAND_LINE "by multiboot 1"

extern const unsigned char image_end[];

static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool is_multiboot(void)
{
	return boot_info.protocol == BOOT_MULTIBOOT;
}

GUEST_TEST(protocol, "the loader leaves its magic")
{
	expect(boot_info.protocol != BOOT_UNKNOWN, "neither PVH nor multiboot");
	expect(!is_multiboot() || is_same(boot_info.loader, "Vela"), "loader '%s'",
	       boot_info.loader);
}

GUEST_TEST(command_line, "the command line arrives as it is in the configuration")
{
	const char *want = is_multiboot() ? MULTIBOOT_COMMAND_LINE : PVH_COMMAND_LINE;

	expect(is_same(boot_info.cmdline, want), "'%s'", boot_info.cmdline);
}

/* Each module is one of the files meson.build makes: as many bytes as its first four say, then a
 * known sequence. */
static void check_module(const struct boot_module *module, uint32_t size)
{
	uint32_t stated;

	memcpy(&stated, module->bytes, sizeof stated);
	expect(module->size == size && stated == size, "size %lu, states %u", module->size, stated);
	for (uint32_t i = sizeof stated; i < size; i++)
		expect(module->bytes[i] == (uint8_t)(i * 7 + (i >> 8)), "byte %u is %x", i,
		       module->bytes[i]);
	expect((uint64_t)module->bytes >= (uint64_t)image_end, "over the kernel, at %lx",
	       (uint64_t)module->bytes);
	expect((uint64_t)module->bytes + size <= MEMORY, "beyond the memory");
	expect(!((uint64_t)module->bytes & 0xfff), "not page aligned: %lx",
	       (uint64_t)module->bytes);
}

GUEST_TEST(modules, "modules arrive whole, behind the kernel and apart from each other")
{
	const struct boot_module *m = boot_info.module;

	expect(boot_info.modules == (is_multiboot() ? 2 : 1), "%u modules", boot_info.modules);
	check_module(&m[0], 100001);
	if (!is_multiboot())
		return;
	check_module(&m[1], 5000);
	expect(m[0].bytes + m[0].size <= m[1].bytes || m[1].bytes + m[1].size <= m[0].bytes,
	       "they overlap");
}

/* Base of RAM to its end, as the map says; 0 if the address is not RAM. */
static uint64_t ram_end(uint64_t address)
{
	for (unsigned i = 0; i < boot_info.regions; i++) {
		const struct boot_region *r = &boot_info.region[i];

		if (r->type == RAM && address - r->base < r->size)
			return r->base + r->size;
	}
	return 0;
}

GUEST_TEST(memory_map, "the memory map has the configured memory and no overlaps")
{
	expect(ram_end(0x1000) == LOW_END, "conventional memory ends at %lx", ram_end(0x1000));
	expect(ram_end(HIGH_BASE) == MEMORY, "memory ends at %lx", ram_end(HIGH_BASE));
	expect(!ram_end(0xa0000) && !ram_end(0xfffff) && !ram_end(MEMORY), "RAM in a hole");
	for (unsigned i = 1; i < boot_info.regions; i++) {
		const struct boot_region *a = &boot_info.region[i - 1], *b = a + 1;

		expect(a->base + a->size <= b->base, "regions %u and %u: %lx + %lx, %lx", i - 1, i,
		       a->base, a->size, b->base);
	}
	if (is_multiboot())
		expect(boot_info.mem_lower_kib == LOW_END >> 10 &&
			       boot_info.mem_upper_kib == (MEMORY - HIGH_BASE) >> 10,
		       "mem_lower %lu, mem_upper %lu", boot_info.mem_lower_kib,
		       boot_info.mem_upper_kib);
}

GUEST_TEST(memory_works, "all memory behind the image holds what is written to it")
{
	const uint64_t step = 1 << 16;
	uint64_t start = ((uint64_t)image_end + step) & ~(step - 1);
	uint64_t end = (uint64_t)boot_info.module[0].bytes;

	if (end < start || is_multiboot())
		end = MEMORY;
	if (is_multiboot())
		start = 4 << 20;
	for (uint64_t at = start; at + step <= end; at += step)
		*(volatile uint64_t *)at = ~at;
	for (uint64_t at = start; at + step <= end; at += step)
		expect(*(volatile uint64_t *)at == ~at, "at %lx: %lx", at,
		       *(volatile uint64_t *)at);
	expect(*(volatile uint64_t *)MEMORY == ~0ull, "memory beyond the configured: %lx",
	       *(volatile uint64_t *)MEMORY);
}

GUEST_TEST(rsdp, "PVH says where the ACPI tables are")
{
	if (is_multiboot())
		return;
	expect(boot_info.rsdp && !memcmp((const void *)boot_info.rsdp, "RSD PTR ", 8), "rsdp %lx",
	       boot_info.rsdp);
}

GUEST_TEST(first_state, "control registers at the start are as the protocols say")
{
	expect((read_cr0() & (BIT(31) | BIT(0))) == (BIT(31) | BIT(0)), "CR0 %lx", read_cr0());
	expect(!(read_cr4() & ~BIT(5)), "CR4 %lx", read_cr4());
	expect(!(read_flags() & FLAG_IF), "interrupts are on");
	expect(rdtsc() < 60 * 1000 * (uint64_t)cpuid(0x40000010u, 0).eax, "the TSC starts at %lx",
	       rdtsc());
}
