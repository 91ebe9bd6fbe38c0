/* SPDX-License-Identifier: Apache-2.0 */
/* Telling flows of packets apart; see net.h. */
#include "net.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu

unsigned net_flow(const unsigned char *frame, size_t bytes)
{
	static const struct {
		unsigned protocol, addresses, address_bytes, ports;
	} layout[2] = { { 23, 26, 4, 34 }, { 20, 22, 16, 54 } };
	uint32_t hash = 0;

	if (bytes < NET_FLOW_BYTES)
		return 0;
	unsigned type = (unsigned)frame[12] << 8 | frame[13];
	if (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6)
		return 0;
	bool v6 = type == ETHERTYPE_IPV6;
	for (unsigned i = 0; i < 2 * layout[v6].address_bytes; i++)
		hash ^= (uint32_t)frame[layout[v6].addresses + i] << i % 4 * 8;
	/* Without options and fragments: TCP's and UDP's ports. */
	if ((frame[layout[v6].protocol] == 6 || frame[layout[v6].protocol] == 17) &&
	    (v6 || (frame[14] == 0x45 && !(frame[20] & 0x3f) && !frame[21])))
		for (unsigned i = 0; i < 4; i++)
			hash ^= (uint32_t)frame[layout[v6].ports + i] << i % 2 * 8;
	hash ^= hash >> 16;
	return (hash ^ hash >> 8) % NET_FLOWS;
}
