/* SPDX-License-Identifier: Apache-2.0 */
/* Seam: the interrupt controllers, and interrupts that devices raise by writing a message. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <stdint.h>

struct cpu;
struct dc;

#define ARCH_IRQS 192u /* lines that can have a vector */

/* Lines of this machine. */
unsigned arch_irqs(void);

/* Routes a line to a CPU, masked; returns whether it is level triggered. mode: VELA_IRQ_*. */
bool arch_irq_route(unsigned gsi, const struct cpu *cpu, unsigned mode);

void arch_irq_mask(unsigned gsi, bool masked);

/* Whether messages of a device can reach this CPU. */
bool arch_msi_reaches(const struct dc *dc, const struct cpu *cpu);

/* Opens the way for a device to raise line number on that CPU; it must write msi[VELA_DEV_MSI_*].
 */
void arch_msi_route(const struct dc *dc, unsigned number, const struct cpu *cpu, uint64_t *msi);

/* Closes it, as far as the hardware can. */
void arch_msi_block(const struct dc *dc, unsigned number);

#endif
