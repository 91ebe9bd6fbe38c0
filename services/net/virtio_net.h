/* SPDX-License-Identifier: Apache-2.0 */
/* State of the virtio network driver. */
#ifndef NET_VIRTIO_NET_H
#define NET_VIRTIO_NET_H

#include "nic.h"
#include "virtio_pci.h"

struct virtio_net {
	struct nic nic; /* first */
	struct virtio_pci pci;
	struct vq_driver rx;
	struct vq_driver tx;
	struct vq_driver ctrl;
	/* The frame being received: its header, read once, and its buffers. */
	struct rt_net_header header;
	unsigned have;
	bool held;
	struct vq_segment part[NIC_ENTRIES];
};

#endif
