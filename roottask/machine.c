/* SPDX-License-Identifier: Apache-2.0 */
/* Description, clock and end of the machine; see machine.h and rtc.h. */
#include "machine.h"

#include <cpuid.h>
#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/port.h>

#include <stdio.h>
#include <string.h>

#include "root.h"
#include "rtc.h"

#define CMOS_INDEX    0x70u
#define CMOS_DATA     0x71u
#define RTC_UPDATE    0x80u /* of register A: the registers are changing */
#define LAST_WORDS_NS 100000000ull

static uint8_t cmos(uint8_t index)
{
	rt_out8(CMOS_INDEX, index);
	return rt_in8(CMOS_DATA);
}

/* Waits for the end of an update, which takes 2 ms at most; a clock that is not there has an end
 * too. */
static void rtc_settle(void)
{
	for (unsigned i = 0; i < 10000 && cmos(0x0a) & RTC_UPDATE; i++)
		;
}

static struct rtc_registers rtc_registers(void)
{
	rtc_settle();
	return (struct rtc_registers){
		.second = cmos(0x00),
		.minute = cmos(0x02),
		.hour = cmos(0x04),
		.day = cmos(0x07),
		.month = cmos(0x08),
		.year = cmos(0x09),
		.b = cmos(0x0b),
	};
}

uint64_t rtc_read(void)
{
	struct rtc_registers first, second = rtc_registers();

	/* An update between the reads shows as a difference. */
	for (unsigned i = 0; i < 4; i++) {
		first = second;
		second = rtc_registers();
		if (memcmp(&first, &second, sizeof first) == 0)
			return rtc_epoch(&first);
	}
	return 0;
}

/* The name in CPUID leaf 0x40000000; false on a machine that says it is real. */
static bool hypervisor(char name[13])
{
	uint32_t a, b, c, d;

	memset(name, 0, 13);
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31 & 1))
		return false;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	return true;
}

bool machine_is_emulated(void)
{
	char name[13];

	return hypervisor(name) && strcmp(name, "TCGTCGTCGTCG") == 0;
}

static const char *platform(void)
{
	char name[13];

	if (!hypervisor(name))
		return "a real machine";
	if (machine_is_emulated())
		return "QEMU, software emulation";
	return strncmp(name, "KVMKVMKVM", 9) == 0 ? "KVM" : "a virtual machine";
}

/*
 * QEMU 7.2 must run no guest on its first CPU beside other CPUs: loading FPU state on any of them
 * (FXRSTOR, XRSTOR, FLDENV) reads and writes back flags of the first without a lock
 * (cpu_clear_ignne), among them GIF and nested paging. A VMRUN or #VMEXIT there at that moment is
 * half undone.
 */
unsigned machine_guest_cpu(const struct vela_info *info)
{
	bool keep = info->cpus > 2 || (info->cpus > 1 && machine_is_emulated());

	return keep ? 1 : 0;
}

void machine_describe(const struct vela_info *info, uint64_t free_bytes, char *text, uint64_t size)
{
	snprintf(text, size, "%u CPU%s, %llu MiB for guests, %s, on %s", info->cpus,
		 info->cpus == 1 ? "" : "s", (unsigned long long)(free_bytes >> 20),
		 info->features & VELA_FEATURE_SVM   ? "AMD SVM"
		 : info->features & VELA_FEATURE_VMX ? "Intel VMX"
						     : "no virtualization",
		 platform());
}

_Noreturn void machine_end(const struct machine_options *options, uint32_t value)
{
	uint64_t deadline = rt_clock_deadline(LAST_WORDS_NS);

	/* The console service shows what was logged last. */
	while (rt_sm_down_all(ROOT_SEL_PARENT, deadline) == VELA_OK)
		;
	if (options->qemu_exit)
		__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"((uint16_t)options->qemu_exit));
	uint64_t status = rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_RESET, 0, 0, 0, 0);
	rt_log(RT_ERROR, "the machine cannot be reset: %s; turn it off", root_status_text(status));
	for (;;)
		rt_sm_down_all(ROOT_SEL_PARENT, VELA_NO_DEADLINE);
}
