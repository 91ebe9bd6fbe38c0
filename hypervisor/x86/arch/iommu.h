/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: the IOMMU. Where there is one, every device is blocked until it is assigned to a DMA space.
 * What takes something away returns when no device can use it any more, whatever the IOMMU had
 * cached. The machine may have several units; they are driven as one.
 */
#ifndef ARCH_IOMMU_H
#define ARCH_IOMMU_H

#include <core/dc.h>
#include <core/sp.h>

/* Whether DMA of this device can be confined. */
bool iommu_covers(uint32_t rid);

/* Gives a new DMA space its identity; OVERFLOW when all are in use, NOT_SUPPORTED without IOMMU. */
enum vela_status iommu_space_init(struct sp *sp);
void iommu_space_end(struct sp *sp);

/* Allocates dc->irq_table where each device has one, and frees it; iommu_assign puts it into use,
 * or out of use when it is NULL by then. */
bool iommu_device_init(struct dc *dc, struct pd *payer);
void iommu_device_end(void *irq_table, struct pd *payer);

/* Confines a device to a space; NULL blocks it. */
void iommu_assign(const struct dc *dc, const struct sp *sp);

/* Translations of the space were taken away; or, where the IOMMU remembers what was not there,
 * made. */
void iommu_flush(const struct sp *sp);
bool iommu_caches_absence(void);

/* Entries of a space's table were written: makes them visible to an IOMMU that does not look into
 * the processors' caches. */
void iommu_written(const void *entries, size_t bytes);

struct iommu_fault {
	uint32_t rid;
	uint64_t address, reason; /* VELA_DEV_FAULT_* */
};

/* Takes one of the faults that the hardware has recorded; false when there is none. */
bool iommu_next_fault(struct iommu_fault *fault);

#endif
