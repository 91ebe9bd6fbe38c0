/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of VIRTIO 1.2 for whoever is at either end of a virtio device on PCI: the VMM's devices,
 * the services' drivers, and test guests. Rings are in rt/virtqueue.h, requests in rt/block.h and
 * rt/net.h. Numbers of sections are VIRTIO 1.2's.
 */
#ifndef RT_VIRTIO_H
#define RT_VIRTIO_H

#include <stdint.h>

/* Section 4.1.2. */
#define VIRTIO_PCI_VENDOR 0x1af4u
#define VIRTIO_PCI_DEVICE 0x1040u /* plus the device type */
/* Transitional devices have ids of their own. */
#define VIRTIO_PCI_NET_TRANS   0x1000u
#define VIRTIO_PCI_BLOCK_TRANS 0x1001u

/* Device types, section 5. */
#define VIRTIO_TYPE_NET	    1u
#define VIRTIO_TYPE_BLOCK   2u
#define VIRTIO_TYPE_CONSOLE 3u
#define VIRTIO_TYPE_ENTROPY 4u
#define VIRTIO_TYPE_BALLOON 5u

/* Device status, section 2.1. */
#define VIRTIO_ACKNOWLEDGE 1u
#define VIRTIO_DRIVER	   2u
#define VIRTIO_DRIVER_OK   4u
#define VIRTIO_FEATURES_OK 8u
#define VIRTIO_NEEDS_RESET 64u
#define VIRTIO_FAILED	   128u

/* Feature bits of every device type, section 6. */
#define VIRTIO_F_INDIRECT_DESC	 (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX	 (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1	 (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)
#define VIRTIO_F_ORDER_PLATFORM	 (UINT64_C(1) << 36)

/* struct virtio_pci_cap, section 4.1.4: offsets, and types. */
#define VIRTIO_CAP_LENGTH 2u
#define VIRTIO_CAP_TYPE	  3u
#define VIRTIO_CAP_BAR	  4u
#define VIRTIO_CAP_OFFSET 8u
#define VIRTIO_CAP_SIZE	  12u
#define VIRTIO_CAP_BYTES  16u
#define VIRTIO_CAP_EXTRA  16u /* notify: step between queues; PCI: the data */

#define VIRTIO_CAP_COMMON 1u
#define VIRTIO_CAP_NOTIFY 2u
#define VIRTIO_CAP_ISR	  3u
#define VIRTIO_CAP_DEVICE 4u
#define VIRTIO_CAP_PCI	  5u

/* Registers of the common configuration, section 4.1.4.3. */
#define VIRTIO_REG_DEVICE_SELECT     0x00u
#define VIRTIO_REG_DEVICE_FEATURE    0x04u
#define VIRTIO_REG_DRIVER_SELECT     0x08u
#define VIRTIO_REG_DRIVER_FEATURE    0x0cu
#define VIRTIO_REG_CONFIG_VECTOR     0x10u
#define VIRTIO_REG_QUEUES	     0x12u
#define VIRTIO_REG_STATUS	     0x14u
#define VIRTIO_REG_GENERATION	     0x15u
#define VIRTIO_REG_QUEUE_SELECT	     0x16u
#define VIRTIO_REG_QUEUE_SIZE	     0x18u
#define VIRTIO_REG_QUEUE_VECTOR	     0x1au
#define VIRTIO_REG_QUEUE_ENABLE	     0x1cu
#define VIRTIO_REG_QUEUE_NOTIFY_OFF  0x1eu
#define VIRTIO_REG_QUEUE_DESC	     0x20u
#define VIRTIO_REG_QUEUE_AVAIL	     0x28u
#define VIRTIO_REG_QUEUE_USED	     0x30u
#define VIRTIO_REG_QUEUE_NOTIFY_DATA 0x38u
#define VIRTIO_REG_QUEUE_RESET	     0x3au
#define VIRTIO_NO_VECTOR	     0xffffu

/* Network devices, section 5.1.3. */
#define VIRTIO_NET_F_CSUM	(UINT64_C(1) << 0)
#define VIRTIO_NET_F_GUEST_CSUM (UINT64_C(1) << 1)
#define VIRTIO_NET_F_MTU	(UINT64_C(1) << 3)
#define VIRTIO_NET_F_MAC	(UINT64_C(1) << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (UINT64_C(1) << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (UINT64_C(1) << 8)
#define VIRTIO_NET_F_HOST_TSO4	(UINT64_C(1) << 11)
#define VIRTIO_NET_F_HOST_TSO6	(UINT64_C(1) << 12)
#define VIRTIO_NET_F_MRG_RXBUF	(UINT64_C(1) << 15)
#define VIRTIO_NET_F_STATUS	(UINT64_C(1) << 16)
#define VIRTIO_NET_F_CTRL_VQ	(UINT64_C(1) << 17)
#define VIRTIO_NET_F_CTRL_RX	(UINT64_C(1) << 18)
#define VIRTIO_NET_F_MQ		(UINT64_C(1) << 22)

/* Section 5.1.4. */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status; /* VIRTIO_NET_S_* */
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};
_Static_assert(sizeof(struct virtio_net_config) == 12, "section 5.1.4");
#define VIRTIO_NET_S_LINK_UP 1u

/* The control queue, section 5.1.6.5: classes, and commands of theirs. */
#define VIRTIO_NET_CTRL_RX	      0u
#define VIRTIO_NET_CTRL_RX_PROMISC    0u
#define VIRTIO_NET_CTRL_RX_LAST	      5u
#define VIRTIO_NET_CTRL_MAC	      1u
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0u
#define VIRTIO_NET_CTRL_MQ	      4u
#define VIRTIO_NET_CTRL_MQ_PAIRS_SET  0u
#define VIRTIO_NET_OK		      0u
#define VIRTIO_NET_ERR		      1u

/* Block devices, section 5.2.3. */
#define VIRTIO_BLK_F_SEG_MAX	  (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_RO		  (UINT64_C(1) << 5)
#define VIRTIO_BLK_F_BLK_SIZE	  (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_FLUSH	  (UINT64_C(1) << 9)
#define VIRTIO_BLK_F_TOPOLOGY	  (UINT64_C(1) << 10)
#define VIRTIO_BLK_F_CONFIG_WCE	  (UINT64_C(1) << 11)
#define VIRTIO_BLK_F_MQ		  (UINT64_C(1) << 12)
#define VIRTIO_BLK_F_DISCARD	  (UINT64_C(1) << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES (UINT64_C(1) << 14)

/* Offsets in the configuration, section 5.2.4. */
#define VIRTIO_BLK_CAPACITY	     0u
#define VIRTIO_BLK_SEG_MAX	     12u
#define VIRTIO_BLK_BLK_SIZE	     20u
#define VIRTIO_BLK_PHYSICAL_EXP	     24u
#define VIRTIO_BLK_MIN_IO	     26u
#define VIRTIO_BLK_WRITEBACK	     32u
#define VIRTIO_BLK_QUEUES	     34u
#define VIRTIO_BLK_DISCARD_SECTORS   36u
#define VIRTIO_BLK_DISCARD_SEGMENTS  40u
#define VIRTIO_BLK_DISCARD_ALIGNMENT 44u
#define VIRTIO_BLK_ZEROES_SECTORS    48u
#define VIRTIO_BLK_ZEROES_SEGMENTS   52u
#define VIRTIO_BLK_ZEROES_UNMAP	     56u
#define VIRTIO_BLK_CONFIG_BYTES	     60u

#endif
