/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes each end of a link with a peer that writes anything into the words at any time. Whatever
 * it writes, a client uses its rings only when the service said of the current sequence that it has
 * stopped, and a service serves only what it has stopped in the current sequence.
 */
#include <rt/link.h>

#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"

static void poll_client(struct rt_link *link, uint8_t answer)
{
	const struct rt_link_words *words = link->words;
	uint32_t before = link->sequence;
	bool ran = rt_link_running(link);
	char text[RT_LINK_TEXT_BYTES];

	switch (rt_link_client_poll(link)) {
	case RT_LINK_SETUP:
		require(words->service_sequence == link->header->sequence);
		require(words->status == RT_LINK_READY);
		if (answer & 1)
			rt_link_client_start(link, answer);
		break;
	case RT_LINK_GIVE_UP:
		rt_link_refusal(link, text);
		require(strlen(text) < sizeof text && !rt_link_running(link));
		break;
	case RT_LINK_NOTHING:
		require(rt_link_running(link) == (ran && before == link->header->sequence));
		break;
	default:
		abort();
	}
	require(link->sequence == link->header->sequence);
}

static void poll_service(struct rt_link *link, uint32_t *stopped)
{
	switch (rt_link_service_poll(link)) {
	case RT_LINK_STOP:
		require(!rt_link_running(link));
		break;
	case RT_LINK_SERVE:
		require(*stopped == link->header->sequence);
		require(link->header->state == RT_LINK_OPEN);
		break;
	case RT_LINK_NOTHING:
		if (rt_link_running(link))
			require(*stopped == link->header->sequence);
		break;
	default:
		abort();
	}
}

static void scribble(struct rt_link_words *words, const struct rt_link_header *header,
		     const uint8_t op[3])
{
	uint32_t value = op[2] & 0x80 ? header->sequence : op[2] & 3u;

	switch (op[1] % 5) {
	case 0:
		words->service_sequence = value;
		break;
	case 1:
		words->client_sequence = value;
		break;
	case 2:
		words->status = value;
		break;
	case 3:
		words->client_flags = value;
		break;
	default:
		memset(words->text, op[2], sizeof words->text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* Exactly the shared pages, so that a step beyond them is seen. */
	unsigned char *window = aligned_alloc(4096, RT_LINK_RINGS);
	struct rt_link client, service;
	uint32_t stopped = 0;

	require(window);
	memset(window, 0, RT_LINK_RINGS);
	struct rt_link_header *header = (struct rt_link_header *)(void *)window;
	rt_link_open(&client, window);
	rt_link_open(&service, window);
	for (; size >= 3; size -= 3, bytes += 3) {
		switch (bytes[0] % 5) {
		case 0:
			poll_client(&client, bytes[1]);
			break;
		case 1:
			poll_service(&service, &stopped);
			break;
		case 2:
			if (service.phase != RT_LINK_BUSY)
				break;
			stopped = service.sequence;
			rt_link_service_stopped(&service);
			break;
		case 3:
			header->state = bytes[1] % 3;
			header->sequence++;
			break;
		default:
			scribble(client.words, header, bytes);
		}
	}
	free(window);
	return 0;
}
