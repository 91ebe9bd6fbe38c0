/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's network devices and their links with network services. */
#ifndef VMM_MACHINE_NETS_H
#define VMM_MACHINE_NETS_H

#include <rt/process.h>

#include "net_link.h"

struct nets {
	unsigned count;
	struct nets_port {
		struct net_link link;
		const struct rt_net *info;
	} port[RT_NETS_MAX];
};

/* Opens the links that the machine has; params is filled for the devices of the PC. */
void nets_open(struct nets *nets, const struct rt_vmm_info *vmm,
	       struct virtio_net_params params[RT_NETS_MAX]);

/* The PC's devices, once they are made. */
void nets_attach(struct nets *nets, struct virtio_net *devices);

/* Acts on restarts of services. */
void nets_poll(struct nets *nets);

#endif
