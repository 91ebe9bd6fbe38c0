/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results and flags by the carry-out formulas, which hold for every width when looked at in the
 * operand's top bit. Pure.
 */
#include "alu.h"

#include "registers.h"

struct result {
	uint64_t value;
	uint64_t carries; /* carry or borrow out of each bit */
	uint64_t overflow;
};

static struct result add(uint64_t a, uint64_t b, uint64_t carry)
{
	uint64_t r = a + b + carry;

	return (struct result){ r, (a & b) | ((a | b) & ~r), (a ^ r) & (b ^ r) };
}

static struct result subtract(uint64_t a, uint64_t b, uint64_t borrow)
{
	uint64_t r = a - b - borrow;

	return (struct result){ r, (~a & b) | ((~a | b) & r), (a ^ b) & (a ^ r) };
}

static struct result logic(uint64_t value)
{
	return (struct result){ value, 0, 0 };
}

static struct result compute(enum insn_op op, uint64_t a, uint64_t b, uint64_t carry)
{
	switch (op) {
	case INSN_ADD:
		return add(a, b, 0);
	case INSN_ADC:
		return add(a, b, carry);
	case INSN_INC:
		return add(a, 1, 0);
	case INSN_SUB:
	case INSN_CMP:
		return subtract(a, b, 0);
	case INSN_SBB:
		return subtract(a, b, carry);
	case INSN_DEC:
		return subtract(a, 1, 0);
	case INSN_NEG:
		return subtract(0, a, 0);
	case INSN_OR:
		return logic(a | b);
	case INSN_XOR:
		return logic(a ^ b);
	default: /* AND, TEST */
		return logic(a & b);
	}
}

uint64_t alu_value_flags(uint64_t value, unsigned bytes)
{
	uint64_t flags = 0;

	if (!__builtin_parityll(value & 0xff))
		flags |= FLAG_PF;
	if (!value)
		flags |= FLAG_ZF;
	if (value >> (8 * bytes - 1) & 1)
		flags |= FLAG_SF;
	return flags;
}

static uint64_t flags_of(const struct result *r, unsigned bytes)
{
	unsigned top = 8 * bytes - 1;
	uint64_t flags = alu_value_flags(r->value & alu_mask(bytes), bytes);

	if (r->carries >> top & 1)
		flags |= FLAG_CF;
	if (r->carries >> 3 & 1)
		flags |= FLAG_AF;
	if (r->overflow >> top & 1)
		flags |= FLAG_OF;
	return flags;
}

uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, unsigned bytes, uint64_t *flags)
{
	if (op == INSN_NOT)
		return ~a & alu_mask(bytes);
	struct result r = compute(op, a, b, *flags & FLAG_CF);
	uint64_t changed = FLAG_ALU;

	if (op == INSN_INC || op == INSN_DEC)
		changed &= ~FLAG_CF;
	*flags = (*flags & ~changed) | (flags_of(&r, bytes) & changed);
	return (op == INSN_CMP || op == INSN_TEST ? a : r.value) & alu_mask(bytes);
}
