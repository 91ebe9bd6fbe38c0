/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little the kernel takes from ACPI's static tables: CPUs, interrupt controllers, how to reset
 * the machine, the PM timer, where PCI configuration space and
 * the IOMMUs are. Everything else is the root
 * process's business.
 */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include <stdint.h>
#include <vela/info.h>

#define ACPI_IOAPICS_MAX 8u
#define ACPI_IOMMUS_MAX	 16u
#define ACPI_ISA_IRQS	 16u

struct acpi_ioapic {
	uint64_t base; /* physical */
	uint32_t gsi_base;
	uint8_t id;
};

/* How an ISA interrupt reaches the I/O APIC; without an override: GSI = IRQ, edge, active high. */
struct acpi_iso {
	bool present, level, low;
	uint32_t gsi;
};

/* The FADT's reset register: write value there. */
struct acpi_reset {
	uint8_t space; /* 0 memory, 1 ports, 2 PCI configuration space */
	uint8_t width; /* bits */
	uint64_t address;
	uint8_t value;
	bool present;
};

enum acpi_iommu_kind { ACPI_IOMMU_NONE, ACPI_IOMMU_VTD, ACPI_IOMMU_AMD };

struct acpi_iommu {
	uint64_t base; /* of its registers */
	uint16_t segment;
};

/* The requester id under which an I/O APIC sends, on segment 0. */
struct acpi_source {
	uint8_t id;
	uint16_t rid;
};

struct acpi_iommus {
	enum acpi_iommu_kind kind;
	unsigned units;
	struct acpi_iommu unit[ACPI_IOMMUS_MAX];
	unsigned sources;
	struct acpi_source source[ACPI_IOAPICS_MAX];
	bool irq_remap; /* the platform allows it */
};

struct acpi_info {
	unsigned cpus;
	uint32_t apic_id[VELA_CPUS_MAX]; /* the boot CPU first, then in the MADT's order */
	unsigned ioapics;
	struct acpi_ioapic ioapic[ACPI_IOAPICS_MAX];
	struct acpi_iso iso[ACPI_ISA_IRQS]; /* by IRQ; gsi is right without an override, too */
	uint64_t lapic_base;
	struct acpi_reset reset;
	uint16_t pm_timer_port; /* 0 if there is none */
	struct acpi_iommus iommus;
	unsigned ecams;
	struct vela_ecam ecam[VELA_ECAMS_MAX];
};

/* Reads the tables under the root pointer. False, with a message, when there is none or it or the
 * MADT is unusable; out then describes a PC with the one CPU that runs and one I/O APIC at the
 * usual place. Single damaged tables or entries are left out, with a message. */
bool acpi_parse(uint64_t rsdp_pa, struct acpi_info *out);

/* Part of it: takes a DMAR or IVRS of so many bytes, unless there was one before (acpi_iommu.c). */
void acpi_parse_iommu(const void *table, uint64_t bytes, struct acpi_iommus *out);

#endif
