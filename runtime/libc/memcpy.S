/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy, instead of musl's, which moves what is left and what is not aligned byte by byte: packets and
 * requests are full of short copies, at odd places. Everything up to 32 bytes is loaded before it is
 * stored; of more, the first and the last eight bytes are. So it copies to overlapping bytes in
 * front as well, which musl's memmove relies on under the name __memcpy_fwd.
 */
	.text
	.global memcpy
	.type memcpy, @function
	.global __memcpy_fwd
	.hidden __memcpy_fwd
memcpy:
__memcpy_fwd:
	movq	%rdi, %rax
	cmpq	$16, %rdx
	ja	.Lover16
	cmpl	$8, %edx
	jae	.Lfrom8
	cmpl	$4, %edx
	jae	.Lfrom4
	testl	%edx, %edx
	je	.Ldone
	/* One to three bytes: the first, the middle and the last. */
	movl	%edx, %ecx
	shrl	%ecx
	movzbl	(%rsi), %r8d
	movzbl	(%rsi,%rcx), %r9d
	movzbl	-1(%rsi,%rdx), %r10d
	movb	%r8b, (%rdi)
	movb	%r9b, (%rdi,%rcx)
	movb	%r10b, -1(%rdi,%rdx)
.Ldone:
	ret
.Lfrom4:
	movl	(%rsi), %ecx
	movl	-4(%rsi,%rdx), %r8d
	movl	%ecx, (%rdi)
	movl	%r8d, -4(%rdi,%rdx)
	ret
.Lfrom8:
	movq	(%rsi), %rcx
	movq	-8(%rsi,%rdx), %r8
	movq	%rcx, (%rdi)
	movq	%r8, -8(%rdi,%rdx)
	ret
.Lover16:
	cmpq	$32, %rdx
	ja	.Lover32
	movq	(%rsi), %rcx
	movq	8(%rsi), %r8
	movq	-16(%rsi,%rdx), %r9
	movq	-8(%rsi,%rdx), %r10
	movq	%rcx, (%rdi)
	movq	%r8, 8(%rdi)
	movq	%r9, -16(%rdi,%rdx)
	movq	%r10, -8(%rdi,%rdx)
	ret
.Lover32:
	movq	(%rsi), %r8
	movq	-8(%rsi,%rdx), %r9
	leaq	-8(%rdi,%rdx), %r10
	/* Between them words go to aligned addresses. */
	addq	$8, %rdi
	andq	$-8, %rdi
	movq	%rdi, %rcx
	subq	%rax, %rcx
	addq	%rcx, %rsi
	subq	%rcx, %rdx
	leaq	-1(%rdx), %rcx
	shrq	$3, %rcx
	rep movsq
	movq	%r8, (%rax)
	movq	%r9, (%r10)
	ret
	.size	memcpy, . - memcpy

	.section .note.GNU-stack, "", @progbits
