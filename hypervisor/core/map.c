/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving authority between spaces: capabilities (grant), memory, ports and MSRs (map). Every call
 * does a bounded number of steps and says how far it came; what it has done stays valid.
 */
#include <arch/iommu.h>
#include <arch/pagetable.h>
#include <arch/ports.h>
#include <core/sp.h>
#include <core/sync.h>

#define MEM_RW	  (VELA_MEM_R | VELA_MEM_W)
#define MEM_TYPES (VELA_MEM_UC | VELA_MEM_WC)

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
	if (sp->type == VELA_SP_DMA) {
		iommu_flush(sp);
		return;
	}
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

/* Goes on by one leaf, or by a run of small ones. */
static enum vela_status map_step(struct sp *src, struct sp *dst, uint64_t sva, uint64_t dva,
				 uint64_t pages, unsigned rights, struct progress *p)
{
	struct leaf leaf;
	bool phys = src && src->type == VELA_SP_PHYS;
	uint64_t before = p->pages;
	enum vela_status s;
	if (!rights)
		return pagetable_clear(dst, dva, pages, p);
	if (!phys && dst->type != VELA_SP_DMA) {
		s = pagetable_copy(src, dst, sva, dva, pages, rights, p);
		if (s || p->pages != before)
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
	leaf.rights = (leaf.rights & (rights | MEM_TYPES)) | (rights & MEM_TYPES);
	s = pagetable_set(dst, dva, &leaf, &p->stale);
	if (s)
		return s;
	p->pages += 1ul << (leaf.shift - PAGE_SHIFT);
	p->steps++;
	return VELA_OK;
}

/* A mapping without R cannot be expressed; a memory type is the choice of who maps from PHYS.
 * Devices execute nothing, and the type is theirs to choose. */
static bool memory_rights_ok(const struct sp *src, const struct sp *dst, unsigned rights)
{
	unsigned types = rights & MEM_TYPES;
	if (dst->type == VELA_SP_DMA && rights & ~MEM_RW)
		return false;
	return rights & VELA_MEM_R && types != MEM_TYPES && (!types || src->type == VELA_SP_PHYS);
}

static enum vela_status map_memory(struct sp *src, struct sp *dst, uint64_t spage, uint64_t dpage,
				   uint64_t count, unsigned rights, uint64_t *done)
{
	uint64_t limit = pagetable_end(dst) >> PAGE_SHIFT;
	if (dpage >= limit || count > limit - dpage || spage > UINT64_MAX - count ||
	    (rights && spage + count > 1ul << (52 - PAGE_SHIFT)))
		return VELA_BAD_ARG;
	if (rights && !memory_rights_ok(src, dst, rights))
		return VELA_BAD_ARG;
	enum vela_status s = VELA_OK;
	struct progress p = { 0 };
	spin_lock(&dst->lock);
	while (p.pages < count && p.steps < VELA_LEAVES_MAX && !s)
		s = map_step(src, dst, (spage + p.pages) << PAGE_SHIFT,
			     (dpage + p.pages) << PAGE_SHIFT, count - p.pages, rights, &p);
	spin_unlock(&dst->lock);
	if (p.stale || (dst->type == VELA_SP_DMA && p.pages && iommu_caches_absence()))
		sp_flush(dst);
	*done = p.pages;
	return p.pages ? VELA_OK : s;
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
	/* Ports and MSRs cannot be renumbered, and one bit is all a port has for both rights. */
	if (rights &&
	    (sbase != dbase || rights & ~MEM_RW || (dst->type == VELA_SP_PIO && rights != MEM_RW)))
		return VELA_BAD_ARG;
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
