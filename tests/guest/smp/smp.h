/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processors: starting them, giving them work, sending them interrupts, and counting what
 * arrives at each. A processor without work sleeps in HLT.
 */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "../lib/irq.h"

#define CPUS_MAX 16u

#define ICR_LOWEST  0x100u
#define ICR_INIT    0x500u
#define ICR_STARTUP 0x600u
#define ICR_LOGICAL 0x800u
#define ICR_ASSERT  0x4000u
#define ICR_ALL	    0x80000u
#define ICR_OTHERS  0xc0000u

extern unsigned cpus;				 /* that run; set by smp_start */
extern volatile unsigned arrived[CPUS_MAX][256]; /* interrupts by processor and vector */

/* Starts all processors that the MADT lists and sets up interrupts; once is enough. */
void smp_start(void);

/* The number of the processor that calls, which is its APIC id. */
unsigned smp_id(void);

/* Sends INIT and STARTUP; false: it did not come up within a second. */
bool smp_restart(unsigned cpu);

/* What the processor started last was handed: CR0, EDX, CS. */
struct handed {
	uint32_t cr0, edx, cs;
};
struct handed smp_handed(void);

/* Has a processor call work(arg); smp_wait waits for its end. */
void smp_run(unsigned cpu, void (*work)(void *arg), void *arg);
void smp_wait(unsigned cpu);
/* All of them, the caller too, at the same time. */
void smp_all(void (*work)(void *arg), void *arg);

/* Sends an IPI; dest is an APIC id or a logical destination. */
void smp_send(uint32_t dest, uint32_t command);

/* Counts interrupts of a vector on every processor. */
void smp_watch(unsigned vector);

/* Sleeps until the counter has the value; the last interrupt that changes it wakes. False: it
 * took longer than ten seconds. */
bool smp_await(const volatile unsigned *counter, unsigned value);

/* Stirs a processor that sleeps in smp_await. */
void smp_stir(unsigned cpu);

#endif
