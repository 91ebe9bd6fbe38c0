/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot loader said, in one form for PVH and multiboot 1. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <stdint.h>

enum boot_protocol { BOOT_UNKNOWN, BOOT_PVH, BOOT_MULTIBOOT };

struct boot_module {
	const unsigned char *bytes;
	uint64_t size;
	const char *args;
};

struct boot_region {
	uint64_t base, size;
	uint32_t type; /* 1: RAM */
};

#define BOOT_MODULES_MAX 16
#define BOOT_REGIONS_MAX 16

struct boot_info {
	enum boot_protocol protocol;
	const char *cmdline, *loader;
	uint64_t rsdp;			       /* 0: search for it */
	uint64_t mem_lower_kib, mem_upper_kib; /* multiboot */
	unsigned modules, regions;
	struct boot_module module[BOOT_MODULES_MAX];
	struct boot_region region[BOOT_REGIONS_MAX];
};

extern struct boot_info boot_info;

/* Every guest has one: called in 64-bit mode with interrupts off. Returning ends the machine with
 * the value. */
uint32_t guest_main(void);

#endif
