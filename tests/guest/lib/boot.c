/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first C code: reads what the loader left (Xen's hvm_start_info; Multiboot 0.6.96, section
 * 3.3) and starts the guest's program.
 */
#include "boot.h"

#include "cpu.h"
#include "print.h"
#include "trap.h"

#define MULTIBOOT_MAGIC 0x2badb002u
#define PVH_MAGIC	0x336ec578u

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memory_map;
	uint32_t memory_regions, reserved;
};

struct start_module {
	uint64_t gpa, size, cmdline, reserved;
};

struct start_region {
	uint64_t base, size;
	uint32_t type, reserved;
};

struct multiboot {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	uint32_t symbols[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, loader_name;
};

struct multiboot_module {
	uint32_t start, end, string, reserved;
};

struct multiboot_region {
	uint32_t size;
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

#define MULTIBOOT_MEMORY  0x001u
#define MULTIBOOT_CMDLINE 0x004u
#define MULTIBOOT_MODULES 0x008u
#define MULTIBOOT_MAP	  0x040u
#define MULTIBOOT_LOADER  0x200u

struct boot_info boot_info;
void guest_start(uint32_t magic, uint32_t info);

static const char *text_at(uint64_t address)
{
	return address ? (const char *)address : "";
}

static void read_pvh(const struct start_info *info)
{
	const struct start_module *module = (const void *)info->module_list;
	const struct start_region *region = (const void *)info->memory_map;

	boot_info.protocol = BOOT_PVH;
	boot_info.cmdline = text_at(info->cmdline);
	boot_info.rsdp = info->rsdp;
	for (unsigned i = 0; i < info->modules && i < BOOT_MODULES_MAX; i++)
		boot_info.module[boot_info.modules++] = (struct boot_module){
			(const unsigned char *)module[i].gpa,
			module[i].size,
			text_at(module[i].cmdline),
		};
	for (unsigned i = 0; i < info->memory_regions && i < BOOT_REGIONS_MAX; i++)
		boot_info.region[boot_info.regions++] =
			(struct boot_region){ region[i].base, region[i].size, region[i].type };
}

static void read_multiboot_map(const struct multiboot *info)
{
	uint64_t at = info->mmap_addr, end = at + info->mmap_length;

	while (at < end && boot_info.regions < BOOT_REGIONS_MAX) {
		const struct multiboot_region *region = (const void *)at;

		boot_info.region[boot_info.regions++] =
			(struct boot_region){ region->base, region->length, region->type };
		at += region->size + sizeof region->size;
	}
}

static void read_multiboot(const struct multiboot *info)
{
	const struct multiboot_module *module = (const void *)(uint64_t)info->mods_addr;

	boot_info.protocol = BOOT_MULTIBOOT;
	if (info->flags & MULTIBOOT_CMDLINE)
		boot_info.cmdline = text_at(info->cmdline);
	if (info->flags & MULTIBOOT_LOADER)
		boot_info.loader = text_at(info->loader_name);
	if (info->flags & MULTIBOOT_MEMORY) {
		boot_info.mem_lower_kib = info->mem_lower;
		boot_info.mem_upper_kib = info->mem_upper;
	}
	if (info->flags & MULTIBOOT_MAP)
		read_multiboot_map(info);
	if (!(info->flags & MULTIBOOT_MODULES))
		return;
	for (unsigned i = 0; i < info->mods_count && i < BOOT_MODULES_MAX; i++)
		boot_info.module[boot_info.modules++] = (struct boot_module){
			(const unsigned char *)(uint64_t)module[i].start,
			module[i].end - module[i].start,
			text_at(module[i].string),
		};
}

void guest_start(uint32_t magic, uint32_t info)
{
	const struct start_info *start = (const void *)(uint64_t)info;

	trap_init();
	uart_init();
	boot_info.cmdline = boot_info.loader = "";
	if (magic == MULTIBOOT_MAGIC)
		read_multiboot((const void *)start);
	else if (start->magic == PVH_MAGIC)
		read_pvh(start);
	guest_exit(guest_main());
}
