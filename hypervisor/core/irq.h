/* SPDX-License-Identifier: Apache-2.0 */
/* Device interrupts: each global system interrupt ups the semaphore it is bound to. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <core/sm.h>

struct cpu;

enum vela_status irq_bind(uint64_t gsi, struct sm *sm, uint64_t cpu, uint64_t mode);
enum vela_status irq_ack(uint64_t gsi);
enum vela_status irq_free(uint64_t gsi);

/* The interrupt arrived on this CPU. */
void irq_deliver(struct cpu *cpu, unsigned gsi);

#endif
