/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device interrupts: each ups the semaphore it is bound to, whether it comes from a pin of an I/O
 * APIC (a global system interrupt) or is a message that a device writes.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <core/sm.h>

struct cpu;

enum vela_status irq_bind(uint64_t gsi, struct sm *sm, uint64_t cpu, uint64_t mode);
enum vela_status irq_ack(uint64_t gsi);
enum vela_status irq_free(uint64_t gsi);

/* Binds a line for messages: the one in *number or, for 0, a free one, whose number is then there.
 * BUSY while a live semaphore is bound, OVERFLOW when no line is free. Its vector then follows from
 * the number (arch_msi_route). */
enum vela_status irq_message_bind(uint8_t *number, struct sm *sm);

/* Gives the line in *number back, if there is one. */
void irq_message_free(uint8_t *number);

/* The interrupt arrived on this CPU. */
void irq_deliver(struct cpu *cpu, unsigned number);

#endif
