/* SPDX-License-Identifier: Apache-2.0 */
/* One VM: its VMM process, made from its block of the configuration. */
#ifndef ROOT_VM_H
#define ROOT_VM_H

#include <config/config.h>

#include "member.h"
#include "plan.h"
#include "ram.h"

struct vm {
	const struct config_vm *config;
	struct member member;
	struct ram ram;
	bool placed;			/* cpu is chosen; they stay the same over restarts */
	unsigned cpu[CONFIG_VCPUS_MAX]; /* of each virtual CPU */
};

/*
 * Creates the VMM, one of vms, and lets it run. facts is what every process is told. Reports
 * through diag what the configuration is to blame for, through the log what else fails; after a
 * failure nothing of the VM is left.
 */
bool vm_start(struct vm *vm, const struct vela_info *info, const struct rt_info *facts,
	      struct placement *placement, unsigned vms, struct config_diag *diag);

#endif
