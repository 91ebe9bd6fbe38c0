/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APIC. A level-triggered pin is sent once and then waits, with remote IRR set, for the
 * end of interrupt; if its line is still high then, it is sent again.
 */
#include "ioapic.h"

#include <string.h>

#define MMIO_SELECT 0x00
#define MMIO_WINDOW 0x10
#define MMIO_EOI    0x40

#define INDEX_ID	  0x00
#define INDEX_VERSION	  0x01
#define INDEX_ARBITRATION 0x02
#define INDEX_REDIRECTION 0x10

/* Version 0x20 is the first with an EOI register. */
#define VERSION_VALUE ((IOAPIC_PINS - 1) << 16 | 0x20)
#define ID_MASK	      0x0f000000u

/* Redirection table entry (82093AA, section 3.2.4). */
#define RTE_VECTOR	   0xffu
#define RTE_DELIVERY_SHIFT 8
#define RTE_LOGICAL	   0x800u
#define RTE_REMOTE_IRR	   0x4000u
#define RTE_LEVEL	   0x8000u
#define RTE_MASKED	   0x10000u
#define RTE_DEST_SHIFT	   56
#define RTE_WRITABLE	   UINT64_C(0xff0000000001afff)

/* Only fixed and lowest-priority interrupts have an end to wait for; NMI and its like are edges
 * whatever the trigger bit says. */
static bool is_level(uint64_t rte)
{
	unsigned delivery = rte >> RTE_DELIVERY_SHIFT & 7;

	return rte & RTE_LEVEL && (delivery == APIC_FIXED || delivery == APIC_LOWEST);
}

/* Sends a pin's message. Remote IRR is set only for a message that somebody accepted and will
 * therefore end; otherwise the pin would be stuck for ever. */
static void send(struct ioapic *ioapic, unsigned pin)
{
	uint64_t *rte = &ioapic->s.redirection[pin];
	struct apic_message message = {
		.dest = (uint32_t)(*rte >> RTE_DEST_SHIFT),
		.delivery = *rte >> RTE_DELIVERY_SHIFT & 7,
		.vector = (uint8_t)(*rte & RTE_VECTOR),
		.logical = *rte & RTE_LOGICAL,
		.level = is_level(*rte),
	};

	if (message.dest == 0xff && !message.logical)
		message.dest = APIC_BROADCAST;
	if (!ioapic->sink.send || !ioapic->sink.send(ioapic->sink.ctx, &message)) {
		ioapic->undelivered++;
		return;
	}
	if (message.level)
		*rte |= RTE_REMOTE_IRR;
}

static bool level_wants(const struct ioapic *ioapic, unsigned pin)
{
	uint64_t rte = ioapic->s.redirection[pin];

	return is_level(rte) && !(rte & (RTE_MASKED | RTE_REMOTE_IRR)) &&
	       ioapic->s.lines >> pin & 1;
}

void ioapic_set_line(void *dev, unsigned pin, bool level)
{
	struct ioapic *ioapic = dev;
	uint32_t bit;
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	bit = 1u << pin;
	rises = level && !(ioapic->s.lines & bit);
	if (level)
		ioapic->s.lines |= bit;
	else
		ioapic->s.lines &= ~bit;
	if (is_level(ioapic->s.redirection[pin])) {
		if (level_wants(ioapic, pin))
			send(ioapic, pin);
	} else if (rises && !(ioapic->s.redirection[pin] & RTE_MASKED)) {
		send(ioapic, pin);
	}
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *rte = &ioapic->s.redirection[pin];

		if (!(*rte & RTE_REMOTE_IRR) || (*rte & RTE_VECTOR) != vector)
			continue;
		*rte &= ~(uint64_t)RTE_REMOTE_IRR;
		if (level_wants(ioapic, pin))
			send(ioapic, pin);
	}
}

static uint32_t read_window(const struct ioapic *ioapic)
{
	unsigned index = ioapic->s.select;

	if (index == INDEX_ID || index == INDEX_ARBITRATION)
		return ioapic->s.id;
	if (index == INDEX_VERSION)
		return VERSION_VALUE;
	if (index >= INDEX_REDIRECTION && index < INDEX_REDIRECTION + 2 * IOAPIC_PINS) {
		uint64_t rte = ioapic->s.redirection[(index - INDEX_REDIRECTION) / 2];

		return (uint32_t)(index & 1 ? rte >> 32 : rte);
	}
	return 0;
}

/* Switching a pin to edge clears remote IRR; software uses that to release a stuck pin. */
static void write_redirection(struct ioapic *ioapic, unsigned index, uint32_t value)
{
	unsigned pin = index / 2;
	uint64_t *rte = &ioapic->s.redirection[pin];
	uint64_t remote_irr = *rte & RTE_REMOTE_IRR;
	uint64_t merged = index & 1 ? (uint64_t)value << 32 | (uint32_t)*rte
				    : (*rte & ~UINT64_C(0xffffffff)) | value;

	*rte = merged & RTE_WRITABLE;
	if (is_level(*rte))
		*rte |= remote_irr;
	if (level_wants(ioapic, pin))
		send(ioapic, pin);
}

static void write_window(struct ioapic *ioapic, uint32_t value)
{
	unsigned index = ioapic->s.select;

	if (index == INDEX_ID)
		ioapic->s.id = value & ID_MASK;
	else if (index >= INDEX_REDIRECTION && index < INDEX_REDIRECTION + 2 * IOAPIC_PINS)
		write_redirection(ioapic, index - INDEX_REDIRECTION, value);
}

static uint64_t ioapic_read(void *dev, uint64_t offset, unsigned width)
{
	const struct ioapic *ioapic = dev;

	(void)width;
	return offset == MMIO_SELECT ? ioapic->s.select : read_window(ioapic);
}

static void ioapic_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	struct ioapic *ioapic = dev;

	(void)width;
	if (offset == MMIO_SELECT)
		ioapic->s.select = value & 0xff;
	else if (offset == MMIO_WINDOW)
		write_window(ioapic, (uint32_t)value);
	else
		ioapic_eoi(ioapic, (uint8_t)value);
}

static const uint8_t ioapic_access[] = {
	[MMIO_SELECT >> 4] = ACCESS_RW(4),
	[MMIO_WINDOW >> 4] = ACCESS_RW(4),
	[MMIO_EOI >> 4] = ACCESS_W(4),
};

const struct mmio_ops ioapic_mmio_ops = {
	{ ioapic_access, sizeof ioapic_access, 4 },
	ioapic_read,
	ioapic_write,
};

/* Line levels are the board's and survive. */
static void ioapic_reset(void *dev)
{
	struct ioapic *ioapic = dev;

	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->s.redirection[pin] = RTE_MASKED;
	ioapic->s.select = 0;
	ioapic->s.id = 0;
}

static bool ioapic_check(const void *state)
{
	const struct ioapic_state *s = state;

	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		if (s->redirection[pin] & ~(RTE_WRITABLE | RTE_REMOTE_IRR))
			return false;
	return !(s->lines >> IOAPIC_PINS) && s->select <= 0xff && !(s->id & ~ID_MASK);
}

/* Nothing to drive: messages that were sent are in the local APICs' state. */
static void ioapic_resume(void *dev)
{
	(void)dev;
}

const struct device_ops ioapic_device_ops = {
	.name = "ioapic",
	.version = 1,
	.state_offset = offsetof(struct ioapic, s),
	.state_size = sizeof(struct ioapic_state),
	.reset = ioapic_reset,
	.check = ioapic_check,
	.resume = ioapic_resume,
};

void ioapic_init(struct ioapic *ioapic, struct apic_sink sink)
{
	memset(ioapic, 0, sizeof *ioapic);
	ioapic->sink = sink;
	ioapic_reset(ioapic);
}

enum bus_status ioapic_attach(struct ioapic *ioapic, struct bus *bus, uint64_t base)
{
	return bus_add_mmio(bus, base, IOAPIC_PAGE_BYTES, &ioapic_mmio_ops, ioapic);
}
