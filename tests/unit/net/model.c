/* SPDX-License-Identifier: Apache-2.0 */
/* The model of packets; see model.h. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const struct connection connections[] = {
	{ .payload = 5000, .mss = 1448, .tcp_options = 12, .flags = 0x98 },
	{ .payload = 2896, .mss = 1448, .tcp_options = 12, .flags = 0x19 },
	{ .payload = 65000, .mss = 1460, .flags = 0x18 },
	{ .payload = 100, .mss = 33, .ip_options = 8, .tcp_options = 40, .flags = 0x91 },
	{ .payload = 1000, .mss = 999, .tags = 1, .flags = 0x10 },
	{ .payload = 1000, .mss = 501, .tags = 2, .ip_options = 40, .flags = 0x18 },
	{ .payload = 9000, .mss = 1428, .v6 = true, .tcp_options = 12, .flags = 0x18 },
	{ .payload = 4001, .mss = 777, .v6 = true, .tags = 1, .flags = 0x99 },
	{ .payload = 3000, .mss = 1000, .v6 = true, .ip_options = 16, .flags = 0x18 },
	{ .payload = 10, .mss = 1448, .flags = 0x18 },
};
const unsigned connection_count = sizeof connections / sizeof connections[0];

/* A checksum's sum, byte by byte. */
uint32_t model_sum(const unsigned char *bytes, uint32_t length)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t ip_bytes(const struct connection *c)
{
	return (c->v6 ? 40 : 20) + c->ip_options;
}

uint32_t tcp_at(const struct connection *c)
{
	return 14 + 4 * c->tags + ip_bytes(c);
}

uint32_t payload_at(const struct connection *c)
{
	return tcp_at(c) + 20 + c->tcp_options;
}

uint32_t ether_header(const struct connection *c, unsigned char *at)
{
	static const unsigned char macs[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint32_t n = sizeof macs;

	memcpy(at, macs, n);
	for (unsigned i = 0; i < c->tags; i++, n += 4)
		memcpy(at + n, i + 1 == c->tags ? "\x81\x00\x00\x05" : "\x88\xa8\x00\x07", 4);
	net_put16(at + n, c->v6 ? 0x86dd : 0x0800);
	return n + 2;
}

/* The IP header in front of so many bytes of TCP; returns the sum of the pseudo header. */
uint32_t ip_header(const struct connection *c, unsigned char *ip, uint32_t tcp, uint16_t id)
{
	unsigned char pseudo[40] = { 0 };

	memset(ip, 0, ip_bytes(c));
	if (c->v6) {
		ip[0] = 0x60;
		net_put16(ip + 4, (uint16_t)(c->ip_options + tcp));
		ip[6] = c->ip_options ? 60 : 6;
		ip[7] = 64;
		for (unsigned i = 0; i < 32; i++)
			ip[8 + i] = (unsigned char)(0x20 + i * 7);
		if (c->ip_options) {
			ip[40] = 6;
			ip[41] = (unsigned char)(c->ip_options / 8 - 1);
			ip[42] = 1; /* PadN */
			ip[43] = (unsigned char)(c->ip_options - 4);
		}
		memcpy(pseudo, ip + 8, 32);
		net_put32(pseudo + 32, tcp);
		pseudo[39] = 6;
		return model_sum(pseudo, 40);
	}
	ip[0] = (unsigned char)(0x45 + c->ip_options / 4);
	net_put16(ip + 2, (uint16_t)(ip_bytes(c) + tcp));
	net_put16(ip + 4, id);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	memset(ip + 20, 1, c->ip_options);
	net_put16(ip + 10, (uint16_t)~model_sum(ip, ip_bytes(c)));
	memcpy(pseudo, ip + 12, 8);
	pseudo[9] = 6;
	net_put16(pseudo + 10, (uint16_t)tcp);
	return model_sum(pseudo, 12);
}

unsigned char data_byte(uint32_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

/*
 * One packet of the connection: length bytes of data from offset on, as packet number n. Its
 * checksum is complete, or the pseudo header's sum.
 */
uint32_t model(const struct connection *c, unsigned char *at, uint32_t offset, uint32_t length,
	       uint16_t n, unsigned char flags, bool completed)
{
	uint32_t l3 = ether_header(c, at), l4 = tcp_at(c);
	uint32_t tcp_bytes = 20 + c->tcp_options + length;
	uint32_t pseudo = ip_header(c, at + l3, tcp_bytes, (uint16_t)(0xfffe + n));
	unsigned char *tcp = at + l4;

	memset(tcp, 0, 20);
	memcpy(tcp, "\x12\x34\x00\x50", 4);
	net_put32(tcp + 4, 0xfffff000u + offset);
	net_put32(tcp + 8, 77);
	tcp[12] = (unsigned char)((5 + c->tcp_options / 4) << 4);
	tcp[13] = flags;
	net_put16(tcp + 14, 500);
	memset(tcp + 20, 1, c->tcp_options);
	for (uint32_t i = 0; i < length; i++)
		tcp[20 + c->tcp_options + i] = data_byte(offset + i);
	net_put16(tcp + 16, (uint16_t)pseudo);
	if (completed) {
		uint16_t sum = (uint16_t)~model_sum(tcp, tcp_bytes);
		net_put16(tcp + 16, sum ? sum : 0xffff);
	}
	return l4 + tcp_bytes;
}

/* Lays length bytes behind a header's room out in pieces of step bytes with gaps between. */
unsigned scatter(struct vq_segment scattered[SCATTERED], const unsigned char *bytes,
		 uint32_t length, uint32_t step)
{
	static unsigned char pieces[SCATTERED * 2100];
	unsigned n = 0;

	for (uint32_t at = 0; at < length; n++) {
		uint32_t piece = length - at < step ? length - at : step;
		unsigned char *to = pieces + n * 2100;

		assert_true(n < SCATTERED);
		memcpy(to, bytes + at, piece);
		scattered[n] = (struct vq_segment){ to, piece };
		at += piece;
	}
	return n;
}

struct rt_net_header tso_header(const struct connection *c)
{
	return (struct rt_net_header){
		.flags = RT_NET_NEEDS_CSUM,
		.gso_type = c->v6 ? RT_NET_GSO_TCPV6 : RT_NET_GSO_TCPV4,
		.gso_bytes = c->mss,
		.csum_start = (uint16_t)tcp_at(c),
		.csum_offset = 16,
	};
}
