/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First instruction of every program: rdi = VELA_INFO_VA, rsp = VELA_STACK_TOP, which is 16-byte
 * aligned, FS base = VELA_TLS_TP. Neither TLS nor stack canary work until rt_start has set them up.
 */
	.section .text._start, "ax", @progbits
	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	call	rt_start
	ud2
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
