/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypercall handlers: decode, check everything, then commit what cannot fail. One function per
 * row of <vela/hypercalls.def>.
 */
#ifndef CORE_CALLS_H
#define CORE_CALLS_H

#include <core/cpu.h>
#include <core/ec.h>

/* Internal: the thread makes the same call again when it next runs. Never reaches a process. */
#define STATUS_AGAIN ((enum vela_status)256)

/* Arguments in the order of their registers; handlers leave results in place of them. */
struct args {
	unsigned flags;
	uint64_t a, b, c, d, e; /* rdi, rsi, rdx, r10, r8 */
};

#define HYPERCALL(number, name, implemented, text) \
	enum vela_status sys_##name(struct cpu *cpu, struct ec *self, struct args *a);
#define ARG(name, reg, kind, rights, text)
#define ERRORS(name, list)
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS

/* Carries out the hypercall of the current thread; ends in kernel_leave. */
NO_RETURN void hypercall(void);

/* Leaves the kernel: answers other CPUs, picks a thread, runs it or its guest, or idles. */
NO_RETURN void kernel_leave(void);

#endif
