/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulation of the instruction at the guest's RIP, for accesses to devices in memory and for
 * strings of ports. Needs the groups GPR, RIP, CR, SEG of the state page and changes GPR and RIP.
 * The devices are behind callbacks, so that the whole is testable on the host.
 */
#ifndef VMM_CPU_EMULATE_H
#define VMM_CPU_EMULATE_H

#include <vela/state.h>

#include "insn.h"
#include "machine/memory.h"
#include "walk.h"

/* Accesses to what is not RAM; widths as the bus has them. */
struct emulate_io {
	uint64_t (*mmio_read)(void *ctx, uint64_t gpa, unsigned width);
	void (*mmio_write)(void *ctx, uint64_t gpa, unsigned width, uint64_t value);
	uint32_t (*port_read)(void *ctx, uint16_t port, unsigned width);
	void (*port_write)(void *ctx, uint16_t port, unsigned width, uint32_t value);
	void *ctx;
};

#define EMULATE_CACHE 64u

/* Pages of code whose translation is remembered. */
#define EMULATE_CODE_PAGES 8u

struct code_page {
	struct walk_path path;
	const unsigned char *bytes; /* all of the page; NULL: nothing is remembered */
};

/* An entry is valid for exactly these bytes in this mode at this address. */
struct insn_entry {
	uint64_t rip;
	uint64_t bytes[2];
	uint64_t mask[2];
	uint32_t mode;
	struct insn insn; /* length 0: the entry is empty */
};

struct emulator {
	const struct guest_memory *memory;
	struct vela_state *state;
	struct emulate_io io;
	/* The exit's guest-physical address, good for the one memory operand whose linear address
	 * ends in the same 12 bits; EMULATE_NO_HINT otherwise. */
	uint64_t hint;
	bool hint_write; /* it was found for a write */
	/* Of the present instruction. */
	enum insn_mode mode;
	uint64_t next_rip;
	struct { /* of the last EMULATE_FAULT */
		uint32_t vector;
		uint32_t error;
		uint64_t address; /* CR2, for a page fault */
	} fault;
	struct {
		uint64_t hits;
		uint64_t misses;
	} cache_counters;
	struct code_page code[EMULATE_CODE_PAGES];
	struct insn_entry cache[EMULATE_CACHE];
};

#define EMULATE_NO_HINT UINT64_MAX

enum emulate_result {
	EMULATE_DONE,	 /* RIP is at the next instruction, or at the same one of a long REP */
	EMULATE_FAULT,	 /* the guest must get emulator.fault; nothing but a string has changed */
	EMULATE_UNKNOWN, /* not an instruction that is emulated; nothing changed */
};

void emulator_init(struct emulator *e, const struct guest_memory *memory, struct vela_state *state,
		   const struct emulate_io *io);

/* Emulates one instruction, or up to EMULATE_REP_MAX rounds of a REP; one if the guest traces. */
enum emulate_result emulate(struct emulator *e);

#define EMULATE_REP_MAX 1024u

/* The instruction at RIP, decoded; EMULATE_DONE and *insn set, or as for emulate. */
enum emulate_result emulate_fetch(struct emulator *e, const struct insn **insn);

/* RIP after an instruction of so many bytes. */
uint64_t emulate_next_rip(const struct vela_state *state, unsigned length);

/* The byte at RIP; false if it cannot be read. */
bool emulate_peek(struct emulator *e, uint8_t *byte);

#endif
