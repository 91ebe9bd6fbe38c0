/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation of guest-virtual addresses by the guest's own page tables (AMD APM volume 2,
 * chapter 5; Intel SDM volume 3, chapter 4): no paging, 32-bit, PAE and 4-level. The guest's CPU
 * walked them just before; this repeats the walk for instruction bytes and further operands, with
 * the same faults, and sets accessed and dirty bits where the processor has not.
 */
#ifndef VMM_CPU_WALK_H
#define VMM_CPU_WALK_H

#include <vela/state.h>

#include "machine/memory.h"
#include "registers.h"

#define WALK_PAGE 4096u

/* What an access is; also the page-fault error code bits (P and RSVD are set by the walk). */
#define WALK_PRESENT  1u
#define WALK_WRITE    2u
#define WALK_USER     4u
#define WALK_RESERVED 8u
#define WALK_FETCH    16u

/* Needs the groups CR, SEG and RIP. On success *gpa is set; on failure *error is the error code of
 * the page fault the access would raise. */
bool walk(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
	  unsigned access, uint64_t *gpa, uint32_t *error);

/* A walk by 4-level paging that holds for its page while nothing that it read has changed. All
 * zero: none. */
struct walk_path {
	uint64_t page; /* linear address of the page */
	uint64_t cr0, cr3, cr4, efer;
	uint64_t access;
	const uint64_t *at[4]; /* the entries, where they stand and what they were */
	uint64_t entry[4];
	uint64_t gpa; /* of the page */
};

/* walk() that fills *path; it is made empty for a failure and for other kinds of paging. */
bool walk_remember(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
		   unsigned access, struct walk_path *path, uint64_t *gpa, uint32_t *error);

/* WALK_USER for a guest at CPL 3, else 0. */
static inline unsigned walk_user(const struct vela_state *state)
{
	unsigned cpl = state->seg[VELA_SS].attr >> SEGMENT_DPL_SHIFT & 3;

	return cpl == 3 ? WALK_USER : 0;
}

/* Whether the same walk would have the same result now. Not for data accesses of supervisors, to
 * which more may matter. */
static inline bool walk_holds(const struct walk_path *path, const struct vela_state *state,
			      uint64_t va, unsigned access)
{
	uint64_t differs = (path->page ^ (va & ~(WALK_PAGE - 1ull))) | (path->cr0 ^ state->cr0) |
			   (path->cr3 ^ state->cr3) | (path->cr4 ^ state->cr4) |
			   (path->efer ^ state->efer) | (path->access ^ access);

	if (differs || !path->at[0])
		return false;
	for (unsigned i = 0; i < 4; i++)
		differs |= __atomic_load_n(path->at[i], __ATOMIC_RELAXED) ^ path->entry[i];
	return !differs;
}

#endif
