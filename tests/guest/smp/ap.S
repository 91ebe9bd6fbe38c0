/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an application processor gets from STARTUP to C. The code up to ap_trampoline_end is copied
 * to the page that STARTUP names, and notes there what the processor was handed. Relies on the
 * tables of lib/start.S and pages.c, and on all of the guest lying below 4 GiB.
 */
#define CR0_PG_PE 0x80000001
#define CR0_CD_NW 0x60000000
#define CR4_PAE	  0x20
#define EFER	  0xc0000080
#define EFER_LME  0x100

	.section .rodata
	.code16
	.global ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	movw %cs, %bp
	movw %bp, %ds
	movl %edx, ap_seen_edx - ap_trampoline
	movl %cr0, %eax
	movl %eax, ap_seen_cr0 - ap_trampoline
	movw %bp, ap_seen_cs - ap_trampoline
	lgdtl ap_gdt_register - ap_trampoline
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $pages_root, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_CD_NW, %eax
	orl $CR0_PG_PE, %eax
	movl %eax, %cr0
	ljmpl $8, $ap_long_mode
	.balign 4
	.global ap_seen_edx, ap_seen_cr0, ap_seen_cs
ap_gdt_register:
	.word 39
	.long gdt
	.balign 4
ap_seen_edx:
	.long 0
ap_seen_cr0:
	.long 0
ap_seen_cs:
	.long 0
ap_trampoline_end:

	.text
	.code64
ap_long_mode:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	/* One at a time comes here: the starter waits for each. */
	movq ap_stack_top(%rip), %rsp
	xorl %ebp, %ebp
	call ap_main
	ud2
