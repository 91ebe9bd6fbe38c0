/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: page tables of host and guest spaces. Four levels of 512 entries; leaves at 4 KiB, 2 MiB
 * and, where the processor has them, 1 GiB. Tables come from the owner's quota.
 */
#ifndef ARCH_PAGETABLE_H
#define ARCH_PAGETABLE_H

#include <core/sp.h>

/* A leaf as seen by map: where, how large (bits of address it covers), what is allowed. */
struct leaf {
	uint64_t pa;
	unsigned shift;	 /* 12, 21 or 30 */
	unsigned rights; /* VELA_MEM_*, memory type included */
	bool kernel;	 /* UTCB or state page: cannot be delegated or replaced */
};

/* Prepares an empty space; false when the quota is used up. */
bool pagetable_init(struct sp *sp);

/* False when nothing is mapped at va; *leaf.shift then covers the hole. */
bool pagetable_walk(const struct sp *sp, uint64_t va, struct leaf *leaf);

/* Sets the leaf at va; where a table of smaller ones is already there, leaf->shift shrinks to what
 * was set. *stale becomes true when a live translation was changed. */
enum vela_status pagetable_set(struct sp *sp, uint64_t va, struct leaf *leaf, bool *stale);

/* How far a call has come. Each leaf written and each hole passed over is a step. */
struct progress {
	uint64_t pages, steps;
	bool stale; /* a live translation was changed */
};

/* Copies up to count 4 KiB leaves within one table of each side, as steps are left; none where
 * there is no such table or the first leaf cannot be copied. */
enum vela_status pagetable_copy(struct sp *src, struct sp *dst, uint64_t sva, uint64_t dva,
				uint64_t count, unsigned rights, struct progress *p);

/* Clears what is mapped from va on, at most to the end of the table it lies in. */
enum vela_status pagetable_clear(struct sp *sp, uint64_t va, uint64_t count, struct progress *p);

/* Maps and unmaps a page of the kernel's pool for user access (UTCB, state page, information). */
enum vela_status pagetable_set_kernel(struct sp *sp, uint64_t va, void *page, unsigned rights);
void pagetable_clear_kernel(struct sp *sp, uint64_t va);

/* Frees some tables; true when all are gone. No CPU uses the space any more. */
bool pagetable_free_step(struct sp *sp);

/* Largest leaf shift for sp; the limit of its addresses. */
unsigned pagetable_shift_max(const struct sp *sp);
uint64_t pagetable_end(const struct sp *sp);

/* Physical memory a PHYS mapping may reach: false when [pa, pa + size) touches the kernel's. */
bool phys_allowed(uint64_t pa, uint64_t size);

/* Flushes this CPU's host TLB of user translations. */
void pagetable_flush_local(void);

#endif
