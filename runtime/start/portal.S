/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a portal to its C handler and back. On entry: rdi = portal id, rax = flags of the
 * message, rsi rdx r10 r8 = its words, r11 = handler (set by RT_PORTAL). The kernel enters the worker
 * the next time with the stack pointer of its last ipc_reply, so that must equal the one at entry.
 *
 *   rsp + 0   flags          struct rt_message
 *       + 8   w[0..3]
 *       + 40  padding that keeps the call 16-byte aligned
 */
#define IPC_REPLY 1 /* VELA_CALL_ipc_reply; start.c asserts it */

	.section .text.rt_portal_serve, "ax", @progbits
	.globl	rt_portal_serve
	.type	rt_portal_serve, @function
rt_portal_serve:
	sub	$48, %rsp
	mov	%rax, (%rsp)
	mov	%rsi, 8(%rsp)
	mov	%rdx, 16(%rsp)
	mov	%r10, 24(%rsp)
	mov	%r8, 32(%rsp)
	mov	%rsp, %rsi
	xor	%ebp, %ebp
	cld
	call	*%r11
	movzbl	(%rsp), %eax
	mov	8(%rsp), %rsi
	mov	16(%rsp), %rdx
	mov	24(%rsp), %r10
	mov	32(%rsp), %r8
	shl	$8, %eax
	or	$IPC_REPLY, %eax
	add	$48, %rsp
	syscall
	/* ipc_reply came back: the handler gave it flags of no message. */
	ud2
	.size	rt_portal_serve, . - rt_portal_serve

	.section .note.GNU-stack, "", @progbits
