/* SPDX-License-Identifier: Apache-2.0 */
/* An instruction of generate.c while it is put together, and what follows from it. */
#ifndef FUZZ_CPU_DRAFT_H
#define FUZZ_CPU_DRAFT_H

#include "forms.h"
#include "generate.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, NONE = 16 };
enum { PREFIX_FS = 0x64, PREFIX_GS = 0x65, PREFIX_WORD = 0x66, PREFIX_ADDRESS = 0x67 };
enum { PREFIX_LOCK = 0xf0, PREFIX_REPNE = 0xf2, PREFIX_REP = 0xf3 };

/* An instruction being put together. */
struct draft {
	const struct form *form;
	uint8_t opcode, digit;	     /* digit: ModRM.reg, the register or part of the opcode */
	bool word, wide, lock;	     /* prefixes 66, REX.W, LOCK */
	bool address32, rex;	     /* 67; any REX */
	uint8_t repeat, segment;     /* prefix bytes or 0 */
	unsigned base, index, scale; /* register numbers or NONE; NONE for base: disp32 or RIP */
	bool rip_relative;
	int32_t displacement;
	unsigned displacement_bytes;
	uint64_t immediate;
	unsigned immediate_bytes;
	uint64_t segment_base;
	uint64_t target; /* linear address that is aimed at */
};

/* Width of the operand in memory, or half of it for CMPXCHG8B and CMPXCHG16B. */
unsigned draft_operand_bytes(const struct draft *d);

/* The bytes of the instruction. */
void draft_assemble(struct generated *g, const struct draft *d);

/* The linear address that the processor gets from the finished draft. */
uint64_t draft_linear(const struct draft *d, const struct generated *g);

/* As far as the processor looks at it. */
unsigned draft_shift_count(const struct draft *d, const struct generated *g);

/* By the table of SDM vol. 1, appendix A. */
uint64_t draft_undefined_flags(const struct draft *d, const struct generated *g);

#endif
