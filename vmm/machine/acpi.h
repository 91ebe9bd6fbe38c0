/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the machine (ACPI 6.0): RSDP, XSDT, FADT, FACS, MADT, MCFG, HPET, DSDT,
 * written to guest
 * memory at ACPI_BASE.
 */
#ifndef VMM_MACHINE_ACPI_H
#define VMM_MACHINE_ACPI_H

#include "memory.h"

/* Writes the tables for so many processors, and for a machine that has an HPET or not; *rsdp is
 * where the root pointer is. False: no room. */
bool acpi_write(const struct guest_memory *memory, unsigned cpus, bool hpet, uint64_t *rsdp);

#endif
