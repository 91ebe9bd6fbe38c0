/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of spaces: walking, setting, copying, clearing, freeing. Those of DMA spaces have as
 * many levels as the IOMMU walks, at most as many as here:
 *
 *	root (4) --> (3) --> (2) --> (1) --> 4 KiB page
 *	              \       \----> 2 MiB page
 *	               \-----------> 1 GiB page
 *
 * Tables are never freed before their space: clearing leaves them, setting a large leaf where one
 *is sets small ones in it. So a table seen once stays a table, and only leaves need flushing.
 */
#include <core/cpu.h>
#include <core/pd.h>
#include <core/pool.h>
#include <core/sync.h>
#include <x86/features.h>
#include <x86/iommu.h>
#include <x86/layout.h>
#include <x86/pagetable.h>

#define LEVEL_SHIFT(l)	(PAGE_SHIFT + 9u * ((unsigned)(l) - 1u))
#define INDEX(va, l)	((va) >> LEVEL_SHIFT(l) & 511)
#define TABLES_PER_STEP 16u

/* An entry that leads to a table: all rights, in either format. */
#define PTE_TABLE (PTE_P | PTE_W | PTE_U)

static bool is_table(uint64_t pte, int level)
{
	return level > 1 && pte & PTE_P && !(pte & PTE_PS);
}

static uint64_t *table_of(uint64_t pte)
{
	return pool_va(pte & PTE_ADDR);
}

/* The IOMMU reads tables as well: what it does not see in the processors' caches is written back.
 */
static void written(const struct sp *sp, const void *entries, size_t bytes)
{
	if (sp->type == VELA_SP_DMA)
		iommu_written(entries, bytes);
}

/* A zeroed table, charged to the space's owner. */
static uint64_t *table_new(const struct sp *sp)
{
	uint64_t *table = pd_alloc_pages(sp->object.owner, 0);
	if (table)
		written(sp, table, PAGE_SIZE);
	return table;
}

static int levels(const struct sp *sp)
{
	return sp->type == VELA_SP_DMA ? (int)iommu.levels : 4;
}

/* Puts a table behind the entry, which is of this level. */
static void table_link(const struct sp *sp, uint64_t *entry, int level, const uint64_t *table)
{
	uint64_t bits = PTE_TABLE;
	if (sp->type == VELA_SP_DMA)
		bits = iommu_table_bits(level);
	__atomic_store_n(entry, pool_pa(table) | bits, __ATOMIC_RELEASE);
	written(sp, entry, sizeof *entry);
}

static bool is_ept(const struct sp *sp)
{
	return sp->type == VELA_SP_GST && features.vmx;
}

static uint64_t ept_bits(unsigned rights)
{
	uint64_t type = rights & VELA_MEM_UC ? 0 : rights & VELA_MEM_WC ? EPT_WC : EPT_WB;
	return type | (rights & VELA_MEM_X ? EPT_X : 0);
}

/* The memory-type bits stand at the same place in leaves of all sizes; bit 12 (PAT) is not used. */
static uint64_t leaf_make(const struct sp *sp, uint64_t pa, unsigned shift, unsigned rights)
{
	uint64_t pte = pa | PTE_P;
	if (rights & VELA_MEM_W)
		pte |= PTE_W;
	if (shift > PAGE_SHIFT)
		pte |= PTE_PS;
	if (sp->type == VELA_SP_DMA)
		return pte | iommu_leaf_bits(rights);
	if (is_ept(sp))
		return pte | ept_bits(rights);
	pte |= PTE_U | PTE_A;
	if (!(rights & VELA_MEM_X))
		pte |= pte_nx;
	if (rights & VELA_MEM_UC)
		pte |= PTE_UC;
	else if (rights & VELA_MEM_WC)
		pte |= PTE_WC;
	/* Nested tables leave D to the processor: it tells what the guest wrote. */
	return sp->type == VELA_SP_HST ? pte | PTE_D : pte;
}

/* Of a leaf of a host space. */
static unsigned leaf_rights(uint64_t pte)
{
	unsigned rights = VELA_MEM_R;
	if (pte & PTE_W)
		rights |= VELA_MEM_W;
	if (!(pte & PTE_NX))
		rights |= VELA_MEM_X;
	if (pte & PTE_PCD)
		rights |= VELA_MEM_UC;
	else if (pte & PTE_PWT)
		rights |= VELA_MEM_WC;
	return rights;
}

bool pagetable_init(struct sp *sp)
{
	sp->root = table_new(sp);
	if (!sp->root)
		return false;
	if (sp->type == VELA_SP_HST)
		sp->root[511] = ((const uint64_t *)(kernel_cr3 + KERNEL_VA))[511];
	return true;
}

unsigned pagetable_shift_max(const struct sp *sp)
{
	if (sp->type == VELA_SP_DMA)
		return iommu.shift;
	return sp->type == VELA_SP_GST ? guest_shift : large_shift;
}

uint64_t pagetable_end(const struct sp *sp)
{
	if (sp->type == VELA_SP_DMA)
		return iommu.end;
	return sp->type == VELA_SP_HST ? VELA_USER_END : 1ul << 48;
}

bool pagetable_walk(const struct sp *sp, uint64_t va, struct leaf *leaf)
{
	const uint64_t *table = sp->root;
	*leaf = (struct leaf){ 0 };
	if (va >= pagetable_end(sp))
		return false;
	for (int level = levels(sp);; level--) {
		uint64_t pte = __atomic_load_n(&table[INDEX(va, level)], __ATOMIC_RELAXED);
		leaf->shift = LEVEL_SHIFT(level);
		if (!(pte & PTE_P))
			return false;
		if (is_table(pte, level)) {
			table = table_of(pte);
			continue;
		}
		uint64_t inside = (1ul << leaf->shift) - 1;
		leaf->pa = (pte & PTE_ADDR & ~inside) | (va & inside & ~(PAGE_SIZE - 1));
		leaf->rights = leaf_rights(pte);
		leaf->kernel = pte & PTE_K;
		return true;
	}
}

/* Turns a large leaf into a table of the next smaller ones with the same rights. */
static bool split(struct sp *sp, uint64_t *entry, int level, bool *stale)
{
	uint64_t *table = table_new(sp);
	if (!table)
		return false;
	uint64_t pte = *entry, step = 1ul << LEVEL_SHIFT(level - 1);
	if (level == 2)
		pte &= ~PTE_PS;
	for (unsigned i = 0; i < 512; i++)
		table[i] = pte + i * step;
	written(sp, table, PAGE_SIZE);
	table_link(sp, entry, level, table);
	*stale = true;
	return true;
}

/* The entry for va at this level, with the tables above it made; NULL when the quota is used up.
 * A larger leaf on the way is split. */
static uint64_t *entry_make(struct sp *sp, uint64_t va, int to, bool *stale)
{
	uint64_t *table = sp->root;
	for (int level = levels(sp); level > to; level--) {
		uint64_t *entry = &table[INDEX(va, level)];
		if (!(*entry & PTE_P)) {
			const uint64_t *next = table_new(sp);
			if (!next)
				return NULL;
			table_link(sp, entry, level, next);
		} else if (!is_table(*entry, level) && !split(sp, entry, level, stale)) {
			return NULL;
		}
		table = table_of(*entry);
	}
	return &table[INDEX(va, to)];
}

enum vela_status pagetable_set(struct sp *sp, uint64_t va, struct leaf *leaf, bool *stale)
{
	uint64_t *entry;
	int level = (int)(leaf->shift - PAGE_SHIFT) / 9 + 1;
	for (;; level--) {
		entry = entry_make(sp, va, level, stale);
		if (!entry)
			return VELA_NO_MEMORY;
		if (!is_table(*entry, level))
			break;
	}
	leaf->shift = LEVEL_SHIFT(level);
	if (*entry & PTE_K)
		return VELA_BAD_ARG;
	if (*entry & PTE_P)
		*stale = true;
	__atomic_store_n(entry, leaf_make(sp, leaf->pa, leaf->shift, leaf->rights),
			 __ATOMIC_RELAXED);
	written(sp, entry, sizeof *entry);
	return VELA_OK;
}

/* The table of 4 KiB leaves for va, NULL where there is none. */
static uint64_t *leaf_table(const struct sp *sp, uint64_t va)
{
	uint64_t *table = sp->root;
	if (va >= pagetable_end(sp))
		return NULL;
	for (int level = levels(sp); level > 1; level--) {
		uint64_t pte = __atomic_load_n(&table[INDEX(va, level)], __ATOMIC_ACQUIRE);
		if (!is_table(pte, level))
			return NULL;
		table = table_of(pte);
	}
	return table;
}

enum vela_status pagetable_copy(struct sp *src, struct sp *dst, uint64_t sva, uint64_t dva,
				uint64_t count, unsigned rights, struct progress *p)
{
	uint64_t *from = leaf_table(src, sva), *to, old_any = 0, n = 0;
	if (!from)
		return VELA_OK;
	to = entry_make(dst, dva, 1, &p->stale);
	if (!to)
		return VELA_NO_MEMORY;
	from += INDEX(sva, 1);
	/* What a copy keeps of its source, what it adds or takes away, and what must be plain: the
	 * format of VMX has no place for the memory type as it stands. */
	uint64_t keep = PTE_ADDR | PTE_P | (rights & VELA_MEM_W ? PTE_W : 0), add, not = PTE_K;
	if (is_ept(dst)) {
		add = ept_bits(rights);
		not |= PTE_PWT | PTE_PCD;
	} else {
		keep |= PTE_U | PTE_PWT | PTE_PCD | (dst->type == VELA_SP_GST ? 0 : PTE_NX);
		add = PTE_A | (rights & VELA_MEM_X ? 0 : pte_nx) |
		      (dst->type == VELA_SP_HST ? PTE_D : 0);
	}
	uint64_t room = 512 - (INDEX(sva, 1) > INDEX(dva, 1) ? INDEX(sva, 1) : INDEX(dva, 1));
	if (room > VELA_LEAVES_MAX - p->steps)
		room = VELA_LEAVES_MAX - p->steps;
	for (; n < count && n < room; n++) {
		uint64_t pte = from[n], old = to[n];
		if ((pte & (PTE_P | not)) != PTE_P || old & PTE_K)
			break;
		old_any |= old;
		to[n] = (pte & keep) | add;
	}
	if (old_any & PTE_P)
		p->stale = true;
	p->pages += n;
	p->steps += n;
	return VELA_OK;
}

/* Clears leaves of one table from entry on, up to count and as steps are left. */
static enum vela_status clear_leaves(uint64_t *entry, uint64_t count, struct progress *p)
{
	uint64_t old_any = 0, n = 0;
	if (count > VELA_LEAVES_MAX - p->steps)
		count = VELA_LEAVES_MAX - p->steps;
	for (; n < count && !(entry[n] & PTE_K); n++) {
		old_any |= entry[n];
		entry[n] = 0;
	}
	if (old_any & PTE_P)
		p->stale = true;
	p->pages += n;
	p->steps += n;
	return n ? VELA_OK : VELA_BAD_ARG;
}

enum vela_status pagetable_clear(struct sp *sp, uint64_t va, uint64_t count, struct progress *p)
{
	uint64_t *table = sp->root;
	for (int level = levels(sp);; level--) {
		uint64_t *entry = &table[INDEX(va, level)];
		uint64_t size = 1ul << (LEVEL_SHIFT(level) - PAGE_SHIFT);
		uint64_t left = size - (va >> PAGE_SHIFT & (size - 1)); /* to this entry's end */
		if (left > count)
			left = count;
		if (level == 1) {
			uint64_t room = 512 - INDEX(va, 1);
			uint64_t before = p->pages;
			enum vela_status s = clear_leaves(entry, count < room ? count : room, p);
			written(sp, entry, (p->pages - before) * sizeof *entry);
			return s;
		}
		if (!(*entry & PTE_P) || (!is_table(*entry, level) && left == size)) {
			p->stale |= *entry & PTE_P;
			*entry = 0;
			written(sp, entry, sizeof *entry);
			p->pages += left;
			p->steps++;
			return VELA_OK;
		}
		if (!is_table(*entry, level) && !split(sp, entry, level, &p->stale))
			return VELA_NO_MEMORY;
		table = table_of(*entry);
	}
}

enum vela_status pagetable_set_kernel(struct sp *sp, uint64_t va, void *page, unsigned rights)
{
	enum vela_status s = VELA_OK;
	struct leaf leaf;
	bool stale; /* nothing will be: the place is empty, so no leaf is split */
	spin_lock(&sp->lock);
	uint64_t *entry = NULL;
	if (pagetable_walk(sp, va, &leaf))
		s = VELA_BAD_ARG;
	else if (!(entry = entry_make(sp, va, 1, &stale)))
		s = VELA_NO_MEMORY;
	else
		*entry = leaf_make(sp, pool_pa(page), PAGE_SHIFT, rights) | PTE_K;
	spin_unlock(&sp->lock);
	return s;
}

void pagetable_clear_kernel(struct sp *sp, uint64_t va)
{
	spin_lock(&sp->lock);
	leaf_table(sp, va)[INDEX(va, 1)] = 0;
	spin_unlock(&sp->lock);
	sp_flush(sp);
}

bool pagetable_free_step(struct sp *sp)
{
	struct pd *payer = sp->object.owner;
	if (sp->type == VELA_SP_HST)
		sp->root[511] = 0;
	for (unsigned n = 0; n < TABLES_PER_STEP; n++) {
		/* Down to a table that leads to no other. */
		uint64_t *table = sp->root, *above = NULL;
		for (int level = levels(sp); level > 1; level--) {
			unsigned i = 0;
			while (i < 512 && !is_table(table[i], level))
				i++;
			if (i == 512)
				break;
			above = &table[i];
			table = table_of(*above);
		}
		pd_free_pages(payer, table, 0);
		if (!above)
			return true;
		*above = 0;
	}
	sp->reap_at = 1;
	return false;
}

void pagetable_flush_local(void)
{
	uint64_t cr3;
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	cr3_load(cr3);
}
