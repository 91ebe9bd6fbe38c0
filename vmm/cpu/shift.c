/* SPDX-License-Identifier: Apache-2.0 */
/* Shifts and rotates; see shift.h. */
#include "shift.h"

#include "alu.h"
#include "registers.h"

typedef unsigned __int128 wide_t;

/* One operation: value of so many bits by a masked count that is not 0. */
struct operation {
	uint64_t value;
	unsigned bits, count;
	bool carry;
};

struct outcome {
	uint64_t value;
	bool carry, overflow;
};

static unsigned masked(unsigned count, unsigned bytes)
{
	return count & (bytes == 8 ? 63 : 31);
}

static bool top(uint64_t value, unsigned bits)
{
	return value >> (bits - 1) & 1;
}

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return value & UINT64_MAX >> (64 - bits);
}

static struct outcome rotate_left(const struct operation *o)
{
	unsigned by = o->count % o->bits;
	uint64_t value = o->value;

	if (by)
		value = low_bits(value << by | value >> (o->bits - by), o->bits);
	return (struct outcome){ value, value & 1, top(value, o->bits) != (value & 1) };
}

static struct outcome rotate_right(const struct operation *o)
{
	unsigned by = o->count % o->bits;
	uint64_t value = o->value;

	if (by)
		value = low_bits(value >> by | value << (o->bits - by), o->bits);
	bool carry = top(value, o->bits);

	return (struct outcome){ value, carry, carry != top(value, o->bits - 1) };
}

/* Through carry: a value of one bit more, the carry on top. */
static struct outcome rotate_carry(const struct operation *o, bool left)
{
	unsigned size = o->bits + 1, by = o->count % size;
	wide_t value = o->value | (wide_t)o->carry << o->bits;

	if (!left)
		by = (size - by) % size;
	if (by)
		value = value << by | value >> (size - by);
	uint64_t result = low_bits((uint64_t)value, o->bits);
	bool carry = value >> o->bits & 1;

	return (struct outcome){
		result, carry, top(result, o->bits) != (left ? carry : top(result, o->bits - 1))
	};
}

static struct outcome shift_left(const struct operation *o)
{
	wide_t value = (wide_t)o->value << o->count;
	bool carry = value >> o->bits & 1;
	uint64_t result = low_bits((uint64_t)value, o->bits);

	return (struct outcome){ result, carry, top(result, o->bits) != carry };
}

static struct outcome shift_right(const struct operation *o)
{
	return (struct outcome){ o->value >> o->count, o->value >> (o->count - 1) & 1,
				 top(o->value, o->bits) };
}

static struct outcome shift_signed(const struct operation *o)
{
	int64_t value = (int64_t)alu_sign_extend(o->value, o->bits / 8);

	return (struct outcome){ low_bits((uint64_t)(value >> o->count), o->bits),
				 value >> (o->count - 1) & 1, false };
}

static void set_flags(uint64_t *flags, const struct outcome *r, unsigned bytes, bool all)
{
	uint64_t changed = FLAG_CF | FLAG_OF, set = 0;

	if (r->carry)
		set |= FLAG_CF;
	if (r->overflow)
		set |= FLAG_OF;
	if (all) {
		changed |= FLAG_PF | FLAG_ZF | FLAG_SF;
		set |= alu_value_flags(r->value, bytes);
	}
	*flags = (*flags & ~changed) | set;
}

uint64_t shift(enum insn_op op, uint64_t value, unsigned count, unsigned bytes, uint64_t *flags)
{
	struct operation o = { value, 8 * bytes, masked(count, bytes), *flags & FLAG_CF };
	struct outcome r;

	if (!o.count)
		return value;
	switch (op) {
	case INSN_ROL:
		r = rotate_left(&o);
		break;
	case INSN_ROR:
		r = rotate_right(&o);
		break;
	case INSN_RCL:
	case INSN_RCR:
		r = rotate_carry(&o, op == INSN_RCL);
		break;
	case INSN_SHL:
		r = shift_left(&o);
		break;
	case INSN_SHR:
		r = shift_right(&o);
		break;
	default: /* SAR */
		r = shift_signed(&o);
		break;
	}
	set_flags(flags, &r, bytes, op >= INSN_SHL);
	return r.value;
}

/* Both operands are one value of twice the width. A count beyond the width, which only 16 bits
 * allow, has no defined result. */
uint64_t shift_double(enum insn_op op, struct shift_pair pair, unsigned count, unsigned bytes,
		      uint64_t *flags)
{
	unsigned bits = 8 * bytes;
	wide_t value = pair.value, other = pair.other;
	struct outcome r;

	count = masked(count, bytes);
	if (!count)
		return pair.value;
	if (op == INSN_SHLD) {
		wide_t both = value << bits | other;

		r.value = low_bits((uint64_t)(both << count >> bits), bits);
		r.carry = both >> (2 * bits - count) & 1;
	} else {
		wide_t both = other << bits | value;

		r.value = low_bits((uint64_t)(both >> count), bits);
		r.carry = both >> (count - 1) & 1;
	}
	r.overflow = top(r.value, bits) != top(pair.value, bits);
	set_flags(flags, &r, bytes, true);
	return r.value;
}
