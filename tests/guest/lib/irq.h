/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt controllers as tests use them: local APIC in either mode, IOAPIC, PIC. */
#ifndef GUEST_IRQ_H
#define GUEST_IRQ_H

#include "cpu.h"

#define LAPIC_GPA  0xfee00000ull
#define IOAPIC_GPA 0xfec00000ull

/* Register numbers: MMIO offset >> 4, MSR - 0x800. */
#define LAPIC_ID	    0x02
#define LAPIC_VERSION	    0x03
#define LAPIC_TPR	    0x08
#define LAPIC_PPR	    0x0a
#define LAPIC_EOI	    0x0b
#define LAPIC_LDR	    0x0d
#define LAPIC_DFR	    0x0e
#define LAPIC_SVR	    0x0f
#define LAPIC_ISR	    0x10
#define LAPIC_IRR	    0x20
#define LAPIC_ESR	    0x28
#define LAPIC_ICR	    0x30
#define LAPIC_ICR_HIGH	    0x31
#define LAPIC_LVT_TIMER	    0x32
#define LAPIC_LVT_LINT0	    0x35
#define LAPIC_LVT_LINT1	    0x36
#define LAPIC_TIMER_INITIAL 0x38
#define LAPIC_TIMER_CURRENT 0x39
#define LAPIC_DCR	    0x3e
#define LAPIC_SELF_IPI	    0x3f

#define LVT_MASKED     0x10000u
#define TIMER_ONE_SHOT 0x00000u
#define TIMER_PERIODIC 0x20000u
#define TIMER_DEADLINE 0x40000u
#define DCR_DIVIDE_1   0x0bu
#define ICR_SELF       0x40000u
#define ICR_NMI	       0x400u
#define LAPIC_TIMER_HZ 1000000000ull /* what CPUID 4000_0010 says */

#define PIC_BASE 0x20u

/* Everything masked, the local APIC on in xAPIC mode, spurious vector 0xff. */
void irq_setup(void);

/* Counts interrupts of a vector and ends each at the local APIC. */
extern volatile unsigned irq_count[256];
void irq_watch(unsigned vector);

uint32_t lapic_read(unsigned reg);
void lapic_write(unsigned reg, uint32_t value);
bool lapic_is_x2apic(void);
void lapic_set_x2apic(bool on);
void lapic_self_ipi(unsigned vector);
void lapic_timer(uint32_t mode_and_vector, uint32_t initial);

#define IOAPIC_MASKED	  0x10000u
#define IOAPIC_LEVEL	  0x8000u
#define IOAPIC_REMOTE_IRR 0x4000u
uint32_t ioapic_read(unsigned reg);
void ioapic_write(unsigned reg, uint32_t value);
void ioapic_route(unsigned pin, uint32_t low);

/* Masks as the 8259s have them, secondary in the high byte. */
void pic_mask(uint16_t mask);

/* 8254 channel 0 in this mode with this count. */
#define PIT_HZ 1193182u
void pit_start(unsigned mode, uint16_t count);

/* The TSC's frequency by CPUID 4000_0010. */
uint64_t tsc_khz(void);
uint64_t tsc_after_us(uint64_t us);

/* Waits, with interrupts on, until a counter reaches a value. False: it took longer than ms. */
bool irq_await(const volatile unsigned *counter, unsigned value, unsigned ms);

#endif
