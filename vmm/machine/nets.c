/* SPDX-License-Identifier: Apache-2.0 */
/* Links of network devices on Vela; see nets.h. */
#include "nets.h"

#include <rt/hypercall.h>
#include <rt/log.h>
#include <string.h>

#define MTU_MIN	    68u
#define MTU_DEFAULT 1500u

static void ring(void *ctx)
{
	const struct nets_port *port = ctx;

	rt_sm_up(RT_SEL_DOORBELL + port->info->link);
}

static void log_fault(void *ctx, const char *text)
{
	const struct nets_port *port = ctx;

	rt_log(RT_WARNING, "net %s: the service broke its link: %s", port->info->name, text);
}

void nets_open(struct nets *nets, const struct rt_vmm_info *vmm,
	       struct virtio_net_params params[RT_NETS_MAX])
{
	nets->count = vmm->nets < RT_NETS_MAX ? vmm->nets : RT_NETS_MAX;
	for (unsigned n = 0; n < nets->count; n++) {
		struct nets_port *port = &nets->port[n];
		struct net_link *link = &port->link;

		port->info = &vmm->net[n];
		net_link_init(link,
			      (unsigned char *)(RT_LINK_VA + port->info->link * RT_LINK_BYTES));
		link->ring = ring;
		link->log = log_fault;
		link->ctx = port;
		/* The root task starts a machine when its services have answered. */
		uint32_t mtu = net_link_facts(link).mtu;
		params[n].mtu = (uint16_t)(mtu >= MTU_MIN && mtu <= UINT16_MAX ? mtu : MTU_DEFAULT);
		params[n].pairs = vmm->cpus;
		params[n].backend = net_link_backend(link);
		memcpy(params[n].mac, port->info->mac, sizeof params[n].mac);
	}
}

void nets_attach(struct nets *nets, struct virtio_net *devices)
{
	for (unsigned n = 0; n < nets->count; n++)
		nets->port[n].link.device = &devices[n];
	nets_poll(nets);
}

void nets_poll(struct nets *nets)
{
	for (unsigned n = 0; n < nets->count; n++)
		net_link_poll(&nets->port[n].link);
}
