/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset by port. A request is only reported; the machine carries it out once the access is done,
 * so that no device disappears under its own handler.
 */
#include "reset.h"

#include <string.h>

/* Reset control register 0xCF9 (Intel ICH data sheets): bit 1 selects a hard reset, and bit 2
 * going from 0 to 1 does it. */
#define CF9_HARD     0x02
#define CF9_RESET    0x04
#define CF9_WRITABLE 0x0e

#define PORT92_RESET	0x01
#define PORT92_A20	0x02
#define PORT92_WRITABLE 0xdb

static void request(struct reset *reset, enum reset_source source)
{
	if (reset->request)
		reset->request(reset->ctx, source);
}

static uint32_t cf9_read(void *dev, unsigned offset, unsigned width)
{
	struct reset *reset = dev;

	(void)offset;
	(void)width;
	return reset->s.cf9;
}

static void cf9_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct reset *reset = dev;
	unsigned rising = value & ~reset->s.cf9;

	(void)offset;
	(void)width;
	reset->s.cf9 = value & CF9_WRITABLE;
	if (rising & CF9_RESET)
		request(reset, RESET_BY_CF9);
}

static uint32_t port92_read(void *dev, unsigned offset, unsigned width)
{
	struct reset *reset = dev;

	(void)offset;
	(void)width;
	return reset->s.port92 | PORT92_A20;
}

static void port92_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct reset *reset = dev;
	unsigned rising = value & ~reset->s.port92;

	(void)offset;
	(void)width;
	reset->s.port92 = value & PORT92_WRITABLE;
	if (rising & PORT92_RESET)
		request(reset, RESET_BY_PORT92);
}

static const uint8_t byte_access[1] = { ACCESS_RW(1) };

static const struct pio_ops cf9_ops = { { byte_access, 1, 0 }, cf9_read, cf9_write };
static const struct pio_ops port92_ops = { { byte_access, 1, 0 }, port92_read, port92_write };
static void reset_reset(void *dev)
{
	struct reset *reset = dev;

	memset(&reset->s, 0, sizeof reset->s);
}

static bool reset_check(const void *state)
{
	const struct reset_state *s = state;

	return !(s->cf9 & ~CF9_WRITABLE) && !(s->port92 & ~PORT92_WRITABLE);
}

static void reset_resume(void *dev)
{
	(void)dev;
}

const struct device_ops reset_device_ops = {
	.name = "reset",
	.version = 2,
	.state_offset = offsetof(struct reset, s),
	.state_size = sizeof(struct reset_state),
	.reset = reset_reset,
	.check = reset_check,
	.resume = reset_resume,
};

void reset_init(struct reset *reset, void (*request)(void *ctx, enum reset_source source),
		void *ctx)
{
	memset(reset, 0, sizeof *reset);
	reset->request = request;
	reset->ctx = ctx;
}

enum bus_status reset_attach(struct reset *reset, struct bus *bus)
{
	enum bus_status status = bus_add_pio(bus, RESET_CF9_PORT, 1, &cf9_ops, reset);

	return status == BUS_OK ? bus_add_pio(bus, RESET_PORT92, 1, &port92_ops, reset) : status;
}
