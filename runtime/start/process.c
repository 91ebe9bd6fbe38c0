/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is special to a process made by the root task: its information page, and its end by way of
 * the status page (rt/process.h).
 */
#include "start.h"
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/start.h>
#include <rt/thread.h>
#include <string.h>

const struct rt_info *rt_info(void)
{
	return (const struct rt_info *)VELA_INFO_VA;
}

void rt_start_variant(const void *page)
{
	const struct rt_info *info = page;

	if (info->magic != RT_INFO_MAGIC || info->version != RT_INFO_VERSION)
		rt_end(RT_STATUS_FATAL, 0, "the information page has another version");
	rt_clock = (struct rt_clock){
		.tsc_khz = info->tsc_khz,
		.boot_tsc = info->boot_tsc,
		.boot_epoch = info->boot_epoch,
	};
	rt_log_set_name(info->name);
}

__attribute__((weak)) _Noreturn void rt_thread_main(unsigned n)
{
	(void)n;
	__builtin_trap();
}

/* Waits until the first thread has set up the program and this thread's TLS; until then there is
 * no stack canary to check. */
__attribute__((no_stack_protector)) _Noreturn void rt_start_thread(unsigned n)
{
	if (rt_sm_down_all(RT_SEL_WAKE + n, VELA_NO_DEADLINE) != VELA_OK)
		__builtin_trap();
	rt_thread_main(n);
}

void rt_threads_start(unsigned threads)
{
	for (unsigned n = 1; n < threads; n++) {
		rt_thread_tls((void *)(RT_THREAD_VA + n * RT_THREAD_STRIDE + RT_THREAD_TLS));
		rt_sm_up(RT_SEL_WAKE + n);
	}
}

static struct rt_status *status(void)
{
	return (struct rt_status *)RT_STATUS_VA;
}

/* The code comes last: with it the root task takes the rest as complete. */
static void tell(uint32_t code, uint32_t value, const char *text)
{
	struct rt_status *s = status();
	size_t n = strnlen(text, sizeof s->text - 1);

	s->value = value;
	memcpy(s->text, text, n);
	s->text[n] = '\0';
	__atomic_store_n(&s->code, code, __ATOMIC_RELEASE);
	rt_sm_up(RT_SEL_PARENT);
}

uint32_t rt_ctrl_alt_dels(void)
{
	return __atomic_load_n(&status()->ctrl_alt_dels, __ATOMIC_RELAXED);
}

/* Pairs with the root task's release store when it has acted on a report. */
bool rt_report_answered(void)
{
	return __atomic_load_n(&status()->code, __ATOMIC_ACQUIRE) == RT_STATUS_RUNNING;
}

void rt_alive(void)
{
	const uint32_t asked = __atomic_load_n(&status()->asked, __ATOMIC_RELAXED);

	if (asked != status()->alive)
		__atomic_store_n(&status()->alive, asked, __ATOMIC_RELAXED);
}

int rt_report(uint32_t code, uint32_t value, const char *text)
{
	if (!rt_report_answered())
		return -1;
	tell(code, value, text);
	return 0;
}

/* An end replaces a report that was not taken yet, but not the end another thread has reported. The
 * thread then waits to be destroyed; if it cannot even wait, a fault is what the root task sees
 * next. */
_Noreturn void rt_end(uint32_t code, uint32_t value, const char *text)
{
	static bool ended; /* exchanged by threads */

	if (!__atomic_exchange_n(&ended, true, __ATOMIC_RELAXED))
		tell(code, value, text);
	while (rt_sm_down_all(RT_SEL_WAKE, VELA_NO_DEADLINE) == VELA_OK)
		;
	__builtin_trap();
}
