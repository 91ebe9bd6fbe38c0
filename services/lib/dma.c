/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers do with registers and memory beside accessing them; see hw.h. Pure. */
#include "hw.h"

#include <string.h>

struct hw_regs hw_part(const struct hw_regs *regs, uint64_t offset, uint64_t bytes)
{
	if (offset > regs->bytes || bytes > regs->bytes - offset)
		return (struct hw_regs){ NULL, 0 };
	return (struct hw_regs){ regs->base + offset, bytes };
}

uint64_t hw_read64(const struct hw_regs *regs, uint64_t offset)
{
	uint64_t low = hw_read32(regs, offset);

	return (uint64_t)hw_read32(regs, offset + 4) << 32 | low;
}

void hw_write64(const struct hw_regs *regs, uint64_t offset, uint64_t value)
{
	hw_write32(regs, offset, (uint32_t)value);
	hw_write32(regs, offset + 4, (uint32_t)(value >> 32));
}

void *hw_dma_take(struct hw_dma *dma, uint64_t bytes, uint64_t align)
{
	uint64_t at = (dma->used + align - 1) & ~(align - 1);

	if (at > dma->bytes || bytes > dma->bytes - at)
		return NULL;
	dma->used = at + bytes;
	memset(dma->base + at, 0, bytes);
	return dma->base + at;
}

uint64_t hw_dma_address(const struct hw_dma *dma, const void *at)
{
	return dma->address + (uint64_t)((const unsigned char *)at - dma->base);
}
