/* SPDX-License-Identifier: Apache-2.0 */
/* How a session's client wakes the service on Vela. Host tests have a doorbell of their own. */
#include <rt/hypercall.h>
#include <rt/session.h>

void rt_session_ring(vela_sel_t doorbell)
{
	rt_sm_up(doorbell);
}
