/* SPDX-License-Identifier: Apache-2.0 */
/* Builders of the local and the I/O APIC, and what happens outside them. */
#ifndef TEST_DEVICE_ZOO_APIC_H
#define TEST_DEVICE_ZOO_APIC_H

#include "zoo.h"

void zoo_build_lapic(struct zoo *zoo);
uint64_t zoo_deadline_lapic(const struct zoo *zoo);
void zoo_advance_lapic(struct zoo *zoo, uint64_t now_ns);
void zoo_poke_lapic(struct zoo *zoo, uint8_t what, uint8_t value);

void zoo_build_ioapic(struct zoo *zoo);
void zoo_poke_ioapic(struct zoo *zoo, uint8_t what, uint8_t value);

#endif
