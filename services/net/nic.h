/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card as the switch's uplink. Drivers copy between their own DMA memory and the port's
 * frames, so no device transfers to or from a client's window. What a device writes into that
 * memory or answers is hostile: it can lose packets and make up others, and nothing else.
 */
#ifndef NET_NIC_H
#define NET_NIC_H

#include <rt/process.h>

#include "hw.h"
#include "switch.h"

#define NIC_ENTRIES    256u /* most of a ring */
#define NIC_RX_MIN     16u
#define NIC_BLOCK      2048u /* bytes of a buffer */
#define NIC_MTU	       1500u
#define NIC_TIMEOUT_NS (5ull * 1000000000)
#define NIC_TICK_NS    (1ull * 1000000000)

struct nic;

struct nic_ops {
	const char *name;
	/* Resets the card and sets it up, also after it was running. NULL, or why it cannot be
	 * used. */
	const char *(*start)(struct nic *nic);
	/* Takes back what has been sent; returns how much that was. */
	unsigned (*reclaim)(struct nic *nic);
	/* Whether something is still to be sent. */
	bool (*busy)(const struct nic *nic);
	/* Tells the card what it was given since the last call. */
	void (*flush)(struct nic *nic);
	/* Asks for an interrupt when something is received, and when something has been sent if
	 * room is wanted. True: something is there already. */
	bool (*watch)(struct nic *nic, bool room);
	/* Looks at the state of the card: sets link_up and broken. */
	void (*check)(struct nic *nic);
	struct port_ops port;
	bool (*open)(void *ctx, const struct rt_net_header *header, uint32_t bytes,
		     struct vq_sink *sink);
	void (*close)(void *ctx, struct vq_sink *sink);
};

struct nic {
	const struct nic_ops *ops;
	const struct rt_device *device;
	struct port *port;
	struct hw_dma dma;
	uint32_t takes; /* RT_NET_*, set by start */
	bool link_up;
	bool broken;	     /* has to be started again */
	const char *why;     /* it is broken */
	const char *dead;    /* why it cannot be started again, else null */
	uint64_t waiting_ns; /* since when nothing was taken that is to be sent; 0: not */
	uint64_t checked_ns;
	unsigned restarts;
	unsigned char *rx_block; /* buffers of NIC_BLOCK bytes: one for each descriptor */
	unsigned char *tx_block;
	uint16_t rx_blocks;
	uint16_t tx_blocks;		      /* that can be in use at a time */
	struct vq_segment piece[NIC_ENTRIES]; /* of the packet being written */
	unsigned pieces;
};

/* The driver for a device; NULL: there is none. */
const struct nic_ops *nic_find(const struct rt_device *device);

/* Starts the card as a port. NULL, or why it cannot be used. */
const char *nic_start(struct nic *nic, const struct nic_ops *ops,
		      const struct rt_service_info *info, unsigned char *dma, struct port *port);

/* Looks after the card; called on each wake-up. Starts it again if it hangs. Returns when it wants
 * to be called again at the latest. */
uint64_t nic_poll(struct nic *nic, uint64_t now_ns);

/* For drivers: takes DMA memory for the blocks of the rings; for receiving there may be fewer than
 * asked for. False: there is not enough. */
bool nic_take_blocks(struct nic *nic, uint16_t rx, uint16_t tx);

/* For drivers: so much room a packet's blocks have. */
static inline uint32_t nic_blocks(uint32_t bytes)
{
	return (bytes + NIC_BLOCK - 1) / NIC_BLOCK;
}

/* For drivers: whether packets should wait, with so many blocks free. Packets that would never fit
 * all at once do not wait for ever. */
bool nic_full(const struct nic *nic, uint32_t free, uint32_t packets, uint32_t bytes);

extern const struct nic_ops virtio_net_ops;
extern const struct nic_ops e1000e_ops;

#endif
