/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own page tables. They map the image with the rights of its segments, the pool, and
 * single pages for CPUs and devices; nothing else, so no guest's or process's memory can be reached
 * through them.
 */
#include <core/log.h>
#include <core/pool.h>
#include <x86/features.h>
#include <x86/layout.h>
#include <x86/pagetable.h>
#include <x86/phys.h>

#define TABLE __attribute__((aligned(4096)))

static uint64_t pml4[512] TABLE, pdpt[512] TABLE, pool_pd[512] TABLE, image_pd[512] TABLE,
	image_pt[512] TABLE;

extern char image_text_start[], image_text_end[], image_rodata_start[], image_rodata_end[],
	image_data_start[], image_end[];

uint64_t kernel_cr3;
uint64_t pte_nx;
unsigned large_shift, guest_shift;

static struct {
	uint64_t pa, size;
} reserved[32];
static unsigned reserved_count;

static void map_image(const char *from, const char *to, uint64_t flags)
{
	for (uint64_t pa = image_pa(from); pa < image_pa(to); pa += PAGE_SIZE) {
		if (pa >> 21 != image_pa(image_text_start) >> 21)
			panic("the kernel image is larger than 2 MiB");
		image_pt[pa >> PAGE_SHIFT & 511] = pa | flags | PTE_P | PTE_A | PTE_D | PTE_G;
	}
}

void kernel_tables(uint64_t pool_pa, uint64_t pool_bytes)
{
	uint64_t boot_cr3, table = PTE_P | PTE_W | PTE_A;
	__asm__("mov %%cr3, %0" : "=r"(boot_cr3));
	pml4[0] = *(const uint64_t *)phys_ptr(boot_cr3 & PTE_ADDR, 8); /* the identity map */
	pml4[511] = image_pa(pdpt) | table;
	pdpt[POOL_VA >> 30 & 511] = image_pa(pool_pd) | table;
	pdpt[KERNEL_VA >> 30 & 511] = image_pa(image_pd) | table;
	image_pd[image_pa(image_text_start) >> 21 & 511] = image_pa(image_pt) | table;
	for (uint64_t at = 0; at < pool_bytes; at += 1ul << 21)
		pool_pd[at >> 21] = (pool_pa + at) | table | PTE_PS | PTE_D | PTE_G | pte_nx;
	map_image(image_text_start, image_text_end, 0);
	map_image(image_rodata_start, image_rodata_end, pte_nx);
	map_image(image_data_start, image_end, PTE_W | pte_nx);
	kernel_cr3 = image_pa(pml4);
	cr3_load(kernel_cr3);
}

void kernel_drop_identity(void)
{
	pml4[0] = 0;
	cr3_load(kernel_cr3);
	phys_end = 0;
}

/* Follows an entry of the kernel's tables, filling it if it is empty. */
static uint64_t *below(uint64_t *entry)
{
	if (!*entry) {
		void *table = pool_alloc(0);
		if (!table)
			panic("no memory for the kernel's page tables");
		*entry = pool_pa(table) | PTE_P | PTE_W | PTE_A;
	}
	return pool_va(*entry & PTE_ADDR);
}

uint64_t *kernel_entry(uint64_t va)
{
	uint64_t *pd = below(&pdpt[va >> 30 & 511]);
	uint64_t *pt = below(&pd[va >> 21 & 511]);
	return &pt[va >> PAGE_SHIFT & 511];
}

void kernel_map(uint64_t va, uint64_t pa, uint64_t flags)
{
	*kernel_entry(va) = pa | flags | PTE_P | PTE_A | PTE_D | PTE_G | pte_nx;
	page_flush(va);
}

void *device_map(uint64_t pa, uint64_t size)
{
	static uint64_t next = DEVICE_VA;
	uint64_t first = align_down(pa, PAGE_SIZE), va = next;
	for (; first < pa + size; first += PAGE_SIZE, next += PAGE_SIZE)
		kernel_map(next, first, PTE_W | PTE_UC);
	phys_reserve(align_down(pa, PAGE_SIZE), next - va);
	return (void *)(va + pa % PAGE_SIZE);
}

void phys_reserve(uint64_t pa, uint64_t size)
{
	if (reserved_count == sizeof reserved / sizeof reserved[0])
		panic("too many ranges of the kernel's own memory");
	reserved[reserved_count].pa = pa;
	reserved[reserved_count++].size = size;
}

bool phys_allowed(uint64_t pa, uint64_t size)
{
	if (pa + size > 1ul << features.phys_bits)
		return false;
	for (unsigned i = 0; i < reserved_count; i++) {
		if (pa < reserved[i].pa + reserved[i].size && reserved[i].pa < pa + size)
			return false;
	}
	return true;
}
