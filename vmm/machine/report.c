/* SPDX-License-Identifier: Apache-2.0 */
/* How a guest ended, and how often it was left until then: the kernel counts exits by class. */
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>

#include "machine.h"

/* Results of stat come to the UTCB of the thread that asks. */
static const volatile uint64_t *utcb(const struct vcpu *v)
{
	return (const volatile uint64_t *)(v->index ? RT_THREAD_VA + v->index * RT_THREAD_STRIDE
						    : VELA_UTCB_VA);
}

static void log_exits(const struct vcpu *v)
{
	static const char *const name[VELA_EXITS] = {
#define X(name, value, text) [value] = #name,
		VELA_EXIT_TABLE(X)
#undef X
	};
	const struct machine *m = v->machine;
	uint64_t exits[VELA_EXITS] = { 0 };
	char text[VELA_EXITS * 24];
	int n = 0;

	for (unsigned i = 0; i < m->cpus; i++) {
		if (rt_stat(RT_SEL_VC + i, 0) != VELA_OK)
			return;
		for (unsigned cls = 0; cls < VELA_EXITS; cls++)
			exits[cls] += utcb(v)[VELA_STAT_VC_EXITS + cls];
	}
	for (unsigned cls = 0; cls < VELA_EXITS; cls++)
		if (exits[cls])
			n += snprintf(text + n, sizeof text - (size_t)n, " %s %llu", name[cls],
				      (unsigned long long)exits[cls]);
	if (n)
		rt_log(RT_INFO, "guest: exits:%s", text);
}

/* The lock is held, and stays so until the process is destroyed: the others, once kicked out of the
 * guest, wait for it. */
_Noreturn void report_end(struct vcpu *v)
{
	struct machine *m = v->machine;

	for (uint32_t kicks = m->pc.kicks; kicks; kicks &= kicks - 1)
		rt_sm_up(RT_SEL_WAKE + (vela_sel_t)__builtin_ctz(kicks));
	console_flush(m);
	log_exits(v);
	rt_log(m->end.code == RT_STATUS_GUEST_POWEROFF ? RT_INFO : RT_WARNING, "guest: %s",
	       m->end.text);
	rt_end(m->end.code, m->end.value, m->end.text);
}
