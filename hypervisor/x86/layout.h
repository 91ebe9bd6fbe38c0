/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's half of every address space: one top-level entry (511), the same in all.
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define POOL_VA	  0xffffff8000000000ul /* the pool, at most POOL_MAX */
#define POOL_MAX  0x40000000ul
#define CPU_VA	  0xffffffc000000000ul /* CPU_WINDOW per CPU, see cpu.c */
#define DEVICE_VA 0xffffffd000000000ul /* device registers */
#define KERNEL_VA 0xffffffff80000000ul /* the image, at KERNEL_VA + physical address */
#define IMAGE_PA  0x200000ul	       /* where it is loaded; kernel.ld */

#endif
