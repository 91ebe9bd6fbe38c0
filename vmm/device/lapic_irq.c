/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC's interrupt side: request, in-service and trigger-mode registers, priorities,
 * end of interrupt, LVT events, and the acceptance and sending of messages.
 */
#include "lapic_parts.h"

static void bit_set(uint32_t *bits, unsigned vector)
{
	bits[vector >> 5] |= 1u << (vector & 31);
}

static void bit_clear(uint32_t *bits, unsigned vector)
{
	bits[vector >> 5] &= ~(1u << (vector & 31));
}

static bool bit_test(const uint32_t *bits, unsigned vector)
{
	return bits[vector >> 5] >> (vector & 31) & 1;
}

/* By two registers at a time, the upper one above the lower. */
static int bit_highest(const uint32_t *bits)
{
	uint64_t pair[4];

	__builtin_memcpy(pair, bits, sizeof pair);
	for (int i = 3; i >= 0; i--)
		if (pair[i])
			return i * 64 + 63 - __builtin_clzll(pair[i]);
	return -1;
}

/* The class of the vector in service counts against TPR's; TPR's low bits only if it wins. */
uint8_t lapic_ppr(const struct lapic *lapic)
{
	int serving = bit_highest(lapic->s.isr);
	unsigned class = serving < 0 ? 0 : (unsigned)serving & 0xf0;

	return (uint8_t)((lapic->s.tpr & 0xf0) >= class ? lapic->s.tpr : class);
}

bool lapic_can_receive(const struct lapic *lapic)
{
	return lapic_is_enabled(lapic);
}

/* Requests that stand when the APIC is disabled by software stay deliverable: the bit only stops
 * new ones. Without the global enable there is no APIC between requests and CPU. */
static int request(const struct lapic *lapic)
{
	return lapic->s.base & LAPIC_BASE_ENABLE ? bit_highest(lapic->s.irr) : -1;
}

int lapic_pending_vector(const struct lapic *lapic)
{
	int vector = request(lapic);

	if (vector < 0 || (vector & 0xf0) <= (lapic_ppr(lapic) & 0xf0))
		return -1;
	return vector;
}

int lapic_waiting_vector(const struct lapic *lapic)
{
	int vector = request(lapic);
	int serving = bit_highest(lapic->s.isr);

	if (vector < 0 || (serving >= 0 && (vector & 0xf0) <= (serving & 0xf0)))
		return -1;
	return vector;
}

void lapic_ack(struct lapic *lapic, uint8_t vector)
{
	bit_clear(lapic->s.irr, vector);
	bit_set(lapic->s.isr, vector);
}

bool lapic_set_irr(struct lapic *lapic, uint8_t vector, bool level)
{
	if (!lapic_is_enabled(lapic)) {
		lapic->errors++;
		return false;
	}
	if (vector < LAPIC_FIRST_VECTOR) {
		lapic_error(lapic, ESR_RECEIVE_ILLEGAL);
		return false;
	}
	bit_set(lapic->s.irr, vector);
	if (level)
		bit_set(lapic->s.tmr, vector);
	else
		bit_clear(lapic->s.tmr, vector);
	if (lapic->wiring.raised)
		lapic->wiring.raised(lapic->wiring.ctx);
	return true;
}

void lapic_end_of_interrupt(struct lapic *lapic)
{
	int vector = bit_highest(lapic->s.isr);

	if (vector < 0)
		return;
	bit_clear(lapic->s.isr, (unsigned)vector);
	if (bit_test(lapic->s.tmr, (unsigned)vector) && !(lapic->s.svr & SVR_SUPPRESS_EOI) &&
	    lapic->wiring.eoi)
		lapic->wiring.eoi(lapic->wiring.ctx, (uint8_t)vector);
}

bool lapic_end_is_silent(const struct lapic *lapic)
{
	int vector = bit_highest(lapic->s.isr);

	return vector >= 0 && !bit_test(lapic->s.tmr, (unsigned)vector) &&
	       bit_highest(lapic->s.irr) < 0;
}

/* The error interrupt of an LVT entry with an illegal vector would be an error again; the vector
 * is looked at first, so that this ends. */
void lapic_error(struct lapic *lapic, uint32_t bit)
{
	uint32_t lvt = lapic->s.lvt[LVT_ERROR];
	bool fresh = !(lapic->s.esr_pending & bit);

	lapic->errors++;
	lapic->s.esr_pending |= bit;
	if (!fresh || lvt & LVT_MASKED || !lapic_is_enabled(lapic))
		return;
	if ((lvt & LVT_VECTOR) < LAPIC_FIRST_VECTOR)
		lapic->s.esr_pending |= ESR_RECEIVE_ILLEGAL;
	else
		lapic_set_irr(lapic, (uint8_t)(lvt & LVT_VECTOR), false);
}

/* NMI, SMI, INIT and STARTUP go to the CPU whatever the APIC's software enable says. */
static bool cpu_event(struct lapic *lapic, unsigned kind, uint8_t vector)
{
	if (!lapic->wiring.event)
		return false;
	lapic->wiring.event(lapic->wiring.ctx, (enum apic_delivery)kind, vector);
	return true;
}

void lapic_lvt_fire(struct lapic *lapic, enum lapic_lvt entry)
{
	uint32_t lvt = lapic->s.lvt[entry];
	unsigned delivery = lvt >> LVT_DELIVERY_SHIFT & 7;

	if (lvt & LVT_MASKED || !(lapic->s.base & LAPIC_BASE_ENABLE))
		return;
	if (entry == LVT_TIMER || entry == LVT_ERROR || delivery == APIC_FIXED)
		lapic_set_irr(lapic, (uint8_t)(lvt & LVT_VECTOR),
			      entry >= LVT_LINT0 && entry <= LVT_LINT1 && lvt & LVT_LEVEL);
	else if (delivery == APIC_NMI || delivery == APIC_SMI || delivery == APIC_INIT)
		cpu_event(lapic, delivery, 0);
}

void lapic_lint(struct lapic *lapic, unsigned pin)
{
	lapic_lvt_fire(lapic, pin ? LVT_LINT1 : LVT_LINT0);
}

bool lapic_accepts_extint(const struct lapic *lapic)
{
	uint32_t lint0 = lapic->s.lvt[LVT_LINT0];

	if (!(lapic->s.base & LAPIC_BASE_ENABLE))
		return true;
	return !(lint0 & LVT_MASKED) && (lint0 >> LVT_DELIVERY_SHIFT & 7) == APIC_EXTINT;
}

static bool is_logical_destination(const struct lapic *lapic, uint32_t dest)
{
	uint32_t ldr = lapic->s.ldr;
	uint32_t mine = ldr >> 24, sent = dest & 0xff;

	if (lapic_is_x2apic(lapic)) {
		/* 8-bit senders reach x2APIC clusters 0 only, by the same bits. */
		return dest >> 16 == ldr >> 16 && dest & ldr & 0xffff;
	}
	if (lapic->s.dfr >> 28 == 0xf)
		return mine & sent;
	return (mine >> 4 == sent >> 4 || sent >> 4 == 0xf) && mine & sent & 0xf;
}

bool lapic_is_destination(const struct lapic *lapic, const struct apic_message *message)
{
	uint32_t id = lapic->s.id;

	if (message->dest == APIC_BROADCAST)
		return true;
	if (message->logical)
		return is_logical_destination(lapic, message->dest);
	return message->dest == (lapic_is_x2apic(lapic) ? id : id & 0xff);
}

bool lapic_accept(struct lapic *lapic, const struct apic_message *message)
{
	switch (message->delivery) {
	case APIC_FIXED:
	case APIC_LOWEST:
		return lapic_set_irr(lapic, message->vector, message->level);
	case APIC_INIT:
		if (message->deassert)
			return true;
		return cpu_event(lapic, APIC_INIT, 0);
	case APIC_NMI:
	case APIC_SMI:
	case APIC_STARTUP:
	case APIC_EXTINT:
		return cpu_event(lapic, message->delivery, message->vector);
	default:
		lapic->errors++;
		return false;
	}
}

static void dispatch(struct lapic *lapic, const struct apic_message *message)
{
	bool fixed = message->delivery == APIC_FIXED || message->delivery == APIC_LOWEST;

	if (fixed && message->vector < LAPIC_FIRST_VECTOR) {
		lapic_error(lapic, ESR_SEND_ILLEGAL);
		return;
	}
	/* A self-IPI needs no bus, and only fixed ones are defined. */
	if (message->shorthand == APIC_SELF) {
		if (fixed)
			lapic_set_irr(lapic, message->vector, false);
		else
			lapic->errors++;
		return;
	}
	if (!lapic->wiring.send || !lapic->wiring.send(lapic->wiring.ctx, message))
		lapic->errors++;
}

/* IPIs other than INIT are edges whatever the level bit says (SDM, "Interrupt Command Register").
 */
void lapic_send_icr(struct lapic *lapic)
{
	uint32_t low = lapic->s.icr_low, dest = lapic->s.icr_high;
	unsigned delivery = low >> ICR_DELIVERY_SHIFT & 7;
	struct apic_message message = {
		.dest = dest,
		.source = lapic->s.id,
		.delivery = (uint8_t)delivery,
		.vector = (uint8_t)(low & ICR_VECTOR),
		.shorthand = (uint8_t)(low >> ICR_SHORT_SHIFT & 3),
		.logical = low & ICR_LOGICAL,
		.deassert = delivery == APIC_INIT && low & ICR_LEVEL && !(low & ICR_ASSERT),
	};

	if (!lapic_is_x2apic(lapic)) {
		message.dest = dest >> 24;
		if (message.dest == 0xff && !message.logical)
			message.dest = APIC_BROADCAST;
	}
	dispatch(lapic, &message);
}
