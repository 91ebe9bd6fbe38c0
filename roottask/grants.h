/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the list of capabilities that the configuration implies (config_caps, printed by `vela
 * config explain`) to selectors and rights: what is not in that list is not granted. Pure.
 */
#ifndef ROOT_GRANTS_H
#define ROOT_GRANTS_H

#include <stdbool.h>

#include <config/config.h>
#include <vela/types.h>

/* The one capability whose object makes the process run: it is granted last. */
#define GRANT_TIME "TIME"

struct grant {
	vela_sel_t selector; /* RT_SEL_*: where the process finds it */
	vela_sel_t source;   /* where the root task of process index has it */
	unsigned rights;
	unsigned count; /* of the selectors from these on */
};

/* Translates one entry of the list for the process with this index, of vms VMs in all. False: it
 * says something that the root task does not have or no such object allows. */
bool grant_from_cap(const struct config_cap *cap, unsigned index, unsigned vms,
		    struct grant *grant);

#endif
