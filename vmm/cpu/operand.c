/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, segmentation and linear memory for the emulator. An access that crosses a page is
 * translated as a whole before its first byte is moved, as the processor does.
 */
#include "operand.h"

#include <string.h>

#include "alu.h"
#include "registers.h"

#define PAGE 4096u

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

bool operand_fault(struct emulator *e, unsigned vector, uint32_t error, uint64_t address)
{
	e->fault.vector = vector;
	e->fault.error = error;
	e->fault.address = address;
	return false;
}

/* 48 bits, sign extended: 5-level paging is not offered. */
static bool is_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* Expand-down data segments (type bits 3:2 = 01) begin above their limit. */
static bool within_limit(const struct vela_segment *s, uint64_t offset, unsigned bytes)
{
	uint64_t last = offset + bytes - 1;

	if ((s->attr & (SEGMENT_CODE | SEGMENT_EXPAND_DOWN)) == SEGMENT_EXPAND_DOWN)
		return offset > s->limit && last <= (s->attr & SEGMENT_BIG ? 0xffffffffu : 0xffffu);
	return last <= s->limit;
}

/* Whether the type of a segment, which protected mode loaded, allows the access. */
static bool type_allows(const struct vela_segment *s, unsigned access)
{
	if (!(s->attr & SEGMENT_PRESENT)) /* a null selector's */
		return false;
	if (s->attr & SEGMENT_CODE)
		return !(access & WALK_WRITE) && s->attr & SEGMENT_RIGHT;
	return !(access & WALK_WRITE) || s->attr & SEGMENT_RIGHT;
}

/* Segmentation outside 64-bit mode; false: #GP, or #SS for the stack segment. */
static bool segmented(const struct emulator *e, const struct vela_segment *s, uint64_t offset,
		      unsigned bytes, unsigned access)
{
	if (e->mode != INSN_REAL && !type_allows(s, access))
		return false;
	return within_limit(s, offset, bytes);
}

/* Alignment is checked for programs that ask for it, in systems that let them. */
static bool is_misaligned(const struct emulator *e, uint64_t va, unsigned bytes)
{
	return va & (bytes - 1) && e->state->rflags & FLAG_AC && e->state->cr0 & CR0_AM &&
	       walk_user(e->state);
}

/* Linear address of [offset, offset + bytes) in a segment. */
static bool linear(struct emulator *e, unsigned segment, uint64_t offset, unsigned bytes,
		   unsigned access, uint64_t *va)
{
	bool good;

	*va = offset + operand_base(e, segment);
	if (e->mode == INSN_64) {
		good = is_canonical(*va) && is_canonical(*va + bytes - 1);
	} else {
		*va &= 0xffffffffu;
		good = segmented(e, &e->state->seg[segment], offset, bytes, access);
	}
	if (!good)
		return operand_fault(e, segment == VELA_SS ? VECTOR_SS : VECTOR_GP, 0, 0);
	if (is_misaligned(e, *va, bytes))
		return operand_fault(e, VECTOR_AC, 0, 0);
	return true;
}

bool operand_target(struct emulator *e, uint64_t rip)
{
	if (e->mode == INSN_64 ? is_canonical(rip) : rip <= e->state->seg[VELA_CS].limit)
		return true;
	return operand_fault(e, VECTOR_GP, 0, 0);
}

/* The exit's address serves where the processor has translated the operand for this access. */
static bool is_hinted(const struct emulator *e, uint64_t va, unsigned access)
{
	return !((va ^ e->hint) & (PAGE - 1)) && e->hint != EMULATE_NO_HINT &&
	       (!access || e->hint_write);
}

static bool translate(struct emulator *e, uint64_t va, unsigned access, uint64_t *gpa)
{
	uint32_t error;

	if (is_hinted(e, va, access)) {
		*gpa = e->hint;
		return true;
	}
	if (walk(e->memory, e->state, va, access | walk_user(e->state), gpa, &error))
		return true;
	return operand_fault(e, VECTOR_PF, error, va);
}

bool operand_at(struct emulator *e, unsigned segment, uint64_t offset, unsigned bytes,
		unsigned access, struct place *place)
{
	uint64_t va;

	if (!linear(e, segment, offset, bytes, access, &va))
		return false;
	unsigned room = PAGE - (va & (PAGE - 1));

	place->bytes[0] = (uint8_t)bytes;
	place->bytes[1] = 0;
	if (bytes <= room)
		return translate(e, va, access, &place->gpa[0]);
	uint64_t next = va + room;

	place->bytes[0] = (uint8_t)room;
	place->bytes[1] = (uint8_t)(bytes - room);
	return translate(e, va, access, &place->gpa[0]) &&
	       translate(e, e->mode == INSN_64 ? next : next & 0xffffffffu, access, &place->gpa[1]);
}

bool operand_locate(struct emulator *e, const struct insn *insn, unsigned access,
		    struct place *place)
{
	uint64_t offset = operand_offset(e->state, insn);
	uint64_t va = offset + operand_base(e, insn->segment);

	/* Where the exit tells the address, the processor has made all checks. */
	if (is_hinted(e, va, access) && va % PAGE + insn->bytes <= PAGE) {
		*place = (struct place){ { e->hint, 0 }, { insn->bytes, 0 } };
		return true;
	}
	return operand_at(e, insn->segment, offset, insn->bytes, access, place);
}

/* Values in RAM move in one piece: another virtual CPU may look. */
static uint64_t ram_read(const void *from, unsigned bytes)
{
	uint64_t value = 0;

	switch (bytes) {
	case 1:
		memcpy(&value, from, 1);
		return value;
	case 2:
		memcpy(&value, from, 2);
		return value;
	case 4:
		memcpy(&value, from, 4);
		return value;
	case 8:
		memcpy(&value, from, 8);
		return value;
	default:
		memcpy(&value, from, bytes);
		return value;
	}
}

static void ram_write(void *to, unsigned bytes, uint64_t value)
{
	switch (bytes) {
	case 1:
		memcpy(to, &value, 1);
		return;
	case 2:
		memcpy(to, &value, 2);
		return;
	case 4:
		memcpy(to, &value, 4);
		return;
	case 8:
		memcpy(to, &value, 8);
		return;
	default:
		memcpy(to, &value, bytes);
	}
}

static bool is_width(unsigned bytes)
{
	return !(bytes & (bytes - 1));
}

/* One piece, which lies in one page: RAM, or a device. Devices see a piece of odd length, which
 * only an access across a page has, as single bytes. */
static uint64_t read_piece(struct emulator *e, uint64_t gpa, unsigned bytes)
{
	const void *from = guest_use(e->memory, gpa, bytes);
	uint64_t value = 0;

	if (from)
		return ram_read(from, bytes);
	if (is_width(bytes))
		return e->io.mmio_read(e->io.ctx, gpa, bytes) & alu_mask(bytes);
	for (unsigned i = 0; i < bytes; i++)
		value |= (e->io.mmio_read(e->io.ctx, gpa + i, 1) & 0xff) << 8 * i;
	return value;
}

static void write_piece(struct emulator *e, uint64_t gpa, unsigned bytes, uint64_t value)
{
	void *to = guest_use(e->memory, gpa, bytes);

	if (to) {
		ram_write(to, bytes, value);
	} else if (is_width(bytes)) {
		e->io.mmio_write(e->io.ctx, gpa, bytes, value & alu_mask(bytes));
	} else {
		for (unsigned i = 0; i < bytes; i++)
			e->io.mmio_write(e->io.ctx, gpa + i, 1, value >> 8 * i & 0xff);
	}
}

uint64_t place_read(struct emulator *e, const struct place *place)
{
	uint64_t value = read_piece(e, place->gpa[0], place->bytes[0]);

	if (place->bytes[1] && place->bytes[0] < 8)
		value |= read_piece(e, place->gpa[1], place->bytes[1]) << 8 * place->bytes[0];
	return value;
}

void place_write(struct emulator *e, const struct place *place, uint64_t value)
{
	write_piece(e, place->gpa[0], place->bytes[0], value);
	if (place->bytes[1] && place->bytes[0] < 8)
		write_piece(e, place->gpa[1], place->bytes[1], value >> 8 * place->bytes[0]);
}
