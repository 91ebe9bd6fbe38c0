/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: the registers of a thread as the entry code saves them. The processor pushes the end of
 * the frame itself on an interrupt from user mode, so its address is TSS.RSP0 while the thread
 * runs and must be 16-byte aligned (APM vol. 2, 8.9.3).
 */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include <stdint.h>

struct arch_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector, error;
	uint64_t ip, cs, flags, sp, ss;
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct arch_regs) % 16 == 0, "the frame's end is aligned");

/* Arguments and results of hypercalls by position. */
#define REG_STATUS(r) ((r)->rax)

static inline void regs_set_message(struct arch_regs *r, const uint64_t w[4])
{
	r->rsi = w[0];
	r->rdx = w[1];
	r->r10 = w[2];
	r->r8 = w[3];
}

/* Enters a worker at its portal: identity, flags of the message, words. */
static inline void regs_copy_message(struct arch_regs *to, const struct arch_regs *from)
{
	to->rsi = from->rsi;
	to->rdx = from->rdx;
	to->r10 = from->r10;
	to->r8 = from->r8;
}

/* First state of a thread. */
void regs_init(struct arch_regs *r, uint64_t ip, uint64_t sp, uint64_t arg);

/* Back to the hypercall instruction, so that the call is made again. */
static inline void regs_restart(struct arch_regs *r)
{
	r->ip -= 2; /* SYSCALL: 0f 05 */
}

/* To and from UTCB words VELA_REG_*. */
void regs_get(const struct arch_regs *r, uint64_t *words);
void regs_set(struct arch_regs *r, const uint64_t *words);

#endif
