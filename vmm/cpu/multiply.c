/* SPDX-License-Identifier: Apache-2.0 */
/* Multiplication and division; see multiply.h. Operands of all widths are extended to 64 bits. */
#include "multiply.h"

#include "alu.h"
#include "registers.h"

typedef unsigned __int128 wide_t;
typedef __int128 signed_t;

static void set_carry(uint64_t *flags, bool carry)
{
	*flags &= ~(FLAG_CF | FLAG_OF);
	if (carry)
		*flags |= FLAG_CF | FLAG_OF;
}

static signed_t signed_product(uint64_t a, uint64_t b, unsigned bytes)
{
	return (signed_t)(int64_t)alu_sign_extend(a, bytes) * (int64_t)alu_sign_extend(b, bytes);
}

static bool is_truncated(signed_t product, unsigned bytes)
{
	return product != (int64_t)alu_sign_extend((uint64_t)product, bytes);
}

uint64_t multiply(uint64_t a, uint64_t b, unsigned bytes, uint64_t *flags)
{
	signed_t product = signed_product(a, b, bytes);

	set_carry(flags, is_truncated(product, bytes));
	return (uint64_t)product & alu_mask(bytes);
}

static struct wide split(wide_t value, unsigned bytes)
{
	return (struct wide){ (uint64_t)value & alu_mask(bytes),
			      (uint64_t)(value >> 8 * bytes) & alu_mask(bytes) };
}

/* Magnitudes; false: the quotient has no place in 64 bits, or the divisor is 0. */
static bool divide(wide_t dividend, uint64_t divisor, uint64_t *quotient, uint64_t *remainder)
{
	uint64_t high = (uint64_t)(dividend >> 64), low = (uint64_t)dividend;

	if (high >= divisor)
		return false;
	__asm__("divq %4"
		: "=a"(*quotient), "=d"(*remainder)
		: "a"(low), "d"(high), "r"(divisor)
		: "cc");
	return true;
}

static bool divide_unsigned(struct wide *wide, uint64_t by, unsigned bytes)
{
	struct wide r;

	if (!divide((wide_t)wide->high << 8 * bytes | wide->low, by, &r.low, &r.high) ||
	    r.low & ~alu_mask(bytes))
		return false;
	*wide = r;
	return true;
}

/* The quotient is rounded towards 0, the remainder has the dividend's sign. */
static bool divide_signed(struct wide *wide, uint64_t by, unsigned bytes)
{
	signed_t high = (int64_t)alu_sign_extend(wide->high, bytes);
	signed_t dividend = (signed_t)((wide_t)high << 8 * bytes | wide->low);
	int64_t divisor = (int64_t)alu_sign_extend(by, bytes);
	bool negative = (dividend < 0) != (divisor < 0);
	wide_t magnitude = dividend < 0 ? -(wide_t)dividend : (wide_t)dividend;
	uint64_t limit = 1ull << (8 * bytes - 1), quotient, remainder;

	if (!divide(magnitude, divisor < 0 ? -(uint64_t)divisor : (uint64_t)divisor, &quotient,
		    &remainder) ||
	    quotient > limit || (quotient == limit && !negative))
		return false;
	wide->low = (negative ? -quotient : quotient) & alu_mask(bytes);
	wide->high = (dividend < 0 ? -remainder : remainder) & alu_mask(bytes);
	return true;
}

bool multiply_wide(enum insn_op op, struct wide *wide, uint64_t by, unsigned bytes, uint64_t *flags)
{
	signed_t product;

	switch (op) {
	case INSN_MUL_WIDE:
		*wide = split((wide_t)wide->low * by, bytes);
		set_carry(flags, wide->high);
		return true;
	case INSN_IMUL_WIDE:
		product = signed_product(wide->low, by, bytes);
		*wide = split((wide_t)product, bytes);
		set_carry(flags, is_truncated(product, bytes));
		return true;
	case INSN_DIV:
		return divide_unsigned(wide, by, bytes);
	default: /* IDIV */
		return divide_signed(wide, by, bytes);
	}
}
