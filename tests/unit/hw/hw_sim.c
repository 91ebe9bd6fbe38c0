/* SPDX-License-Identifier: Apache-2.0 */
/* Accessors of simulated registers; see hw_sim.h. A BAR's base is a number that no memory has. */
#include "hw_sim.h"

#include <rt/process.h>

bool hw_sim_master;

bool hw_dma_start(void)
{
	hw_sim_master = true;
	return true;
}

struct hw_regs hw_bar(const struct rt_device *device, unsigned n)
{
	if (n >= RT_BARS_MAX || !device->bar[n].bytes)
		return (struct hw_regs){ NULL, 0 };
	return (struct hw_regs){ (unsigned char *)((n + 1ull) << 32), device->bar[n].bytes };
}

static uint64_t reg_read(const struct hw_regs *regs, uint64_t offset, unsigned width)
{
	uint64_t at = (uint64_t)regs->base + offset;

	if (offset >= regs->bytes || width > regs->bytes - offset)
		return UINT64_MAX;
	return hw_sim_read((unsigned)(at >> 32) - 1, at & UINT32_MAX, width);
}

static void reg_write(const struct hw_regs *regs, uint64_t offset, unsigned width, uint64_t value)
{
	uint64_t at = (uint64_t)regs->base + offset;

	if (offset < regs->bytes && width <= regs->bytes - offset)
		hw_sim_write((unsigned)(at >> 32) - 1, at & UINT32_MAX, width, value);
}

uint8_t hw_read8(const struct hw_regs *regs, uint64_t offset)
{
	return (uint8_t)reg_read(regs, offset, 1);
}

uint16_t hw_read16(const struct hw_regs *regs, uint64_t offset)
{
	return (uint16_t)reg_read(regs, offset, 2);
}

uint32_t hw_read32(const struct hw_regs *regs, uint64_t offset)
{
	return (uint32_t)reg_read(regs, offset, 4);
}

void hw_write8(const struct hw_regs *regs, uint64_t offset, uint8_t value)
{
	reg_write(regs, offset, 1, value);
}

void hw_write16(const struct hw_regs *regs, uint64_t offset, uint16_t value)
{
	reg_write(regs, offset, 2, value);
}

void hw_write32(const struct hw_regs *regs, uint64_t offset, uint32_t value)
{
	reg_write(regs, offset, 4, value);
}
