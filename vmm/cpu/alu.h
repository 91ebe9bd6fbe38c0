/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of the emulated instructions with their flags (Intel SDM volume 1, section 3.4.3.1).
 */
#ifndef VMM_CPU_ALU_H
#define VMM_CPU_ALU_H

#include "insn.h"

/* The value mask of an operand of 1, 2, 4 or 8 bytes. */
static inline uint64_t alu_mask(unsigned bytes)
{
	return UINT64_MAX >> (64 - 8 * bytes);
}

static inline uint64_t alu_sign_extend(uint64_t value, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* PF, ZF and SF of a value of that width. */
uint64_t alu_value_flags(uint64_t value, unsigned bytes);

/*
 * a OP b for INSN_ADD to INSN_NEG (for INC, DEC, NOT and NEG b is not used). The result has the
 * operand's width; *flags is changed as the instruction does. CMP and TEST return a.
 */
uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, unsigned bytes, uint64_t *flags);

#endif
