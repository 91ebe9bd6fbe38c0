/* SPDX-License-Identifier: Apache-2.0 */
/* The keyboard controller and the keyboard at it. */
#include "../lib/irq.h"
#include "../lib/test.h"

#define DATA	     0x60
#define COMMAND	     0x64
#define FULL	     1
#define VECTOR	     0x60u
#define PIN_KEYBOARD 1
#define ACK	     0xfa
#define NOTHING	     0x100u

static unsigned answer(void)
{
	return inb(COMMAND) & FULL ? inb(DATA) : NOTHING;
}

static unsigned command(uint8_t byte)
{
	outb(COMMAND, byte);
	return answer();
}

static unsigned send(uint8_t byte)
{
	outb(DATA, byte);
	return answer();
}

GUEST_TEST(keyboard_controller,
	   "the keyboard controller passes its tests and keeps its command byte")
{
	irq_setup();
	expect(answer() == NOTHING, "something is there before anything was asked");
	expect(command(0xaa) == 0x55, "self test");
	expect(command(0xab) == 0, "test of the keyboard's line");
	unsigned mode = command(0x20);

	expect(mode == 0x65, "command byte %x", mode);
	outb(COMMAND, 0x60);
	expect(send(0x24) == NOTHING, "an answer to a written command byte");
	expect(command(0x20) == 0x24, "command byte");
	expect((command(0xd0) & 3) == 3, "output port");
}

GUEST_TEST(keyboard_identity, "a keyboard answers, with its bytes translated or not")
{
	irq_setup();
	outb(COMMAND, 0x60);
	outb(DATA, 0x04);
	unsigned ack = send(0xf2), first = answer(), second = answer();

	expect(ack == ACK && first == 0xab && second == 0x83, "%x %x %x", ack, first, second);
	outb(COMMAND, 0x60);
	outb(DATA, 0x44);
	ack = send(0xf2), first = answer(), second = answer();
	expect(ack == ACK && first == 0xab && second == 0x41, "%x %x %x", ack, first, second);
	ack = send(0xff), first = answer();
	expect(ack == ACK && first == 0xaa, "reset: %x %x", ack, first);
}

static volatile unsigned bytes, last;

static void take_byte(struct frame *frame)
{
	(void)frame;
	last = inb(DATA);
	bytes++;
	lapic_write(LAPIC_EOI, 0);
}

GUEST_TEST(keyboard_interrupt, "each byte raises interrupt 1, an edge")
{
	irq_setup();
	outb(COMMAND, 0x60);
	outb(DATA, 0x45);
	trap_set_handler(VECTOR, take_byte);
	ioapic_route(PIN_KEYBOARD, VECTOR);
	outb(DATA, 0xf2);
	expect(irq_await(&bytes, 3, 2000), "%u bytes of three", bytes);
	expect(last == 0x41, "the last is %x", last);
	bytes = 0;
	outb(COMMAND, 0xd2);
	outb(DATA, 0x1e);
	expect(irq_await(&bytes, 1, 2000) && last == 0x1e, "a byte by command: %x", last);
	ioapic_route(PIN_KEYBOARD, IOAPIC_MASKED);
	trap_set_handler(VECTOR, NULL);
}
