/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hypercall with every operation and every selector a process could hold, among them those of
 * others. What the kernel lets it do goes into the log; the rest is counted.
 */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/link.h>
#include <rt/log.h>

#include "hostile.h"

#define SELECTORS  1024u /* far beyond those that the root task gives */
#define OPERATIONS 16u	 /* and kinds, and rights */
#define OTHERS	   8u	 /* second selectors that are tried with each */

static unsigned refused;

static bool worked(uint64_t status)
{
	const bool yes = status == VELA_OK || status == VELA_TIMEOUT;

	refused += !yes;
	return yes;
}

/* The second selector: an empty one, its own, and some that others have. */
static uint64_t other(unsigned n)
{
	static const uint64_t sels[OTHERS] = { 0,
					       RT_SEL_PARENT,
					       RT_SEL_CONSOLE,
					       RT_SEL_WAKE,
					       RT_SEL_CLIENT,
					       RT_SEL_EVENT,
					       VELA_ROOT_FREE,
					       SELECTORS - 1 };
	return sels[n];
}

/* One operation with a selector as the first capability, and where there are two as the second. */
static bool attack_once(unsigned number, unsigned flags, uint64_t sel)
{
	bool any = false;

	for (unsigned n = 0; n < OTHERS; n++) {
		any |= worked(rt_call5(number, flags, sel, other(n), 1, 1, 1));
		if (number == VELA_CALL_map || number == VELA_CALL_grant ||
		    number == VELA_CALL_fund || number == VELA_CALL_create)
			any |= worked(rt_call5(number, flags, other(n), sel, 1, 1, 1));
	}
	return any;
}

/* Two are left out: waiting for calls of others would never return, and telling the root task of a
 * fault of its own ends it. */
static void attack_with(uint64_t sel)
{
	static const char *const name[] = {
#define HYPERCALL(number, call, implemented, text) [number] = #call,
#define ARG(...)
#define ERRORS(...)
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS
	};

	for (unsigned number = 0; number < sizeof name / sizeof name[0]; number++) {
		rt_alive();
		if (number == VELA_CALL_ipc_reply ||
		    (number == VELA_CALL_ipc_call && sel == RT_SEL_EVENT))
			continue;
		for (unsigned flags = 0; flags < OPERATIONS; flags++)
			if (attack_once(number, flags, sel))
				rt_log(RT_INFO, "may %s %u with selector %llu", name[number], flags,
				       (unsigned long long)sel);
	}
}

_Noreturn void attack_by_calls(void)
{
	struct rt_link link;

	rt_link_open(&link, hostile_window(0));
	rt_link_service_refuse(&link, "this disk attacks");
	for (uint64_t sel = 0; sel < SELECTORS; sel++)
		attack_with(sel);
	attack_with(1ull << 32);
	attack_with(UINT64_MAX);
	rt_log(RT_INFO, "was refused %u calls", refused);
	/* At last, another's memory by an ordinary instruction. */
	*(volatile uint32_t *)VELA_INFO_VA = 0;
	rt_fatal("it has written to its page of facts");
}
