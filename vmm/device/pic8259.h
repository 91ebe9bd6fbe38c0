/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pair of 8259A interrupt controllers of a PC with their ELCR (Intel 8259A data sheet, order
 * number 231468). Lines 0-7 enter the master, 8-15 the slave, which is cascaded on the master's
 * input 2. The INTR output goes to the local APIC's LINT0 or straight to the CPU.
 */
#ifndef VMM_DEVICE_PIC8259_H
#define VMM_DEVICE_PIC8259_H

#include "bus.h"

#define PIC_MASTER_PORT 0x20
#define PIC_SLAVE_PORT	0xa0
#define PIC_ELCR_PORT	0x4d0

struct pic_chip {
	uint8_t irr;	  /* requests */
	uint8_t imr;	  /* masks */
	uint8_t isr;	  /* in service */
	uint8_t lines;	  /* input levels */
	uint8_t elcr;	  /* 1 = level triggered */
	uint8_t base;	  /* vector of input 0 */
	uint8_t lowest;	  /* input with the lowest priority, 0-7 */
	uint8_t icw_next; /* initialisation word expected at the data port, 0 = none */
	uint8_t icw1;
	uint8_t icw4;
	uint8_t read_isr;     /* OCW3: reads give ISR instead of IRR */
	uint8_t poll;	      /* OCW3: the next read is a poll */
	uint8_t special_mask; /* OCW3 */
	uint8_t rotate_aeoi;  /* OCW2: rotate on automatic end of interrupt */
};

struct pic_state {
	struct pic_chip chip[2]; /* master, slave */
	uint8_t intr;		 /* level of the output */
	uint8_t reserved[3];
};

struct pic {
	struct pic_state s;
	struct irq_line intr;
};

extern const struct device_ops pic_device_ops;

/* intr is driven high while an unmasked request waits. */
void pic_init(struct pic *pic, struct irq_line intr);
enum bus_status pic_attach(struct pic *pic, struct bus *bus);

/* Sets input line 0-15; fits struct irq_line's set, ctx is the struct pic. */
void pic_set_line(void *pic, unsigned line, bool level);

/* The CPU's interrupt acknowledge cycle: returns the vector. A request that has gone away gives
 * the spurious vector of input 7 of the chip concerned. */
int pic_ack(struct pic *pic);

static inline bool pic_intr(const struct pic *pic)
{
	return pic->s.intr;
}

#endif
