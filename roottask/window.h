/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root task's own view of physical memory: it maps what it must touch, at fixed offsets from
 * the physical address, and unmaps what it is done with. Nothing else of the machine's memory is in
 * its address space.
 */
#ifndef ROOT_WINDOW_H
#define ROOT_WINDOW_H

#include "memory.h"

/* Maps until window_close; NULL when the kernel refuses. rights: VELA_MEM_*. */
void *window_open(struct extent extent, unsigned rights);
void window_close(struct extent extent);

/* Maps for a moment, readable and writable, or as registers; NULL when the kernel refuses. */
void *window_borrow(struct extent extent);
void *window_borrow_registers(struct extent extent);
void window_return(struct extent extent);

/* Fills with zeroes. False: it could not be mapped. */
bool window_clear(struct extent extent);

#endif
