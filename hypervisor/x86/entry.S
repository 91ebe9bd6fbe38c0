/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways into and out of the kernel. A thread's registers are saved straight into its struct arch_regs:
 * for interrupts the processor pushes there itself (TSS.RSP0), for SYSCALL the same frame is built.
 * C code then runs on the CPU's one kernel stack and never returns here.
 */
#include <x86/selectors.h>
#include <x86/cpu_offsets.h>

.macro push_registers
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro pop_registers
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

	.section .text.entry, "ax"

/* Interrupts are off (SFMASK). Between here and the stack switch only NMI, #DF and #MC can
 * come, and those have stacks of their own. */
	.global entry_syscall
entry_syscall:
	swapgs
	mov	%rsp, %gs:CPU_SCRATCH
	mov	%gs:CPU_FRAME_END, %rsp
	push	$SEL_USER_DATA
	push	%gs:CPU_SCRATCH
	push	%r11
	push	$SEL_USER_CODE
	push	%rcx
	sub	$16, %rsp
	push_registers
	mov	%gs:CPU_STACK, %rsp
	call	hypercall
	ud2

/* cpu_return_syscall(regs): RIP came from SYSCALL, so it is canonical and SYSRET cannot fault in
 * the kernel (the last user page is never mapped). */
	.global cpu_return_syscall
cpu_return_syscall:
	mov	%rdi, %rsp
	pop_registers
	mov	16(%rsp), %rcx
	mov	32(%rsp), %r11
	mov	40(%rsp), %rsp
	swapgs
	sysretq

	.global cpu_return_trap
cpu_return_trap:
	mov	%rdi, %rsp
	pop_registers
	add	$16, %rsp
	swapgs
	iretq

/* One stub per vector, 16 bytes apart; exceptions with an error code push none of their own. */
	.balign 16
	.global entry_vectors
entry_vectors:
vector = 0
	.rept	256
	.balign 16
	.if	(vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
	push	$0
	.endif
	push	$vector
	jmp	entry_trap
vector = vector + 1
	.endr

entry_trap:
	testb	$3, 24(%rsp)
	jz	1f
	push_registers
	swapgs
	cld
	mov	%gs:CPU_CURRENT, %rdi
	mov	%gs:CPU_STACK, %rsp
	call	trap_user
	ud2
1:	/* From the kernel: while idle, or in the window after a guest was left; or a bug. */
	push_registers
	cld
	mov	%rsp, %rdi
	call	trap_kernel
	pop_registers
	add	$16, %rsp
	iretq

/* NMIs are counted and otherwise ignored; no register or GS base is touched, so they may come at
 * any instruction. */
	.global entry_nmi
entry_nmi:
	lock incl nmi_count(%rip)
	iretq

/* #DF and #MC on a stack of their own: the state may be anything, nothing returns. */
	.global entry_fatal
entry_fatal:
	mov	%rsp, %rdi
	and	$-16, %rsp
	cld
	call	trap_fatal
	ud2
