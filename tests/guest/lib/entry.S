/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the interrupt table: each makes a struct frame (trap.h) and calls trap_dispatch. */
#define STUB_BYTES 16

	.text
	.balign STUB_BYTES
	.global trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign STUB_BYTES
	/* 8, 10 to 14, 17 and 21 come with an error code. */
	.if !(vector < 32 && (0x227d00 >> vector & 1))
	pushq $0
	.endif
	pushq $vector
	jmp common
	.set vector, vector + 1
	.endr

common:
	cld
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	call trap_dispatch
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

/* bool trap_run(void (*code)(void *arg), void *arg): false when an exception ended it. */
	.global trap_run
trap_run:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushfq
	movq %rsp, trap_run_stack(%rip)
	movq %rdi, %rax
	movq %rsi, %rdi
	call *%rax
	movl $1, %eax
	jmp 1f
	.global trap_run_ended
trap_run_ended:
	xorl %eax, %eax
1:	movq trap_run_stack(%rip), %rsp
	movq $0, trap_run_stack(%rip)
	popfq
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
