/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three files of the local APIC share: lapic.c has the registers, lapic_irq.c requests
 * and delivery, lapic_timer.c the timer. Nobody else includes this.
 */
#ifndef VMM_DEVICE_LAPIC_PARTS_H
#define VMM_DEVICE_LAPIC_PARTS_H

#include "lapic.h"
#include "lapic_regs.h"

static inline bool lapic_is_x2apic(const struct lapic *lapic)
{
	return lapic->s.base & LAPIC_BASE_X2APIC;
}

static inline bool lapic_is_enabled(const struct lapic *lapic)
{
	return lapic->s.base & LAPIC_BASE_ENABLE && lapic->s.svr & SVR_ENABLE;
}

/* Notes an error and raises the error interrupt, as the LVT says. */
void lapic_error(struct lapic *lapic, uint32_t bit);

/* An LVT entry's event happened. */
void lapic_lvt_fire(struct lapic *lapic, enum lapic_lvt entry);

void lapic_send_icr(struct lapic *lapic);

enum lapic_timer_mode lapic_timer_mode(const struct lapic *lapic);
uint32_t lapic_timer_current(const struct lapic *lapic);
void lapic_timer_start(struct lapic *lapic, uint32_t initial);
void lapic_timer_set_dcr(struct lapic *lapic, uint32_t dcr);
void lapic_timer_set_lvt(struct lapic *lapic, uint32_t value);
void lapic_timer_set_deadline(struct lapic *lapic, uint64_t tsc);

#endif
