/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC, in x2APIC mode where the CPU has it, else through its page of registers. All
 * functions act on the calling CPU's own APIC and want interrupts off.
 */
#ifndef X86_LAPIC_H
#define X86_LAPIC_H

#include <stdint.h>

/* Interrupt vectors. The 8259s are masked; what they still may raise is spurious. */
#define VECTOR_PIC	0x20u
#define VECTOR_GSI	0x30u /* + GSI */
#define VECTOR_TIMER	0xf0u
#define VECTOR_IPI	0xf1u
#define VECTOR_SPURIOUS 0xffu /* wants no EOI */

/* Register page, mapped by the boot CPU's lapic_init; stays NULL in x2APIC mode. */
extern volatile uint32_t *lapic_mmio;

/* Switches this CPU's APIC on with everything local masked. The boot CPU comes first: it also
 * silences the 8259s and measures the timer against the TSC. Every CPU, once. */
void lapic_init(void);

/* Whether the CPUs' APICs are in x2APIC mode, with IDs of 32 bits. After lapic_init. */
bool lapic_wide(void);

/* This CPU's APIC ID; by CPUID, so it works before lapic_init. */
uint32_t lapic_id(void);

/* Whether an interrupt can be sent to this APIC ID: xAPIC mode has 8-bit IDs, 255 broadcasts. */
bool lapic_reaches(uint32_t apic_id);

void lapic_eoi(void);
void lapic_ipi(uint32_t apic_id, uint8_t vector);

/* Puts a CPU into its wait-for-SIPI state: it runs nothing any more. */
void lapic_park_cpu(uint32_t apic_id);

/* INIT, SIPI, SIPI: the CPU starts in real mode at page * 4096. Takes 10 ms; after tsc_calibrate.
 */
void lapic_start_cpu(uint32_t apic_id, uint8_t page);

/* Has the LAPIC look again whether an interrupt is to be delivered: by its unchanged TPR. */
void lapic_recheck(void);

/* Raises VECTOR_TIMER on this CPU at that TSC value; at once if it has passed; never if it is
 * UINT64_MAX. Replaces the deadline before. Without TSC-deadline mode the interrupt may come
 * early, by rounding or because the counter's range ends: the handler compares and arms again. */
void lapic_timer_at(uint64_t tsc_deadline);

#endif
