/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions on devices: MOVS, STOS, LODS, INS, OUTS with and without REP. Registers
 * advance round by round, so a fault in the middle leaves the guest where the processor would.
 */
#include "alu.h"
#include "operand.h"
#include "registers.h"

static void advance(struct emulator *e, const struct insn *insn, unsigned reg)
{
	struct vela_state *s = e->state;
	uint64_t step = s->rflags & FLAG_DF ? (uint64_t)-insn->bytes : insn->bytes;

	reg_write(s, reg, insn->address_bytes, false,
		  reg_read(s, reg, insn->address_bytes, false) + step);
}

static bool source(struct emulator *e, const struct insn *insn, uint64_t *value)
{
	uint64_t offset = reg_read(e->state, VELA_RSI, insn->address_bytes, false), va;

	return operand_linear(e, insn->segment, offset, insn->bytes, &va) &&
	       operand_read(e, va, insn->bytes, value);
}

static bool destination(struct emulator *e, const struct insn *insn, uint64_t *va)
{
	uint64_t offset = reg_read(e->state, VELA_RDI, insn->address_bytes, false);

	return operand_linear(e, VELA_ES, offset, insn->bytes, va);
}

/* The port is read only when the byte has somewhere to go. */
static bool input(struct emulator *e, const struct insn *insn)
{
	uint16_t port = (uint16_t)e->state->gpr[VELA_RDX];
	uint64_t va;

	return destination(e, insn, &va) && operand_probe_write(e, va, insn->bytes) &&
	       operand_write(e, va, insn->bytes, e->io.port_read(e->io.ctx, port, insn->bytes));
}

static bool one_round(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	uint64_t value, va;

	switch ((enum insn_op)insn->op) {
	case INSN_MOVS:
		if (!source(e, insn, &value) || !destination(e, insn, &va) ||
		    !operand_write(e, va, insn->bytes, value))
			return false;
		advance(e, insn, VELA_RSI);
		advance(e, insn, VELA_RDI);
		return true;
	case INSN_STOS:
		value = reg_read(s, VELA_RAX, insn->bytes, false);
		if (!destination(e, insn, &va) || !operand_write(e, va, insn->bytes, value))
			return false;
		advance(e, insn, VELA_RDI);
		return true;
	case INSN_LODS:
		if (!source(e, insn, &value))
			return false;
		reg_write(s, VELA_RAX, insn->bytes, false, value);
		advance(e, insn, VELA_RSI);
		return true;
	case INSN_INS:
		if (!input(e, insn))
			return false;
		advance(e, insn, VELA_RDI);
		return true;
	default: /* OUTS */
		if (!source(e, insn, &value))
			return false;
		e->io.port_write(e->io.ctx, (uint16_t)s->gpr[VELA_RDX], insn->bytes,
				 (uint32_t)value);
		advance(e, insn, VELA_RSI);
		return true;
	}
}

bool emulate_string(struct emulator *e, const struct insn *insn, bool *done)
{
	struct vela_state *s = e->state;

	*done = true;
	if (!insn->rep)
		return one_round(e, insn);
	for (unsigned round = 0; round < EMULATE_REP_MAX; round++) {
		uint64_t count = reg_read(s, VELA_RCX, insn->address_bytes, false);

		if (!count)
			return true;
		if (!one_round(e, insn))
			return false;
		reg_write(s, VELA_RCX, insn->address_bytes, false, count - 1);
	}
	*done = !reg_read(s, VELA_RCX, insn->address_bytes, false);
	return true;
}
