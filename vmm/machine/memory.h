/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM as the monitor sees it: one window in its own address space, in two pieces of the
 * guest's. Every access goes through a range check here; the guest does not run meanwhile, because
 * its only virtual CPU is run by the thread that calls this.
 */
#ifndef VMM_MACHINE_MEMORY_H
#define VMM_MACHINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

struct guest_memory {
	unsigned char *base; /* of the window; low RAM first, high RAM directly behind it */
	uint64_t low_bytes;
	uint64_t high_bytes;
	unsigned address_bits; /* of the guest's physical addresses; 0: all that x86 defines */
	/* Called with RAM that an instruction is about to use; NULL: all of it is there. */
	void (*touch)(void *ctx, unsigned char *bytes, uint64_t length);
	void *ctx;
};

/* Splits a window of bytes at base into low and high RAM. */
void guest_memory_init(struct guest_memory *memory, void *base, uint64_t bytes);

/* Where length bytes at gpa stand, or NULL unless all of them are in one piece of RAM. */
static inline void *guest_ptr(const struct guest_memory *memory, uint64_t gpa, uint64_t length)
{
	if (gpa < memory->low_bytes && length <= memory->low_bytes - gpa)
		return memory->base + gpa;
	gpa -= HIGH_RAM_BASE;
	if (gpa < memory->high_bytes && length <= memory->high_bytes - gpa)
		return memory->base + memory->low_bytes + gpa;
	return NULL;
}

/* The same for RAM that the guest may have given back: it is there again then. */
static inline void *guest_use(const struct guest_memory *memory, uint64_t gpa, uint64_t length)
{
	void *at = guest_ptr(memory, gpa, length);

	if (at && memory->touch)
		memory->touch(memory->ctx, at, length);
	return at;
}

/* Copies; false, with nothing written, unless the whole range is RAM. */
bool guest_read(const struct guest_memory *memory, uint64_t gpa, void *to, size_t length);
bool guest_write(const struct guest_memory *memory, uint64_t gpa, const void *from, size_t length);
bool guest_zero(const struct guest_memory *memory, uint64_t gpa, size_t length);

/* One region of the memory map that boot protocols hand to the guest. */
struct memory_region {
	uint64_t base;
	uint64_t size;
	uint32_t type; /* MEMORY_RAM, MEMORY_RESERVED: the same numbers in every protocol */
};

enum { MEMORY_RAM = 1, MEMORY_RESERVED = 2 };

#define MEMORY_REGIONS_MAX 5

/* Fills regions in ascending order and returns how many there are. */
unsigned guest_memory_map(const struct guest_memory *memory,
			  struct memory_region regions[MEMORY_REGIONS_MAX]);

#endif
