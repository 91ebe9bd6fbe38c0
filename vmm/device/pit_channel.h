/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One counter of the 8254 as a function of time. All times are ticks of the 1.193182 MHz input,
 * and never decrease from call to call. A count that is written at tick t enters the counter at
 * t + 1. Used by pit8254.c and its tests.
 */
#ifndef VMM_DEVICE_PIT_CHANNEL_H
#define VMM_DEVICE_PIT_CHANNEL_H

#include "pit8254.h"

#define PIT_NEVER UINT64_MAX

/* A control word chose mode 0-5 and binary or BCD counting: the counter stops. */
void pit_channel_set_mode(struct pit_channel *ch, uint64_t tick, unsigned mode, bool bcd);

/* The first byte of a two-byte count was written: in mode 0 that stops the counter. */
void pit_channel_begin_load(struct pit_channel *ch, uint64_t tick);

/* A complete count was written, as the 16 bits the guest wrote. */
void pit_channel_load(struct pit_channel *ch, uint64_t tick, uint16_t raw);

void pit_channel_set_gate(struct pit_channel *ch, uint64_t tick, bool gate);

/* Lets a count that was waiting for the end of a cycle take over, if that time has come. To be
 * called before the functions below when time has passed. */
void pit_channel_sync(struct pit_channel *ch, uint64_t tick);

/* The counter as the guest reads it, the OUT pin, and the status byte's null-count flag. */
uint16_t pit_channel_counter(const struct pit_channel *ch, uint64_t tick);
bool pit_channel_out(const struct pit_channel *ch, uint64_t tick);
bool pit_channel_null(const struct pit_channel *ch, uint64_t tick);

/* The first tick after the given one at which OUT rises by itself, or PIT_NEVER. */
uint64_t pit_channel_next_rise(const struct pit_channel *ch, uint64_t tick);

bool pit_channel_check(const struct pit_channel *ch);

#endif
