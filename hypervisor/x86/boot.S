/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the boot loader's 32-bit protected mode without paging to boot_main in 64-bit mode at
 * KERNEL_VA. The tables made here serve until the kernel has its own: the low 4 GiB identity-mapped
 * with 2 MiB pages, and the first of them again at KERNEL_VA.
 */

/* As in kernel.ld. */
#define KERNEL_VA 0xffffffff80000000

#define CR0_PE	   (1 << 0)
#define CR0_WP	   (1 << 16)
#define CR0_PG	   (1 << 31)
#define CR4_PAE	   (1 << 5)
#define MSR_EFER   0xc0000080
#define EFER_LME   (1 << 8)
#define EFER_NXE   (1 << 11)
#define CPUID_LM   29 /* bits of leaf 0x80000001, EDX */
#define CPUID_NX   20
#define PTE_P	   0x01
#define PTE_W	   0x02
#define PTE_PS	   0x80
#define PAGE	   4096
#define BOOT_STACK (4 * PAGE)

	.section .boot.text, "ax"
	.code32
	.globl	_start
_start:
	cli
	cld
	movl	%eax, %edi /* the loader's magic number: boot_main's arguments */
	movl	%ebx, %esi /* its information structure */

	/* CPUID destroys EBX; ESI and EDI are kept. */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$CPUID_LM, %edx
	jnc	no_long_mode
	movl	%edx, %ebp

	/* 2,048 large pages fill the four page directories, which lie one behind the other. */
	movl	$boot_pd, %ebx
	movl	$(PTE_P | PTE_W | PTE_PS), %eax
1:	movl	%eax, (%ebx)
	addl	$8, %ebx
	addl	$0x200000, %eax
	jnc	1b

	movl	$(boot_pd + PTE_P + PTE_W), %eax
	movl	%eax, boot_pdpt_high + 510 * 8
	xorl	%ecx, %ecx
2:	movl	%eax, boot_pdpt_low(, %ecx, 8)
	addl	$PAGE, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jb	2b
	movl	$(boot_pdpt_low + PTE_P + PTE_W), boot_pml4
	movl	$(boot_pdpt_high + PTE_P + PTE_W), boot_pml4 + 511 * 8

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	btl	$CPUID_NX, %ebp
	jnc	3f
	orl	$EFER_NXE, %eax
3:	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer_low
	ljmpl	$0x08, $boot_64

/* One line to COM1 and the screen, and the end. */
no_long_mode:
	movl	$no_long_mode_text, %esi
	movl	$0xb8000, %edi
	movb	$0x0f, %ah
1:	lodsb
	testb	%al, %al
	jz	3f
	stosw
	movb	%al, %bl
	movw	$0x3fd, %dx
	movl	$100000, %ecx
2:	inb	%dx, %al
	testb	$0x20, %al
	loopz	2b
	movw	$0x3f8, %dx
	movb	%bl, %al
	outb	%al, %dx
	jmp	1b
3:	cli
	hlt
	jmp	3b

	.code64
boot_64:
	movabsq	$boot_high, %rax
	jmpq	*%rax

	.section .boot.rodata, "a"
no_long_mode_text:
	.asciz	"Vela needs a 64-bit CPU and this machine has none: stopped.\n"
	.balign	8
boot_gdt_pointer_low:
	.short	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt - KERNEL_VA

	.section .boot.bss, "aw", @nobits
	.balign	PAGE
boot_pml4:
	.skip	PAGE
boot_pdpt_low:
	.skip	PAGE
boot_pdpt_high:
	.skip	PAGE
boot_pd:
	.skip	4 * PAGE

	.text
/* The CPU's and the compiler's idea of 64-bit mode from here on: flat segments, high addresses. */
boot_high:
	lgdt	boot_gdt_pointer
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%esi, %esi /* the upper half is undefined after the change of mode */
	movq	$boot_stack_end, %rsp
	xorl	%ebp, %ebp
	call	boot_main
1:	hlt
	jmp	1b

	.section .rodata
	.balign	8
boot_gdt: /* the accessed bits are set: never written */
	.quad	0
	.quad	0x00af9b000000ffff /* 0x08: 64-bit code, ring 0 */
	.quad	0x00cf93000000ffff /* 0x10: data */
boot_gdt_end:
	/* Started CPUs use it, too, until they have their own. */
	.globl	boot_gdt_pointer
boot_gdt_pointer:
	.short	boot_gdt_end - boot_gdt - 1
	.quad	boot_gdt

	.bss
	.balign	16
	.skip	BOOT_STACK
boot_stack_end:
