/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of control registers that the monitor carries out, with the checks the processor makes
 * (APM vol. 2, 3.1; SDM vol. 3, 2.5 and 4.1). Each returns false, with nothing changed, where the
 * processor would raise #GP. They need the CR group.
 */
#ifndef VMM_CPU_CONTROL_H
#define VMM_CPU_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <vela/state.h>

struct cpuid_table;
struct guest_memory;

bool control_set_cr0(struct vela_state *s, const struct guest_memory *memory, uint64_t value);
bool control_set_cr4(struct vela_state *s, const struct guest_memory *memory,
		     const struct cpuid_table *cpuid, uint64_t value);
bool control_set_xcr0(struct vela_state *s, const struct cpuid_table *cpuid, uint64_t value);

#endif
