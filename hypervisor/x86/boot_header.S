/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers by which boot loaders know the kernel: multiboot 1 (QEMU's -kernel) and multiboot 2
 * (GRUB). kernel.ld puts them first into the file. Neither gives addresses: both loaders follow
 * the ELF program headers.
 */

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x3 /* modules on page boundaries, memory information */
#define MB2_MAGIC 0xe85250d6

	.section .boot.header, "a"
	.balign	8
	.long	MB1_MAGIC
	.long	MB1_FLAGS
	.long	-(MB1_MAGIC + MB1_FLAGS)

	.balign	8
mb2_start:
	.long	MB2_MAGIC
	.long	0 /* i386, protected mode */
	.long	mb2_end - mb2_start
	.long	-(MB2_MAGIC + (mb2_end - mb2_start))

	/* Refuse to load unless the memory map (tag 6) can be given. */
	.balign	8
	.short	1, 0
	.long	12
	.long	6

	/* Modules on page boundaries. */
	.balign	8
	.short	6, 0
	.long	8

	.balign	8
	.short	0, 0
	.long	8
mb2_end:
