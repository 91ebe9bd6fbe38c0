/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 8254 programmable interval timer of a PC (Intel 8254 data sheet, order number 231164) with
 * the port 0x61 glue of channel 2. Counters are never counted down: every value is computed from
 * the clock and the tick at which the count was loaded, so reads are exact however late they are.
 * Channel 0's OUT is the interrupt line.
 */
#ifndef VMM_DEVICE_PIT8254_H
#define VMM_DEVICE_PIT8254_H

#include "bus.h"

#define PIT_HZ		 1193182u
#define PIT_PORT	 0x40
#define PIT_SPEAKER_PORT 0x61

/* How a channel's count stands in relation to the clock. */
enum pit_run {
	PIT_IDLE,    /* no count loaded, or waiting for a trigger: the counter stands at held */
	PIT_PAUSED,  /* gate low: held ticks had elapsed when it stopped */
	PIT_RUNNING, /* the count enters the counter at start_tick; until then held, held_out */
};

struct pit_channel {
	uint64_t start_tick;  /* PIT_RUNNING: tick at which count entered the counter */
	uint64_t switch_tick; /* when next_count takes over, modes 2 and 3, UINT64_MAX = never */
	uint32_t count;	      /* 1..65536 (binary) or 1..10000 (BCD), 0 = never written */
	uint32_t next_count;  /* written, not yet in the counter */
	uint32_t held;	      /* PIT_PAUSED: elapsed ticks; else see enum pit_run */
	uint16_t latch;
	uint8_t switch_low; /* mode 3: the half that begins at switch_tick is the low one */
	uint8_t run;	    /* enum pit_run */
	uint8_t mode;	    /* 0-5 */
	uint8_t bcd;
	uint8_t rw; /* 1 low byte, 2 high byte, 3 low then high */
	uint8_t gate;
	uint8_t null_count; /* a count was written that is not in the counter yet */
	uint8_t write_high; /* rw 3: the next written byte is the high one */
	uint8_t write_low_byte;
	uint8_t read_high; /* rw 3: the next read byte is the high one */
	uint8_t latched;   /* count latch: bytes still to be read, 0 = transparent */
	uint8_t status_latched;
	uint8_t status;
	uint8_t held_out; /* PIT_RUNNING: OUT until start_tick */
	uint8_t reserved[4];
};

struct pit_state {
	struct pit_channel channel[3];
	uint64_t tick; /* channel 0's interrupt output is correct up to this tick */
	uint8_t port61;
	uint8_t irq;
	uint8_t reserved[6];
};

struct pit {
	struct pit_state s;
	const struct clock *clock;
	struct irq_line irq;
};

extern const struct device_ops pit_device_ops;

void pit_init(struct pit *pit, const struct clock *clock, struct irq_line irq);
enum bus_status pit_attach(struct pit *pit, struct bus *bus);

/* When the interrupt output next rises, in ns of guest time. */
uint64_t pit_deadline(const struct pit *pit);

/* Brings the interrupt output up to now. Several rises since the last call make one pulse. */
void pit_advance(struct pit *pit, uint64_t now_ns);

#endif
