/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetch, look-up in the cache of decoded instructions, and execution of everything but strings.
 * The fetched bytes are compared with the cached ones, so a guest may change its code at will.
 */
#include "emulate.h"

#include <string.h>

#include "alu.h"
#include "operand.h"
#include "registers.h"
#include "walk.h"

#define PAGE 4096u

void emulator_init(struct emulator *e, const struct guest_memory *memory, struct vela_state *state,
		   const struct emulate_io *io)
{
	memset(e, 0, sizeof *e);
	e->memory = memory;
	e->state = state;
	e->io = *io;
	e->hint = EMULATE_NO_HINT;
}

uint64_t emulate_next_rip(const struct vela_state *state, unsigned length)
{
	uint64_t next = state->rip + length;

	return operand_mode(state) == INSN_64 ? next : next & 0xffffffffu;
}

static uint64_t fetch_address(const struct vela_state *state)
{
	if (operand_mode(state) == INSN_64)
		return state->rip;
	return (state->seg[VELA_CS].base + state->rip) & 0xffffffffu;
}

/* Up to bytes instruction bytes in one page, to the given place. Returns how many there are; 0
 * and the fault set if the page cannot be read. */
static unsigned fetch_page(struct emulator *e, uint64_t va, uint8_t *to, unsigned bytes)
{
	unsigned room = PAGE - (va & (PAGE - 1));
	uint64_t gpa;
	uint32_t error;

	if (!walk(e->memory, e->state, va, WALK_FETCH | walk_user(e->state), &gpa, &error)) {
		e->fault.vector = VECTOR_PF;
		e->fault.error = error;
		e->fault.address = va;
		return 0;
	}
	if (bytes > room)
		bytes = room;
	const void *from = guest_ptr(e->memory, gpa, bytes);

	if (!from) {
		memset(to, 0xff, bytes); /* nothing drives the bus there */
		return bytes;
	}
	memcpy(to, from, bytes);
	return bytes;
}

/* The bytes at RIP, 16 of them where they can be had. */
static unsigned fetch(struct emulator *e, uint64_t bytes[2])
{
	const struct vela_exit_info *exit = &e->state->exit;
	uint8_t *to = (uint8_t *)bytes;

	if (exit->insn_bytes && exit->insn_bytes <= sizeof exit->insn) {
		memcpy(to, exit->insn, sizeof exit->insn);
		return exit->insn_bytes;
	}
	uint64_t va = fetch_address(e->state);
	unsigned got = fetch_page(e, va, to, 16);

	if (!got || got == 16)
		return got;
	return got + fetch_page(e, va + got, to + got, 16 - got);
}

static void byte_mask(unsigned length, uint64_t mask[2])
{
	mask[0] = alu_mask(length < 8 ? length : 8);
	mask[1] = length > 8 ? alu_mask(length - 8) : 0;
}

enum emulate_result emulate_fetch(struct emulator *e, const struct insn **insn)
{
	struct vela_state *s = e->state;
	struct insn_entry *entry = &e->cache[(s->rip ^ s->rip >> 6) % EMULATE_CACHE];
	enum insn_mode mode = operand_mode(s);
	uint64_t bytes[2] = { 0, 0 };
	e->fault.vector = 0;
	unsigned got = fetch(e, bytes);

	if (!got)
		return EMULATE_FAULT;
	*insn = &entry->insn;
	if (entry->rip == s->rip && entry->mode == mode && entry->insn.length &&
	    entry->insn.length <= got && !((bytes[0] ^ entry->bytes[0]) & entry->mask[0]) &&
	    !((bytes[1] ^ entry->bytes[1]) & entry->mask[1])) {
		e->cache_counters.hits++;
		return EMULATE_DONE;
	}
	e->cache_counters.misses++;
	if (!insn_decode(&entry->insn, mode, (uint8_t *)bytes,
			 got < INSN_BYTES_MAX ? got : INSN_BYTES_MAX)) {
		entry->insn.length = 0;
		/* An instruction that goes on in a page that is not there faults on the fetch. */
		return got < INSN_BYTES_MAX && e->fault.vector == VECTOR_PF ? EMULATE_FAULT
									    : EMULATE_UNKNOWN;
	}
	entry->rip = s->rip;
	entry->mode = mode;
	memcpy(entry->bytes, bytes, sizeof entry->bytes);
	byte_mask(entry->insn.length, entry->mask);
	return EMULATE_DONE;
}

bool emulate_peek(struct emulator *e, uint8_t *byte)
{
	return fetch_page(e, fetch_address(e->state), byte, 1) == 1;
}

/* The operand beside memory: a register or the immediate. */
static uint64_t other_operand(const struct vela_state *s, const struct insn *insn)
{
	if (insn->reg == INSN_NO_REGISTER)
		return insn->immediate & alu_mask(insn->bytes);
	return reg_read(s, insn->reg, insn->reg_bytes, insn->reg_high);
}

static void write_reg(struct vela_state *s, const struct insn *insn, uint64_t value)
{
	reg_write(s, insn->reg, insn->reg_bytes, insn->reg_high, value);
}

static bool do_mov(struct emulator *e, const struct insn *insn, uint64_t va)
{
	uint64_t value;

	if (insn->to_memory)
		return operand_write(e, va, insn->bytes, other_operand(e->state, insn));
	if (!operand_read(e, va, insn->bytes, &value))
		return false;
	if (insn->sign_extend) {
		unsigned shift = 64 - 8 * insn->bytes;

		value = (uint64_t)((int64_t)(value << shift) >> shift);
	}
	write_reg(e->state, insn, value);
	return true;
}

static bool do_alu(struct emulator *e, const struct insn *insn, uint64_t va)
{
	enum insn_op op = (enum insn_op)insn->op;
	struct vela_state *s = e->state;
	uint64_t other = other_operand(s, insn), flags = s->rflags, value;

	if (!operand_read(e, va, insn->bytes, &value))
		return false;
	if (!insn->to_memory) {
		value = alu(op, other, value, insn->bytes, &flags);
		if (op != INSN_CMP && op != INSN_TEST)
			write_reg(s, insn, value);
	} else {
		value = alu(op, value, other, insn->bytes, &flags);
		if (op != INSN_CMP && op != INSN_TEST && !operand_write(e, va, insn->bytes, value))
			return false;
	}
	s->rflags = flags;
	return true;
}

/* XCHG, XADD, CMPXCHG: memory and registers change together. */
static bool do_exchange(struct emulator *e, const struct insn *insn, uint64_t va)
{
	struct vela_state *s = e->state;
	uint64_t other = other_operand(s, insn), flags = s->rflags, old, new = other;

	if (!operand_read(e, va, insn->bytes, &old))
		return false;
	if (insn->op == INSN_XADD)
		new = alu(INSN_ADD, old, other, insn->bytes, &flags);
	if (insn->op == INSN_CMPXCHG) {
		alu(INSN_CMP, reg_read(s, VELA_RAX, insn->bytes, false), old, insn->bytes, &flags);
		if (!(flags & FLAG_ZF))
			new = old;
	}
	if (!operand_write(e, va, insn->bytes, new))
		return false;
	s->rflags = flags;
	if (insn->op != INSN_CMPXCHG)
		write_reg(s, insn, old);
	else if (!(flags & FLAG_ZF))
		reg_write(s, VELA_RAX, insn->bytes, false, old);
	return true;
}

/* A bit number in a register reaches beyond the operand: it moves the address. */
static bool do_bit(struct emulator *e, const struct insn *insn)
{
	struct vela_state *s = e->state;
	uint64_t bits = 8u * insn->bytes, offset = operand_offset(s, insn), va, value;
	int64_t number = (int64_t)(insn->immediate & (bits - 1));

	if (insn->reg != INSN_NO_REGISTER) {
		unsigned shift = 64 - 8 * insn->reg_bytes;

		number = (int64_t)(other_operand(s, insn) << shift) >> shift;
		offset += (uint64_t)(number >> (__builtin_ctzll(bits))) * insn->bytes;
		offset &= alu_mask(insn->address_bytes);
	}
	if (!operand_linear(e, insn->segment, offset, insn->bytes, &va) ||
	    !operand_read(e, va, insn->bytes, &value))
		return false;
	uint64_t bit = 1ull << ((uint64_t)number & (bits - 1));
	uint64_t flags = (s->rflags & ~FLAG_CF) | (value & bit ? FLAG_CF : 0);

	if (insn->op == INSN_BTS)
		value |= bit;
	else if (insn->op == INSN_BTR)
		value &= ~bit;
	else if (insn->op == INSN_BTC)
		value ^= bit;
	if (insn->op != INSN_BT && !operand_write(e, va, insn->bytes, value))
		return false;
	s->rflags = flags;
	return true;
}

static bool execute(struct emulator *e, const struct insn *insn)
{
	uint64_t va;

	if (insn->op >= INSN_BT)
		return do_bit(e, insn);
	if (!operand_linear(e, insn->segment, operand_offset(e->state, insn), insn->bytes, &va))
		return false;
	if (insn->op == INSN_MOV)
		return do_mov(e, insn, va);
	if (insn->op >= INSN_XCHG)
		return do_exchange(e, insn, va);
	return do_alu(e, insn, va);
}

enum emulate_result emulate(struct emulator *e)
{
	const struct insn *insn;
	bool done = true;
	enum emulate_result result = emulate_fetch(e, &insn);

	if (result != EMULATE_DONE)
		return result;
	if (insn->op < INSN_MOV)
		return EMULATE_UNKNOWN;
	if (insn->op >= INSN_MOVS) {
		e->hint = EMULATE_NO_HINT;
		if (!emulate_string(e, insn, &done))
			return EMULATE_FAULT;
	} else if (!execute(e, insn)) {
		return EMULATE_FAULT;
	}
	if (done)
		e->state->rip = emulate_next_rip(e->state, insn->length);
	return EMULATE_DONE;
}
