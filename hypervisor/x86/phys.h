/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory as seen by the parsers of boot data, through the identity map that boot.S makes
 * and that goes away when the CPUs are started; and the mapping of device registers, which stays.
 */
#ifndef X86_PHYS_H
#define X86_PHYS_H

#include <stddef.h>
#include <stdint.h>

/* The window: address 0 is seen at phys_base, and phys_end bytes can be seen. Unit tests put a
 * buffer of their own there. */
extern uintptr_t phys_base;
extern uint64_t phys_end;

/* Where [pa, pa + size) can be read, or NULL if it is not wholly inside the window. Nothing
 * of interest lies at address 0, so NULL is never a good answer. */
static inline const void *phys_ptr(uint64_t pa, uint64_t size)
{
	if (!pa || pa > phys_end || size > phys_end - pa)
		return NULL;
	return (const void *)(phys_base + pa);
}

/* Maps device registers, uncacheable, into the kernel for good (pagetable.c). */
void *device_map(uint64_t pa, uint64_t size);

#endif
