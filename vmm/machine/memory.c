/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checked copies between the monitor and guest RAM, and the memory map. Relies on nothing but the
 * layout.
 */
#include "memory.h"

#include <string.h>

void guest_memory_init(struct guest_memory *memory, void *base, uint64_t bytes)
{
	memory->base = base;
	memory->low_bytes = bytes < LOW_RAM_MAX ? bytes : LOW_RAM_MAX;
	memory->high_bytes = bytes - memory->low_bytes;
	memory->address_bits = 0;
}

bool guest_read(const struct guest_memory *memory, uint64_t gpa, void *to, size_t length)
{
	const void *from = guest_ptr(memory, gpa, length);

	if (!from)
		return false;
	memcpy(to, from, length);
	return true;
}

bool guest_write(const struct guest_memory *memory, uint64_t gpa, const void *from, size_t length)
{
	void *to = guest_ptr(memory, gpa, length);

	if (!to)
		return false;
	memcpy(to, from, length);
	return true;
}

bool guest_zero(const struct guest_memory *memory, uint64_t gpa, size_t length)
{
	void *at = guest_ptr(memory, gpa, length);

	if (!at)
		return false;
	memset(at, 0, length);
	return true;
}

unsigned guest_memory_map(const struct guest_memory *memory,
			  struct memory_region regions[MEMORY_REGIONS_MAX])
{
	unsigned n = 0;

	regions[n++] = (struct memory_region){ 0, CONVENTIONAL_END, MEMORY_RAM };
	regions[n++] = (struct memory_region){ ACPI_BASE, ACPI_END - ACPI_BASE, MEMORY_RESERVED };
	if (memory->low_bytes > EXTENDED_BASE)
		regions[n++] =
			(struct memory_region){ EXTENDED_BASE, memory->low_bytes - EXTENDED_BASE,
						MEMORY_RAM };
	regions[n++] = (struct memory_region){ PCI_ECAM_BASE, PCI_ECAM_BYTES, MEMORY_RESERVED };
	if (memory->high_bytes)
		regions[n++] =
			(struct memory_region){ HIGH_RAM_BASE, memory->high_bytes, MEMORY_RAM };
	return n;
}
