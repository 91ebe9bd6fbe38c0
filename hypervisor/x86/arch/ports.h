/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: bitmaps of ports and MSRs. A set bit forbids; the layouts are the processor's own, so a
 * space can be given to the TSS window or a virtual CPU as it is.
 */
#ifndef ARCH_PORTS_H
#define ARCH_PORTS_H

#include <core/sp.h>

#define PIO_ORDER 2u /* 64 Kibit, one byte of ones behind them, rounded to 16 KiB */
#define MSR_ORDER 1u /* two bits per MSR of three ranges */

#define PIO_END 0x10000ull

/* Everything forbidden: for virtual CPUs without a space of ports or MSRs. */
extern uint8_t ports_none[];
void ports_none_init(void);

/* The same for a new space. */
void ports_init(struct sp *sp);

/* Copies permissions cut to rights (0: forbids); BAD_ARG beyond the ranges. */
enum vela_status ports_copy(const struct sp *src, struct sp *dst, uint64_t from, uint64_t to,
			    uint64_t count, unsigned rights);

/* The root's spaces: all ports but the kernel's, all MSRs that are switched with a guest. */
void ports_allow_root(struct sp *pio, struct sp *msr);

#endif
