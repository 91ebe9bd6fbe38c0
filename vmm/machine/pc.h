/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PC: all devices, their addresses and interrupt lines, and of each processor its local APIC.
 * Pure: time and the outside come in by pc_config, requests of the guest go out by it, and what a
 * processor's run loop must look at afterwards is collected in its attention bits. It has no lock:
 * one thread at a time is in it, for the processor that it calls current.
 */
#ifndef VMM_MACHINE_PC_H
#define VMM_MACHINE_PC_H

#include "device/acpipm.h"
#include "device/apicbus.h"
#include "device/debugexit.h"
#include "device/hpet.h"
#include "device/i8042.h"
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
#define ATTEND_END    8u  /* the guest has ended */
#define ATTEND_CPU    16u /* INIT or STARTUP came for the processor */

#define PC_CPUS_MAX 16u

enum pc_end { PC_RESET, PC_POWEROFF, PC_PANIC, PC_DEBUG_EXIT };
#define PC_RESET_BY_INIT 0x10u /* value of PC_RESET beside the sources in reset.h */

struct pc_config {
	uint64_t (*now_ns)(void *ctx);
	void (*console_put)(void *ctx, uint8_t byte);
	void (*console_drained)(void *ctx); /* the UART or virtio console has room for input */
	/* Output of the virtio console; NULL: there is none. */
	void (*console_write)(void *ctx, const void *bytes, size_t n);
	/* The guest wants an end; the access that says so is completed first. */
	void (*end)(void *ctx, enum pc_end end, uint32_t value);
	void *ctx;
	unsigned cpus;
	/* A driver of the guest has broken a virtio device's rules, for the first time. */
	void (*driver_fault)(void *ctx, const char *device, unsigned queue, const char *why);
	/* Random bytes for the guest; NULL: there is no entropy device. */
	void (*random)(void *ctx, void *bytes, size_t size);
	unsigned nets;
	struct virtio_net_params net[RT_NETS_MAX];
	/* Block devices, which are large and lie elsewhere, and what is behind each. */
	struct virtio_blk *disk;
	const struct virtio_blk_backing *disk_backing;
	unsigned disks;
	/* The balloon's memory; without inflate there is no balloon. touch: see struct
	 * virtio_wiring. */
	struct balloon_memory balloon;
	void (*touch)(void *ctx, unsigned char *bytes, uint64_t length);
	struct vq_window ram[2]; /* what virtio devices may reach: low and high RAM */
	int64_t epoch_s;	 /* wall clock at guest time 0 */
	uint32_t tsc_khz;
	unsigned physical_bits;
	bool debug_exit;
	bool hpet;
};

/* One processor as the rest of the machine sees it. */
struct pc_cpu {
	struct pc *pc;
	unsigned index;	    /* also its APIC id; 0 is the bootstrap processor */
	uint32_t attention; /* ATTEND_* */
	bool nmi;	    /* waits to be injected */
	bool init;	    /* INIT came: its state is to be reset */
	bool waits;	    /* for STARTUP; it executes nothing */
	int startup;	    /* page that STARTUP came with, or -1 */
	bool unhalt;	    /* another processor ends its HLT, this one or the next */
	bool ends_silently; /* it may end its interrupt where only its own thread sees it */
	struct lapic lapic;
};

struct pc {
	unsigned current; /* processor whose thread is in here */
	uint32_t kicks;	  /* others that have got attention since these were last taken */
	struct pc_cpu cpu[PC_CPUS_MAX];
	uint64_t device_deadline_ns; /* the last pc_device_deadline */
	struct pc_config config;
	struct clock clock;
	struct bus bus;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct uart com1;
	struct i8042 keyboard;
	struct hpet hpet;
	struct acpipm pm;
	struct ioapic ioapic;
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

/* Sends an interrupt message, as a processor does; returns whether a local APIC took it. */
bool pc_send(struct pc *pc, const struct apic_message *message);

/* Ends the HLT of the processor with this APIC id. */
void pc_unhalt(struct pc *pc, uint32_t apic_id);

/* Adds to a processor's attention; another one than the current is to be kicked. */
void pc_attend(struct pc_cpu *cpu, uint32_t attention);

/* Port and memory accesses of a processor. */
uint32_t pc_port_read(void *cpu, uint16_t port, unsigned width);
void pc_port_write(void *cpu, uint16_t port, unsigned width, uint32_t value);
uint64_t pc_mmio_read(void *cpu, uint64_t gpa, unsigned width);
void pc_mmio_write(void *cpu, uint64_t gpa, unsigned width, uint64_t value);

/* MSRs of the local APIC; false: #GP. */
bool pc_apic_msr_read(struct pc_cpu *cpu, uint32_t msr, uint64_t *value);
bool pc_apic_msr_write(struct pc_cpu *cpu, uint32_t msr, uint64_t value);

/* Time: of a processor's local APIC, and with the bootstrap processor's also of the devices.
 * Deadlines are in nanoseconds of guest time; those of the local APIC are apart because a guest
 * sets them all the time. */
void pc_advance(struct pc_cpu *cpu);
uint64_t pc_device_deadline(struct pc *pc);
uint64_t pc_lapic_deadline(const struct pc_cpu *cpu);

/* Whether an external interrupt waits whose priority the processor accepts. */
bool pc_interrupt_waits(const struct pc_cpu *cpu);
/* The priority class of the highest external interrupt that waits, whatever the task priority, as a
 * window of the state page wants it; 0: there is none. */
uint32_t pc_interrupt_class(const struct pc_cpu *cpu);
/* Takes the interrupt, when pc_interrupt_waits says so; returns its vector. */
unsigned pc_interrupt_take(struct pc_cpu *cpu);

#endif
