/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: FPU states. Switching is eager: no domain ever runs with another's state within reach. A
 * thread without FPU (VELA_EC_NO_FPU) runs with CR0.TS set; the state of a guest of its own PD may
 * then stay loaded, which spares a monitor's exits the copy.
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#include <core/pd.h>

struct arch_fpu;
struct cpu;

size_t fpu_bytes(void);
struct arch_fpu *fpu_alloc(struct pd *pd);
void fpu_free(struct pd *pd, struct arch_fpu *fpu);

/* For a thread: loads fpu, or for NULL forbids its use (pd: the thread's). */
void fpu_switch(struct cpu *cpu, struct arch_fpu *fpu, const void *pd);

/* For a guest whose monitor is of this pd: loads fpu, whatever the monitor itself may use. */
void fpu_switch_guest(struct cpu *cpu, struct arch_fpu *fpu, const void *pd);

/* Forgets fpu if it is the loaded one; its memory will go. */
void fpu_drop(struct cpu *cpu, const struct arch_fpu *fpu);

/* XCR0 last seen with this state. */
uint64_t fpu_xcr0(struct cpu *cpu, const struct arch_fpu *fpu);

#endif
