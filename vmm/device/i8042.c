/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller: its commands, its output buffer, which interrupts while it is full, and the
 * translation of scan codes (IBM PC AT Technical Reference, 8042 keyboard controller).
 */
#include "i8042.h"

#include <string.h>

/* Command byte. */
#define MODE_KEYBOARD_IRQ 0x01
#define MODE_SYSTEM	  0x04
#define MODE_DISABLED	  0x10
#define MODE_AUX_DISABLED 0x20
#define MODE_TRANSLATE	  0x40
#define MODE_RESET	  (MODE_KEYBOARD_IRQ | MODE_SYSTEM | MODE_AUX_DISABLED | MODE_TRANSLATE)

#define STATUS_OUTPUT_FULL   0x01
#define STATUS_SYSTEM	     0x04
#define STATUS_TO_COMMAND    0x08
#define STATUS_NOT_INHIBITED 0x10

#define CMD_READ_RAM	     0x20 /* to 0x3f */
#define CMD_WRITE_RAM	     0x60 /* to 0x7f; the data byte follows, as for the next ones */
#define CMD_TEST_PASSWORD    0xa4
#define CMD_TEST_AUX	     0xa9
#define CMD_SELF_TEST	     0xaa
#define CMD_TEST_KEYBOARD    0xab
#define CMD_DISABLE	     0xad
#define CMD_ENABLE	     0xae
#define CMD_READ_INPUT	     0xc0
#define CMD_READ_OUTPUT	     0xd0
#define CMD_WRITE_OUTPUT     0xd1
#define CMD_WRITE_BUFFER     0xd2
#define CMD_WRITE_AUX_BUFFER 0xd3
#define CMD_WRITE_AUX	     0xd4
#define CMD_READ_TEST	     0xe0
#define CMD_PULSE	     0xf0 /* to 0xff: the output port's bits that are 0 in bits 3:0 */

#define PASSED		0x55
#define NO_PASSWORD	0xf1
#define LINE_GOOD	0x00
#define CLOCK_STUCK_LOW 0x01 /* of the port that is not there */
#define INPUT_PORT	0xa0 /* not locked, no manufacturing jumper */
#define OUTPUT_RUN	0x01 /* 0 resets the processor */
#define OUTPUT_A20	0x02
#define OUTPUT_FULL	0x10
#define OUTPUT_LINES	0xc0 /* keyboard clock and data */

#define PREFIX_BREAK 0xf0
#define BREAK_BIT    0x80

/* Left Ctrl, left Alt and Del in scan code set 2, and the bytes of their going down and up. */
static const uint16_t ctrl_alt_del[] = { 0x14, 0x11, 0xe071 };
#define CTRL_ALT_DEL_BYTES 11u

static void update_irq(struct i8042 *dev)
{
	bool level = dev->s.output_full && dev->s.ram[0] & MODE_KEYBOARD_IRQ;

	if (level == dev->s.irq)
		return;
	dev->s.irq = level;
	irq_line_set(&dev->irq, level);
}

static void put_output(struct i8042 *dev, uint8_t byte)
{
	dev->s.output = byte;
	dev->s.output_full = 1;
}

/* F0 of set 2 becomes a bit of the code behind it. False: there is nothing to pass on yet. */
static bool translate(struct i8042_state *s, uint8_t *byte)
{
	if (!(s->ram[0] & MODE_TRANSLATE))
		return true;
	if (*byte == PREFIX_BREAK) {
		s->breaking = 1;
		return false;
	}
	*byte = keyboard_translate(*byte) | (s->breaking ? BREAK_BIT : 0);
	s->breaking = 0;
	return true;
}

/* Takes what the keyboard has, if the buffer is free and the keyboard's clock runs. */
static void pump(struct i8042 *dev)
{
	struct i8042_state *s = &dev->s;
	uint8_t byte;

	while (!s->output_full && !(s->ram[0] & MODE_DISABLED) &&
	       keyboard_next(&s->keyboard, &byte))
		if (translate(s, &byte))
			put_output(dev, byte);
	update_irq(dev);
}

static uint8_t output_port(const struct i8042_state *s)
{
	return OUTPUT_RUN | OUTPUT_A20 | OUTPUT_LINES | (s->irq ? OUTPUT_FULL : 0);
}

static void ask_reset(const struct i8042 *dev)
{
	if (dev->reset)
		dev->reset(dev->ctx);
}

static uint32_t data_read(void *opaque, unsigned offset, unsigned width)
{
	struct i8042 *dev = opaque;
	uint8_t byte = dev->s.output;

	(void)offset, (void)width;
	dev->s.output_full = 0;
	update_irq(dev);
	pump(dev);
	return byte;
}

static uint32_t status_read(void *opaque, unsigned offset, unsigned width)
{
	const struct i8042_state *s = &((const struct i8042 *)opaque)->s;

	(void)offset, (void)width;
	return STATUS_NOT_INHIBITED | (s->output_full ? STATUS_OUTPUT_FULL : 0) |
	       (s->system ? STATUS_SYSTEM : 0) | (s->to_command ? STATUS_TO_COMMAND : 0);
}

static void write_ram(struct i8042_state *s, unsigned at, uint8_t byte)
{
	s->ram[at % I8042_RAM_BYTES] = byte;
	if (at % I8042_RAM_BYTES == 0)
		s->system = byte & MODE_SYSTEM ? 1 : 0;
}

/* The data byte of a command. */
static void take_data(struct i8042 *dev, uint8_t byte)
{
	uint8_t command = dev->s.command;

	dev->s.command = 0;
	switch (command) {
	case CMD_WRITE_OUTPUT:
		if (!(byte & OUTPUT_RUN))
			ask_reset(dev);
		break;
	case CMD_WRITE_BUFFER:
		put_output(dev, byte);
		break;
	case CMD_WRITE_AUX_BUFFER:
	case CMD_WRITE_AUX:
		break; /* nobody is there */
	default:
		write_ram(&dev->s, command - CMD_WRITE_RAM, byte);
	}
}

static void data_write(void *opaque, unsigned offset, unsigned width, uint32_t value)
{
	struct i8042 *dev = opaque;

	(void)offset, (void)width;
	dev->s.to_command = 0;
	if (dev->s.command) {
		take_data(dev, (uint8_t)value);
	} else {
		dev->s.ram[0] &= (uint8_t)~MODE_DISABLED;
		dev->s.breaking = 0;
		keyboard_write(&dev->s.keyboard, (uint8_t)value);
	}
	pump(dev);
}

static void self_test(struct i8042 *dev)
{
	dev->s.system = 1;
	dev->s.ram[0] |= MODE_SYSTEM;
	put_output(dev, PASSED);
}

/* Commands that answer, or only change a setting. */
static void take_command(struct i8042 *dev, uint8_t command)
{
	struct i8042_state *s = &dev->s;

	switch (command) {
	case CMD_READ_RAM ... CMD_READ_RAM + I8042_RAM_BYTES - 1:
		put_output(dev, s->ram[command - CMD_READ_RAM]);
		break;
	case CMD_TEST_PASSWORD:
		put_output(dev, NO_PASSWORD);
		break;
	case CMD_TEST_AUX:
		put_output(dev, CLOCK_STUCK_LOW);
		break;
	case CMD_SELF_TEST:
		self_test(dev);
		break;
	case CMD_TEST_KEYBOARD:
		put_output(dev, LINE_GOOD);
		break;
	case CMD_DISABLE:
		s->ram[0] |= MODE_DISABLED;
		break;
	case CMD_ENABLE:
		s->ram[0] &= (uint8_t)~MODE_DISABLED;
		break;
	case CMD_READ_INPUT:
		put_output(dev, INPUT_PORT);
		break;
	case CMD_READ_OUTPUT:
		put_output(dev, output_port(s));
		break;
	case CMD_READ_TEST:
		put_output(dev, 0);
		break;
	case CMD_PULSE ... CMD_PULSE + 15:
		if (!(command & OUTPUT_RUN))
			ask_reset(dev);
		break;
	default:
		break; /* the ones that the AT's controller does not know, and the second port's */
	}
}

static bool awaits_data(uint8_t command)
{
	return (command >= CMD_WRITE_RAM && command < CMD_WRITE_RAM + I8042_RAM_BYTES) ||
	       (command >= CMD_WRITE_OUTPUT && command <= CMD_WRITE_AUX);
}

static void command_write(void *opaque, unsigned offset, unsigned width, uint32_t value)
{
	struct i8042 *dev = opaque;
	uint8_t command = (uint8_t)value;

	(void)offset, (void)width;
	dev->s.to_command = 1;
	dev->s.command = awaits_data(command) ? command : 0;
	if (!dev->s.command)
		take_command(dev, command);
	pump(dev);
}

static const uint8_t byte_access[] = { ACCESS_RW(1) };

static const struct pio_ops data_ops = { { byte_access, 1, 0 }, data_read, data_write };
static const struct pio_ops command_ops = { { byte_access, 1, 0 }, status_read, command_write };

/* As firmware leaves it: tested, the keyboard enabled and translated. */
static void i8042_reset(void *opaque)
{
	struct i8042 *dev = opaque;
	uint8_t irq = dev->s.irq;

	memset(&dev->s, 0, sizeof dev->s);
	dev->s.irq = irq;
	dev->s.ram[0] = MODE_RESET;
	dev->s.system = 1;
	keyboard_reset(&dev->s.keyboard);
	update_irq(dev);
}

static bool i8042_check(const void *state)
{
	const struct i8042_state *s = state;
	bool level = s->output_full && s->ram[0] & MODE_KEYBOARD_IRQ;

	return s->output_full <= 1 && (!s->command || awaits_data(s->command)) && s->system <= 1 &&
	       s->to_command <= 1 && s->breaking <= 1 && s->irq == level &&
	       keyboard_check(&s->keyboard);
}

static void i8042_resume(void *opaque)
{
	struct i8042 *dev = opaque;

	irq_line_set(&dev->irq, dev->s.irq);
}

const struct device_ops i8042_device_ops = {
	.name = "i8042",
	.version = 1,
	.state_offset = offsetof(struct i8042, s),
	.state_size = sizeof(struct i8042_state),
	.reset = i8042_reset,
	.check = i8042_check,
	.resume = i8042_resume,
};

void i8042_init(struct i8042 *dev, struct irq_line irq, void (*reset)(void *ctx), void *ctx)
{
	*dev = (struct i8042){ .irq = irq, .reset = reset, .ctx = ctx };
	i8042_reset(dev);
}

enum bus_status i8042_attach(struct i8042 *dev, struct bus *bus)
{
	enum bus_status status = bus_add_pio(bus, I8042_DATA_PORT, 1, &data_ops, dev);

	return status == BUS_OK ? bus_add_pio(bus, I8042_COMMAND_PORT, 1, &command_ops, dev)
				: status;
}

bool i8042_key(struct i8042 *dev, uint16_t code, bool down)
{
	bool told = keyboard_key(&dev->s.keyboard, code, down);

	pump(dev);
	return told;
}

bool i8042_ctrl_alt_del(struct i8042 *dev)
{
	if (dev->s.keyboard.key_count > KEYBOARD_KEYS - CTRL_ALT_DEL_BYTES)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!i8042_key(dev, ctrl_alt_del[i], true))
			return false;
	for (unsigned i = 3; i-- > 0;)
		i8042_key(dev, ctrl_alt_del[i], false);
	return true;
}
