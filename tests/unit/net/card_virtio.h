/* SPDX-License-Identifier: Apache-2.0 */
/* State of the simulated virtio network device. */
#ifndef TEST_NET_CARD_VIRTIO_H
#define TEST_NET_CARD_VIRTIO_H

#include "card.h"

struct card_virtio_queue {
	uint16_t entries;
	bool enabled;
	bool notified;
	uint64_t address[3];
	struct vq_device ring;
};

struct card_virtio_state {
	uint64_t offered; /* features; stays when the card is made again */
	uint64_t driver_features;
	uint32_t feature_select, driver_select;
	uint16_t select;
	uint8_t status;
	uint8_t link_up;
	bool promiscuous;
	int lie_buffers; /* added to the number of buffers of each frame */
	struct card_virtio_queue queue[3];
};

extern struct card_virtio_state device;

#endif
