/* SPDX-License-Identifier: Apache-2.0 */
/* State of the 82574 driver. */
#ifndef NET_E1000E_H
#define NET_E1000E_H

#include "e1000e_regs.h"
#include "nic.h"

struct e1000e {
	struct nic nic; /* first */
	struct hw_regs regs;
	struct e1000e_rx_desc *rx;
	struct e1000e_tx_desc *tx;
	uint16_t rx_ring; /* descriptors */
	uint16_t rx_next; /* next descriptor that will have a frame */
	uint16_t rx_told; /* tail as the card knows it */
	uint16_t tx_head; /* oldest descriptor to be sent */
	uint16_t tx_tail; /* next free one */
	uint16_t tx_told; /* tail as the card knows it */
	uint16_t tx_free;
	uint16_t tx_last[NIC_ENTRIES]; /* last descriptor of the packet that starts here */
	struct vq_segment part;	       /* the frame being received */
	bool held;
	uint32_t mask; /* interrupts that are on */
};

#endif
