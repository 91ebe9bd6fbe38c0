/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8259A pair. Deliberate differences from the data sheet, all of them what PC chipsets do or what
 * a virtual machine needs: the level-trigger bit of ICW1 is overridden by the ELCR, 8080 mode is
 * absent, and an edge stays requested after its line falls, because a CPU that runs late must not
 * turn a short pulse into a spurious interrupt.
 */
#include "pic8259.h"

#include <string.h>

#define ICW1_INIT   0x10
#define ICW1_ICW4   0x01
#define ICW1_SINGLE 0x02
#define ICW4_AEOI   0x02
#define ICW4_SFNM   0x10
#define OCW3_SELECT 0x08

#define CASCADE_INPUT 2
#define CASCADE_BIT   (1u << CASCADE_INPUT)

/* IRQ 0, 1, 2, 8 and 13 are wired for edges only. */
static const uint8_t elcr_writable[2] = { 0xf8, 0xde };

/* The set bit with the highest priority: the one first after lowest, going round. */
static int highest(const struct pic_chip *chip, unsigned bits)
{
	for (unsigned i = 1; bits && i <= 8; i++) {
		unsigned input = (chip->lowest + i) & 7;

		if (bits >> input & 1)
			return (int)input;
	}
	return -1;
}

/* Priority rank, 0 is the highest. */
static unsigned rank(const struct pic_chip *chip, int input)
{
	return ((unsigned)input - chip->lowest - 1) & 7;
}

/* The input this chip wants served, or -1. */
static int chip_pending(const struct pic_chip *chip, bool is_master)
{
	unsigned serving = chip->isr;
	int request = highest(chip, chip->irr & ~chip->imr);

	if (request < 0)
		return -1;
	if (chip->special_mask)
		serving &= ~chip->imr;
	if (is_master && chip->icw4 & ICW4_SFNM)
		serving &= ~CASCADE_BIT;
	int busy = highest(chip, serving);

	if (busy >= 0 && rank(chip, busy) <= rank(chip, request))
		return -1;
	return request;
}

static void chip_set_line(struct pic_chip *chip, unsigned input, bool level, bool level_triggered)
{
	unsigned bit = 1u << input;

	if (!level) {
		chip->lines &= ~bit;
		if (level_triggered)
			chip->irr &= ~bit;
		return;
	}
	if (level_triggered || !(chip->lines & bit))
		chip->irr |= bit;
	chip->lines |= bit;
}

/* Recomputes the cascade and the output after any change. The cascade behaves as a level: the
 * slave's output is high as long as it has something to serve. */
static void update(struct pic *pic)
{
	struct pic_chip *master = &pic->s.chip[0];
	bool intr;

	chip_set_line(master, CASCADE_INPUT, chip_pending(&pic->s.chip[1], false) >= 0, true);
	intr = chip_pending(master, true) >= 0;
	if (intr != pic->s.intr) {
		pic->s.intr = intr;
		irq_line_set(&pic->intr, intr);
	}
}

void pic_set_line(void *dev, unsigned line, bool level)
{
	struct pic *pic = dev;
	struct pic_chip *chip = &pic->s.chip[line >> 3 & 1];

	if (line > 15 || line == CASCADE_INPUT)
		return;
	chip_set_line(chip, line & 7, level, chip->elcr >> (line & 7) & 1);
	update(pic);
}

/* The chip's part of an acknowledge: request to in-service. */
static void chip_ack(struct pic_chip *chip, unsigned input)
{
	unsigned bit = 1u << input;

	if (!(chip->elcr & bit))
		chip->irr &= ~bit;
	if (!(chip->icw4 & ICW4_AEOI))
		chip->isr |= bit;
	else if (chip->rotate_aeoi)
		chip->lowest = (uint8_t)input;
}

int pic_ack(struct pic *pic)
{
	struct pic_chip *master = &pic->s.chip[0];
	struct pic_chip *slave = &pic->s.chip[1];
	int input = chip_pending(master, true);
	int vector;

	if (input < 0) {
		vector = master->base | 7;
	} else if (input != CASCADE_INPUT) {
		chip_ack(master, (unsigned)input);
		vector = master->base | input;
	} else {
		chip_ack(master, CASCADE_INPUT);
		input = chip_pending(slave, false);
		if (input >= 0)
			chip_ack(slave, (unsigned)input);
		vector = slave->base | (input < 0 ? 7 : input);
	}
	update(pic);
	return vector;
}

static void chip_eoi(struct pic_chip *chip, unsigned command, unsigned input)
{
	bool specific = command & 2;
	int ended = specific ? (int)input : -1;

	if (!specific)
		ended = highest(chip, chip->special_mask ? chip->isr & ~chip->imr : chip->isr);
	if (ended < 0)
		return;
	chip->isr &= ~(1u << ended);
	if (command & 4)
		chip->lowest = (uint8_t)ended;
}

static void write_ocw2(struct pic_chip *chip, unsigned value)
{
	unsigned command = value >> 5;

	switch (command) {
	case 0:
	case 4:
		chip->rotate_aeoi = command == 4;
		break;
	case 6:
		chip->lowest = value & 7;
		break;
	case 2:
		break;
	default:
		chip_eoi(chip, command, value & 7);
	}
}

static void write_ocw3(struct pic_chip *chip, unsigned value)
{
	chip->poll = value >> 2 & 1;
	if (value & 2)
		chip->read_isr = value & 1;
	if (value & 0x40)
		chip->special_mask = value >> 5 & 1;
}

/* ICW1 clears everything but the vector base and what belongs to the board: levels and ELCR. A
 * line that is high already makes no edge; a level-triggered one requests at once. */
static void write_icw1(struct pic_chip *chip, unsigned value)
{
	chip->irr = chip->lines & chip->elcr;
	chip->imr = 0;
	chip->isr = 0;
	chip->lowest = 7;
	chip->read_isr = 0;
	chip->poll = 0;
	chip->special_mask = 0;
	chip->rotate_aeoi = 0;
	chip->icw1 = (uint8_t)value;
	chip->icw4 = 0;
	chip->icw_next = 2;
}

static void write_data(struct pic_chip *chip, unsigned value)
{
	switch (chip->icw_next) {
	case 2:
		chip->base = value & 0xf8;
		chip->icw_next = chip->icw1 & ICW1_SINGLE ? 4 : 3;
		break;
	case 3: /* the cascade is wired; what the guest believes about it changes nothing */
		chip->icw_next = 4;
		break;
	case 4:
		chip->icw4 = (uint8_t)value;
		chip->icw_next = 0;
		break;
	default:
		chip->imr = (uint8_t)value;
		return;
	}
	if (chip->icw_next == 4 && !(chip->icw1 & ICW1_ICW4))
		chip->icw_next = 0;
}

static void pic_write(struct pic *pic, unsigned which, unsigned offset, uint32_t value)
{
	struct pic_chip *chip = &pic->s.chip[which];

	if (offset & 1)
		write_data(chip, value);
	else if (value & ICW1_INIT)
		write_icw1(chip, value);
	else if (value & OCW3_SELECT)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
	update(pic);
}

/* Poll command: this read is the acknowledge cycle. */
static uint32_t chip_poll(struct pic *pic, unsigned which)
{
	struct pic_chip *chip = &pic->s.chip[which];
	int input = chip_pending(chip, which == 0);

	chip->poll = 0;
	if (input < 0)
		return 0;
	chip_ack(chip, (unsigned)input);
	update(pic);
	return 0x80u | (unsigned)input;
}

static uint32_t pic_read(struct pic *pic, unsigned which, unsigned offset)
{
	struct pic_chip *chip = &pic->s.chip[which];

	if (chip->poll)
		return chip_poll(pic, which);
	if (offset & 1)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

static uint32_t master_read(void *dev, unsigned offset, unsigned width)
{
	(void)width;
	return pic_read(dev, 0, offset);
}

static void master_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	(void)width;
	pic_write(dev, 0, offset, value);
}

static uint32_t slave_read(void *dev, unsigned offset, unsigned width)
{
	(void)width;
	return pic_read(dev, 1, offset);
}

static void slave_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	(void)width;
	pic_write(dev, 1, offset, value);
}

static uint32_t elcr_read(void *dev, unsigned offset, unsigned width)
{
	struct pic *pic = dev;

	(void)width;
	return pic->s.chip[offset & 1].elcr;
}

/* An input that becomes level triggered requests according to its level from now on. */
static void elcr_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pic *pic = dev;
	struct pic_chip *chip = &pic->s.chip[offset & 1];

	(void)width;
	chip->elcr = value & elcr_writable[offset & 1];
	chip->irr = (uint8_t)((chip->irr & ~chip->elcr) | (chip->lines & chip->elcr));
	update(pic);
}

static const uint8_t byte_pair[2] = { ACCESS_RW(1), ACCESS_RW(1) };
static const struct pio_ops master_ops = { { byte_pair, 2, 0 }, master_read, master_write };
static const struct pio_ops slave_ops = { { byte_pair, 2, 0 }, slave_read, slave_write };
static const struct pio_ops elcr_ops = { { byte_pair, 2, 0 }, elcr_read, elcr_write };

/* The data sheet leaves the power-up state open: all masked, so that nothing with a meaningless
 * vector reaches the CPU before the guest has initialised the chips. Line levels are the board's
 * and survive. */
static void pic_reset(void *dev)
{
	struct pic *pic = dev;

	for (unsigned i = 0; i < 2; i++) {
		struct pic_chip *chip = &pic->s.chip[i];
		uint8_t lines = chip->lines;

		memset(chip, 0, sizeof *chip);
		chip->lines = lines;
		chip->imr = 0xff;
		chip->lowest = 7;
	}
	update(pic);
}

static bool pic_check(const void *state)
{
	const struct pic_state *s = state;

	for (unsigned i = 0; i < 2; i++) {
		const struct pic_chip *chip = &s->chip[i];

		if (chip->lowest > 7 || chip->base & 7 || chip->icw_next > 4 ||
		    chip->elcr & ~elcr_writable[i])
			return false;
	}
	return s->intr <= 1;
}

static void pic_resume(void *dev)
{
	struct pic *pic = dev;

	irq_line_set(&pic->intr, pic->s.intr);
	update(pic);
}

const struct device_ops pic_device_ops = {
	.name = "pic8259",
	.version = 1,
	.state_offset = offsetof(struct pic, s),
	.state_size = sizeof(struct pic_state),
	.reset = pic_reset,
	.check = pic_check,
	.resume = pic_resume,
};

void pic_init(struct pic *pic, struct irq_line intr)
{
	memset(pic, 0, sizeof *pic);
	pic->intr = intr;
	pic_reset(pic);
}

enum bus_status pic_attach(struct pic *pic, struct bus *bus)
{
	enum bus_status status = bus_add_pio(bus, PIC_MASTER_PORT, 2, &master_ops, pic);

	if (status == BUS_OK)
		status = bus_add_pio(bus, PIC_SLAVE_PORT, 2, &slave_ops, pic);
	if (status == BUS_OK)
		status = bus_add_pio(bus, PIC_ELCR_PORT, 2, &elcr_ops, pic);
	return status;
}
