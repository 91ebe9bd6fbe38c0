/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a service; see service_log.h. */
#include "service_log.h"

#include <rt/log.h>
#include <rt/session.h>

void service_log_open(void)
{
	static struct rt_session session;

	rt_session_open(&session, (void *)RT_SESSION_VA, RT_SEL_CONSOLE);
	rt_log_set_sink(rt_session_sink, &session);
}
