/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network device (VIRTIO 1.2 section 5.1): checksum and TCP segmentation offloads both ways,
 * mergeable receive buffers, several pairs of queues with receive steering by where a flow was last
 * sent from.
 */
#ifndef VMM_DEVICE_VIRTIO_NET_H
#define VMM_DEVICE_VIRTIO_NET_H

#include "net.h"
#include "virtio.h"

#define VIRTIO_NET_PAIRS_MAX ((VIRTIO_QUEUES_MAX - 1) / 2)

struct virtio_net_state {
	struct virtio_state virtio;
	uint16_t pairs; /* in use */
	uint16_t reserved[3];
};

struct virtio_net_counts {
	uint64_t sent;
	uint64_t received;
	uint64_t dropped; /* sent by the driver, but no packets */
	uint64_t unfit;	  /* received, but nothing that the driver takes */
};

struct virtio_net {
	struct virtio_net_state s;
	struct virtio_device dev;
	struct virtio_net_config config;
	struct net_backend backend;
	struct virtio_net_counts counts;
	uint32_t full;		 /* bit per pair: its packets wait for room */
	uint8_t flow[NET_FLOWS]; /* pair that a flow was last sent from */
};

extern const struct device_ops virtio_net_device_ops;

struct virtio_net_params {
	uint8_t mac[6];
	uint16_t mtu;
	unsigned pairs; /* of queues; more than VIRTIO_NET_PAIRS_MAX become that */
	struct net_backend backend;
};

void virtio_net_init(struct virtio_net *net, const struct virtio_wiring *wiring,
		     const struct virtio_net_params *params);

/* The way to the network has come or gone. */
void virtio_net_set_link(struct virtio_net *net, bool up);

#endif
