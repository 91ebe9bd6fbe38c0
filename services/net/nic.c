/* SPDX-License-Identifier: Apache-2.0 */
/* What network cards have in common: memory, supervision; see nic.h. */
#include "nic.h"

#include <rt/log.h>
#include <string.h>

#include "virtio_pci.h"

#define INTEL	 0x8086u
#define I_82574L 0x10d3u

const struct nic_ops *nic_find(const struct rt_device *device)
{
	if (device->vendor == VIRTIO_PCI_VENDOR &&
	    (device->device == VIRTIO_PCI_DEVICE + VIRTIO_TYPE_NET ||
	     device->device == VIRTIO_PCI_NET_TRANS))
		return &virtio_net_ops;
	if (device->vendor == INTEL && device->device == I_82574L)
		return &e1000e_ops;
	return NULL;
}

static uint16_t smaller(uint64_t a, uint16_t b)
{
	return a < b ? (uint16_t)a : b;
}

bool nic_take_blocks(struct nic *nic, uint16_t rx, uint16_t tx)
{
	nic->tx_block = hw_dma_take(&nic->dma, (uint64_t)tx * NIC_BLOCK, NIC_BLOCK);
	nic->tx_blocks = tx;
	nic->rx_blocks = smaller((nic->dma.bytes - nic->dma.used) / NIC_BLOCK, rx);
	nic->rx_block = hw_dma_take(&nic->dma, (uint64_t)nic->rx_blocks * NIC_BLOCK, NIC_BLOCK);
	return nic->tx_block && nic->rx_block && nic->rx_blocks >= NIC_RX_MIN;
}

bool nic_full(const struct nic *nic, uint32_t free, uint32_t packets, uint32_t bytes)
{
	uint32_t need = packets + nic_blocks(bytes + packets * sizeof(struct rt_net_header));

	return free < (need < nic->tx_blocks ? need : nic->tx_blocks);
}

static const char *start(struct nic *nic)
{
	nic->dma.used = 0;
	nic->broken = false;
	nic->waiting_ns = 0;
	const char *why = nic->ops->start(nic);
	nic->port->outlet.takes = nic->takes;
	return why;
}

const char *nic_start(struct nic *nic, const struct nic_ops *ops,
		      const struct rt_service_info *info, unsigned char *dma, struct port *port)
{
	nic->ops = ops;
	nic->device = &info->device;
	nic->port = port;
	nic->dma = (struct hw_dma){ .base = dma,
				    .address = info->dma_address,
				    .bytes = info->dma_bytes };
	port->ops = &ops->port;
	port->outlet = (struct outlet){ .ctx = nic, .open = ops->open, .close = ops->close };
	const char *why = start(nic);
	if (why)
		return why;
	nic->ops->check(nic);
	port->up = !nic->broken;
	rt_log(RT_INFO, "uplink %s: %s, link is %s", nic->device->address, ops->name,
	       nic->link_up ? "up" : "down");
	return NULL;
}

/* A card that hangs is started again; what it was to send is lost. */
static void restart(struct nic *nic)
{
	rt_log(RT_WARNING, "uplink %s: %s; it is reset", nic->device->address, nic->why);
	nic->restarts++;
	nic->dead = start(nic);
	nic->port->up = !nic->dead;
}

/* Notes since when the card has not sent what it should. */
static void watch_sending(struct nic *nic, uint64_t now_ns)
{
	if (nic->ops->reclaim(nic) || !nic->ops->busy(nic))
		nic->waiting_ns = 0;
	else if (!nic->waiting_ns)
		nic->waiting_ns = now_ns;
	/* Without a link a card may keep what it has. */
	if (nic->waiting_ns && nic->link_up && now_ns - nic->waiting_ns > NIC_TIMEOUT_NS) {
		nic->broken = true;
		nic->why = "nothing was sent for 5 s";
	}
}

uint64_t nic_poll(struct nic *nic, uint64_t now_ns)
{
	bool link_up = nic->link_up;

	if (nic->port->up)
		watch_sending(nic, now_ns);
	if (now_ns - nic->checked_ns >= NIC_TICK_NS) {
		nic->checked_ns = now_ns;
		if (nic->port->up)
			nic->ops->check(nic);
		if (nic->broken && !nic->dead)
			restart(nic);
	}
	if (link_up != nic->link_up)
		rt_log(RT_INFO, "uplink %s: link is %s", nic->device->address,
		       nic->link_up ? "up" : "down");
	return nic->checked_ns + NIC_TICK_NS;
}
