/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PVH entry of the benchmark's guest (Xen's docs/misc/pvh.pandoc): 32-bit mode without paging. Goes
 * on in 64-bit mode with the first 4 GiB mapped one to one in pages of 2 MiB, as kernels run, so
 * that a monitor that has to look at an instruction has page tables to walk.
 */
#define NOTE_PHYS32_ENTRY 18
#define CR0_PG	   0x80000000
#define CR4_PAE	   0x20
#define MSR_EFER   0xc0000080
#define EFER_LME   0x100
#define PTE_TABLE  0x3	/* present, writable */
#define PTE_LARGE  0x83 /* and a page of 2 MiB */
#define PAGE_COUNT 2048

	.section .note.start, "a", @note
	.balign	4
	.long	4, 4, NOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	start

	.section .text.start, "ax", @progbits
	.code32
	.globl	start
start:
	mov	$stack_top, %esp
	/* The four tables below `directories` follow each other: one run of entries. */
	mov	$PTE_LARGE, %eax
	xor	%ecx, %ecx
1:	mov	%eax, directories(,%ecx,8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$PAGE_COUNT, %ecx
	jne	1b
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$page_map, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $start_64

	.code64
start_64:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$stack_top, %esp
	call	guest_main
2:	hlt
	jmp	2b

	.section .data.start, "aw", @progbits
	.balign	4096
page_map:
	.quad	pointers + PTE_TABLE
	.balign	4096
pointers:
	.quad	directories + PTE_TABLE
	.quad	directories + 4096 + PTE_TABLE
	.quad	directories + 8192 + PTE_TABLE
	.quad	directories + 12288 + PTE_TABLE
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* code, 64-bit */
	.quad	0x00cf93000000ffff	/* data */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.section .bss.start, "aw", @nobits
	.balign	4096
directories:
	.skip	4 * 4096
	.skip	16384
stack_top:

	.section .note.GNU-stack, "", @progbits
