/* SPDX-License-Identifier: Apache-2.0 */
/* One VM: its VMM process, made from its block of the configuration, and where it is in its life.
 */
#ifndef ROOT_VM_H
#define ROOT_VM_H

#include <config/config.h>

#include "plan.h"
#include "policy.h"
#include "process.h"

enum vm_state {
	VM_STOPPED, /* until the user asks for a restart */
	VM_RUNNING,
	VM_CLEARING, /* its memory, piece by piece */
	VM_WAITING,  /* for its restart */
};

struct vm {
	const struct config_vm *config;
	struct process process;
	struct policy policy;
	enum vm_state state;
	bool placed;			/* cpu is chosen; they stay the same over restarts */
	unsigned cpu[CONFIG_VCPUS_MAX]; /* of each virtual CPU */
	bool restarts;			/* CLEARING: WAITING follows, not STOPPED */
	uint64_t cleared;		/* CLEARING: bytes so far */
	uint64_t clear_ns;		/* CLEARING: the next piece not before */
	uint64_t restart_ns;		/* WAITING: not before */
	uint64_t ack_ns; /* WAITING: nor before the console has answered, until this time */
};

/*
 * Creates the VMM and lets it run. facts is what every process is told. Reports through diag what
 * the configuration is to blame for, through the log what else fails; after a failure nothing of
 * the VM is left.
 */
bool vm_start(struct vm *vm, const struct vela_info *info, const struct rt_info *facts,
	      struct placement *placement, struct config_diag *diag);

#endif
