/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding of a drafted instruction; see draft.h. */
#include "draft.h"

#include "cpu/registers.h"

unsigned draft_operand_bytes(const struct draft *d)
{
	if (d->form->flags & BYTE)
		return 1;
	if (d->wide)
		return 8;
	if (d->form->kind == KIND_STACK || d->form->kind == KIND_BRANCH)
		return d->word ? 2 : 8;
	return d->word ? 2 : 4;
}

static void put(struct generated *g, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes && g->bytes < GENERATED_BYTES; i++)
		g->code[g->bytes++] = (uint8_t)(value >> 8 * i);
}

static void put_operand(struct generated *g, const struct draft *d)
{
	unsigned mod = d->displacement_bytes == 4 ? 2 : d->displacement_bytes;
	bool sib =
		d->index != NONE || (d->base & 7) == RSP || (d->base == NONE && !d->rip_relative);
	unsigned rm = sib ? RSP : d->base & 7;

	if (d->base == NONE) {
		mod = 0;
		rm = sib ? RSP : RBP;
	}
	put(g, mod << 6 | (d->digit & 7u) << 3 | rm, 1);
	if (sib)
		put(g,
		    d->scale << 6 | (d->index == NONE ? RSP : d->index & 7) << 3 |
			    (d->base == NONE ? RBP : d->base & 7),
		    1);
	put(g, (uint32_t)d->displacement, d->displacement_bytes);
}

static void put_prefixes(struct generated *g, const struct draft *d)
{
	if (d->segment)
		put(g, d->segment, 1);
	if (d->word)
		put(g, PREFIX_WORD, 1);
	if (d->address32)
		put(g, PREFIX_ADDRESS, 1);
	if (d->lock)
		put(g, PREFIX_LOCK, 1);
	if (d->repeat)
		put(g, d->repeat, 1);
	if (d->rex)
		put(g,
		    0x40u | d->wide << 3 | (d->digit >> 3 & 1) << 2 |
			    (d->index != NONE && d->index > 7) << 1 |
			    (d->base != NONE && d->base > 7),
		    1);
}

void draft_assemble(struct generated *g, const struct draft *d)
{
	g->bytes = 0;
	put_prefixes(g, d);
	if (d->form->map)
		put(g, 0x0f, 1);
	if (d->form->map == 2)
		put(g, 0x38, 1);
	put(g, d->opcode, 1);
	if (d->form->flags & OFFSET)
		put(g, d->target - d->segment_base, d->address32 ? 4 : 8);
	else if (d->form->kind != KIND_STRING && d->form->kind != KIND_COMPARE)
		put_operand(g, d);
	put(g, d->immediate, d->immediate_bytes);
}

uint64_t draft_linear(const struct draft *d, const struct generated *g)
{
	const struct cpu *cpu = &g->cpu;
	uint64_t offset = (uint64_t)(int64_t)d->displacement;

	if (d->form->flags & OFFSET)
		offset = d->target - d->segment_base;
	else if (d->rip_relative)
		offset += cpu->rip + g->bytes;
	else if (d->base != NONE)
		offset += cpu->gpr[d->base];
	if (!(d->form->flags & OFFSET) && d->index != NONE)
		offset += cpu->gpr[d->index] << d->scale;
	if (d->form->flags & POPS && d->base == RSP)
		offset += draft_operand_bytes(d);
	if (d->form->flags & BIT_STRING && !d->immediate_bytes) {
		unsigned bits = 8 * draft_operand_bytes(d);
		int64_t number = (int64_t)(cpu->gpr[d->digit] << (64 - bits)) >> (64 - bits);

		offset += (uint64_t)(number >> __builtin_ctz(bits)) * (bits / 8);
	}
	return (d->address32 ? (uint32_t)offset : offset) + d->segment_base;
}

unsigned draft_shift_count(const struct draft *d, const struct generated *g)
{
	uint64_t count = g->cpu.gpr[RCX];

	if (d->immediate_bytes)
		count = d->immediate;
	else if (d->form->flags & BY_ONE)
		count = 1;
	return (unsigned)count & (draft_operand_bytes(d) == 8 ? 63 : 31);
}

static uint64_t undefined_of_shift(const struct draft *d, const struct generated *g)
{
	unsigned count = draft_shift_count(d, g), digit = d->digit & 7u;
	uint64_t undefined = count > 1 ? FLAG_OF : 0;

	if (!count)
		return 0;
	if (d->form->kind == KIND_SHIFT_DOUBLE || digit >= 4)
		undefined |= FLAG_AF;
	if (d->form->kind == KIND_SHIFT && digit >= 4 && digit != 7 &&
	    count >= 8 * draft_operand_bytes(d))
		undefined |= FLAG_CF;
	return undefined;
}

uint64_t draft_undefined_flags(const struct draft *d, const struct generated *g)
{
	switch (d->form->kind) {
	case KIND_LOGIC:
		return FLAG_AF;
	case KIND_ARITHMETIC:
		return d->form->flags & DIGIT_IS_OP &&
				       (d->digit == 1 || d->digit == 4 || d->digit == 6)
			       ? FLAG_AF
			       : 0;
	case KIND_GROUP3:
		if (d->digit < 2)
			return FLAG_AF;
		if (d->digit < 4)
			return 0;
		return d->digit < 6 ? FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF : FLAG_ALU;
	case KIND_MULTIPLY:
		return FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF;
	case KIND_BIT:
		return FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF;
	case KIND_SHIFT:
	case KIND_SHIFT_DOUBLE:
		return undefined_of_shift(d, g);
	default:
		return 0;
	}
}
