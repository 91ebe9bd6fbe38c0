/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block service's loop: do what there is to do, then wait for the doorbell, which clients, the
 * root task and the controller's interrupts share.
 */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/start.h>

#include "service_log.h"
#include "setup.h"

/* The service allocates nothing. */
RT_HEAP(4096);

static struct service service;

static void log_line(const char *line)
{
	rt_log(RT_INFO, "%s", line);
}

static void wake_clients(void)
{
	uint64_t kicks = service.kicks;

	service.kicks = 0;
	for (; kicks; kicks &= kicks - 1)
		rt_sm_up(RT_SEL_CLIENT + (vela_sel_t)__builtin_ctzll(kicks));
}

int rt_main(void)
{
	struct service_setup setup = {
		.info = &rt_info()->service,
		.windows = (unsigned char *)RT_CLIENT_VA,
		.dma = (unsigned char *)RT_DMA_VA,
		.log = log_line,
	};

	service_log_open();
	service_init(&service, &setup);
	for (;;) {
		uint64_t now_ns = rt_clock_ns();
		uint64_t again_ns = service_turn(&service, now_ns);

		rt_alive();
		wake_clients();
		if (service.fatal)
			rt_fatal("%s", service.fatal);
		if (again_ns == SERVICE_NEVER)
			rt_sm_down_all(RT_SEL_WAKE, VELA_NO_DEADLINE);
		else if (again_ns > now_ns)
			rt_sm_down_all(RT_SEL_WAKE, rt_clock_deadline(again_ns - now_ns));
	}
}
