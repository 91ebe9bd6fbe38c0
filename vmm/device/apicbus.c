/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing of interrupt messages among the local APICs of one machine.
 */
#include "apicbus.h"

#include <string.h>

/* MSI address and data (Intel SDM volume 3, "Message Signalled Interrupts"). */
#define MSI_ADDRESS_MASK 0xfff00000u
#define MSI_ADDRESS	 0xfee00000u
#define MSI_REDIRECTION	 0x8u
#define MSI_LOGICAL	 0x4u
#define MSI_LEVEL	 0x8000u

void apicbus_init(struct apicbus *bus)
{
	memset(bus, 0, sizeof *bus);
}

bool apicbus_add(struct apicbus *bus, struct lapic *lapic)
{
	if (bus->count == APICBUS_CPUS)
		return false;
	bus->lapic[bus->count++] = lapic;
	return true;
}

static bool is_target(const struct lapic *lapic, const struct apic_message *message)
{
	bool is_source = lapic->s.id == message->source;

	switch (message->shorthand) {
	case APIC_NO_SHORTHAND:
		return lapic_is_destination(lapic, message);
	case APIC_SELF:
		return is_source;
	case APIC_ALL:
		return true;
	default:
		return !is_source;
	}
}

/* One receiver: the lowest processor priority among enabled targets, equals in turn. */
static bool send_lowest(struct apicbus *bus, const struct apic_message *message)
{
	struct lapic *best = NULL;
	unsigned at = 0;

	for (unsigned i = 0; i < bus->count; i++) {
		unsigned index = (bus->turn + i) % bus->count;
		struct lapic *lapic = bus->lapic[index];

		if (!is_target(lapic, message) || !lapic_can_receive(lapic))
			continue;
		if (!best || lapic_ppr(lapic) < lapic_ppr(best)) {
			best = lapic;
			at = index;
		}
	}
	if (!best)
		return false;
	bus->turn = (at + 1) % bus->count;
	return lapic_accept(best, message);
}

bool apicbus_send(void *ctx, const struct apic_message *message)
{
	struct apicbus *bus = ctx;
	bool accepted = false;

	if (message->delivery == APIC_LOWEST) {
		accepted = send_lowest(bus, message);
	} else {
		for (unsigned i = 0; i < bus->count; i++)
			if (is_target(bus->lapic[i], message))
				accepted |= lapic_accept(bus->lapic[i], message);
	}
	bus->undelivered += !accepted;
	return accepted;
}

bool apicbus_msi(struct apicbus *bus, uint64_t address, uint32_t data)
{
	struct apic_message message = {
		.dest = (uint32_t)address >> 12 & 0xff,
		.delivery = data >> 8 & 7,
		.vector = (uint8_t)data,
		.logical = address & MSI_LOGICAL,
		.level = data & MSI_LEVEL,
	};

	if ((address & ~UINT64_C(0xfffff)) != MSI_ADDRESS) {
		bus->undelivered++;
		return false;
	}
	/* The hint asks for one of several receivers. That a destination without it is logical too
	 * is what processors do, and what systems count on. */
	if (address & MSI_REDIRECTION && message.delivery == APIC_FIXED)
		message.delivery = APIC_LOWEST;
	if (message.dest == 0xff && !message.logical)
		message.dest = APIC_BROADCAST;
	return apicbus_send(bus, &message);
}
