/* SPDX-License-Identifier: Apache-2.0 */
/* The debug exit port; see debugexit.h. */
#include "debugexit.h"

#include <string.h>

static uint32_t exit_read(void *dev, unsigned offset, unsigned width)
{
	struct debugexit *exit = dev;

	(void)offset;
	return exit->s.value & (uint32_t)bus_ones(width);
}

static void exit_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct debugexit *exit = dev;

	(void)offset;
	(void)width;
	exit->s.value = value;
	exit->s.writes++;
	if (exit->exit)
		exit->exit(exit->ctx, value);
}

static const uint8_t exit_access[1] = { ACCESS_RW(1 | 2 | 4) };
static const struct pio_ops exit_ops = { { exit_access, 1, 0 }, exit_read, exit_write };

static void exit_reset(void *dev)
{
	struct debugexit *exit = dev;

	memset(&exit->s, 0, sizeof exit->s);
}

static bool any_state(const void *state)
{
	(void)state;
	return true;
}

static void no_outputs(void *dev)
{
	(void)dev;
}

const struct device_ops debugexit_device_ops = {
	.name = "debugexit",
	.version = 1,
	.state_offset = offsetof(struct debugexit, s),
	.state_size = sizeof(struct debugexit_state),
	.reset = exit_reset,
	.check = any_state,
	.resume = no_outputs,
};

void debugexit_init(struct debugexit *dev, void (*exit)(void *ctx, uint32_t value), void *ctx)
{
	memset(dev, 0, sizeof *dev);
	dev->exit = exit;
	dev->ctx = ctx;
}

enum bus_status debugexit_attach(struct debugexit *dev, struct bus *bus, uint16_t port)
{
	return bus_add_pio(bus, port, 1, &exit_ops, dev);
}
