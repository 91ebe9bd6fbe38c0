/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of all VMs and services: starts them, learns how they end, applies the policy of their
 * block, carries out what the user asks at the console.
 */
#ifndef ROOT_LIFECYCLE_H
#define ROOT_LIFECYCLE_H

#include "machine.h"
#include "service.h"
#include "vm.h"

struct lifecycle {
	const struct vela_info *info;
	const struct vela_config *config; /* NULL: nothing is to run */
	struct rt_info facts;		  /* what every process is told */
	struct machine_options options;
	struct placement placement;
	struct config_diag diag;
	unsigned count; /* of VMs */
	struct vm vm[CONFIG_VMS_MAX];
	unsigned services;
	struct service service[CONFIG_SERVICES_MAX];
	struct policy console_policy;
};

/* Starts the console service and the VMs; returns only if there is nothing left to wait for. */
_Noreturn void lifecycle_run(struct lifecycle *life);

#endif
