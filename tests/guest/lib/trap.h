/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts of a test guest. An instruction in TRY may fault: execution goes on
 * behind it and trap says what came. trap_run() does the same for whole functions.
 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "cpu.h"

struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

#define NO_TRAP (-1)

/* The last exception that TRY or trap_run caught. Set vector to NO_TRAP before. */
struct trap {
	int vector;
	uint64_t error, cr2, rip;
};
extern volatile struct trap trap;

/* For the text of an asm statement. */
#define TRY(instructions)                                                           \
	"1:\t" instructions "\n2:\n\t.pushsection .fixups, \"a\"\n\t.quad 1b, 2b\n" \
	"\t.popsection\n"

/* Runs one instruction and gives the vector it raised, or NO_TRAP. The rest are an asm statement's
 * outputs, inputs and clobbers. */
#define TRAP_OF(instructions, ...)                               \
	({                                                       \
		trap.vector = NO_TRAP;                           \
		__asm__ volatile(TRY(instructions) __VA_ARGS__); \
		trap.vector;                                     \
	})

/* False: an exception ended it, which trap tells. */
bool trap_run(void (*code)(void *arg), void *arg);

/* A handler goes before everything else; NULL takes it away. Interrupts without one are counted
 * as strays. */
typedef void (*trap_handler)(struct frame *frame);
void trap_set_handler(unsigned vector, trap_handler handler);
extern volatile unsigned trap_strays;

/* The interrupt table itself, and what makes the processor use it. */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};
extern struct gate trap_table[256];
#define TRAP_STACK 2 /* ist of the stack for double faults */
void trap_init(void);
void trap_load_table(const void *table, uint16_t limit);

#endif
