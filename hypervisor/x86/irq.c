/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vector an interrupt has: line number n is raised as VECTOR_GSI + n on every CPU. Pins of
 * the I/O APICs come first, messages of devices (PCI Local Bus 3.0, 6.8; SDM vol. 3, 11.11) use the
 * rest.
 */
#include <arch/irq.h>
#include <core/cpu.h>
#include <x86/ioapic.h>
#include <x86/irq.h>
#include <x86/lapic.h>

#define MSI_ADDRESS    0xfee00000ull
#define MSI_DEST_SHIFT 12
#define MSI_DEST_MAX   0xfeu /* 8 bits, of which all ones is a broadcast */

_Static_assert(ARCH_IRQS == VECTOR_TIMER - VECTOR_GSI, "each line has a vector");

static struct acpi_iso isa[ACPI_ISA_IRQS];

void irq_init(const struct acpi_info *acpi)
{
	for (unsigned i = 0; i < ACPI_ISA_IRQS; i++)
		isa[i] = acpi->iso[i];
	ioapic_init(acpi);
}

unsigned arch_irqs(void)
{
	unsigned n = ioapic_gsis();
	return n < ARCH_IRQS ? n : ARCH_IRQS;
}

bool arch_irq_route(unsigned gsi, const struct cpu *cpu, unsigned mode)
{
	bool level = gsi >= ACPI_ISA_IRQS, low = level; /* PCI's are level, active low */
	for (unsigned i = 0; i < ACPI_ISA_IRQS; i++) {
		if (isa[i].gsi == gsi) {
			level = isa[i].level;
			low = isa[i].low;
		}
	}
	if (mode & VELA_IRQ_SET) {
		level = mode & VELA_IRQ_LEVEL;
		low = mode & VELA_IRQ_LOW;
	}
	ioapic_route(gsi, (uint8_t)(VECTOR_GSI + gsi), cpu->arch.apic_id, level, low);
	return level;
}

void arch_irq_mask(unsigned gsi, bool masked)
{
	ioapic_mask(gsi, masked);
}

bool arch_msi_reaches(const struct cpu *cpu)
{
	return cpu->arch.apic_id <= MSI_DEST_MAX;
}

/* Fixed delivery, edge, to one CPU by its physical APIC ID. */
void arch_msi_route(unsigned number, const struct cpu *cpu, uint64_t *msi)
{
	msi[VELA_DEV_MSI_ADDRESS] = MSI_ADDRESS | cpu->arch.apic_id << MSI_DEST_SHIFT;
	msi[VELA_DEV_MSI_DATA] = VECTOR_GSI + number;
}
