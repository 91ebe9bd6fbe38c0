/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction on the processor that the test runs on, in this process: a signal handler puts
 * the registers of its choice into the interrupted context, the trace flag or an INT3 behind the
 * instruction brings the next signal, and the handler puts the old context back. What code may do
 * here is the caller's affair; nothing checks it.
 */
#ifndef FUZZ_CPU_NATIVE_H
#define FUZZ_CPU_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

/* The addresses that instructions may touch: reserved, without access but for the pages here. */
#define ZONE	    0x20000000ull
#define ZONE_BYTES  0x100000ull
#define CODE	    (ZONE + 0x10000)
#define CODE_PAGES  2u
#define DATA	    (ZONE + 0x80000) /* two writable pages, a read-only one */
#define DATA_PAGES  3u
#define DATA_BYTES  (DATA_PAGES * PAGE_BYTES)
#define PAGE_BYTES  4096u
#define GS_BASE	    (ZONE + 0x1000)
#define NO_VECTOR   0xffu
#define BREAK_POINT 0xccu

struct cpu {
	uint64_t gpr[16]; /* in the order of their encoding */
	uint64_t rip, rflags;
	/* How it ended: by this exception, or NO_VECTOR. */
	uint8_t vector;
	uint32_t error;
	uint64_t cr2;
};

/* Reserves the zone; false: it cannot be had. */
bool native_open(void);

/* FS base of this process, which has to stay. */
uint64_t native_fs_base(void);

/* New contents of the data pages. */
void native_set_data(const uint8_t data[DATA_BYTES]);

/* Code pages: break points, and this. */
void native_set_code(uint64_t at, const uint8_t *code, unsigned bytes);

/* Runs the code at cpu->rip: one instruction if the trace flag is set, else up to a break point. */
void native_run(struct cpu *cpu);

#endif
