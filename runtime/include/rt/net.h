/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of a link with a network service: a port of a switch. Two split virtqueues of 256
 * entries each, driver = client: transmit at RT_NET_TX, readable chains of one packet each; receive
 * at RT_NET_RX, writable buffers of which a packet may fill several. Descriptors address bytes by
 * their offset in the window, at or behind RT_NET_DATA. Every packet has a struct rt_net_header, as
 * VIRTIO 1.2 section 5.1.6 has it, in front.
 */
#ifndef RT_NET_H
#define RT_NET_H

#include <stdint.h>

#include <rt/link.h>

#define RT_NET_ENTRIES 256u
#define RT_NET_TX      0x2000u
#define RT_NET_RX      0x4000u
#define RT_NET_DATA    0x8000u
#define RT_NET_PACKET_MAX \
	65569u /* bytes of the largest packet: its header, Ethernet with two VLAN tags, IP */

struct rt_net_header {
	uint8_t flags;	  /* RT_NET_NEEDS_CSUM, RT_NET_DATA_VALID */
	uint8_t gso_type; /* RT_NET_GSO_* */
	uint16_t header_bytes;
	uint16_t gso_bytes;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t buffers; /* receive: how many buffers the packet fills */
};

_Static_assert(sizeof(struct rt_net_header) == 12, "VIRTIO 1.2 section 5.1.6");
#define RT_NET_NEEDS_CSUM 1u
#define RT_NET_DATA_VALID 2u
#define RT_NET_GSO_NONE	  0u
#define RT_NET_GSO_TCPV4  1u
#define RT_NET_GSO_TCPV6  4u
#define RT_NET_GSO_ECN	  0x80u

/* What a client takes in packets it receives; in words.client_flags, before client_sequence;
 * it may change later for packets that are not under way yet. What a client does not take the
 * service does for it: it completes checksums and cuts segments. It may send all of them. */
#define RT_NET_CSUM 1u
#define RT_NET_TSO4 2u
#define RT_NET_TSO6 4u

/* In rt_link_words.facts. */
struct rt_net_facts {
	uint32_t mtu;	  /* without the Ethernet header */
	uint32_t link_up; /* may change at any time; the client is woken */
	uint8_t mac[6];
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct rt_net_facts) <= RT_LINK_FACTS_BYTES, "facts");

#endif
