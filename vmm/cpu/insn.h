/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded instruction in the form the emulator runs: what Zydis says, reduced to the fields that
 * matter. Only instructions that may touch memory-mapped devices or strings of ports have an
 * operation here; all others are INSN_UNKNOWN, of which the length is valid nevertheless.
 */
#ifndef VMM_CPU_INSN_H
#define VMM_CPU_INSN_H

#include <stdbool.h>
#include <stdint.h>

#define INSN_BYTES_MAX 15u

enum insn_op {
	INSN_UNKNOWN,
	INSN_CACHE,   /* WBINVD, INVD */
	INSN_FROM_DR, /* MOV reg, DR[index] */
	INSN_TO_DR,   /* MOV DR[index], reg */
	INSN_TO_CR,   /* MOV CR[index], reg */
	INSN_XSETBV,
	INSN_MOV, /* also MOVZX, and MOVSX with sign_extend */
	INSN_ADD, /* the eight of the ALU in the order of their encoding */
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	INSN_TEST,
	INSN_INC,
	INSN_DEC,
	INSN_NOT,
	INSN_NEG,
	INSN_MOVBE,
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	INSN_CMPXCHG_PAIR, /* CMPXCHG8B, CMPXCHG16B */
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_ROL, /* shifts in the order of their encoding, but for 6, which is another SHL */
	INSN_ROR,
	INSN_RCL,
	INSN_RCR,
	INSN_SHL,
	INSN_SHR,
	INSN_SAR,
	INSN_SHLD,
	INSN_SHRD,
	INSN_IMUL, /* with two or three operands */
	INSN_MUL_WIDE,
	INSN_IMUL_WIDE,
	INSN_DIV,
	INSN_IDIV,
	INSN_SETCC,
	INSN_CMOVCC,
	INSN_STORE_SEGMENT, /* MOV m16, segment register */
	INSN_TOUCH,	    /* cache control of a line: translates its address and no more */
	INSN_PUSH,	    /* with two operands in memory from here on */
	INSN_POP,
	INSN_CALL, /* near, by memory */
	INSN_JMP,
	INSN_MOVS, /* string instructions from here on */
	INSN_STOS,
	INSN_LODS,
	INSN_CMPS,
	INSN_SCAS,
	INSN_INS,
	INSN_OUTS,
	INSN_OPS,
};

enum insn_mode { INSN_REAL, INSN_16, INSN_32, INSN_64 };

#define INSN_NO_REGISTER  0xffu
#define INSN_RIP_RELATIVE 16u

struct insn {
	uint8_t op;	       /* enum insn_op */
	uint8_t length;	       /* in bytes; 0: not an instruction */
	uint8_t bytes;	       /* width of the memory operand */
	uint8_t reg_bytes;     /* width of the register operand */
	uint8_t address_bytes; /* width of effective addresses */
	uint8_t segment;       /* of the memory operand, VELA_ES to VELA_GS */
	uint8_t base;	       /* register number, INSN_RIP_RELATIVE or INSN_NO_REGISTER */
	uint8_t index;	       /* register number or INSN_NO_REGISTER */
	uint8_t scale;
	uint8_t reg;	   /* register operand; INSN_NO_REGISTER: immediate, or none */
	uint8_t operands;  /* explicit ones, CL and 1 of a shift among them */
	uint8_t condition; /* of SETcc and CMOVcc, as encoded */
	bool reg_high;	   /* it is AH, CH, DH or BH */
	bool to_memory;	   /* memory is the destination (first) operand */
	bool sign_extend;
	bool by_cl; /* SHLD, SHRD: the count is CL, not the immediate */
	bool rep;
	bool until_equal; /* REPNE */
	int64_t displacement;
	uint64_t immediate;
};

/* Decodes one instruction of at most available bytes. False: it needs more, or is none. */
bool insn_decode(struct insn *insn, enum insn_mode mode, const uint8_t *bytes, unsigned available);

#endif
