/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of what a connection sends: each packet is made from its addresses, sequence number and
 * data, with checksums summed byte by byte over a pseudo header.
 */
#ifndef TEST_NET_MODEL_H
#define TEST_NET_MODEL_H

#include "frame.h"

enum { MTU = 1500, SCATTERED = 64 };

struct connection {
	bool v6;
	unsigned tags;	     /* VLAN tags */
	unsigned ip_options; /* bytes: of IPv4, or a destination options header of IPv6 */
	unsigned tcp_options;
	unsigned char flags;
	uint32_t payload;
	uint16_t mss;
};

extern const struct connection connections[];
extern const unsigned connection_count;

/* Where things are in its packets. */
uint32_t tcp_at(const struct connection *c);
uint32_t payload_at(const struct connection *c);

/* A checksum's sum, byte by byte. */
uint32_t model_sum(const unsigned char *bytes, uint32_t length);

/* Headers; return where they end, and the sum of the pseudo header in front of so much TCP. */
uint32_t ether_header(const struct connection *c, unsigned char *at);
uint32_t ip_header(const struct connection *c, unsigned char *ip, uint32_t tcp, uint16_t id);

unsigned char data_byte(uint32_t i);

/*
 * One packet of the connection: length bytes of data from offset on, as packet number n. Its
 * checksum is complete, or the pseudo header's sum.
 */
uint32_t model(const struct connection *c, unsigned char *at, uint32_t offset, uint32_t length,
	       uint16_t n, unsigned char flags, bool completed);

/* The header of its data in one TSO frame. */
struct rt_net_header tso_header(const struct connection *c);

/* Lays bytes out in pieces of step bytes with gaps between; returns how many pieces. */
unsigned scatter(struct vq_segment scattered[SCATTERED], const unsigned char *bytes,
		 uint32_t length, uint32_t step);

#endif
