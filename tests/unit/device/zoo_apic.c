/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt controllers of processors in the zoo. */
#include "zoo_apic.h"

#include "device/lapic_regs.h"

void zoo_build_lapic(struct zoo *zoo)
{
	struct lapic_config config = {
		.id = ZOO_LAPIC_ID,
		.is_bsp = true,
		.timer_hz = ZOO_TIMER_HZ,
		.tsc_khz = ZOO_TSC_KHZ,
		.address_bits = ZOO_ADDR_BITS,
	};
	struct lapic_wiring wiring = {
		.ctx = zoo,
		.send = zoo_send,
		.event = zoo_event,
		.eoi = zoo_eoi,
	};

	lapic_init(&zoo->dev.lapic, &zoo->clock, &config, &wiring);
	bus_add_mmio(&zoo->bus, LAPIC_DEFAULT_BASE, LAPIC_PAGE_BYTES, &lapic_mmio_ops,
		     &zoo->dev.lapic);
}

uint64_t zoo_deadline_lapic(const struct zoo *zoo)
{
	return lapic_deadline(&zoo->dev.lapic);
}

void zoo_advance_lapic(struct zoo *zoo, uint64_t now_ns)
{
	lapic_advance(&zoo->dev.lapic, now_ns);
}

void zoo_poke_lapic(struct zoo *zoo, uint8_t what, uint8_t value)
{
	struct lapic *lapic = &zoo->dev.lapic;
	struct apic_message message = {
		.dest = value,
		.delivery = what & 7,
		.vector = value,
		.logical = what & 8,
		.level = what & 16,
		.deassert = what & 32,
	};
	int vector = lapic_pending_vector(lapic);

	if (what & 0x80 && vector >= 0)
		lapic_ack(lapic, (uint8_t)vector);
	else if (what & 0x40)
		lapic_lint(lapic, value);
	else if (lapic_is_destination(lapic, &message) || what & 1)
		lapic_accept(lapic, &message);
	lapic_set_cr8(lapic, what);
}

void zoo_build_ioapic(struct zoo *zoo)
{
	struct apic_sink sink = { .send = zoo_send, .ctx = zoo };

	ioapic_init(&zoo->dev.ioapic, sink);
	ioapic_attach(&zoo->dev.ioapic, &zoo->bus, IOAPIC_DEFAULT_BASE);
}

void zoo_poke_ioapic(struct zoo *zoo, uint8_t what, uint8_t value)
{
	zoo->deaf = what & 0x40;
	if (what & 0x80)
		ioapic_eoi(&zoo->dev.ioapic, value);
	else
		ioapic_set_line(&zoo->dev.ioapic, what & 31, value & 1);
}
