/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message that IOAPIC, local APICs and MSIs exchange (Intel SDM volume 3, "Advanced
 * Programmable Interrupt Controller"; AMD APM volume 2 chapter 16). Senders know only this and a
 * callback; who receives is decided by the interrupt bus in apicbus.h.
 */
#ifndef VMM_DEVICE_APIC_H
#define VMM_DEVICE_APIC_H

#include <stdbool.h>
#include <stdint.h>

enum apic_delivery {
	APIC_FIXED = 0,
	APIC_LOWEST = 1,
	APIC_SMI = 2,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_STARTUP = 6,
	APIC_EXTINT = 7,
};

enum apic_shorthand {
	APIC_NO_SHORTHAND = 0,
	APIC_SELF = 1,
	APIC_ALL = 2,
	APIC_OTHERS = 3,
};

/* A destination that reaches every local APIC in physical mode. Senders with 8-bit destinations
 * translate their 0xff to it. */
#define APIC_BROADCAST 0xffffffffu

struct apic_message {
	uint32_t dest;	  /* APIC id, or logical destination */
	uint32_t source;  /* APIC id of the sender, for shorthands */
	uint8_t delivery; /* enum apic_delivery */
	uint8_t vector;
	uint8_t shorthand; /* enum apic_shorthand */
	bool logical;
	bool level;    /* level triggered */
	bool deassert; /* INIT level de-assert: has no effect on any modern CPU */
};

/* Delivers a message; false if no local APIC accepted it. */
struct apic_sink {
	bool (*send)(void *ctx, const struct apic_message *message);
	void *ctx;
};

#endif
