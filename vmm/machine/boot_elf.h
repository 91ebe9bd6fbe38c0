/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader and loader of guest kernels in ELF, 32-bit or 64-bit x86, by their physical addresses.
 * Nothing in the file is trusted.
 */
#ifndef VMM_MACHINE_BOOT_ELF_H
#define VMM_MACHINE_BOOT_ELF_H

#include "boot.h"

struct guest_elf {
	const unsigned char *bytes;
	uint64_t size;
	uint64_t entry; /* virtual */
	uint64_t headers;
	unsigned header_count;
	unsigned header_bytes;
	bool is64;
};

struct guest_segment {
	uint32_t type;
	uint64_t offset; /* with file_bytes inside the file */
	uint64_t va;
	uint64_t pa;
	uint64_t file_bytes;
	uint64_t memory_bytes;
};

#define GUEST_ELF_LOAD 1u
#define GUEST_ELF_NOTE 4u

/* Reads the file header and checks every program header. */
bool guest_elf_open(struct guest_elf *elf, const struct boot_file *file, struct boot_error *error);

/* Segment i, below header_count. */
void guest_elf_segment(const struct guest_elf *elf, unsigned i, struct guest_segment *segment);

/* Copies all loadable segments; *top is the end of the highest. */
bool guest_elf_load(const struct guest_elf *elf, const struct boot_request *request, uint64_t *top,
		    struct boot_error *error);

/* The physical address of a virtual one by the loadable segments; false if in none. */
bool guest_elf_physical(const struct guest_elf *elf, uint64_t va, uint64_t *pa);

#endif
