/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An I/O APIC with 24 pins (Intel 82093AA data sheet, order number 290566) plus the EOI register
 * of later versions. It turns line levels into messages and knows nothing of who receives them.
 */
#ifndef VMM_DEVICE_IOAPIC_H
#define VMM_DEVICE_IOAPIC_H

#include "apic.h"
#include "bus.h"

#define IOAPIC_PINS	    24
#define IOAPIC_DEFAULT_BASE 0xfec00000u
#define IOAPIC_PAGE_BYTES   4096

struct ioapic_state {
	uint64_t redirection[IOAPIC_PINS];
	uint32_t lines;	 /* input levels */
	uint32_t select; /* IOREGSEL */
	uint32_t id;	 /* bits 27:24 */
	uint32_t reserved;
};

struct ioapic {
	struct ioapic_state s;
	struct apic_sink sink;
	uint64_t undelivered; /* messages nobody accepted */
};

extern const struct device_ops ioapic_device_ops;
extern const struct mmio_ops ioapic_mmio_ops;

void ioapic_init(struct ioapic *ioapic, struct apic_sink sink);
enum bus_status ioapic_attach(struct ioapic *ioapic, struct bus *bus, uint64_t base);

/* Sets pin 0-23; fits struct irq_line's set, ctx is the struct ioapic. Edges on a masked pin are
 * lost, as in the data sheet. */
void ioapic_set_line(void *ioapic, unsigned pin, bool level);

/* A local APIC ended a level-triggered interrupt with this vector. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

#endif
