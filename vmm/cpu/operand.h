/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of emulated instructions: registers, effective addresses, and bytes at linear addresses
 * wherever they are. An operand in memory is first located, which may fault and changes nothing,
 * then read and written, which cannot fail. Registers and mode are for exit handlers, too; the
 * rest is the emulator's own.
 */
#ifndef VMM_CPU_OPERAND_H
#define VMM_CPU_OPERAND_H

#include "alu.h"
#include "emulate.h"
#include "registers.h"
#include "walk.h"

static inline enum insn_mode operand_mode(const struct vela_state *state)
{
	unsigned attr = state->seg[VELA_CS].attr;

	if (state->efer & EFER_LMA && attr & SEGMENT_LONG)
		return INSN_64;
	if (!(state->cr0 & CR0_PE) || state->rflags & FLAG_VM)
		return INSN_REAL;
	return attr & SEGMENT_BIG ? INSN_32 : INSN_16;
}

uint64_t reg_read(const struct vela_state *state, unsigned reg, unsigned bytes, bool high);
/* As the processor does: 32-bit results clear the upper half, narrower ones keep the rest. */
void reg_write(struct vela_state *state, unsigned reg, unsigned bytes, bool high, uint64_t value);

/* Where an operand lies: in one piece, or in two when it crosses a page. */
struct place {
	uint64_t gpa[2];
	uint8_t bytes[2];
};

/* False from here on: *e->fault is set. access is 0 or WALK_WRITE, which is also right for what is
 * read and then written. */

/* The explicit operand in memory. */
bool operand_locate(struct emulator *e, const struct insn *insn, unsigned access,
		    struct place *place);
/* bytes, at most 8, at an offset in a segment. */
bool operand_at(struct emulator *e, unsigned segment, uint64_t offset, unsigned bytes,
		unsigned access, struct place *place);

/* Offset of the explicit operand within its segment. */
static inline uint64_t operand_offset(const struct vela_state *state, const struct insn *insn)
{
	uint64_t offset = (uint64_t)insn->displacement;

	if (insn->base == INSN_RIP_RELATIVE)
		offset += state->rip + insn->length;
	else if (insn->base != INSN_NO_REGISTER)
		offset += state->gpr[insn->base & 15];
	if (insn->index != INSN_NO_REGISTER)
		offset += state->gpr[insn->index & 15] * insn->scale;
	return offset & alu_mask(insn->address_bytes);
}

/* What a segment adds to offsets. */
static inline uint64_t operand_base(const struct emulator *e, unsigned segment)
{
	bool flat = e->mode == INSN_64 && segment != VELA_FS && segment != VELA_GS;

	return flat ? 0 : e->state->seg[segment].base;
}

/* Whether the next instruction may be at rip. */
bool operand_target(struct emulator *e, uint64_t rip);
bool operand_fault(struct emulator *e, unsigned vector, uint32_t error, uint64_t address);

uint64_t place_read(struct emulator *e, const struct place *place);
void place_write(struct emulator *e, const struct place *place, uint64_t value);

/* The operand beside memory: a register or the immediate. */
static inline uint64_t operand_other(const struct vela_state *s, const struct insn *insn)
{
	if (insn->reg == INSN_NO_REGISTER)
		return insn->immediate;
	return reg_read(s, insn->reg, insn->reg_bytes, insn->reg_high);
}

static inline void operand_set_reg(struct vela_state *s, const struct insn *insn, uint64_t value)
{
	reg_write(s, insn->reg, insn->reg_bytes, insn->reg_high, value);
}

#endif
