/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vendor's IOMMU provides to iommu.c. One implementation is chosen at boot; nothing outside
 * it names its registers and tables. All units of the machine are given the same tables.
 */
#ifndef X86_IOMMU_H
#define X86_IOMMU_H

#include <arch/iommu.h>
#include <x86/acpi.h>

#define MSI_ADDRESS 0xfee00000ull

/* An interrupt on its way through the remapping tables. The index of its entry is its vector, so
 * that the vector field of an I/O APIC's entry is right both for AMD, who takes it for the index,
 * and for Intel, where it must be what the end of a level-triggered interrupt names. */
struct iommu_irq {
	uint16_t rid; /* of its source */
	void *table;  /* the source's own, where sources have one */
	uint8_t vector;
	bool level;
	uint32_t apic_id;
};

/* Functions but init and message are called under one lock. */
struct iommu_ops {
	/* Starts all units with every device blocked; false, and nothing changed, when they cannot
	 * be used. */
	bool (*init)(const struct acpi_info *acpi);
	/* Confines a device; NULL blocks it. Its interrupts stay as they are. */
	void (*assign)(uint16_t rid, void *irq_table, const struct sp *sp);
	void (*flush)(const struct sp *sp);
	bool (*next_fault)(struct iommu_fault *fault);
	/* Opens an interrupt's way, or closes it. */
	void (*irq_set)(const struct iommu_irq *irq, bool open);
	void (*message)(uint8_t vector, uint64_t *msi); /* what a device writes for it */
	uint32_t ioapic_high; /* upper half of an I/O APIC's entry, + vector << ioapic_shift */
	unsigned ioapic_shift;
	bool irq_tables; /* each source of interrupts has a table of its own */
};

extern const struct iommu_ops vtd_ops, amd_ops;

/* The one that was chosen; what it can do is set by its init. */
struct iommu {
	const struct iommu_ops *ops; /* NULL: none */
	unsigned levels;	     /* of page tables */
	unsigned shift;		     /* of the largest leaf */
	uint64_t end;		     /* of device addresses */
	uint32_t domains;	     /* identities, 0 among them, which is never used */
	uint32_t apic_id_max;	     /* where an interrupt can be sent */
	bool snoops;		     /* its table walks see the processors' caches */
	bool caches_absence;	     /* it may remember that something was not there */
	bool irq_remap;
};
extern struct iommu iommu;

/* Chooses and starts it. Boot CPU, once, after lapic_init and irq_init. */
void iommu_init(const struct acpi_info *acpi);

void iommu_irq_set(const struct iommu_irq *irq, bool open);

/* Fills in an I/O APIC as the source of an interrupt; false for an unknown one. */
bool iommu_ioapic(int id, struct iommu_irq *irq);

/* Bits of page-table entries of DMA spaces beside the address, P and PS: those that lead from this
 * level to a table, and those of leaves. */
uint64_t iommu_table_bits(int level);
uint64_t iommu_leaf_bits(unsigned rights);

/* For the implementations. Zeroed pages in a row, for good; boot only, panics when there are none.
 */
void *iommu_pages(unsigned pages);

/* Spins until *reg & mask == wanted. A unit that does not answer within a second stops the machine:
 * nothing it was told can be relied on. */
void iommu_wait(const volatile uint32_t *reg, uint32_t mask, uint32_t wanted);

#endif
