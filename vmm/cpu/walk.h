/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation of guest-virtual addresses by the guest's own page tables (AMD APM volume 2,
 * chapter 5; Intel SDM volume 3, chapter 4): no paging, 32-bit, PAE and 4-level. The guest's CPU
 * walked them just before; this repeats the walk for instruction bytes and further operands. It
 * does not set accessed or dirty bits.
 */
#ifndef VMM_CPU_WALK_H
#define VMM_CPU_WALK_H

#include <vela/state.h>

#include "machine/memory.h"

/* What an access is; also the page-fault error code bits (P is set by the walk). */
#define WALK_PRESENT 1u
#define WALK_WRITE   2u
#define WALK_USER    4u
#define WALK_FETCH   16u

/* Needs the groups CR, SEG and RIP. On success *gpa is set; on failure *error is the error code of
 * the page fault the access would raise. */
bool walk(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
	  unsigned access, uint64_t *gpa, uint32_t *error);

/* WALK_USER for a guest at CPL 3, else 0. */
unsigned walk_user(const struct vela_state *state);

#endif
