/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is special to the root task: the kernel's information area, its log on the serial port, and
 * the stack and TLS pages, which are part of its file because the kernel maps that file as it is.
 */
#include "start.h"
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/serial.h>
#include <rt/start.h>
#include <vela/info.h>

/* Placed at VELA_STACK_TOP - VELA_STACK_BYTES and VELA_TLS_VA by root.ld. */
__attribute__((section(".stack"), used)) static char stack[VELA_STACK_BYTES];
__attribute__((section(".tls_area"), used)) static char tls_area[VELA_TLS_BYTES];

const struct vela_info *rt_machine(void)
{
	return (const struct vela_info *)VELA_INFO_VA;
}

void rt_start_variant(const void *area)
{
	const struct vela_info *info = area;

	rt_log_set_name("root");
	rt_log_set_sink(rt_serial_sink, NULL);
	if (info->magic != VELA_INFO_MAGIC || info->version != VELA_INFO_VERSION)
		rt_fatal("the kernel's information area has another version");
	rt_clock = (struct rt_clock){ .tsc_khz = info->tsc_khz, .boot_tsc = rt_rdtsc() };
}

/* The root task's other threads are workers, which start at their portals. */
_Noreturn void rt_start_thread(unsigned n)
{
	(void)n;
	__builtin_trap();
}

__attribute__((weak)) _Noreturn void rt_end(uint32_t code, uint32_t value, const char *text)
{
	rt_log(code == RT_STATUS_EXIT ? RT_INFO : RT_ERROR, "root task ended, code %u value %u %s",
	       code, value, text);
	rt_ec_ctrl(VELA_ROOT_EC, VELA_EC_STOP);
	__builtin_trap();
}
