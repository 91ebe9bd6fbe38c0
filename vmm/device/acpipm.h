/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware (ACPI 6, section 4.8.3): PM1a event block, PM1a control, PM timer. The
 * machine is always in ACPI mode (SCI_EN reads 1, there is no SMI command port). A sleep request
 * goes to a callback; the power button comes in by a function.
 */
#ifndef VMM_DEVICE_ACPIPM_H
#define VMM_DEVICE_ACPIPM_H

#include "bus.h"

/* Offsets from the block's port: what the FADT's addresses must say. */
#define ACPIPM_EVENT_OFFSET   0 /* PM1a_EVT_BLK, 4 bytes: status, enable */
#define ACPIPM_CONTROL_OFFSET 4 /* PM1a_CNT_BLK, 2 bytes */
#define ACPIPM_TIMER_OFFSET   8 /* PM_TMR_BLK, 4 bytes */
#define ACPIPM_PORT_COUNT     12

struct acpipm_state {
	uint64_t carries; /* of the timer's top bit, up to which TMR_STS is complete */
	uint16_t status;
	uint16_t enable;
	uint16_t control; /* SLP_TYP, BM_RLD */
	uint8_t irq;
	uint8_t reserved;
};

struct acpipm {
	struct acpipm_state s;
	const struct clock *clock;
	struct irq_line sci; /* level triggered, active high */
	/* The guest set SLP_EN with this SLP_TYP (0-7). Which value means S5 is the DSDT's. */
	void (*sleep)(void *ctx, unsigned type);
	void *ctx;
	unsigned timer_bits; /* 24 or 32; 32 needs TMR_VAL_EXT in the FADT */
};

extern const struct device_ops acpipm_device_ops;

void acpipm_init(struct acpipm *pm, const struct clock *clock, struct irq_line sci,
		 unsigned timer_bits, void (*sleep)(void *ctx, unsigned type), void *ctx);
enum bus_status acpipm_attach(struct acpipm *pm, struct bus *bus, uint16_t port);

uint64_t acpipm_deadline(const struct acpipm *pm);
void acpipm_advance(struct acpipm *pm, uint64_t now_ns);

#endif
