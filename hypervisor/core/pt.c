/* SPDX-License-Identifier: Apache-2.0 */
/* Creation of portals. */
#include <core/ec.h>
#include <core/pd.h>
#include <core/pt.h>

enum vela_status pt_create(struct pd *payer, struct ec *ec, const uint64_t *params,
			   struct object **out)
{
	if (!ec->worker || params[VELA_PT_IP] >= VELA_USER_END)
		return VELA_BAD_ARG;
	struct pt *pt = pd_alloc(payer, sizeof *pt);
	if (!pt)
		return VELA_NO_MEMORY;
	pt->ec = object_cap(&ec->object, 0);
	pt->ip = params[VELA_PT_IP];
	pt->id = params[VELA_PT_ID];
	*out = &pt->object;
	return VELA_OK;
}
