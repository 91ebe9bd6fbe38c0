/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the machine (ACPI 6.0): RSDP, XSDT, FADT, FACS, MADT, DSDT, written to guest
 * memory at ACPI_BASE.
 */
#ifndef VMM_MACHINE_ACPI_H
#define VMM_MACHINE_ACPI_H

#include "memory.h"

/* Writes the tables for so many processors; *rsdp is where the root pointer is. False: no room. */
bool acpi_write(const struct guest_memory *memory, unsigned cpus, uint64_t *rsdp);

#endif
