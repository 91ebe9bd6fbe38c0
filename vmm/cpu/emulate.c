/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetch and look-up in the cache of decoded instructions. What is remembered, of a page's
 * translation and of an instruction's bytes, is compared with what is there now, so a guest may
 * change its page tables and its code at will.
 */
#include "emulate.h"

#include <string.h>

#include "alu.h"
#include "execute.h"
#include "operand.h"
#include "registers.h"

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

static uint64_t fetch_address(const struct emulator *e)
{
	const struct vela_state *s = e->state;

	if (e->mode == INSN_64)
		return s->rip;
	return (s->seg[VELA_CS].base + s->rip) & 0xffffffffu;
}

/* The slot of the code page at va, and how the page is reached. */
static bool translate_code(struct emulator *e, uint64_t va, struct code_page *page, uint64_t *gpa)
{
	page->bytes = NULL;
	if (!walk_remember(e->memory, e->state, va, WALK_FETCH | walk_user(e->state), &page->path,
			   gpa, &e->fault.error)) {
		e->fault.vector = VECTOR_PF;
		e->fault.address = va;
		return false;
	}
	if (page->path.at[0])
		page->bytes = guest_ptr(e->memory, page->path.gpa, PAGE);
	return true;
}

static struct code_page *code_page(struct emulator *e, uint64_t va)
{
	return &e->code[va / PAGE % EMULATE_CODE_PAGES];
}

/* Up to bytes instruction bytes in one page, to the given place. Returns how many there are; 0
 * and the fault set if the page cannot be read. */
static unsigned fetch_page(struct emulator *e, uint64_t va, uint8_t *to, unsigned bytes)
{
	unsigned room = PAGE - (va & (PAGE - 1));
	uint64_t gpa;

	if (!translate_code(e, va, code_page(e, va), &gpa))
		return 0;
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
	uint64_t va = fetch_address(e);
	const struct code_page *page = code_page(e, va);

	if (page->bytes && va % PAGE <= PAGE - 16 &&
	    walk_holds(&page->path, e->state, va, WALK_FETCH | walk_user(e->state))) {
		memcpy(to, page->bytes + va % PAGE, 16);
		return 16;
	}
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

	e->mode = mode;
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
	e->mode = operand_mode(e->state);
	return fetch_page(e, fetch_address(e), byte, 1) == 1;
}

static bool execute(struct emulator *e, const struct insn *insn, bool *done)
{
	if (insn->op == INSN_MOV)
		return execute_mov(e, insn);
	if (insn->op >= INSN_PUSH)
		e->hint = EMULATE_NO_HINT;
	if (insn->op >= INSN_MOVS)
		return execute_string(e, insn, done);
	if (insn->op >= INSN_PUSH)
		return execute_stack(e, insn);
	return execute_plain(e, insn);
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
	e->next_rip = emulate_next_rip(e->state, insn->length);
	if (!execute(e, insn, &done))
		return EMULATE_FAULT;
	if (done)
		e->state->rip = e->next_rip;
	return EMULATE_DONE;
}
