/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as a driver sees it: registers of its device, memory its device can reach, and time.
 * Host tests put a simulated device behind the same functions.
 */
#ifndef SERVICES_HW_H
#define SERVICES_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_device;

/* Registers in a BAR, or a part of one. Offsets may come from the device: an access that does not
 * lie inside reads as all ones and writes nothing. */
struct hw_regs {
	unsigned char *base;
	uint64_t bytes; /* 0: there are none */
};

/* Memory BAR n of the process's device. */
struct hw_regs hw_bar(const struct rt_device *device, unsigned n);

/* A part of some registers; none if it does not lie inside. */
struct hw_regs hw_part(const struct hw_regs *regs, uint64_t offset, uint64_t bytes);

uint8_t hw_read8(const struct hw_regs *regs, uint64_t offset);
uint16_t hw_read16(const struct hw_regs *regs, uint64_t offset);
uint32_t hw_read32(const struct hw_regs *regs, uint64_t offset);

/* What was written to memory before is there when the device sees the write. */
void hw_write8(const struct hw_regs *regs, uint64_t offset, uint8_t value);
void hw_write16(const struct hw_regs *regs, uint64_t offset, uint16_t value);
void hw_write32(const struct hw_regs *regs, uint64_t offset, uint32_t value);

/* As two accesses, the lower half first, which every device allows. */
uint64_t hw_read64(const struct hw_regs *regs, uint64_t offset);
void hw_write64(const struct hw_regs *regs, uint64_t offset, uint64_t value);

/* Memory for a driver's rings, at two addresses. Taken once, never given back. */
struct hw_dma {
	unsigned char *base;
	uint64_t address; /* as the device sees it */
	uint64_t bytes;
	uint64_t used;
};

/* Zeroed bytes aligned to align, a power of two up to 4096; NULL: there is not so much left. */
void *hw_dma_take(struct hw_dma *dma, uint64_t bytes, uint64_t align);
uint64_t hw_dma_address(const struct hw_dma *dma, const void *at);

/* Lets the device reach memory, which it may not before. Call it once it is reset, so that nothing
 * of what it did for an earlier driver goes on. Once granted it stays so. False: no answer. */
bool hw_dma_start(void);

uint64_t hw_now_ns(void);

/* Lets others run for about so long. */
void hw_pause_ns(uint64_t ns);

#endif
