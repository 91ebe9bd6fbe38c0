/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APICs: device interrupts by global system interrupt number (GSI). Any CPU may call any of
 * these but ioapic_init; a GSI without a pin is ignored.
 */
#ifndef X86_IOAPIC_H
#define X86_IOAPIC_H

#include <stdint.h>
#include <x86/acpi.h>

/* Maps the controllers and masks every pin. Boot CPU, once. */
void ioapic_init(const struct acpi_info *acpi);

/* GSIs are below this number, and it is small enough for VECTOR_GSI + gsi. */
unsigned ioapic_gsis(void);

/* The id of the controller that has a GSI's pin, negative when none has. */
int ioapic_id(unsigned gsi);

/* Directs a GSI and leaves it masked. high is the upper half of its entry: a CPU's APIC ID, below
 * 255, from bit IOAPIC_APIC_SHIFT on, or what interrupt remapping wants there. */
#define IOAPIC_APIC_SHIFT 24
void ioapic_route(unsigned gsi, uint8_t vector, uint32_t high, bool level, bool low);

void ioapic_mask(unsigned gsi, bool masked);

#endif
