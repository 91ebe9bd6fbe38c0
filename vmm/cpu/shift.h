/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shifts and rotates with their flags (Intel SDM volume 2; flags that it leaves undefined have the
 * value that follows from the same formula). Pure.
 */
#ifndef VMM_CPU_SHIFT_H
#define VMM_CPU_SHIFT_H

#include "insn.h"

/* value shifted for INSN_ROL to INSN_SAR. count is taken as the processor takes it: 6 bits of it
 * for 8 bytes, else 5. */
uint64_t shift(enum insn_op op, uint64_t value, unsigned count, unsigned bytes, uint64_t *flags);

/* SHLD and SHRD: value is shifted, its empty bits are filled from the other. */
struct shift_pair {
	uint64_t value, other;
};
uint64_t shift_double(enum insn_op op, struct shift_pair pair, unsigned count, unsigned bytes,
		      uint64_t *flags);

#endif
