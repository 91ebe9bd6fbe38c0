/* SPDX-License-Identifier: Apache-2.0 */
/* Portal: an entry point served by a worker. Immutable after creation. */
#ifndef CORE_PT_H
#define CORE_PT_H

#include <core/object.h>

struct pt {
	struct object object;
	cap_t ec; /* weak: the worker may be destroyed first */
	uint64_t ip, id;
};

struct ec;
enum vela_status pt_create(struct pd *payer, struct ec *ec, const uint64_t *params,
			   struct object **out);

#endif
