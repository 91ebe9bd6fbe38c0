/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions on devices: MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS with and without REP.
 * Registers advance round by round, so a fault in the middle leaves the guest where the processor
 * would. A round locates both operands before it touches one.
 */
#include "alu.h"
#include "execute.h"
#include "operand.h"
#include "registers.h"

static void advance(struct emulator *e, const struct insn *insn, unsigned reg)
{
	struct vela_state *s = e->state;
	uint64_t step = s->rflags & FLAG_DF ? (uint64_t)-insn->bytes : insn->bytes;

	reg_write(s, reg, insn->address_bytes, false,
		  reg_read(s, reg, insn->address_bytes, false) + step);
}

static bool source(struct emulator *e, const struct insn *insn, struct place *from)
{
	uint64_t offset = reg_read(e->state, VELA_RSI, insn->address_bytes, false);

	return operand_at(e, insn->segment, offset, insn->bytes, 0, from);
}

static bool destination(struct emulator *e, const struct insn *insn, unsigned access,
			struct place *to)
{
	uint64_t offset = reg_read(e->state, VELA_RDI, insn->address_bytes, false);

	return operand_at(e, VELA_ES, offset, insn->bytes, access, to);
}

static bool move(struct emulator *e, const struct insn *insn)
{
	struct place from, to;

	if (!source(e, insn, &from) || !destination(e, insn, WALK_WRITE, &to))
		return false;
	place_write(e, &to, place_read(e, &from));
	advance(e, insn, VELA_RSI);
	advance(e, insn, VELA_RDI);
	return true;
}

static bool store(struct emulator *e, const struct insn *insn)
{
	struct place to;

	if (!destination(e, insn, WALK_WRITE, &to))
		return false;
	place_write(e, &to, reg_read(e->state, VELA_RAX, insn->bytes, false));
	advance(e, insn, VELA_RDI);
	return true;
}

static bool load(struct emulator *e, const struct insn *insn)
{
	struct place from;

	if (!source(e, insn, &from))
		return false;
	reg_write(e->state, VELA_RAX, insn->bytes, false, place_read(e, &from));
	advance(e, insn, VELA_RSI);
	return true;
}

static bool compare(struct emulator *e, const struct insn *insn)
{
	struct place first, second;

	if (!source(e, insn, &first) || !destination(e, insn, 0, &second))
		return false;
	uint64_t value = place_read(e, &first);

	alu(INSN_CMP, value, place_read(e, &second), insn->bytes, &e->state->rflags);
	advance(e, insn, VELA_RSI);
	advance(e, insn, VELA_RDI);
	return true;
}

static bool scan(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	struct place at;

	if (!destination(e, insn, 0, &at))
		return false;
	alu(INSN_CMP, reg_read(s, VELA_RAX, insn->bytes, false), place_read(e, &at), insn->bytes,
	    &s->rflags);
	advance(e, insn, VELA_RDI);
	return true;
}

/* The port is read only when what it gives has somewhere to go. */
static bool input(struct emulator *e, const struct insn *insn)
{
	uint16_t port = (uint16_t)e->state->gpr[VELA_RDX];
	struct place to;

	if (!destination(e, insn, WALK_WRITE, &to))
		return false;
	place_write(e, &to, e->io.port_read(e->io.ctx, port, insn->bytes));
	advance(e, insn, VELA_RDI);
	return true;
}

static bool output(struct emulator *e, const struct insn *insn)
{
	uint16_t port = (uint16_t)e->state->gpr[VELA_RDX];
	struct place from;

	if (!source(e, insn, &from))
		return false;
	e->io.port_write(e->io.ctx, port, insn->bytes, (uint32_t)place_read(e, &from));
	advance(e, insn, VELA_RSI);
	return true;
}

static bool one_round(struct emulator *e, const struct insn *insn)
{
	switch ((enum insn_op)insn->op) {
	case INSN_MOVS:
		return move(e, insn);
	case INSN_STOS:
		return store(e, insn);
	case INSN_LODS:
		return load(e, insn);
	case INSN_CMPS:
		return compare(e, insn);
	case INSN_SCAS:
		return scan(e, insn);
	case INSN_INS:
		return input(e, insn);
	default: /* OUTS */
		return output(e, insn);
	}
}

/* REPE goes on while operands are equal, REPNE until they are. */
static bool is_found(const struct vela_state *s, const struct insn *insn)
{
	if (insn->op != INSN_CMPS && insn->op != INSN_SCAS)
		return false;
	return !(s->rflags & FLAG_ZF) != insn->until_equal;
}

/* A fault leaves the flags of the last whole round. (Intel's processors give back those from before
 * the instruction, which does not read them.) A guest that traces gets its exception after each
 * round. */
bool execute_string(struct emulator *e, const struct insn *insn, bool *done)
{
	struct vela_state *s = e->state;
	unsigned rounds = s->rflags & FLAG_TF ? 1 : EMULATE_REP_MAX;

	*done = true;
	if (!insn->rep)
		return one_round(e, insn);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t count = reg_read(s, VELA_RCX, insn->address_bytes, false);

		if (!count)
			return true;
		if (!one_round(e, insn))
			return false;
		reg_write(s, VELA_RCX, insn->address_bytes, false, count - 1);
		if (is_found(s, insn))
			return true;
	}
	*done = !reg_read(s, VELA_RCX, insn->address_bytes, false);
	return true;
}
