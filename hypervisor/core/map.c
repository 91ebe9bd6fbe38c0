/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving authority between spaces: capabilities (grant), memory, ports and MSRs (map). Every call
 * does a bounded number of steps and says how far it came; what it has done stays valid.
 */
#include <arch/pagetable.h>
#include <arch/ports.h>
#include <core/sp.h>
#include <core/sync.h>

static bool uses_hst(const struct cpu *cpu, const void *sp)
{
	return cpu->hst == sp;
}
static bool uses_gst(const struct cpu *cpu, const void *sp)
{
	return cpu->gst == sp;
}

void sp_flush(struct sp *sp)
{
	/* The table's stores come before the look at who uses it; a CPU that starts to use it later
	 * loads CR3 or enters its guest later, and finds the new table or the new generation. */
	if (sp->type == VELA_SP_GST) {
		__atomic_add_fetch(&sp->tlb_gen, 1, __ATOMIC_SEQ_CST);
		sync_cpus(uses_gst, sp);
		return;
	}
	cpu_fence();
	if (cpu_self()->hst == sp)
		pagetable_flush_local();
	sync_cpus(uses_hst, sp);
}

/* One leaf of PHYS memory: the largest that fits address, alignment and count. */
static enum vela_status phys_leaf(const struct sp *dst, uint64_t pa, uint64_t dva, uint64_t pages,
				  struct leaf *leaf)
{
	unsigned shift = pagetable_shift_max(dst);
	while (shift > PAGE_SHIFT &&
	       ((pa | dva) & ((1ul << shift) - 1) || pages < 1ul << (shift - PAGE_SHIFT) ||
		!phys_allowed(pa, 1ul << shift)))
		shift -= 9;
	if (!phys_allowed(pa, 1ul << shift))
		return VELA_BAD_ARG;
	*leaf = (struct leaf){ .pa = pa,
			       .shift = shift,
			       .rights = VELA_MEM_R | VELA_MEM_W | VELA_MEM_X };
	return VELA_OK;
}

/* The leaf of src at sva cut to what dst can take at dva. */
static enum vela_status host_leaf(const struct sp *src, const struct sp *dst, uint64_t sva,
				  uint64_t dva, uint64_t pages, struct leaf *leaf)
{
	if (!pagetable_walk(src, sva, leaf) || leaf->kernel)
		return VELA_BAD_ARG;
	while (leaf->shift > PAGE_SHIFT && ((sva | dva) & ((1ul << leaf->shift) - 1) ||
					    leaf->shift > pagetable_shift_max(dst) ||
					    pages < 1ul << (leaf->shift - PAGE_SHIFT)))
		leaf->shift -= 9;
	return VELA_OK;
}

static enum vela_status map_step(struct sp *src, struct sp *dst, uint64_t sva, uint64_t dva,
				 uint64_t pages, unsigned rights, uint64_t *done, bool *stale)
{
	struct leaf leaf;
	bool phys = src && src->type == VELA_SP_PHYS;
	enum vela_status s;
	if (!rights)
		return pagetable_clear(dst, dva, pages, done, stale);
	if (!phys) {
		s = pagetable_copy(src, dst, sva, dva, pages, rights, done, stale);
		if (s || *done)
			return s;
	}
	s = phys ? phys_leaf(dst, sva, dva, pages, &leaf)
		 : host_leaf(src, dst, sva, dva, pages, &leaf);
	if (s)
		return s;
	/* What a guest may execute is its monitor's affair: for the monitor itself guest memory is
	 * never executable. */
	if (dst->type == VELA_SP_GST)
		leaf.rights |= VELA_MEM_X;
	leaf.rights &= rights | VELA_MEM_UC | VELA_MEM_WC;
	if (phys)
		leaf.rights |= rights & (VELA_MEM_UC | VELA_MEM_WC);
	if (!(leaf.rights & VELA_MEM_R))
		return VELA_BAD_ARG;
	s = pagetable_set(dst, dva, &leaf, stale);
	*done = s ? 0 : 1ul << (leaf.shift - PAGE_SHIFT);
	return s;
}

static enum vela_status map_memory(struct sp *src, struct sp *dst, uint64_t spage, uint64_t dpage,
				   uint64_t count, unsigned rights, uint64_t *done)
{
	uint64_t limit = pagetable_end(dst) >> PAGE_SHIFT;
	if (dpage >= limit || count > limit - dpage || spage > UINT64_MAX - count ||
	    (rights && spage + count > 1ul << (52 - PAGE_SHIFT)))
		return VELA_BAD_ARG;
	enum vela_status s = VELA_OK;
	bool stale = false;
	uint64_t moved = 0;
	/* Each step moves at least one leaf and, where it copies a run of small ones, accounts for
	 * as many steps as leaves. */
	spin_lock(&dst->lock);
	for (uint64_t steps = 0; moved < count && steps < VELA_LEAVES_MAX && !s;) {
		uint64_t left = count - moved, room = VELA_LEAVES_MAX - steps, n = 0;
		s = map_step(src, dst, (spage + moved) << PAGE_SHIFT, (dpage + moved) << PAGE_SHIFT,
			     left, rights, &n, &stale);
		moved += n;
		steps += n && n < room ? n : 1;
	}
	spin_unlock(&dst->lock);
	if (stale)
		sp_flush(dst);
	*done = moved;
	return moved ? VELA_OK : s;
}

enum vela_status sp_map(struct sp *src, struct sp *dst, uint64_t sbase, uint64_t dbase,
			uint64_t count, unsigned rights, uint64_t *done)
{
	bool bits = dst->type == VELA_SP_PIO || dst->type == VELA_SP_MSR;
	*done = 0;
	if (!count)
		return VELA_OK;
	if (rights & ~(VELA_MEM_R | VELA_MEM_W | VELA_MEM_X | VELA_MEM_UC | VELA_MEM_WC))
		return VELA_BAD_ARG;
	if (rights &&
	    (bits ? src->type != dst->type : src->type != VELA_SP_HST && src->type != VELA_SP_PHYS))
		return VELA_BAD_KIND;
	if (!bits)
		return map_memory(src, dst, sbase, dbase, count, rights, done);
	if (count > VELA_LEAVES_MAX)
		count = VELA_LEAVES_MAX;
	enum vela_status s = ports_copy(src, dst, sbase, dbase, count, rights);
	*done = s ? 0 : count;
	return s;
}

enum vela_status sp_grant(struct sp *src, struct sp *dst, uint64_t sbase, uint64_t dbase,
			  uint64_t count, unsigned rights, uint64_t *done)
{
	*done = 0;
	if (dbase >= VELA_SEL_MAX || count > VELA_SEL_MAX - dbase || sbase >= VELA_SEL_MAX ||
	    count > VELA_SEL_MAX - sbase || (rights && !dbase))
		return VELA_BAD_ARG; /* slot 0 stays empty: 0 stands for "none" */
	if (count > VELA_LEAVES_MAX)
		count = VELA_LEAVES_MAX;
	for (uint64_t i = 0; i < count; i++, ++*done) {
		cap_t cap = rights ? sp_slot(src, sbase + i) : 0;
		if (!cap_object(cap))
			cap = 0;
		if (!cap && !sp_slot(dst, dbase + i))
			continue;
		cap_t *place = sp_slot_place(dst, dbase + i);
		if (!place)
			return *done ? VELA_OK : VELA_NO_MEMORY;
		cap &= ~((cap_t)(~rights & 0xff) << 52);
		__atomic_store_n(place, cap, __ATOMIC_RELEASE);
	}
	return VELA_OK;
}
