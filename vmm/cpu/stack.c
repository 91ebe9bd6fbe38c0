/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUSH, POP, CALL and JMP with an operand in memory. All addresses are translated before the first
 * access, so that a fault finds the stack pointer as it was.
 */
#include "execute.h"

#include "alu.h"
#include "operand.h"
#include "registers.h"

/* Width of the stack pointer (SDM vol. 1, 6.2.3). */
static unsigned pointer_bytes(const struct emulator *e)
{
	if (e->mode == INSN_64)
		return 8;
	return e->state->seg[VELA_SS].attr & SEGMENT_BIG ? 4 : 2;
}

static uint64_t stack_pointer(const struct emulator *e, int64_t moved)
{
	unsigned bytes = pointer_bytes(e);

	return (e->state->gpr[VELA_RSP] + (uint64_t)moved) & alu_mask(bytes);
}

static void move_stack(struct emulator *e, int64_t by)
{
	reg_write(e->state, VELA_RSP, pointer_bytes(e), false, stack_pointer(e, by));
}

static bool locate_push(struct emulator *e, unsigned bytes, struct place *to)
{
	return operand_at(e, VELA_SS, stack_pointer(e, -(int64_t)bytes), bytes, WALK_WRITE, to);
}

static bool do_push(struct emulator *e, const struct insn *insn)
{
	struct place from, to;

	if (!operand_locate(e, insn, 0, &from) || !locate_push(e, insn->bytes, &to))
		return false;
	place_write(e, &to, place_read(e, &from));
	move_stack(e, -(int64_t)insn->bytes);
	return true;
}

/* An address relative to the stack pointer takes it as it is behind the instruction. */
static bool do_pop(struct emulator *e, const struct insn *insn)
{
	uint64_t rsp = e->state->gpr[VELA_RSP];
	struct place from, to;

	if (!operand_at(e, VELA_SS, stack_pointer(e, 0), insn->bytes, 0, &from))
		return false;
	move_stack(e, insn->bytes);
	if (!operand_locate(e, insn, WALK_WRITE, &to)) {
		e->state->gpr[VELA_RSP] = rsp;
		return false;
	}
	place_write(e, &to, place_read(e, &from));
	return true;
}

static bool do_call(struct emulator *e, const struct insn *insn)
{
	uint64_t back = e->next_rip;
	struct place from, to;

	if (!operand_locate(e, insn, 0, &from) || !locate_push(e, insn->bytes, &to))
		return false;
	uint64_t target = place_read(e, &from);

	if (!operand_target(e, target))
		return false;
	place_write(e, &to, back);
	move_stack(e, -(int64_t)insn->bytes);
	e->next_rip = target;
	return true;
}

static bool do_jmp(struct emulator *e, const struct insn *insn)
{
	struct place from;

	if (!operand_locate(e, insn, 0, &from))
		return false;
	uint64_t target = place_read(e, &from);

	if (!operand_target(e, target))
		return false;
	e->next_rip = target;
	return true;
}

bool execute_stack(struct emulator *e, const struct insn *insn)
{
	switch ((enum insn_op)insn->op) {
	case INSN_PUSH:
		return do_push(e, insn);
	case INSN_POP:
		return do_pop(e, insn);
	case INSN_CALL:
		return do_call(e, insn);
	default: /* JMP */
		return do_jmp(e, insn);
	}
}
