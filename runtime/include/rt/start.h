/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the start-up code gives to a program and wants from it. A program defines rt_main; it runs
 * on the first thread with libc, TLS, clocks and log ready. Its return value becomes the exit code.
 */
#ifndef RT_START_H
#define RT_START_H

#include <stddef.h>
#include <stdint.h>

struct rt_info;
struct vela_info;

int rt_main(void);

/* The read-only page of facts of a process made by the root task (rt_dep). */
const struct rt_info *rt_info(void);

/* The kernel's information area; in the root task only (rt_root_dep). */
const struct vela_info *rt_machine(void);

/* The program's heap: rt_heap_pages pages at rt_heap_area, of which nothing grows. A program
 * chooses its size by writing RT_HEAP(bytes) once at file scope; without it, it has 256 KiB.
 * Allocation fails with ENOMEM when they are used up. Only the first thread may use the allocator.
 */
extern unsigned char rt_heap_area[];
extern uint64_t rt_heap_bitmap[];
extern const size_t rt_heap_pages;

#define RT_HEAP(bytes)                                                                 \
	_Static_assert((bytes) > 0 && (bytes) % 4096 == 0, "a heap is made of pages"); \
	_Alignas(4096) unsigned char rt_heap_area[bytes];                              \
	uint64_t rt_heap_bitmap[((bytes) / 4096 + 63) / 64];                           \
	const size_t rt_heap_pages = (bytes) / 4096

#endif
