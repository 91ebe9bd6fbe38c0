/* SPDX-License-Identifier: Apache-2.0 */
/* Garbage for clients: everything that a service can write and its client reads. */
#include <rt/block.h>
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/net.h>
#include <rt/virtqueue.h>
#include <string.h>

#include "hostile.h"

#define PAUSE_NS   2000000ull
#define RINGS	   2u
#define SAID_TIMES 1000u
#define WORDS_ODD  64u /* of so many attacks one is at the words */

/* Values that are wrong in the ways that get checks wrong. */
static uint32_t odd(void)
{
	static const uint32_t values[] = { 0,	      1,	  255,	      256,
					   257,	      0x7fff,	  0x8000,     0xffff,
					   0x10000,   0x7fffffff, 0x80000000, UINT32_MAX - 7,
					   UINT32_MAX };
	const uint32_t pick = hostile_random() % 20;

	return pick < sizeof values / sizeof values[0] ? values[pick] : hostile_random();
}

static void spoil_words(struct rt_link_words *words)
{
	switch (hostile_random() % 4) {
	case 0:
		words->service_sequence = odd();
		break;
	case 1:
		words->status = odd();
		break;
	case 2:
		for (unsigned i = 0; i < sizeof words->facts; i++)
			words->facts[i] = (unsigned char)hostile_random();
		break;
	default:
		memset(words->text, (int)odd(), sizeof words->text - 2);
	}
}

/* Answers that nobody asked for, of any length, and as many as it likes. */
static void spoil_ring(struct vq_ring *ring)
{
	struct vq_used *used = ring->used;
	const uint16_t at = used->idx;

	switch (hostile_random() % 5) {
	case 0:
		used->ring[at % ring->entries] =
			(struct vq_used_elem){ hostile_random() % ring->entries, odd() };
		__atomic_store_n(&used->idx, (uint16_t)(at + 1), __ATOMIC_RELEASE);
		break;
	case 1:
		used->ring[at % ring->entries] = (struct vq_used_elem){ odd(), odd() };
		__atomic_store_n(&used->idx, (uint16_t)(at + 1), __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n(&used->idx, (uint16_t)odd(), __ATOMIC_RELEASE);
		break;
	case 3:
		ring->desc[hostile_random() % ring->entries] =
			(struct vq_desc){ odd(), odd(), (uint16_t)odd(), (uint16_t)odd() };
		break;
	default:
		ring->avail->idx = (uint16_t)odd();
	}
}

static void spoil_bytes(unsigned char *window)
{
	const uint32_t at = RT_LINK_RINGS + hostile_random() % (RT_LINK_BYTES - RT_LINK_RINGS - 64);

	for (unsigned i = 0; i < 64; i++)
		window[at + i] = (unsigned char)odd();
}

void spoil_link(const struct rt_service_info *info, unsigned n)
{
	static const uint32_t rings[RINGS] = { RT_NET_TX, RT_NET_RX };
	static unsigned times;
	unsigned char *window = hostile_window(n);
	struct vq_ring ring = { 0 };

	static_assert(RT_NET_TX == RT_LINK_RINGS && RT_NET_ENTRIES == RT_BLOCK_ENTRIES);
	vq_ring_place(&ring, window + rings[info->has_device ? 0 : hostile_random() % RINGS],
		      RT_NET_ENTRIES);
	if (hostile_random() % WORDS_ODD == 0)
		spoil_words((void *)(window + RT_LINK_WORDS));
	else if (hostile_random() % 2)
		spoil_ring(&ring);
	else
		spoil_bytes(window);
	if (++times == SAID_TIMES)
		rt_log(RT_INFO, "has spoilt what its clients read %u times", times);
}

_Noreturn void attack_by_network(const struct rt_service_info *info)
{
	static struct rt_link link[RT_LINKS_MAX];
	struct rt_net_facts facts = { .mtu = 1500, .link_up = 1 };

	for (unsigned n = 0; n < info->clients; n++) {
		rt_link_open(&link[n], hostile_window(n));
		memcpy(facts.mac, info->client[n].net.mac, sizeof facts.mac);
		rt_link_service_offer(&link[n], &facts, sizeof facts);
	}
	for (;;) {
		rt_alive();
		for (unsigned n = 0; n < info->clients; n++) {
			if (rt_link_service_poll(&link[n]) == RT_LINK_STOP)
				rt_link_service_stopped(&link[n]);
			else if (rt_link_running(&link[n]))
				spoil_link(info, n);
			rt_sm_up(RT_SEL_CLIENT + n);
		}
		rt_sm_down_all(RT_SEL_WAKE, rt_clock_deadline(PAUSE_NS));
	}
}
