/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random instructions of 64-bit mode out of the set that is emulated, with registers that let them
 * reach the zone of native.h and nothing else: its data, its pages without access, and addresses
 * that are not canonical.
 */
#ifndef FUZZ_CPU_GENERATE_H
#define FUZZ_CPU_GENERATE_H

#include "native.h"

#define GENERATED_BYTES 15u

struct generated {
	uint8_t code[GENERATED_BYTES];
	unsigned bytes;
	bool step;	    /* by the trace flag; else it runs up to the break point behind it */
	uint64_t undefined; /* flags that it leaves undefined (SDM vol. 2, the instruction) */
	uint64_t undefined_by_fault; /* of a string that is compared: vendors differ */
	struct cpu cpu;		     /* before it */
};

/* A generator of pseudo-random numbers: the same seed gives the same instructions. */
struct random {
	uint64_t state;
};
uint64_t random_next(struct random *r);
/* 0 to below - 1. */
unsigned random_below(struct random *r, unsigned below);

void generate(struct random *r, uint64_t fs_base, struct generated *g);

#endif
