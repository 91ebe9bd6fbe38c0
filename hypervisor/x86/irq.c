/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vector an interrupt has: line number n is raised as VECTOR_GSI + n on every CPU. Pins of
 * the I/O APICs come first, messages of devices (PCI Local Bus 3.0, 6.8; SDM vol. 3, 11.11) use the
 * rest.
 */
#include <arch/irq.h>
#include <core/cpu.h>
#include <x86/ioapic.h>
#include <x86/iommu.h>
#include <x86/irq.h>
#include <x86/lapic.h>

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
	struct iommu_irq irq = { .vector = (uint8_t)(VECTOR_GSI + gsi),
				 .level = level,
				 .apic_id = cpu->arch.apic_id };
	uint32_t high = cpu->arch.apic_id << IOAPIC_APIC_SHIFT;
	if (iommu.irq_remap && iommu_ioapic(ioapic_id(gsi), &irq)) {
		iommu_irq_set(&irq, true);
		high = iommu.ops->ioapic_high | (uint32_t)irq.vector << iommu.ops->ioapic_shift;
	}
	ioapic_route(gsi, irq.vector, high, level, low);
	return level;
}

void arch_irq_mask(unsigned gsi, bool masked)
{
	ioapic_mask(gsi, masked);
}

bool arch_msi_reaches(const struct dc *dc, const struct cpu *cpu)
{
	if (iommu.irq_remap)
		return iommu_covers(dc->rid) && cpu->arch.apic_id <= iommu.apic_id_max;
	return cpu->arch.apic_id <= MSI_DEST_MAX;
}

/* Fixed delivery, edge, to one CPU by its physical APIC ID. */
void arch_msi_route(const struct dc *dc, unsigned number, const struct cpu *cpu, uint64_t *msi)
{
	uint8_t vector = (uint8_t)(VECTOR_GSI + number);
	if (iommu.irq_remap) {
		iommu_irq_set(&(struct iommu_irq){ .rid = (uint16_t)dc->rid,
						   .table = dc->irq_table,
						   .vector = vector,
						   .apic_id = cpu->arch.apic_id },
			      true);
		iommu.ops->message(vector, msi);
		return;
	}
	msi[VELA_DEV_MSI_ADDRESS] = MSI_ADDRESS | cpu->arch.apic_id << MSI_DEST_SHIFT;
	msi[VELA_DEV_MSI_DATA] = vector;
}

void arch_msi_block(const struct dc *dc, unsigned number)
{
	if (iommu.irq_remap)
		iommu_irq_set(&(struct iommu_irq){ .rid = (uint16_t)dc->rid,
						   .table = dc->irq_table,
						   .vector = (uint8_t)(VECTOR_GSI + number) },
			      false);
}
