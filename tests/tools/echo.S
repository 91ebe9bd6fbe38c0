/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multiboot machine for testing the test runner: writes the contents of its first module to the
 * serial port, then the first byte of its second module to QEMU's debug-exit port. Without a second
 * module it halts. No stack, no interrupts.
 */
#define MAGIC	     0x1badb002
#define FLAGS	     0x00000003 /* modules page-aligned, memory information */
#define INFO_COUNT   20
#define INFO_MODULES 24
#define MODULE_SIZE  16
#define COM1	     0x3f8
#define COM1_LSR     0x3fd
#define LSR_THRE     0x20
#define EXIT_PORT    0xf4

	.section .text.header, "ax"
	.balign 4
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)

	.globl _start
_start:
	cli
	movl INFO_COUNT(%ebx), %ebp
	movl INFO_MODULES(%ebx), %ebx
	testl %ebp, %ebp
	jz halt
	movl 0(%ebx), %esi
	movl 4(%ebx), %edi
next:
	cmpl %edi, %esi
	jae done
wait:
	movw $COM1_LSR, %dx
	inb %dx, %al
	testb $LSR_THRE, %al
	jz wait
	movw $COM1, %dx
	lodsb
	outb %al, %dx
	jmp next
done:
	cmpl $2, %ebp
	jb halt
	movl MODULE_SIZE(%ebx), %esi
	movzbl (%esi), %eax
	movw $EXIT_PORT, %dx
	outl %eax, %dx
halt:
	hlt
	jmp halt
