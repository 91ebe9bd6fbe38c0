/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader said, in one form for multiboot 1 and 2. Pointers go into the loader's own
 * data through the identity map and are good until it is removed.
 */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include <stdint.h>
#include <vela/info.h>

struct boot_range {
	uint64_t base, size;
	uint32_t type; /* VELA_MEMORY_FREE, RESERVED or ACPI */
};

struct boot_module {
	uint64_t base, size; /* base is page aligned */
	const char *cmdline; /* the first word is its name */
};

struct boot_info {
	unsigned ranges;
	struct boot_range range[VELA_MEMORY_MAX]; /* ascending, disjoint, whole pages */
	unsigned modules;
	struct boot_module module[VELA_MODULES_MAX];
	const char *cmdline; /* never NULL */
	uint64_t rsdp;	     /* physical address of the ACPI root pointer, 0 if none */
};

/* Reads the information structure of either protocol (magic as the loader left it in EAX). Where
 * ranges overlap the more restrictive type wins; pages that are only partly free are not free.
 * False, with a message, when the data is damaged or a table of ours is too small. */
bool multiboot_parse(uint32_t magic, const void *info, struct boot_info *out);

#endif
