/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt bus of a machine: takes the messages of IOAPIC, local APICs and MSIs to the local
 * APICs they name. It is the one place that sees all local APICs; devices see only an apic_sink.
 */
#ifndef VMM_DEVICE_APICBUS_H
#define VMM_DEVICE_APICBUS_H

#include "apic.h"
#include "lapic.h"

#define APICBUS_CPUS 64

struct apicbus {
	struct lapic *lapic[APICBUS_CPUS];
	unsigned count;
	unsigned turn;	      /* where the search for equal lowest priorities starts */
	uint64_t undelivered; /* messages nobody accepted */
};

void apicbus_init(struct apicbus *bus);

/* False if the bus is full. */
bool apicbus_add(struct apicbus *bus, struct lapic *lapic);

/* Delivers a message; fits struct apic_sink and struct lapic_wiring, ctx is the struct apicbus.
 * False if no local APIC accepted it. */
bool apicbus_send(void *bus, const struct apic_message *message);

/* Decodes and delivers an MSI: the address and data a PCI function writes. */
bool apicbus_msi(struct apicbus *bus, uint64_t address, uint32_t data);

#endif
