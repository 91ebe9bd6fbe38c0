/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest-physical memory map and I/O addresses of the machine, in one place. docs/machine.md
 * shows them as a table.
 */
#ifndef VMM_MACHINE_LAYOUT_H
#define VMM_MACHINE_LAYOUT_H

#include <stdint.h>

#include <rt/process.h>

/* RAM: [0, low) with low at most LOW_RAM_MAX, the rest from HIGH_RAM_BASE. */
#define LOW_RAM_MAX   RT_GUEST_LOW_MAX
#define HIGH_RAM_BASE RT_GUEST_HIGH_BASE

/* What the boot loader leaves in low memory: a kernel image must not be loaded over it. */
#define BOOT_AREA_BASE	 0x1000ull
#define BOOT_GDT	 0x1000ull
#define BOOT_PARAMS	 0x2000ull /* zero page, start info, or multiboot information */
#define BOOT_LISTS	 0x3000ull /* memory map and module list behind it */
#define BOOT_ARGS	 0x5000ull /* command lines */
#define BOOT_ARGS_BYTES	 0x3000ull
#define BOOT_PAGE_TABLES 0x8000ull /* six pages */
#define BOOT_AREA_END	 0xe000ull

/* Conventional memory ends where a PC's extended BIOS data area would begin. */
#define CONVENTIONAL_END 0x9fc00ull

/* ACPI tables, where a search for the root pointer finds them. */
#define ACPI_BASE 0xe0000ull
#define ACPI_END  0x100000ull

#define EXTENDED_BASE 0x100000ull

/* Between low RAM and 4 GiB: PCI memory, configuration space of PCI bus 0, and the interrupt
 * controllers. */
#define PCI_HOLE_BASE  LOW_RAM_MAX
#define PCI_HOLE_END   0xf0000000ull
#define PCI_ECAM_BASE  0xf0000000ull
#define PCI_ECAM_BYTES 0x100000ull

/* I/O ports beside the fixed ones of a PC. */
#define ACPI_PM_PORT 0x600
#define PVPANIC_PORT 0x505
#define PCI_IO_BASE  0xc000 /* where firmware leaves I/O BARs */

/* Interrupts, as ISA lines. */
#define IRQ_PIT	     0
#define IRQ_KEYBOARD 1
#define IRQ_COM1     4
#define IRQ_RTC	     8
#define IRQ_SCI	     9
#define IOAPIC_PCI   16 /* INTA of PCI device n is pin 16 + n % 8 */
#define IOAPIC_PIT   2	/* the interrupt source override of line 0 */
#define ACPI_S5_TYP  5	/* SLP_TYP that the DSDT gives for S5 */

#endif
