/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PC: all devices, their addresses and interrupt lines. Pure: time and the outside come in by
 * pc_config, requests of the guest go out by it, and what the run loop must look at afterwards is
 * collected in the attention bits.
 */
#ifndef VMM_MACHINE_PC_H
#define VMM_MACHINE_PC_H

#include "device/acpipm.h"
#include "device/apicbus.h"
#include "device/debugexit.h"
#include "device/ioapic.h"
#include "device/lapic.h"
#include "device/pcihost.h"
#include "device/pic8259.h"
#include "device/pit8254.h"
#include "device/reset.h"
#include "device/rtc146818.h"
#include "device/uart16550.h"
#include "layout.h"
#include "pc_virtio.h"
#include "pvpanic.h"

/* What an access or an event may have changed. */
#define ATTEND_IRQ    1u  /* an interrupt may have become deliverable */
#define ATTEND_TIMERS 2u  /* a device's deadline may have moved */
#define ATTEND_LAPIC  4u  /* the local APIC's deadline may have moved */
#define ATTEND_HALT   8u  /* the processor is in HLT */
#define ATTEND_END    16u /* the guest has ended */

enum pc_end { PC_RESET, PC_POWEROFF, PC_PANIC, PC_DEBUG_EXIT };

struct pc_config {
	uint64_t (*now_ns)(void *ctx);
	void (*console_put)(void *ctx, uint8_t byte);
	void (*console_drained)(void *ctx); /* the UART has room for input */
	/* The guest wants an end; the access that says so is completed first. */
	void (*end)(void *ctx, enum pc_end end, uint32_t value);
	void *ctx;
	/* A driver of the guest has broken a virtio device's rules, for the first time. */
	void (*driver_fault)(void *ctx, const char *device, unsigned queue, const char *why);
	/* Random bytes for the guest; NULL: there is no entropy device. */
	void (*random)(void *ctx, void *bytes, size_t size);
	struct vq_window ram[2]; /* what virtio devices may reach: low and high RAM */
	int64_t epoch_s;	 /* wall clock at guest time 0 */
	uint32_t tsc_khz;
	unsigned physical_bits;
	bool debug_exit;
};

struct pc {
	uint32_t attention;
	bool nmi; /* waits to be injected */
	struct pc_config config;
	struct clock clock;
	struct bus bus;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct uart com1;
	struct acpipm pm;
	struct ioapic ioapic;
	struct lapic lapic;
	struct apicbus apicbus;
	struct pcihost pci;
	struct pc_virtio virtio;
	struct reset reset;
	struct debugexit debugexit;
	struct pvpanic pvpanic;
};

/* The local APIC timer's input clock: one tick is one nanosecond. */
#define PC_APIC_KHZ 1000000u

/* Makes the machine as firmware would leave it. False: a device's addresses are taken, which is a
 * mistake in this file. */
bool pc_init(struct pc *pc, const struct pc_config *config);

/* Port and memory accesses of the guest. */
uint32_t pc_port_read(void *pc, uint16_t port, unsigned width);
void pc_port_write(void *pc, uint16_t port, unsigned width, uint32_t value);
uint64_t pc_mmio_read(void *pc, uint64_t gpa, unsigned width);
void pc_mmio_write(void *pc, uint64_t gpa, unsigned width, uint64_t value);

/* MSRs of the local APIC; false: #GP. */
bool pc_apic_msr_read(struct pc *pc, uint32_t msr, uint64_t *value);
bool pc_apic_msr_write(struct pc *pc, uint32_t msr, uint64_t value);

/* Time. Deadlines are in nanoseconds of guest time; those of the local APIC are apart because a
 * guest sets them all the time. */
void pc_advance(struct pc *pc);
uint64_t pc_device_deadline(const struct pc *pc);
uint64_t pc_lapic_deadline(const struct pc *pc);

/* Whether an external interrupt waits whose priority the processor accepts. */
bool pc_interrupt_waits(const struct pc *pc);
/* Whether one waits that the task priority holds back. */
bool pc_interrupt_held(const struct pc *pc);
/* Takes the interrupt, when pc_interrupt_waits says so; returns its vector. */
unsigned pc_interrupt_take(struct pc *pc);

#endif
