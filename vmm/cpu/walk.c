/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page-table walk. Other virtual CPUs may change the tables meanwhile: each entry is read once,
 * and bits are set in it only if it is still the same.
 */
#include "walk.h"

#include "registers.h"

#define PTE_PRESENT  1ull
#define PTE_WRITE    2ull
#define PTE_USER     4ull
#define PTE_ACCESSED 0x20ull
#define PTE_DIRTY    0x40ull
#define PTE_LARGE    0x80ull
#define PTE_NX	     (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull
#define PTE_PAE_ZERO 0x7ff0000000000000ull /* must be zero with PAE paging */
#define PAGE_PAT     0x1000ull		   /* of a large page; the bits above it are zero */
#define PDE32_ZERO   0x200000ull

#define PAGE  WALK_PAGE
#define TRIES 16u /* of a walk whose tables are being changed */

/* The entries that were used, from the top. */
struct steps {
	unsigned count;
	void *at[4];
	uint64_t entry[4];
};

struct rights {
	uint64_t all; /* bits set in the entries of every level */
	uint64_t any; /* bits set in some: NX */
};

static struct rights collect(const struct steps *steps)
{
	struct rights r = { UINT64_MAX, 0 };

	for (unsigned i = 0; i < steps->count; i++) {
		r.all &= steps->entry[i];
		r.any |= steps->entry[i];
	}
	return r;
}

static bool data_allowed(const struct vela_state *state, const struct rights *r, unsigned access)
{
	if (access & WALK_WRITE && !(r->all & PTE_WRITE) &&
	    (access & WALK_USER || state->cr0 & CR0_WP))
		return false;
	return access & WALK_USER || !(r->all & PTE_USER) || !(state->cr4 & CR4_SMAP) ||
	       state->rflags & FLAG_AC;
}

/* Checks an access against the rights collected on the way down. */
static bool allowed(const struct vela_state *state, const struct steps *steps, unsigned access)
{
	struct rights r = collect(steps);

	if (access & WALK_USER && !(r.all & PTE_USER))
		return false;
	if (!(access & WALK_FETCH))
		return data_allowed(state, &r, access);
	if (r.any & PTE_NX && state->efer & EFER_NXE)
		return false;
	return access & WALK_USER || !(r.all & PTE_USER) || !(state->cr4 & CR4_SMEP);
}

static bool fault(const struct vela_state *state, unsigned access, unsigned kind, uint32_t *error)
{
	*error = access | kind;
	if (!(state->efer & EFER_NXE) && !(state->cr4 & CR4_SMEP))
		*error &= ~WALK_FETCH;
	return false;
}

static void add_step(struct steps *steps, void *at, uint64_t entry)
{
	steps->at[steps->count] = at;
	steps->entry[steps->count++] = entry;
}

/* Bits that are zero in every 64-bit entry. */
static uint64_t reserved_bits(const struct guest_memory *memory, const struct vela_state *state)
{
	uint64_t reserved =
		memory->address_bits ? PTE_ADDRESS & ~((1ull << memory->address_bits) - 1) : 0;

	if (!(state->efer & EFER_NXE))
		reserved |= PTE_NX;
	if (!(state->efer & EFER_LMA))
		reserved |= PTE_PAE_ZERO;
	return reserved;
}

/* 64-bit entries: 4-level and PAE. The topmost PAE entries carry no rights; they were checked when
 * CR3 was loaded. */
static bool walk_wide(const struct guest_memory *memory, const struct vela_state *state,
		      uint64_t va, unsigned access, struct steps *steps, uint64_t *gpa,
		      uint32_t *error)
{
	bool pae = !(state->efer & EFER_LMA);
	uint64_t table = pae ? state->cr3 & 0xffffffe0u : state->cr3 & PTE_ADDRESS;
	uint64_t reserved = reserved_bits(memory, state);

	for (unsigned shift = pae ? 30 : 39;; shift -= 9) {
		uint64_t *at = guest_ptr(memory, table + (va >> shift & 511) * 8, 8);
		uint64_t entry = at ? __atomic_load_n(at, __ATOMIC_RELAXED) : 0;
		uint64_t mask = (1ull << shift) - 1;

		if (!(entry & PTE_PRESENT))
			return fault(state, access, 0, error);
		if (pae && shift == 30) {
			table = entry & PTE_ADDRESS;
			continue;
		}
		bool large = entry & PTE_LARGE && shift != 12;

		if (entry & reserved ||
		    (large && (shift == 39 || entry & mask & PTE_ADDRESS & ~PAGE_PAT)))
			return fault(state, access, WALK_PRESENT | WALK_RESERVED, error);
		add_step(steps, at, entry);
		if (shift == 12 || large) {
			*gpa = (entry & PTE_ADDRESS & ~mask) | (va & mask);
			return allowed(state, steps, access) ||
			       fault(state, access, WALK_PRESENT, error);
		}
		table = entry & PTE_ADDRESS;
	}
}

static bool walk_narrow(const struct guest_memory *memory, const struct vela_state *state,
			uint64_t va, unsigned access, struct steps *steps, uint64_t *gpa,
			uint32_t *error)
{
	uint64_t table = state->cr3 & 0xfffff000u;

	for (unsigned shift = 22;; shift -= 10) {
		uint32_t *at = guest_ptr(memory, table + (va >> shift & 1023) * 4, 4);
		uint64_t entry = at ? __atomic_load_n(at, __ATOMIC_RELAXED) : 0;
		uint64_t mask = (1ull << shift) - 1;

		if (!(entry & PTE_PRESENT))
			return fault(state, access, 0, error);
		bool large = shift == 22 && entry & PTE_LARGE && state->cr4 & CR4_PSE;

		if (large && entry & PDE32_ZERO)
			return fault(state, access, WALK_PRESENT | WALK_RESERVED, error);
		add_step(steps, at, entry);
		if (shift == 12 || large) {
			uint64_t high = large ? (entry & 0x1fe000) << 19 : 0; /* PSE-36 */

			*gpa = high | (entry & 0xfffff000u & ~mask) | (va & mask);
			return allowed(state, steps, access) ||
			       fault(state, access, WALK_PRESENT, error);
		}
		table = entry & 0xfffff000u;
	}
}

static bool set_bits(void *at, bool wide, uint64_t entry, uint64_t bits)
{
	uint32_t narrow = (uint32_t)entry;

	if (wide)
		return __atomic_compare_exchange_n((uint64_t *)at, &entry, entry | bits, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n((uint32_t *)at, &narrow, narrow | (uint32_t)bits, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Accessed bits in all entries, for a write the dirty bit in the last. False: an entry has changed
 * meanwhile. */
static bool mark(struct steps *steps, bool wide, unsigned access)
{
	for (unsigned i = 0; i < steps->count; i++) {
		bool last = i + 1 == steps->count;
		uint64_t bits = PTE_ACCESSED | (last && access & WALK_WRITE ? PTE_DIRTY : 0);

		if ((steps->entry[i] & bits) == bits)
			continue;
		if (!set_bits(steps->at[i], wide, steps->entry[i], bits))
			return false;
		steps->entry[i] |= bits;
	}
	return true;
}

static bool walk_steps(const struct guest_memory *memory, const struct vela_state *state,
		       uint64_t va, unsigned access, struct steps *steps, uint64_t *gpa,
		       uint32_t *error)
{
	bool wide = state->cr4 & CR4_PAE, good = false;

	if (!(state->efer & EFER_LMA))
		va &= 0xffffffffu;
	for (unsigned i = 0; i < TRIES; i++) {
		steps->count = 0;
		good = wide ? walk_wide(memory, state, va, access, steps, gpa, error)
			    : walk_narrow(memory, state, va, access, steps, gpa, error);
		if (!good || mark(steps, wide, access))
			return good;
	}
	return good;
}

bool walk(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
	  unsigned access, uint64_t *gpa, uint32_t *error)
{
	struct steps steps;

	if (state->cr0 & CR0_PG)
		return walk_steps(memory, state, va, access, &steps, gpa, error);
	*gpa = va & 0xffffffffu;
	return true;
}

bool walk_remember(const struct guest_memory *memory, const struct vela_state *state, uint64_t va,
		   unsigned access, struct walk_path *path, uint64_t *gpa, uint32_t *error)
{
	struct steps steps;

	path->at[0] = NULL;
	if (!(state->cr0 & CR0_PG) || !(state->efer & EFER_LMA))
		return walk(memory, state, va, access, gpa, error);
	if (!walk_steps(memory, state, va, access, &steps, gpa, error))
		return false;
	path->page = va & ~(PAGE - 1ull);
	path->cr0 = state->cr0;
	path->cr3 = state->cr3;
	path->cr4 = state->cr4;
	path->efer = state->efer;
	path->access = access;
	path->gpa = *gpa & ~(PAGE - 1ull);
	/* Of a large page the last entry stands for the missing ones. */
	for (unsigned i = 0; i < 4; i++) {
		unsigned step = i < steps.count ? i : steps.count - 1;

		path->at[i] = steps.at[step];
		path->entry[i] = steps.entry[step];
	}
	return true;
}
