/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a CPU starts: copied to TRAMPOLINE_PA, entered there in real mode by SIPI, through
 * protected to 64-bit mode under the kernel's page tables, which still map this page at its
 * physical address. The copy is gone once the CPU has taken over, so that part runs at KERNEL_VA.
 */
#include <x86/trampoline.h>

#define CR0_PE	 (1 << 0)
#define CR0_WP	 (1 << 16)
#define CR0_PG	 (1 << 31)
#define CR4_PAE	 (1 << 5)
#define MSR_EFER 0xc0000080

/* Where a label, or a word of the hand-off, is when this runs. */
#define LOW(label)  (TRAMPOLINE_PA + label - trampoline_start)
#define WORD(field) (TRAMPOLINE_PA + field)

	.section .rodata.trampoline, "a"
	.balign	16
	.globl	trampoline_start
	.code16
trampoline_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	LOW(trampoline_gdt_pointer)
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $LOW(trampoline_32)

	.code32
trampoline_32:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	WORD(HANDOFF_CR3), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	xorl	%edx, %edx
	movl	WORD(HANDOFF_EFER), %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $LOW(trampoline_64)

	.code64
trampoline_64:
	movabsq	$ap_start, %rax
	jmpq	*%rax

	.balign	8
trampoline_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* 0x08: 64-bit code, ring 0 */
	.quad	0x00cf93000000ffff /* 0x10: data */
	.quad	0x00cf9b000000ffff /* 0x18: 32-bit code */
trampoline_gdt_pointer:
	.short	trampoline_gdt_pointer - trampoline_gdt - 1
	.long	LOW(trampoline_gdt)
	/* Fails to assemble if the code has grown into the hand-off. */
	.org	trampoline_start + HANDOFF_OFFSET
	.org	trampoline_start + TRAMPOLINE_BYTES

	.text
ap_start:
	lgdt	boot_gdt_pointer
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	WORD(HANDOFF_INDEX), %edi
	movq	WORD(HANDOFF_STACK), %rsp
	movl	$HANDOFF_OFFERED, %eax
	movl	$HANDOFF_TAKEN, %ecx
	lock cmpxchgl %ecx, WORD(HANDOFF_STATE)
	jne	1f
	xorl	%ebp, %ebp
	call	ap_main
1:	hlt
	jmp	1b
