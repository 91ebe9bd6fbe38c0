/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions that generate.c makes: opcodes of the emulated set that have an operand in
 * memory. None of them can do more than access memory, branch or raise an exception.
 */
#ifndef FUZZ_CPU_FORMS_H
#define FUZZ_CPU_FORMS_H

#include <stdint.h>

enum kind {
	KIND_MOVE,	 /* leaves flags alone, or defines all that it changes */
	KIND_ARITHMETIC, /* by digit: the eight of the ALU, if DIGIT_IS_OP */
	KIND_LOGIC,
	KIND_GROUP3, /* TEST, NOT, NEG, MUL, IMUL, DIV, IDIV by digit */
	KIND_MULTIPLY,
	KIND_BIT,
	KIND_SHIFT,
	KIND_SHIFT_DOUBLE,
	KIND_STACK,
	KIND_BRANCH,
	KIND_STRING,
	KIND_COMPARE, /* of strings */
};

#define BYTE	      0x0001u /* 8-bit operand */
#define IMM8	      0x0002u
#define IMMZ	      0x0004u /* as wide as the operand, at most 32 bits */
#define IMM_TEST      0x0008u
#define LOCK	      0x0010u
#define LOCK_BY_DIGIT 0x0020u /* all digits but 7, CMP */
#define ALWAYS_LOCKS  0x0040u
#define NO_WIDE	      0x0080u
#define NO_WORD	      0x0100u
#define OFFSET	      0x0200u /* the address stands in the instruction */
#define BIT_STRING    0x0400u /* a register's bit number moves the address */
#define BY_ONE	      0x0800u
#define DIGIT_IS_OP   0x1000u
#define PUSHES	      0x2000u
#define POPS	      0x4000u

struct form {
	uint8_t map; /* 1: behind 0F, 2: behind 0F 38 */
	uint8_t first, last;
	uint8_t digits; /* bit per value of ModRM.reg that is part of the opcode; 0: a register */
	uint8_t kind;
	uint16_t flags;
};

#define ALU_FORMS(opcode, kind, lock)                           \
	{ 0, opcode, opcode, 0, kind, BYTE | (lock) },          \
		{ 0, opcode + 1, opcode + 1, 0, kind, (lock) }, \
		{ 0, opcode + 2, opcode + 2, 0, kind, BYTE },   \
		{ 0, opcode + 3, opcode + 3, 0, kind, 0 }

static const struct form forms[] = {
	ALU_FORMS(0x00, KIND_ARITHMETIC, LOCK),
	ALU_FORMS(0x08, KIND_LOGIC, LOCK),
	ALU_FORMS(0x10, KIND_ARITHMETIC, LOCK),
	ALU_FORMS(0x18, KIND_ARITHMETIC, LOCK),
	ALU_FORMS(0x20, KIND_LOGIC, LOCK),
	ALU_FORMS(0x28, KIND_ARITHMETIC, LOCK),
	ALU_FORMS(0x30, KIND_LOGIC, LOCK),
	ALU_FORMS(0x38, KIND_ARITHMETIC, 0),
	{ 0, 0x63, 0x63, 0, KIND_MOVE, 0 },	   /* MOVSXD */
	{ 0, 0x69, 0x69, 0, KIND_MULTIPLY, IMMZ }, /* IMUL */
	{ 0, 0x6b, 0x6b, 0, KIND_MULTIPLY, IMM8 },
	{ 0, 0x80, 0x80, 0xff, KIND_ARITHMETIC, BYTE | IMM8 | LOCK | LOCK_BY_DIGIT | DIGIT_IS_OP },
	{ 0, 0x81, 0x81, 0xff, KIND_ARITHMETIC, IMMZ | LOCK | LOCK_BY_DIGIT | DIGIT_IS_OP },
	{ 0, 0x83, 0x83, 0xff, KIND_ARITHMETIC, IMM8 | LOCK | LOCK_BY_DIGIT | DIGIT_IS_OP },
	{ 0, 0x84, 0x84, 0, KIND_LOGIC, BYTE }, /* TEST */
	{ 0, 0x85, 0x85, 0, KIND_LOGIC, 0 },
	{ 0, 0x86, 0x86, 0, KIND_MOVE, BYTE | LOCK | ALWAYS_LOCKS }, /* XCHG */
	{ 0, 0x87, 0x87, 0, KIND_MOVE, LOCK | ALWAYS_LOCKS },
	{ 0, 0x88, 0x88, 0, KIND_MOVE, BYTE },
	{ 0, 0x89, 0x89, 0, KIND_MOVE, 0 },
	{ 0, 0x8a, 0x8a, 0, KIND_MOVE, BYTE },
	{ 0, 0x8b, 0x8b, 0, KIND_MOVE, 0 },
	{ 0, 0x8c, 0x8c, 0x3f, KIND_MOVE, 0 }, /* MOV of segment registers */
	{ 0, 0x8f, 0x8f, 0x01, KIND_STACK, POPS | NO_WIDE },
	{ 0, 0xa0, 0xa0, 0, KIND_MOVE, BYTE | OFFSET },
	{ 0, 0xa1, 0xa1, 0, KIND_MOVE, OFFSET },
	{ 0, 0xa2, 0xa2, 0, KIND_MOVE, BYTE | OFFSET },
	{ 0, 0xa3, 0xa3, 0, KIND_MOVE, OFFSET },
	{ 0, 0xa4, 0xa4, 0, KIND_STRING, BYTE },
	{ 0, 0xa5, 0xa5, 0, KIND_STRING, 0 },
	{ 0, 0xa6, 0xa6, 0, KIND_COMPARE, BYTE },
	{ 0, 0xa7, 0xa7, 0, KIND_COMPARE, 0 },
	{ 0, 0xaa, 0xaa, 0, KIND_STRING, BYTE },
	{ 0, 0xab, 0xab, 0, KIND_STRING, 0 },
	{ 0, 0xac, 0xac, 0, KIND_STRING, BYTE },
	{ 0, 0xad, 0xad, 0, KIND_STRING, 0 },
	{ 0, 0xae, 0xae, 0, KIND_COMPARE, BYTE },
	{ 0, 0xaf, 0xaf, 0, KIND_COMPARE, 0 },
	{ 0, 0xc0, 0xc0, 0xff, KIND_SHIFT, BYTE | IMM8 },
	{ 0, 0xc1, 0xc1, 0xff, KIND_SHIFT, IMM8 },
	{ 0, 0xc6, 0xc6, 0x01, KIND_MOVE, BYTE | IMM8 },
	{ 0, 0xc7, 0xc7, 0x01, KIND_MOVE, IMMZ },
	{ 0, 0xd0, 0xd0, 0xff, KIND_SHIFT, BYTE | BY_ONE },
	{ 0, 0xd1, 0xd1, 0xff, KIND_SHIFT, BY_ONE },
	{ 0, 0xd2, 0xd2, 0xff, KIND_SHIFT, BYTE },
	{ 0, 0xd3, 0xd3, 0xff, KIND_SHIFT, 0 },
	{ 0, 0xf6, 0xf6, 0xfd, KIND_GROUP3, BYTE | IMM_TEST },
	{ 0, 0xf7, 0xf7, 0xfd, KIND_GROUP3, IMM_TEST },
	{ 0, 0xf6, 0xf6, 0x0c, KIND_GROUP3, BYTE | LOCK },
	{ 0, 0xf7, 0xf7, 0x0c, KIND_GROUP3, LOCK },
	{ 0, 0xfe, 0xfe, 0x03, KIND_MOVE, BYTE | LOCK }, /* INC, DEC */
	{ 0, 0xff, 0xff, 0x03, KIND_MOVE, LOCK },
	{ 0, 0xff, 0xff, 0x04, KIND_BRANCH, PUSHES | NO_WIDE },
	{ 0, 0xff, 0xff, 0x10, KIND_BRANCH, NO_WIDE },
	{ 0, 0xff, 0xff, 0x40, KIND_STACK, PUSHES | NO_WIDE },
	{ 1, 0x40, 0x4f, 0, KIND_MOVE, 0 },    /* CMOVcc */
	{ 1, 0x90, 0x9f, 0, KIND_MOVE, BYTE }, /* SETcc */
	{ 1, 0xa3, 0xa3, 0, KIND_BIT, BIT_STRING },
	{ 1, 0xa4, 0xa4, 0, KIND_SHIFT_DOUBLE, IMM8 },
	{ 1, 0xa5, 0xa5, 0, KIND_SHIFT_DOUBLE, 0 },
	{ 1, 0xab, 0xab, 0, KIND_BIT, BIT_STRING | LOCK },
	{ 1, 0xac, 0xac, 0, KIND_SHIFT_DOUBLE, IMM8 },
	{ 1, 0xad, 0xad, 0, KIND_SHIFT_DOUBLE, 0 },
	{ 1, 0xae, 0xae, 0x80, KIND_MOVE, BYTE | NO_WORD }, /* CLFLUSH */
	{ 1, 0xaf, 0xaf, 0, KIND_MULTIPLY, 0 },
	{ 1, 0xb0, 0xb0, 0, KIND_MOVE, BYTE | LOCK }, /* CMPXCHG */
	{ 1, 0xb1, 0xb1, 0, KIND_MOVE, LOCK },
	{ 1, 0xb3, 0xb3, 0, KIND_BIT, BIT_STRING | LOCK },
	{ 1, 0xb6, 0xb7, 0, KIND_MOVE, 0 }, /* MOVZX */
	{ 1, 0xba, 0xba, 0x10, KIND_BIT, IMM8 },
	{ 1, 0xba, 0xba, 0xe0, KIND_BIT, IMM8 | LOCK },
	{ 1, 0xbb, 0xbb, 0, KIND_BIT, BIT_STRING | LOCK },
	{ 1, 0xbe, 0xbf, 0, KIND_MOVE, 0 },	      /* MOVSX */
	{ 1, 0xc0, 0xc0, 0, KIND_MOVE, BYTE | LOCK }, /* XADD */
	{ 1, 0xc1, 0xc1, 0, KIND_MOVE, LOCK },
	{ 1, 0xc3, 0xc3, 0, KIND_MOVE, NO_WORD },	    /* MOVNTI */
	{ 1, 0xc7, 0xc7, 0x02, KIND_MOVE, LOCK | NO_WORD }, /* CMPXCHG8B, CMPXCHG16B */
	{ 2, 0xf0, 0xf1, 0, KIND_MOVE, 0 },		    /* MOVBE */
};

#define FORMS (sizeof forms / sizeof forms[0])

#endif
