/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which port an Ethernet address is behind: fixed entries, one for each client, and learned ones,
 * which age and of which there are only so many, whatever addresses frames come from.
 */
#ifndef NET_MAC_TABLE_H
#define NET_MAC_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_BYTES	 6u
#define MAC_FIXED_SLOTS	 128u /* at least twice the ports, a power of two */
#define MAC_BUCKETS	 128u
#define MAC_BUCKET_SLOTS 4u
#define MAC_AGE_NS	 (300ull * 1000000000) /* IEEE 802.1D table 7-5 */
#define MAC_NO_PORT	 UINT32_MAX

struct mac_entry {
	uint64_t mac; /* 0: empty */
	uint64_t seen_ns;
	uint32_t port;
};

struct mac_table {
	struct mac_entry fixed[MAC_FIXED_SLOTS];
	struct mac_entry learned[MAC_BUCKETS][MAC_BUCKET_SLOTS];
};

/* An address as a number; 0 is none that a frame could come from. */
uint64_t mac_number(const unsigned char mac[MAC_BYTES]);

/* Whether it is the address of a group, or of everyone. */
static inline bool mac_is_group(uint64_t mac)
{
	return mac >> 40 & 1;
}

/* False: the address has a fixed entry already, or there is no room. */
bool mac_table_fix(struct mac_table *table, uint64_t mac, uint32_t port);

/* The port of a fixed entry, else MAC_NO_PORT. */
uint32_t mac_table_fixed(const struct mac_table *table, uint64_t mac);

/* The port an address is behind, else MAC_NO_PORT. */
uint32_t mac_table_find(const struct mac_table *table, uint64_t mac, uint64_t now_ns);

/* Notes that a frame came from an address without a fixed entry. */
void mac_table_learn(struct mac_table *table, uint64_t mac, uint32_t port, uint64_t now_ns);

#endif
