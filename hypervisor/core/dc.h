/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device context: one PCI function, known by its requester id. There is at most one for each, so
 * whoever holds it decides alone what the device's interrupts wake and which memory it reaches.
 */
#ifndef CORE_DC_H
#define CORE_DC_H

#include <core/sm.h>
#include <core/sp.h>
#include <vela/hypercall.h>

struct dc {
	struct object object;
	uint32_t rid;	   /* segment << 16 | bus << 8 | device << 3 | function */
	struct list link;  /* of all */
	struct sp_use use; /* of the DMA space it is confined to */
	void *irq_table;   /* the IOMMU's, where each device has one */
	uint64_t faults[VELA_DEV_FAULT_WORDS];
	uint8_t line[VELA_DEV_IRQS]; /* by the device's number; 0: not bound (irq.h) */
};

enum vela_status dc_create(struct pd *payer, const uint64_t *params, struct object **out);

/* Confines the device to a DMA space; NULL stops all its DMA. */
enum vela_status dc_assign(struct dc *dc, struct sp *sp);

/* Blocks a device that is confined to sp; false when there is none left. */
bool dc_release(struct sp *sp);

/* Words VELA_DEV_FAULT_*. */
enum vela_status dc_faults(struct dc *dc, uint64_t words[VELA_DEV_FAULT_WORDS]);

/* Routes one of the device's interrupts to sm; *msi is what the device must write. */
enum vela_status dc_irq_bind(struct dc *dc, uint64_t number, struct sm *sm, uint64_t cpu,
			     uint64_t msi[VELA_DEV_MSI_WORDS]);
enum vela_status dc_irq_free(struct dc *dc, uint64_t number);

/* Ends a device context that nobody can find any more, and frees it. */
void dc_free(struct dc *dc);

#endif
