/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a boot loader to C. PVH and multiboot 1 both enter in 32-bit mode without paging and with
 * a pointer to their structure in ebx; the magic in eax tells them apart. The first 4 GiB are
 * mapped one to one; the page tables are those of pages.c.
 */
#define CR0_PG_PE     0x80000001
#define CR4_PAE	      0x20
#define EFER	      0xc0000080
#define EFER_LME      0x100
#define PTE_PW	      0x3
#define PTE_PW_LARGE  0x83
#define STACK_BYTES   0x8000
#define XEN_NOTE_PVH  18

	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 0x3, -(0x1badb002 + 0x3)

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, XEN_NOTE_PVH
	.asciz "Xen"
	.long start

	.text
	.code32
	.global start
start:
	cld
	movl $stack_top, %esp
	movl %eax, %ebp
	movl $pages_root, %edi
	movl $pages_first, %eax
	orl $PTE_PW, %eax
	movl %eax, (%edi)
	movl $pages_directory, %eax
	orl $PTE_PW, %eax
	movl $pages_first, %edi
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 1b
	movl $pages_directory, %edi
	movl $PTE_PW_LARGE, %eax
	movl $2048, %ecx
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 2b
	movl $pages_root, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG_PE, %eax
	movl %eax, %cr0
	lgdt gdt_register
	ljmp $8, $long_mode

	.code64
long_mode:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $stack_top, %esp
	movl %ebp, %edi
	movl %ebx, %esi
	call guest_start
3:	hlt
	jmp 3b

	.data
	.balign 8
	.global gdt
gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
	.quad 0, 0 /* the TSS, see trap.c */
gdt_end:
gdt_register:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.balign 16
	.skip STACK_BYTES
stack_top:
