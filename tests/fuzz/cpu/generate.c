/* SPDX-License-Identifier: Apache-2.0 */
/* Random instructions; see generate.h. */
#include "generate.h"

#include <string.h>

#include "cpu/registers.h"
#include "draft.h"

uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

unsigned random_below(struct random *r, unsigned below)
{
	return (unsigned)(random_next(r) % below);
}

static bool one_in(struct random *r, unsigned n)
{
	return !random_below(r, n);
}

/* Numbers that arithmetic likes. */
static uint64_t random_value(struct random *r)
{
	uint64_t value = random_next(r);

	switch (random_below(r, 6)) {
	case 0:
		return value >> random_below(r, 64);
	case 1:
		return (uint64_t)((int64_t)value >> random_below(r, 64));
	case 2:
		return 1ull << (value & 63);
	case 3:
		return (value & 7) - 3;
	default:
		return value;
	}
}

/* Data, its borders, its neighbours without access, and the end of what is canonical. */
static uint64_t random_target(struct random *r)
{
	unsigned page = random_below(r, DATA_PAGES + 1);

	switch (random_below(r, 24)) {
	case 0:
		return DATA - 4 * PAGE_BYTES + random_below(r, 11 * PAGE_BYTES);
	case 1:
		return 0x7fffffffff00 + random_below(r, 0x200);
	case 2:
		return 0x8000000000000000ull >> random_below(r, 16);
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		return DATA + page * PAGE_BYTES - 20 + random_below(r, 40);
	default:
		return DATA + random_below(r, 2 * PAGE_BYTES - 64);
	}
}

static void choose_prefixes(struct random *r, struct draft *d)
{
	unsigned flags = d->form->flags;

	d->wide = !(flags & (BYTE | NO_WIDE)) && one_in(r, 3);
	d->word = !(flags & NO_WORD) && !(flags & BYTE && !one_in(r, 8)) && one_in(r, 4);
	d->rex = d->wide || one_in(r, 2);
	d->address32 = one_in(r, 6);
	d->lock = flags & LOCK && (!(flags & LOCK_BY_DIGIT) || d->digit != 7) && one_in(r, 3);
	if (one_in(r, 8))
		d->segment = one_in(r, 2) ? PREFIX_FS : PREFIX_GS;
	if (d->form->kind == KIND_STRING || d->form->kind == KIND_COMPARE)
		d->repeat = (const uint8_t[]){ 0, PREFIX_REP, PREFIX_REPNE }[random_below(r, 3)];
}

static void choose_immediate(struct random *r, struct draft *d)
{
	unsigned bytes = draft_operand_bytes(d);

	if (d->form->flags & IMM8)
		d->immediate_bytes = 1;
	if (d->form->flags & IMMZ)
		d->immediate_bytes = bytes > 4 ? 4 : bytes;
	/* TEST is the one of the group that has an immediate. */
	if (d->form->flags & IMM_TEST && d->digit < 2)
		d->immediate_bytes = bytes > 4 ? 4 : bytes;
	d->immediate = random_value(r);
}

/* Registers of the operand, and a displacement that leads to the target from their values. */
static void choose_address(struct random *r, struct draft *d, struct cpu *cpu)
{
	unsigned high = d->rex ? 16 : 8;

	d->base = one_in(r, 12) ? NONE : random_below(r, high);
	d->index = one_in(r, 2) ? NONE : random_below(r, high);
	if (d->index == RSP)
		d->index = NONE;
	d->scale = random_below(r, 4);
	d->rip_relative = d->base == NONE && d->index == NONE && one_in(r, 2);
	d->displacement_bytes =
		d->base == NONE ? 4 : (const uint8_t[]){ 0, 1, 4 }[random_below(r, 3)];
	if (!d->displacement_bytes && (d->base & 7) == RBP)
		d->displacement_bytes = 1;
	d->displacement = (int32_t)random_value(r);
	if (d->displacement_bytes < 4)
		d->displacement = d->displacement_bytes ? (int8_t)d->displacement : 0;
	uint64_t offset = d->target - d->segment_base - (uint64_t)(int64_t)d->displacement;

	if (d->base == NONE || d->base == d->index) {
		if (d->index != NONE)
			cpu->gpr[d->index] = random_below(r, 64);
	} else {
		if (d->index != NONE)
			offset -= cpu->gpr[d->index] << d->scale;
		cpu->gpr[d->base] = offset;
	}
}

/* Where registers cannot lead to the target, the displacement has to. */
static void aim_displacement(struct draft *d, const struct cpu *cpu)
{
	uint64_t from = d->segment_base;

	if (d->base != NONE && d->base != d->index)
		return;
	if (d->base != NONE)
		d->displacement_bytes = 4;
	if (d->base != NONE)
		from += cpu->gpr[d->base];
	if (d->index != NONE)
		from += cpu->gpr[d->index] << d->scale;
	if (d->rip_relative)
		from += cpu->rip; /* and the length, which is added when it is known */
	d->displacement = (int32_t)(d->target - from);
}

/* Nothing but the zone can be reached from here, whatever the operand's width. */
static bool is_safe(uint64_t va)
{
	bool canonical = (uint64_t)((int64_t)(va << 16) >> 16) == va;

	if (va >= ZONE + 64 && va < ZONE + ZONE_BYTES - 64)
		return va < CODE - 64 || va >= CODE + CODE_PAGES * PAGE_BYTES;
	return !canonical || (va >= 0x7fffffffff00 && va < 0x800000000000);
}

/* Split locks are slow, and systems may forbid them. */
static bool splits_line(const struct draft *d, uint64_t va)
{
	bool locks = d->lock || d->form->flags & ALWAYS_LOCKS;

	return locks && (va & 63) + 2 * draft_operand_bytes(d) > 64;
}

static void choose_registers(struct random *r, struct generated *g)
{
	for (unsigned i = 0; i < 16; i++)
		g->cpu.gpr[i] = random_value(r);
	if (one_in(r, 2))
		g->cpu.gpr[random_below(r, 16)] = g->cpu.gpr[RAX];
	g->cpu.rflags = 2 | (random_next(r) & (FLAG_ALU | FLAG_DF));
	if (one_in(r, 4))
		g->cpu.rflags |= FLAG_AC;
	g->cpu.rip = CODE + (one_in(r, 4) ? PAGE_BYTES - random_below(r, 15)
					  : random_below(r, 2 * PAGE_BYTES - 32));
}

/* Source, destination and count of a string. The count stays small: all its rounds are checked
 * for safety. */
static void choose_string(struct random *r, const struct draft *d, struct generated *g)
{
	uint64_t mask = d->address32 ? UINT32_MAX : UINT64_MAX;
	uint64_t noise = d->address32 ? random_next(r) & ~mask : 0;

	g->cpu.gpr[RSI] = ((d->target - d->segment_base) & mask) | noise;
	g->cpu.gpr[RDI] = (random_target(r) & mask) | noise;
	/* With no rounds and 32-bit addresses the upper halves are left alone or not. */
	g->cpu.gpr[RCX] = (random_below(r, 24) + d->address32) | noise;
}

static bool string_is_safe(const struct draft *d, const struct generated *g)
{
	uint64_t mask = d->address32 ? UINT32_MAX : UINT64_MAX;
	uint64_t si = (g->cpu.gpr[RSI] & mask) + d->segment_base, di = g->cpu.gpr[RDI] & mask;

	for (unsigned i = 0; i <= 256; i += 64)
		if (!is_safe(si + i) || !is_safe(si - i) || !is_safe(di + i) || !is_safe(di - i))
			return false;
	return true;
}

/* A stack pointer that the operand does not use is anything, which is mostly of no use. */
static void choose_stack(struct random *r, struct generated *g)
{
	if (one_in(r, 2))
		g->cpu.gpr[RSP] = random_target(r);
}

/* Choices that the manual gives no result for, or that vendors read in different ways. */
static bool is_vague(const struct draft *d, const struct generated *g)
{
	if (d->form->kind == KIND_SHIFT_DOUBLE)
		return draft_shift_count(d, g) > 8 * draft_operand_bytes(d);
	return d->form->kind == KIND_BRANCH && d->word;
}

static bool is_usable(const struct draft *d, const struct generated *g)
{
	if (g->bytes >= GENERATED_BYTES || is_vague(d, g))
		return false;
	if (d->form->kind == KIND_STRING || d->form->kind == KIND_COMPARE)
		return string_is_safe(d, g);
	uint64_t va = draft_linear(d, g), rsp = g->cpu.gpr[RSP];

	if (d->form->kind == KIND_STACK || d->form->flags & POPS || d->form->flags & PUSHES)
		if (!is_safe(rsp) || !is_safe(rsp - 16))
			return false;
	return is_safe(va) && is_safe(va + 16) && !splits_line(d, va);
}

static void choose_form(struct random *r, struct draft *d)
{
	do {
		d->form = &forms[random_below(r, FORMS)];
		d->opcode = (uint8_t)(d->form->first +
				      random_below(r, d->form->last - d->form->first + 1u));
		d->digit = (uint8_t)random_below(r, 8);
	} while (d->form->digits && !(d->form->digits >> d->digit & 1));
}

static bool try_one(struct random *r, uint64_t fs_base, struct generated *g)
{
	struct draft d = { .base = NONE, .index = NONE, .target = random_target(r) };

	choose_form(r, &d);
	choose_prefixes(r, &d);
	if (!d.form->digits && d.rex)
		d.digit = (uint8_t)random_below(r, 16);
	d.segment_base = d.segment == PREFIX_FS ? fs_base : d.segment == PREFIX_GS ? GS_BASE : 0;
	choose_registers(r, g);
	choose_immediate(r, &d);
	if (d.form->kind == KIND_STRING || d.form->kind == KIND_COMPARE) {
		choose_string(r, &d, g);
	} else if (!(d.form->flags & OFFSET)) {
		if (d.form->kind == KIND_BIT && !d.immediate_bytes)
			g->cpu.gpr[d.digit] = random_value(r) & 0xfff;
		choose_address(r, &d, &g->cpu);
		if (d.form->flags & (POPS | PUSHES))
			choose_stack(r, g);
		aim_displacement(&d, &g->cpu);
		draft_assemble(g, &d);
		if (d.rip_relative)
			d.displacement -= (int32_t)g->bytes;
	}
	draft_assemble(g, &d);
	g->step = d.form->kind == KIND_BRANCH || one_in(r, 2);
	if (g->step)
		g->cpu.rflags |= FLAG_TF;
	g->undefined = draft_undefined_flags(&d, g);
	g->undefined_by_fault = d.form->kind == KIND_COMPARE ? FLAG_ALU : 0;
	return is_usable(&d, g);
}

void generate(struct random *r, uint64_t fs_base, struct generated *g)
{
	do {
		memset(g, 0, sizeof *g);
	} while (!try_one(r, fs_base, g));
}
