/* SPDX-License-Identifier: Apache-2.0 */
/* Seam: the interrupt controller. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <stdint.h>

struct cpu;

#define ARCH_IRQS 192u /* lines that can have a vector */

/* Lines of this machine. */
unsigned arch_irqs(void);

/* Routes a line to a CPU, masked; returns whether it is level triggered. mode: VELA_IRQ_*. */
bool arch_irq_route(unsigned gsi, const struct cpu *cpu, unsigned mode);

void arch_irq_mask(unsigned gsi, bool masked);

#endif
