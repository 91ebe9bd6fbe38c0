/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplication and division (Intel SDM volume 2). Flags that it leaves undefined are not changed.
 * Pure.
 */
#ifndef VMM_CPU_MULTIPLY_H
#define VMM_CPU_MULTIPLY_H

#include "insn.h"

/* The lower half of the signed product; CF and OF: it is not the whole. */
uint64_t multiply(uint64_t a, uint64_t b, unsigned bytes, uint64_t *flags);

/* A value of twice the operand's width; for division the quotient (low) and the remainder. */
struct wide {
	uint64_t low, high;
};

/* INSN_MUL_WIDE, INSN_IMUL_WIDE: *wide = wide->low * by. INSN_DIV, INSN_IDIV: *wide / by; false,
 * with nothing changed, where the processor raises #DE. */
bool multiply_wide(enum insn_op op, struct wide *wide, uint64_t by, unsigned bytes,
		   uint64_t *flags);

#endif
