/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions with one operand in memory. Each locates it first, for writing if it may be written,
 * and then cannot fail: registers, flags and memory change together.
 */
#include "execute.h"

#include "alu.h"
#include "multiply.h"
#include "operand.h"
#include "registers.h"
#include "shift.h"

bool execute_mov(struct emulator *e, const struct insn *insn)
{
	struct place at;

	if (!operand_locate(e, insn, insn->to_memory ? WALK_WRITE : 0, &at))
		return false;
	if (insn->to_memory) {
		place_write(e, &at, operand_other(e->state, insn));
		return true;
	}
	uint64_t value = place_read(e, &at);

	if (insn->sign_extend)
		value = alu_sign_extend(value, insn->bytes);
	operand_set_reg(e->state, insn, value);
	return true;
}

static bool do_alu(struct emulator *e, const struct insn *insn)
{
	enum insn_op op = (enum insn_op)insn->op;
	bool keeps = op == INSN_CMP || op == INSN_TEST;
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, insn->to_memory && !keeps ? WALK_WRITE : 0, &at))
		return false;
	uint64_t value = place_read(e, &at), other = operand_other(s, insn);

	if (insn->to_memory)
		value = alu(op, value, other, insn->bytes, &s->rflags);
	else
		value = alu(op, other, value, insn->bytes, &s->rflags);
	if (keeps)
		return true;
	if (insn->to_memory)
		place_write(e, &at, value);
	else
		operand_set_reg(s, insn, value);
	return true;
}

static bool do_movbe(struct emulator *e, const struct insn *insn)
{
	unsigned shift = 64 - 8 * insn->bytes;
	struct place at;

	if (!operand_locate(e, insn, insn->to_memory ? WALK_WRITE : 0, &at))
		return false;
	if (insn->to_memory)
		place_write(e, &at, __builtin_bswap64(operand_other(e->state, insn)) >> shift);
	else
		operand_set_reg(e->state, insn, __builtin_bswap64(place_read(e, &at)) >> shift);
	return true;
}

/* XCHG, XADD. */
static bool do_exchange(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	uint64_t other = operand_other(s, insn);
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	uint64_t old = place_read(e, &at);

	if (insn->op == INSN_XADD)
		other = alu(INSN_ADD, old, other, insn->bytes, &s->rflags);
	place_write(e, &at, other);
	operand_set_reg(s, insn, old);
	return true;
}

/* What is not replaced is written back (SDM vol. 2, CMPXCHG). */
static bool do_compare_exchange(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	uint64_t old = place_read(e, &at);
	uint64_t expected = reg_read(s, VELA_RAX, insn->bytes, false);

	alu(INSN_CMP, expected, old, insn->bytes, &s->rflags);
	if (s->rflags & FLAG_ZF) {
		place_write(e, &at, operand_other(s, insn));
	} else {
		place_write(e, &at, old);
		reg_write(s, VELA_RAX, insn->bytes, false, old);
	}
	return true;
}

/* CMPXCHG8B's operand is one access; CMPXCHG16B's has to be aligned, which is checked before
 * anything else, and is two. The latter exists in 64-bit mode only. */
static bool locate_pair(struct emulator *e, const struct insn *insn, struct place at[2])
{
	uint64_t offset = operand_offset(e->state, insn);

	if (insn->bytes == 8)
		return operand_at(e, insn->segment, offset, 8, WALK_WRITE, &at[0]);
	if ((offset + operand_base(e, insn->segment)) & 15)
		return operand_fault(e, VECTOR_GP, 0, 0);
	return operand_at(e, insn->segment, offset, 8, WALK_WRITE, &at[0]) &&
	       operand_at(e, insn->segment, offset + 8, 8, WALK_WRITE, &at[1]);
}

static struct wide pair_read(struct emulator *e, const struct place at[2], unsigned half)
{
	uint64_t low = place_read(e, &at[0]);

	if (half == 4)
		return (struct wide){ low & UINT32_MAX, low >> 32 };
	return (struct wide){ low, place_read(e, &at[1]) };
}

static void pair_write(struct emulator *e, const struct place at[2], unsigned half,
		       const struct wide *value)
{
	place_write(e, &at[0], half == 4 ? value->high << 32 | value->low : value->low);
	if (half == 8)
		place_write(e, &at[1], value->high);
}

static bool do_compare_exchange_pair(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	unsigned half = insn->bytes / 2;
	struct place at[2];

	if (!locate_pair(e, insn, at))
		return false;
	const struct wide old = pair_read(e, at, half);
	const struct wide new = { reg_read(s, VELA_RBX, half, false),
				  reg_read(s, VELA_RCX, half, false) };

	if (old.low == reg_read(s, VELA_RAX, half, false) &&
	    old.high == reg_read(s, VELA_RDX, half, false)) {
		pair_write(e, at, half, &new);
		s->rflags |= FLAG_ZF;
		return true;
	}
	pair_write(e, at, half, &old);
	reg_write(s, VELA_RAX, half, false, old.low);
	reg_write(s, VELA_RDX, half, false, old.high);
	s->rflags &= ~FLAG_ZF;
	return true;
}

/* A bit number in a register reaches beyond the operand: it moves the address. */
static bool do_bit(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	uint64_t bits = 8u * insn->bytes, offset = operand_offset(s, insn);
	int64_t number = (int64_t)(insn->immediate & (bits - 1));
	struct place at;

	if (insn->reg != INSN_NO_REGISTER) {
		number = (int64_t)alu_sign_extend(operand_other(s, insn), insn->reg_bytes);
		offset += (uint64_t)(number >> __builtin_ctzll(bits)) * insn->bytes;
		offset &= alu_mask(insn->address_bytes);
	}
	if (!operand_at(e, insn->segment, offset, insn->bytes, insn->op == INSN_BT ? 0 : WALK_WRITE,
			&at))
		return false;
	uint64_t value = place_read(e, &at), bit = 1ull << ((uint64_t)number & (bits - 1));

	s->rflags = (s->rflags & ~FLAG_CF) | (value & bit ? FLAG_CF : 0);
	if (insn->op == INSN_BTS)
		place_write(e, &at, value | bit);
	else if (insn->op == INSN_BTR)
		place_write(e, &at, value & ~bit);
	else if (insn->op == INSN_BTC)
		place_write(e, &at, value ^ bit);
	return true;
}

static bool do_shift(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	uint64_t value = place_read(e, &at);
	unsigned count = (unsigned)operand_other(s, insn) & 0xff;

	place_write(e, &at, shift((enum insn_op)insn->op, value, count, insn->bytes, &s->rflags));
	return true;
}

static bool do_shift_double(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	uint64_t value = place_read(e, &at);
	uint64_t count = insn->by_cl ? s->gpr[VELA_RCX] : insn->immediate;
	struct shift_pair pair = { value, operand_other(s, insn) };

	place_write(e, &at,
		    shift_double((enum insn_op)insn->op, pair, (unsigned)count & 0xff, insn->bytes,
				 &s->rflags));
	return true;
}

/* With two operands the register is one factor, with three the immediate is. */
static bool do_imul(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, 0, &at))
		return false;
	uint64_t value = place_read(e, &at);
	uint64_t other = insn->operands == 3 ? insn->immediate : operand_other(s, insn);

	operand_set_reg(s, insn, multiply(value, other, insn->bytes, &s->rflags));
	return true;
}

/* Products of twice the width, and division: rAX and rDX, of bytes AH and AL. */
static bool do_wide(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	unsigned bytes = insn->bytes;
	struct place at;

	if (!operand_locate(e, insn, 0, &at))
		return false;
	struct wide wide = {
		.low = reg_read(s, VELA_RAX, bytes, false),
		.high = bytes == 1 ? reg_read(s, VELA_RAX, 1, true)
				   : reg_read(s, VELA_RDX, bytes, false),
	};

	if (!multiply_wide((enum insn_op)insn->op, &wide, place_read(e, &at), bytes, &s->rflags))
		return operand_fault(e, VECTOR_DE, 0, 0);
	reg_write(s, VELA_RAX, bytes, false, wide.low);
	if (bytes == 1)
		reg_write(s, VELA_RAX, 1, true, wide.high);
	else
		reg_write(s, VELA_RDX, bytes, false, wide.high);
	return true;
}

/* Conditions in the order of their encoding (SDM vol. 1, appendix B). */
static bool condition(uint64_t flags, unsigned code)
{
	bool cf = flags & FLAG_CF, zf = flags & FLAG_ZF, sf = flags & FLAG_SF;
	bool of = flags & FLAG_OF, pf = flags & FLAG_PF;
	const bool holds[8] = {
		of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of,
	};

	return holds[code >> 1 & 7] != (code & 1);
}

static bool do_setcc(struct emulator *e, const struct insn *insn)
{
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	place_write(e, &at, condition(e->state->rflags, insn->condition));
	return true;
}

/* Reads in any case, and a register of 32 bits is written in any case. */
static bool do_cmovcc(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!operand_locate(e, insn, 0, &at))
		return false;
	uint64_t value = place_read(e, &at);

	operand_set_reg(s, insn,
			condition(s->rflags, insn->condition) ? value : operand_other(s, insn));
	return true;
}

static bool do_store_segment(struct emulator *e, const struct insn *insn)
{
	struct place at;

	if (!operand_locate(e, insn, WALK_WRITE, &at))
		return false;
	place_write(e, &at, e->state->seg[insn->reg].selector);
	return true;
}

static bool do_touch(struct emulator *e, const struct insn *insn)
{
	struct place at;

	return operand_at(e, insn->segment, operand_offset(e->state, insn), 1, 0, &at);
}

bool execute_plain(struct emulator *e, const struct insn *insn)
{
	static bool (*const functions[INSN_OPS])(struct emulator *e, const struct insn *insn) = {
		[INSN_ADD... INSN_NEG] = do_alu,
		[INSN_MOVBE] = do_movbe,
		[INSN_XCHG... INSN_XADD] = do_exchange,
		[INSN_CMPXCHG] = do_compare_exchange,
		[INSN_CMPXCHG_PAIR] = do_compare_exchange_pair,
		[INSN_BT... INSN_BTC] = do_bit,
		[INSN_ROL... INSN_SAR] = do_shift,
		[INSN_SHLD... INSN_SHRD] = do_shift_double,
		[INSN_IMUL] = do_imul,
		[INSN_MUL_WIDE... INSN_IDIV] = do_wide,
		[INSN_SETCC] = do_setcc,
		[INSN_CMOVCC] = do_cmovcc,
		[INSN_STORE_SEGMENT] = do_store_segment,
		[INSN_TOUCH] = do_touch,
	};

	return functions[insn->op](e, insn);
}
