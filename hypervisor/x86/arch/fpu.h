/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: FPU states. Switching is eager: no domain ever runs with another's state within reach. A
 * thread without FPU (VELA_EC_NO_FPU) runs with CR0.TS set; the state of the guest it runs may then
 * stay loaded, which spares a monitor's exits the copy. A domain is the host space it runs in.
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#include <core/pd.h>

struct arch_fpu;
struct cpu;
struct sp;

size_t fpu_bytes(void);
struct arch_fpu *fpu_alloc(struct pd *pd);
void fpu_free(struct pd *pd, struct arch_fpu *fpu);

/* For a thread of this domain: loads fpu, or for NULL forbids its use. */
void fpu_switch(struct cpu *cpu, struct arch_fpu *fpu, const struct sp *domain);

/* For a guest of a monitor of this domain: loads fpu, whatever the monitor itself may use. */
void fpu_switch_guest(struct cpu *cpu, struct arch_fpu *fpu, const struct sp *domain);

/* Forgets fpu if it is the loaded one; its memory will go. */
void fpu_drop(struct cpu *cpu, const struct arch_fpu *fpu);

/* Sets the XCR0 that belongs to fpu; a value the processor would not take changes nothing. */
void fpu_set_xcr0(struct cpu *cpu, struct arch_fpu *fpu, uint64_t value);

/* XCR0 last seen with this state. */
uint64_t fpu_xcr0(struct cpu *cpu, const struct arch_fpu *fpu);

#endif
