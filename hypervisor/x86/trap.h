/* SPDX-License-Identifier: Apache-2.0 */
/* C entry points of entry.S. */
#ifndef X86_TRAP_H
#define X86_TRAP_H

#include <arch/regs.h>

#define VECTOR_DB 1u
#define VECTOR_BP 3u
#define VECTOR_OF 4u
#define VECTOR_PF 14u
#define VECTOR_AC 17u
#define VECTOR_MC 18u

struct ec;

/* An exception or interrupt while a thread ran; its registers are in ec->regs. */
[[noreturn]] void trap_user(struct ec *ec);

/* The same while the kernel ran; returns for interrupts only. */
void trap_kernel(struct arch_regs *frame);

/* Double fault, machine check: stack is what the processor pushed. */
[[noreturn]] void trap_fatal(const uint64_t *stack);

#endif
