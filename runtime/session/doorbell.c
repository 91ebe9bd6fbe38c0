/* SPDX-License-Identifier: Apache-2.0 */
/* What a session's client needs of Vela itself. Host tests have a doorbell of their own. */
#include <rt/hypercall.h>
#include <rt/session.h>

#include <string.h>

void rt_session_ring(vela_sel_t doorbell)
{
	rt_sm_up(doorbell);
}

void rt_session_sink(void *session, const char *line, size_t n)
{
	const char *text = memchr(line, ':', n);

	if (text && (size_t)(text - line) + 2 <= n && text[1] == ' ') {
		n -= (size_t)(text - line) + 2;
		line = text + 2;
	}
	if (n && line[n - 1] == '\n')
		n--;
	rt_session_log(session, line, n);
}
