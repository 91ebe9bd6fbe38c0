/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and bits of the local APIC (Intel SDM volume 3, table "Local APIC Register Address
 * Map", and the figures of that chapter). A register's number is its MMIO offset >> 4, which is
 * also its x2APIC MSR minus 0x800. For lapic*.c and their tests.
 */
#ifndef VMM_DEVICE_LAPIC_REGS_H
#define VMM_DEVICE_LAPIC_REGS_H

enum lapic_register {
	LAPIC_ID = 0x02,
	LAPIC_VERSION = 0x03,
	LAPIC_TPR = 0x08,
	LAPIC_APR = 0x09,
	LAPIC_PPR = 0x0a,
	LAPIC_EOI = 0x0b,
	LAPIC_RRD = 0x0c,
	LAPIC_LDR = 0x0d,
	LAPIC_DFR = 0x0e,
	LAPIC_SVR = 0x0f,
	LAPIC_ISR = 0x10,
	LAPIC_TMR = 0x18,
	LAPIC_IRR = 0x20,
	LAPIC_ESR = 0x28,
	LAPIC_ICR_LOW = 0x30,
	LAPIC_ICR_HIGH = 0x31,
	LAPIC_LVT = 0x32,
	LAPIC_TIMER_INITIAL = 0x38,
	LAPIC_TIMER_CURRENT = 0x39,
	LAPIC_DCR = 0x3e,
	LAPIC_SELF_IPI = 0x3f,
};

#define LAPIC_REGISTERS 0x40
#define LAPIC_LVTS	6

/* Integrated APIC, six LVT entries, EOI broadcast can be suppressed. */
#define LAPIC_VERSION_VALUE 0x01050014u

#define SVR_ENABLE	 0x100u
#define SVR_SUPPRESS_EOI 0x1000u
#define SVR_WRITABLE	 0x13ffu
#define DFR_RESERVED	 0x0fffffffu
#define DFR_FLAT	 0xffffffffu
#define DCR_WRITABLE	 0x0bu

#define ICR_VECTOR	   0xffu
#define ICR_DELIVERY_SHIFT 8
#define ICR_LOGICAL	   0x800u
#define ICR_ASSERT	   0x4000u
#define ICR_LEVEL	   0x8000u
#define ICR_SHORT_SHIFT	   18
#define ICR_WRITABLE	   0xccfffu /* without delivery status, bit 12, and reserved bits */

#define LVT_VECTOR	   0xffu
#define LVT_DELIVERY_SHIFT 8
#define LVT_LEVEL	   0x8000u
#define LVT_STATUS	   0x5000u /* delivery status, remote IRR: read-only */
#define LVT_MASKED	   0x10000u
#define LVT_TIMER_SHIFT	   17

enum lapic_timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_TSC_DEADLINE };

#define ESR_SEND_ILLEGAL    0x20u
#define ESR_RECEIVE_ILLEGAL 0x40u
#define ESR_ILLEGAL_REG	    0x80u

/* Vectors 0-15 cannot be sent or received. */
#define LAPIC_FIRST_VECTOR 16

#endif
