/* SPDX-License-Identifier: Apache-2.0 */
/* One storage or switch: its service process, made from its block of the configuration. */
#ifndef ROOT_SERVICE_H
#define ROOT_SERVICE_H

#include <config/config.h>

#include "device.h"
#include "member.h"
#include "watchdog.h"

struct service {
	const struct config_service *config;
	struct member member;
	struct device device;
	struct watchdog watchdog;
	bool prepared; /* its windows and its doorbell are there; they outlive its process */
};

/*
 * Creates the process and lets it run. Reports through diag what the configuration is to blame for,
 * through the log what else fails; after a failure nothing but windows and doorbell is left.
 */
bool service_start(struct service *service, const struct vela_info *info,
		   const struct rt_info *facts, unsigned vms, struct config_diag *diag);

/* Acts on a report of its process; false: it is none with which a service goes on. */
bool service_request(struct service *service, const struct rt_status *status);

/* While it runs: logs what the IOMMU has stopped its device at, and asks whether it is alive.
 * False: it has not answered for too long. Lowers *deadline_ns to when to look again. */
bool service_look(struct service *service, uint64_t now_ns, uint64_t *deadline_ns);

/* Before its memory is taken back: nothing it started goes on. */
void service_quiet(struct service *service);

#endif
