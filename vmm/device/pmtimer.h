/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI power management timer as arithmetic (ACPI 6, section 4.8.3.3): a 3.579545 MHz counter,
 * 24 or 32 bits wide, whose top bit's changes set a status bit. The register is acpipm.h's.
 */
#ifndef VMM_DEVICE_PMTIMER_H
#define VMM_DEVICE_PMTIMER_H

#include "device.h"

#define PMTIMER_HZ 3579545u

/* The counter at now_ns; bits is 24 or 32. */
uint32_t pmtimer_value(uint64_t now_ns, unsigned bits);

/* How often the counter's top bit has changed up to now_ns. */
uint64_t pmtimer_carries(uint64_t now_ns, unsigned bits);

#endif
