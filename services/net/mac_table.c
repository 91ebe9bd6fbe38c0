/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Ethernet addresses; see mac_table.h. */
#include "mac_table.h"

uint64_t mac_number(const unsigned char mac[MAC_BYTES])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < MAC_BYTES; i++)
		number = number << 8 | mac[i];
	return number;
}

static uint32_t hash(uint64_t mac)
{
	return (uint32_t)(mac * 0x9e3779b97f4a7c15ull >> 40);
}

bool mac_table_fix(struct mac_table *table, uint64_t mac, uint32_t port)
{
	uint32_t at = hash(mac);

	for (unsigned i = 0; i < MAC_FIXED_SLOTS; i++, at++) {
		struct mac_entry *entry = &table->fixed[at % MAC_FIXED_SLOTS];
		if (entry->mac == mac)
			return false;
		if (entry->mac)
			continue;
		*entry = (struct mac_entry){ .mac = mac, .port = port };
		return true;
	}
	return false;
}

uint32_t mac_table_fixed(const struct mac_table *table, uint64_t mac)
{
	uint32_t at = hash(mac);

	/* Entries are never removed, so an empty one ends the search. */
	for (unsigned i = 0; i < MAC_FIXED_SLOTS; i++, at++) {
		const struct mac_entry *entry = &table->fixed[at % MAC_FIXED_SLOTS];
		if (!entry->mac)
			break;
		if (entry->mac == mac)
			return entry->port;
	}
	return MAC_NO_PORT;
}

uint32_t mac_table_find(const struct mac_table *table, uint64_t mac, uint64_t now_ns)
{
	const struct mac_entry *bucket = table->learned[hash(mac) % MAC_BUCKETS];
	uint32_t port = mac_table_fixed(table, mac);

	for (unsigned i = 0; port == MAC_NO_PORT && i < MAC_BUCKET_SLOTS; i++)
		if (bucket[i].mac == mac && now_ns - bucket[i].seen_ns < MAC_AGE_NS)
			port = bucket[i].port;
	return port;
}

void mac_table_learn(struct mac_table *table, uint64_t mac, uint32_t port, uint64_t now_ns)
{
	struct mac_entry *bucket = table->learned[hash(mac) % MAC_BUCKETS];
	struct mac_entry *entry = &bucket[0];

	for (unsigned i = 0; i < MAC_BUCKET_SLOTS; i++) {
		if (bucket[i].mac == mac) {
			entry = &bucket[i];
			break;
		}
		/* Empty entries were seen at 0: the oldest of all. */
		if (bucket[i].seen_ns < entry->seen_ns)
			entry = &bucket[i];
	}
	*entry = (struct mac_entry){ .mac = mac, .port = port, .seen_ns = now_ns };
}
