/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual machine of KVM with one processor and a guest of a few instructions, which rings a
 * doorbell, spins until a batch of requests is done, and so on. Used by floor.c.
 */
#ifndef TESTS_BENCH_FLOOR_MACHINE_H
#define TESTS_BENCH_FLOOR_MACHINE_H

#include <stdint.h>

[[noreturn]] void give_up(const char *what);

/* Gives up if the result of a call is an error; returns it otherwise. */
int checked(int result, const char *what);

/* Makes the machine; returns the eventfd of the doorbell. */
int machine_make(void);

/* Tells the guest that a batch is done, by an interrupt or in memory. */
void machine_interrupt(void);
void machine_note(void);

/* Runs the guest for some batches; returns the instructions that were not its spinning. */
uint64_t machine_run(unsigned batches);

#endif
