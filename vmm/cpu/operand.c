/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, segmentation and linear memory for the emulator. An access that crosses a page is
 * translated as a whole before its first byte is moved, as the processor does.
 */
#include "operand.h"

#include <string.h>

#include "alu.h"
#include "registers.h"
#include "walk.h"

#define PAGE 4096u

/* Where an access lies: one piece, or two when it crosses a page. */
struct span {
	uint64_t gpa[2];
	unsigned bytes[2];
};

enum insn_mode operand_mode(const struct vela_state *state)
{
	unsigned attr = state->seg[VELA_CS].attr;

	if (state->efer & EFER_LMA && attr & SEGMENT_LONG)
		return INSN_64;
	if (!(state->cr0 & CR0_PE) || state->rflags & FLAG_VM)
		return INSN_REAL;
	return attr & SEGMENT_BIG ? INSN_32 : INSN_16;
}

uint64_t reg_read(const struct vela_state *state, unsigned reg, unsigned bytes, bool high)
{
	uint64_t value = state->gpr[reg & 15];

	return (high ? value >> 8 : value) & alu_mask(bytes);
}

void reg_write(struct vela_state *state, unsigned reg, unsigned bytes, bool high, uint64_t value)
{
	uint64_t *to = &state->gpr[reg & 15];
	uint64_t mask = alu_mask(bytes);

	if (bytes == 4)
		*to = value & mask;
	else if (high)
		*to = (*to & ~0xff00ull) | (value & 0xff) << 8;
	else
		*to = (*to & ~mask) | (value & mask);
}

uint64_t operand_offset(const struct vela_state *state, const struct insn *insn)
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

static bool fault(struct emulator *e, unsigned vector, uint32_t error, uint64_t address)
{
	e->fault.vector = vector;
	e->fault.error = error;
	e->fault.address = address;
	return false;
}

/* Expand-down data segments (type bits 3:2 = 01) begin above their limit. */
static bool within_limit(const struct vela_segment *s, uint64_t offset, unsigned bytes)
{
	uint64_t last = offset + bytes - 1;

	if ((s->attr & 0xc) == 0x4)
		return offset > s->limit && last <= (s->attr & SEGMENT_BIG ? 0xffffffffu : 0xffffu);
	return last <= s->limit;
}

bool operand_linear(struct emulator *e, unsigned segment, uint64_t offset, unsigned bytes,
		    uint64_t *va)
{
	const struct vela_segment *s = &e->state->seg[segment];
	unsigned vector = segment == VELA_SS ? VECTOR_SS : VECTOR_GP;

	if (operand_mode(e->state) == INSN_64) {
		*va = offset + (segment == VELA_FS || segment == VELA_GS ? s->base : 0);
		/* 48 bits, sign extended: 5-level paging is not offered. */
		if ((uint64_t)((int64_t)(*va << 16) >> 16) != *va)
			return fault(e, vector, 0, 0);
		return true;
	}
	*va = (s->base + offset) & 0xffffffffu;
	return within_limit(s, offset, bytes) || fault(e, vector, 0, 0);
}

static bool translate(struct emulator *e, uint64_t va, unsigned access, uint64_t *gpa)
{
	uint32_t error;

	if (!((va ^ e->hint) & (PAGE - 1)) && e->hint != EMULATE_NO_HINT) {
		*gpa = e->hint;
		return true;
	}
	if (walk(e->memory, e->state, va, access | walk_user(e->state), gpa, &error))
		return true;
	return fault(e, VECTOR_PF, error, va);
}

static bool locate(struct emulator *e, uint64_t va, unsigned bytes, unsigned access,
		   struct span *span)
{
	unsigned room = PAGE - (va & (PAGE - 1));

	span->bytes[0] = bytes < room ? bytes : room;
	span->bytes[1] = bytes - span->bytes[0];
	return translate(e, va, access, &span->gpa[0]) &&
	       (!span->bytes[1] || translate(e, va + room, access, &span->gpa[1]));
}

static bool is_width(unsigned bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* One piece, which lies in one page: RAM, or a device. Devices see a piece of odd length, which
 * only an access across a page has, as single bytes. */
static uint64_t read_piece(struct emulator *e, uint64_t gpa, unsigned bytes)
{
	const void *from = guest_ptr(e->memory, gpa, bytes);
	uint64_t value = 0;

	if (from) {
		memcpy(&value, from, bytes);
		return value;
	}
	if (is_width(bytes))
		return e->io.mmio_read(e->io.ctx, gpa, bytes) & alu_mask(bytes);
	for (unsigned i = 0; i < bytes; i++)
		value |= (e->io.mmio_read(e->io.ctx, gpa + i, 1) & 0xff) << 8 * i;
	return value;
}

static void write_piece(struct emulator *e, uint64_t gpa, unsigned bytes, uint64_t value)
{
	void *to = guest_ptr(e->memory, gpa, bytes);

	if (to) {
		memcpy(to, &value, bytes);
	} else if (is_width(bytes)) {
		e->io.mmio_write(e->io.ctx, gpa, bytes, value & alu_mask(bytes));
	} else {
		for (unsigned i = 0; i < bytes; i++)
			e->io.mmio_write(e->io.ctx, gpa + i, 1, value >> 8 * i & 0xff);
	}
}

bool operand_read(struct emulator *e, uint64_t va, unsigned bytes, uint64_t *value)
{
	struct span span;

	if (!locate(e, va, bytes, 0, &span))
		return false;
	*value = read_piece(e, span.gpa[0], span.bytes[0]);
	if (span.bytes[1] && span.bytes[0] < 8)
		*value |= read_piece(e, span.gpa[1], span.bytes[1]) << 8 * span.bytes[0];
	return true;
}

bool operand_write(struct emulator *e, uint64_t va, unsigned bytes, uint64_t value)
{
	struct span span;

	if (!locate(e, va, bytes, WALK_WRITE, &span))
		return false;
	write_piece(e, span.gpa[0], span.bytes[0], value);
	if (span.bytes[1] && span.bytes[0] < 8)
		write_piece(e, span.gpa[1], span.bytes[1], value >> 8 * span.bytes[0]);
	return true;
}

bool operand_probe_write(struct emulator *e, uint64_t va, unsigned bytes)
{
	struct span span;

	return locate(e, va, bytes, WALK_WRITE, &span);
}
