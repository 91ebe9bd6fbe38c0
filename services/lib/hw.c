/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and time on Vela; see hw.h. */
#include "hw.h"

#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/process.h>

struct hw_regs hw_bar(const struct rt_device *device, unsigned n)
{
	if (n >= RT_BARS_MAX || !device->bar[n].bytes)
		return (struct hw_regs){ NULL, 0 };
	return (struct hw_regs){ (unsigned char *)(RT_BAR_VA + n * RT_BAR_STRIDE),
				 device->bar[n].bytes };
}

static bool inside(const struct hw_regs *regs, uint64_t offset, unsigned width)
{
	return offset < regs->bytes && width <= regs->bytes - offset;
}

/* The calls into this file keep the compiler from moving other memory accesses across a write;
 * the processor does not, because BARs are mapped uncached (AMD64 APM vol. 2, 7.4.2). */
#define ACCESSORS(bits)                                                                        \
	uint##bits##_t hw_read##bits(const struct hw_regs *regs, uint64_t offset)              \
	{                                                                                      \
		if (!inside(regs, offset, (bits) / 8))                                         \
			return (uint##bits##_t) ~0u;                                           \
		return *(const volatile uint##bits##_t *)(regs->base + offset);                \
	}                                                                                      \
	void hw_write##bits(const struct hw_regs *regs, uint64_t offset, uint##bits##_t value) \
	{                                                                                      \
		if (inside(regs, offset, (bits) / 8))                                          \
			*(volatile uint##bits##_t *)(regs->base + offset) = value;             \
	}

ACCESSORS(8)
ACCESSORS(16)
ACCESSORS(32)

#define ANSWER_NS 5000000000ull
#define STEP_NS	  1000000ull

bool hw_dma_start(void)
{
	static bool granted;
	const uint64_t end = hw_now_ns() + ANSWER_NS;

	if (granted)
		return true;
	if (rt_report(RT_STATUS_DEVICE, 0, "") != 0)
		return false;
	while (!rt_report_answered()) {
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(STEP_NS);
	}
	granted = true;
	return true;
}

uint64_t hw_now_ns(void)
{
	return rt_clock_ns();
}

/* A service looks at everything each time it is woken, so an up that is lost here is no loss. */
void hw_pause_ns(uint64_t ns)
{
	rt_alive();
	rt_sm_down_all(RT_SEL_WAKE, rt_clock_deadline(ns));
}
