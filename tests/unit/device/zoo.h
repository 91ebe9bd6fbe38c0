/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every device class, built alone on a bus with a settable clock and a recorded interrupt line.
 * The register tests, the contract test and the fuzzers all take their device from here, so a new
 * class that is added here is covered by the last two without further work.
 */
#ifndef TEST_DEVICE_ZOO_H
#define TEST_DEVICE_ZOO_H

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
#include "device/virtio_balloon.h"
#include "device/virtio_blk.h"
#include "device/virtio_console.h"
#include "device/virtio_net.h"
#include "device/virtio_rng.h"

#define ZOO_LOG		256
#define ZOO_LAPICS	4
#define ZOO_FRAME_BYTES 8192
#define ZOO_RAM_BYTES	0x14000u
#define ZOO_HIGH_BYTES	0x1000u
#define ZOO_SECTORS	64
#define ZOO_IOS		40

/* What a device did to its surroundings. */
struct zoo_line {
	bool level;
	unsigned rises, falls;
};

struct zoo {
	struct bus bus;
	uint64_t now;
	struct clock clock;
	struct irq_line irq;
	struct zoo_line line;
	/* Bytes put, exit values, sleep types, reset sources (ZOO_RESET), CPU events and EOI
	 * vectors, in order.
	 */
	uint32_t log[ZOO_LOG];
	unsigned logged;
	/* APIC messages sent, and whether they find a receiver. */
	struct apic_message message[ZOO_LOG];
	unsigned messages;
	bool deaf;
	/* For PCI functions: their bus, and the RAM that virtio devices reach. */
	struct pcihost pci;
	struct virtio_device *virtio; /* the device as one, or NULL */
	/* What the network device has behind it: a packet sent last, or several of it to receive.
	 */
	struct zoo_net {
		struct rt_net_header header;
		uint32_t bytes;
		unsigned char frame[ZOO_FRAME_BYTES];
		struct vq_segment piece[2];
		bool full; /* no room for what is sent */
		unsigned sent;
		unsigned waiting;
		unsigned flushed;
		uint32_t takes;
	} net;
	struct block_backend backend; /* of the block device: sectors, at once unless hold is set */
	uint8_t sectors[ZOO_SECTORS][RT_BLOCK_SECTOR];
	bool hold;
	struct block_io *held;
	struct virtio_blk_io io[ZOO_IOS];
	unsigned faults; /* reports about its driver */
	const char *why;
	_Alignas(16) unsigned char ram[ZOO_RAM_BYTES];
	_Alignas(16) unsigned char high[ZOO_HIGH_BYTES];
	union {
		struct pic pic;
		struct pit pit;
		struct rtc rtc;
		struct uart uart;
		struct i8042 i8042;
		struct hpet hpet;
		struct lapic lapic;
		struct ioapic ioapic;
		struct acpipm acpipm;
		struct pcihost pcihost;
		struct reset reset;
		struct debugexit debugexit;
		struct virtio_net net;
		struct virtio_blk blk;
		struct virtio_rng rng;
		struct virtio_console console;
		struct virtio_balloon balloon;
	} dev;
};

struct zoo_class {
	const struct device_ops *ops;
	void (*build)(struct zoo *zoo);
	/* Timer devices. */
	uint64_t (*deadline)(const struct zoo *zoo);
	void (*advance)(struct zoo *zoo, uint64_t now_ns);
	/* Something happens outside the device: a line moves, a byte arrives. */
	void (*poke)(struct zoo *zoo, uint8_t what, uint8_t value);
	/* Devices with an idle function: what is behind the device carries out the oldest of its
	 * requests; false: it has none. */
	bool (*serve)(struct zoo *zoo);
	uint16_t ports[4][2]; /* ranges: first port, count */
	uint64_t mmio;	      /* a page, 0 = none */
	uint32_t msr;	      /* first of 256 MSRs, 0 = none */
};

extern const struct zoo_class zoo_classes[];
extern const unsigned zoo_class_count;

/* NULL if there is no such class. */
const struct zoo_class *zoo_find(const char *name);

/* Empties the zoo and builds one device in it, at time start_ns. */
void zoo_open(struct zoo *zoo, const struct zoo_class *class, uint64_t start_ns);

/* zoo_open() by class name, at a time that is no round number. */
void zoo_open_named(struct zoo *zoo, const char *name);

/* An empty PCI bus for a function. */
void zoo_build_pci(struct zoo *zoo);

/* Sets the clock and tells the device. */
void zoo_advance(struct zoo *zoo, const struct zoo_class *class, uint64_t now_ns);

/* Has the device served until it is idle; returns how many requests that took. */
unsigned zoo_drain(struct zoo *zoo, const struct zoo_class *class);

/* The last thing logged; UINT32_MAX if nothing was. */
uint32_t zoo_last(const struct zoo *zoo);

/* Byte accesses to ports. */
static inline uint8_t zoo_in(struct zoo *zoo, uint16_t port)
{
	return (uint8_t)bus_pio_read(&zoo->bus, port, 1);
}

static inline void zoo_out(struct zoo *zoo, uint16_t port, uint8_t value)
{
	bus_pio_write(&zoo->bus, port, 1, value);
}

/* Sends through the recorder; ctx is the zoo. */
bool zoo_send(void *ctx, const struct apic_message *message);

/* CPU events are logged as ZOO_EVENT | kind << 8 | vector, ends of interrupt as ZOO_EOI | vector.
 */
#define ZOO_EVENT   0x10000u
#define ZOO_EOI	    0x20000u
#define ZOO_DRAINED 0x30000u
#define ZOO_RESET   0x90000u /* by the keyboard controller */
#define ZOO_MSI	    0x40000u
/* What a balloon did: | page number, and for reports | << 8 with the number of pages below. */
#define ZOO_INFLATE 0x50000u
#define ZOO_DEFLATE 0x60000u
#define ZOO_REPORT  0x70000u
#define ZOO_DONE    0x80000u
#define ZOO_TOLD    0xa0000u /* free pages in bits 15:8, available ones in 7:0 */
void zoo_event(void *ctx, enum apic_delivery kind, uint8_t vector);
void zoo_eoi(void *ctx, uint8_t vector);

#define ZOO_START_NS  UINT64_C(1234567891)
#define ZOO_EPOCH     INT64_C(1709164799) /* 2024-02-28 23:59:59 UTC */
#define ZOO_PM_PORT   0x600
#define ZOO_ECAM      UINT64_C(0xf0000000)
#define ZOO_TIMER_HZ  UINT64_C(1000000000)
#define ZOO_TSC_KHZ   2500000u
#define ZOO_LAPIC_ID  3u
#define ZOO_ADDR_BITS 40

#endif
