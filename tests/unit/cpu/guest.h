/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest for tests of the emulator: a little RAM, one recording device everywhere else, and a
 * processor in the mode the test wants.
 */
#ifndef TESTS_UNIT_CPU_GUEST_H
#define TESTS_UNIT_CPU_GUEST_H

#include <string.h>

#include "cpu/emulate.h"

#define GUEST_RAM  0x40000u
#define GUEST_CODE 0x10000u
#define GUEST_MMIO 0xfe000000u

struct access {
	bool write;
	bool port;
	uint64_t at;
	unsigned width;
	uint64_t value;
};

struct guest {
	unsigned char ram[GUEST_RAM];
	struct guest_memory memory;
	struct vela_state state;
	struct emulator emulator;
	struct access access[64];
	unsigned accesses;
	uint64_t answer; /* what reads give */
};

/* Flat segments, paging off, protected mode, 32-bit code; RIP at GUEST_CODE. */
void guest_init(struct guest *g);

/* 64-bit mode: maps the first 1 GiB and the page of GUEST_MMIO one to one with tables at 0x1000. */
void guest_long_mode(struct guest *g);

/* Puts the bytes of one instruction at RIP and emulates it; hint: the exit's gpa. */
enum emulate_result guest_run(struct guest *g, const void *code, size_t bytes, uint64_t hint);

#define RUN(g, hint, ...)                                      \
	guest_run((g), (const unsigned char[]){ __VA_ARGS__ }, \
		  sizeof((const unsigned char[]){ __VA_ARGS__ }), (hint))

#endif
