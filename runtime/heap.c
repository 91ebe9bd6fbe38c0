/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a program that does not choose its size with RT_HEAP. Weak, so that RT_HEAP's
 * definitions replace all three.
 */
#include <rt/start.h>

enum { DEFAULT_BYTES = 256 * 1024 };

__attribute__((weak)) _Alignas(4096) unsigned char rt_heap_area[DEFAULT_BYTES];
__attribute__((weak)) uint64_t rt_heap_bitmap[DEFAULT_BYTES / 4096 / 64];
__attribute__((weak)) const size_t rt_heap_pages = DEFAULT_BYTES / 4096;
