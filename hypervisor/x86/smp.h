/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the other CPUs. Relies on a calibrated TSC, the boot CPU's LAPIC, and page tables that
 * still hold the identity map.
 */
#ifndef X86_SMP_H
#define X86_SMP_H

#include <stdint.h>
#include <x86/acpi.h>

/* Top of the stack of CPU index; 16-byte aligned. */
void *cpu_stack_top(unsigned index);

/* Where a started CPU continues: on its own stack, interrupts off, boot.S's GDT, no IDT. */
[[noreturn]] void ap_main(unsigned index);

/* Starts every CPU of the list but the first, which runs this, one after the other; takes those
 * that do not come out of the list, with a message, so that index i is the CPU of apic_id[i].
 * Returns how many run. */
unsigned smp_start(struct acpi_info *acpi);

#endif
