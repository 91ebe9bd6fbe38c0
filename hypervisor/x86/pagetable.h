/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of page-table entries and the kernel's own tables. Host tables and the nested tables of SVM
 * have one format (APM vol. 2, 5.3 and 15.25.5); those of VMX (SDM vol. 3, 29.3.2) differ in their
 * leaves. Present, writable, large and the address stand at the same place in both.
 */
#ifndef X86_PAGETABLE_H
#define X86_PAGETABLE_H

#include <arch/pagetable.h>
#include <x86/layout.h>

#define PTE_P	 0x001ul
#define PTE_W	 0x002ul
#define PTE_U	 0x004ul
#define PTE_PWT	 0x008ul
#define PTE_PCD	 0x010ul
#define PTE_A	 0x020ul
#define PTE_D	 0x040ul
#define PTE_PS	 0x080ul
#define PTE_G	 0x100ul
#define PTE_K	 0x800ul /* ours: a page of the kernel's pool, not to be delegated */
#define PTE_ADDR 0x000ffffffffff000ul
#define PTE_NX	 0x8000000000000000ul

/* PAT entry 1, selected by PWT alone, is set to write-combining on every CPU (cpu.c). */
#define PTE_UC (PTE_PCD | PTE_PWT)
#define PTE_WC PTE_PWT

/* Leaves of VMX: execute, and the memory type. */
#define EPT_X  0x04ul
#define EPT_WC 0x08ul
#define EPT_WB 0x30ul

extern uint64_t kernel_cr3;  /* below 4 GiB: CPUs start with it */
extern uint64_t pte_nx;	     /* PTE_NX where the processor knows it */
extern unsigned large_shift; /* of the largest leaf: 30 or 21 */
extern unsigned guest_shift; /* the same in guest spaces; 12 where VMX has small leaves only */

/* Builds the kernel's tables and loads them: pool at POOL_VA, image by segment rights. The boot
 * identity map stays until kernel_drop_identity. */
void kernel_tables(uint64_t pool_pa, uint64_t pool_bytes);
void kernel_drop_identity(void);

/* Maps one page of the kernel's half; tables come from the pool. Boot only. */
void kernel_map(uint64_t va, uint64_t pa, uint64_t flags);

/* The entry of a page mapped by kernel_map. */
uint64_t *kernel_entry(uint64_t va);

/* Takes physical memory out of what PHYS can reach. Boot only. */
void phys_reserve(uint64_t pa, uint64_t size);

/* Physical address of something in the kernel's image. */
static inline uint64_t image_pa(const void *va)
{
	return (uint64_t)va - KERNEL_VA;
}

static inline void cr3_load(uint64_t cr3)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

static inline void page_flush(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
