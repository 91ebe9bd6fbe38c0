/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accessors of services' hw.h for a simulated device, which a test provides by the two
 * functions below. They are called for accesses inside a BAR only.
 */
#ifndef TEST_HW_SIM_H
#define TEST_HW_SIM_H

#include "hw.h"

/* The device may reach memory: its driver has said that it is reset. A device simulated does
 * nothing before. Cleared when a test makes a device. */
extern bool hw_sim_master;

uint64_t hw_sim_read(unsigned bar, uint64_t offset, unsigned width);
void hw_sim_write(unsigned bar, uint64_t offset, unsigned width, uint64_t value);

#endif
