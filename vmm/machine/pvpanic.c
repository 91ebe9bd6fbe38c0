/* SPDX-License-Identifier: Apache-2.0 */
/* The pvpanic port: reads give the events it knows, a write reports them. */
#include "pvpanic.h"

#define EVENTS (PVPANIC_PANICKED | PVPANIC_CRASH_LOADED)

static uint32_t pvpanic_read(void *dev, unsigned offset, unsigned width)
{
	(void)dev, (void)offset, (void)width;
	return EVENTS;
}

static void pvpanic_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pvpanic *pvpanic = dev;

	(void)offset, (void)width;
	pvpanic->s.events = (uint8_t)(value & EVENTS);
	if (pvpanic->s.events)
		pvpanic->panicked(pvpanic->ctx, pvpanic->s.events);
}

static const uint8_t registers[] = { ACCESS_RW(1) };

static const struct pio_ops ops = {
	.regs = { registers, sizeof registers, 0 },
	.read = pvpanic_read,
	.write = pvpanic_write,
};

static void pvpanic_reset(void *dev)
{
	struct pvpanic *pvpanic = dev;

	pvpanic->s = (struct pvpanic_state){ 0 };
}

static bool pvpanic_check(const void *state)
{
	const struct pvpanic_state *s = state;

	return !(s->events & ~EVENTS);
}

static void pvpanic_resume(void *dev)
{
	(void)dev;
}

const struct device_ops pvpanic_device_ops = {
	.name = "pvpanic",
	.version = 1,
	.state_offset = offsetof(struct pvpanic, s),
	.state_size = sizeof(struct pvpanic_state),
	.reset = pvpanic_reset,
	.check = pvpanic_check,
	.resume = pvpanic_resume,
};

void pvpanic_init(struct pvpanic *dev, void (*panicked)(void *ctx, uint8_t events), void *ctx)
{
	*dev = (struct pvpanic){ .panicked = panicked, .ctx = ctx };
}

enum bus_status pvpanic_attach(struct pvpanic *dev, struct bus *bus, uint16_t port)
{
	return bus_add_pio(bus, port, 1, &ops, dev);
}
