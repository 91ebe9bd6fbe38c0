/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page-table walk. Written for the common case, 4-level paging, to be short: it runs at every
 * exit whose instruction has to be fetched.
 */
#include "walk.h"

#include "registers.h"

#define PTE_PRESENT 1ull
#define PTE_WRITE   2ull
#define PTE_USER    4ull
#define PTE_LARGE   0x80ull
#define PTE_NX	    (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

struct rights {
	uint64_t all; /* bits set in the entries of every level */
	uint64_t any; /* bits set in some: NX */
};

unsigned walk_user(const struct vela_state *state)
{
	unsigned cpl = state->seg[VELA_SS].attr >> SEGMENT_DPL_SHIFT & 3;

	return cpl == 3 ? WALK_USER : 0;
}

/* Checks an access against the rights collected on the way down. */
static bool allowed(const struct vela_state *state, const struct rights *r, unsigned access)
{
	bool user_page = r->all & PTE_USER;

	if (access & WALK_USER && !user_page)
		return false;
	if (access & WALK_WRITE && !(r->all & PTE_WRITE) &&
	    (access & WALK_USER || state->cr0 & CR0_WP))
		return false;
	if (access & WALK_FETCH && r->any & PTE_NX && state->efer & EFER_NXE)
		return false;
	return access & (WALK_USER | WALK_FETCH) || !user_page || !(state->cr4 & CR4_SMAP) ||
	       state->rflags & FLAG_AC;
}

static bool fault(const struct vela_state *state, unsigned access, unsigned present,
		  uint32_t *error)
{
	*error = access | present;
	if (!(state->efer & EFER_NXE))
		*error &= ~WALK_FETCH;
	return false;
}

/* 64-bit entries: 4-level and PAE. The topmost PAE entries carry no rights. */
static bool walk_wide(const struct guest_memory *memory, const struct vela_state *state,
		      uint64_t va, unsigned access, uint64_t *gpa, uint32_t *error)
{
	bool pae = !(state->efer & EFER_LMA);
	uint64_t table = pae ? state->cr3 & 0xffffffe0u : state->cr3 & PTE_ADDRESS;
	struct rights rights = { UINT64_MAX, 0 };

	for (unsigned shift = pae ? 30 : 39;; shift -= 9) {
		const uint64_t *at = guest_ptr(memory, table + (va >> shift & 511) * 8, 8);
		uint64_t entry = at ? *at : 0;

		if (!(entry & PTE_PRESENT))
			return fault(state, access, 0, error);
		if (!pae || shift != 30) {
			rights.all &= entry;
			rights.any |= entry;
		}
		bool large = entry & PTE_LARGE && (shift == 21 || (shift == 30 && !pae));

		if (shift == 12 || large) {
			uint64_t mask = (1ull << shift) - 1;

			*gpa = (entry & PTE_ADDRESS & ~mask) | (va & mask);
			return allowed(state, &rights, access) ||
			       fault(state, access, WALK_PRESENT, error);
		}
		table = entry & PTE_ADDRESS;
	}
}

static bool walk_narrow(const struct guest_memory *memory, const struct vela_state *state,
			uint64_t va, unsigned access, uint64_t *gpa, uint32_t *error)
{
	uint64_t table = state->cr3 & 0xfffff000u;
	struct rights rights = { UINT64_MAX, 0 };

	for (unsigned shift = 22;; shift -= 10) {
		const uint32_t *at = guest_ptr(memory, table + (va >> shift & 1023) * 4, 4);
		uint64_t entry = at ? *at : 0;

		if (!(entry & PTE_PRESENT))
			return fault(state, access, 0, error);
		rights.all &= entry;
		bool large = shift == 22 && entry & PTE_LARGE && state->cr4 & CR4_PSE;

		if (shift == 12 || large) {
			uint64_t mask = (1ull << shift) - 1;
			uint64_t high = large ? (entry & 0x1fe000) << 19 : 0; /* PSE-36 */

			*gpa = high | (entry & 0xfffff000u & ~mask) | (va & mask);
			return allowed(state, &rights, access) ||
			       fault(state, access, WALK_PRESENT, error);
		}
		table = entry & 0xfffff000u;
	}
}

bool walk(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
	  unsigned access, uint64_t *gpa, uint32_t *error)
{
	if (!(state->cr0 & CR0_PG)) {
		*gpa = va & 0xffffffffu;
		return true;
	}
	if (!(state->efer & EFER_LMA))
		va &= 0xffffffffu;
	if (state->cr4 & CR4_PAE)
		return walk_wide(memory, state, va, access, gpa, error);
	return walk_narrow(memory, state, va, access, gpa, error);
}
