/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of the sequence handshake of a link; see rt/link.h. Each end compares the root task's
 * sequence with the one it has acted on, so a restart of either end, or several of them before the
 * other end looks, lead to the same place. The words are the peer's to write: each is read once.
 */
#include <rt/link.h>

#include <string.h>

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void rt_link_open(struct rt_link *link, void *window)
{
	unsigned char *at = window;

	*link = (struct rt_link){
		.header = (const struct rt_link_header *)window,
		.words = (struct rt_link_words *)(void *)(at + RT_LINK_WORDS),
	};
}

enum rt_link_event rt_link_client_poll(struct rt_link *link)
{
	uint32_t sequence = load(&link->header->sequence);

	if (sequence != link->sequence) {
		link->sequence = sequence;
		link->phase = RT_LINK_WAITING;
		if (load(&link->header->state) == RT_LINK_FAILED) {
			link->phase = RT_LINK_ENDED;
			return RT_LINK_GIVE_UP;
		}
	}
	if (link->phase != RT_LINK_WAITING || !sequence ||
	    load(&link->words->service_sequence) != sequence)
		return RT_LINK_NOTHING;
	switch (load(&link->words->status)) {
	case RT_LINK_READY:
		link->phase = RT_LINK_BUSY;
		return RT_LINK_SETUP;
	case RT_LINK_REFUSED:
		link->phase = RT_LINK_ENDED;
		return RT_LINK_GIVE_UP;
	default:
		return RT_LINK_NOTHING;
	}
}

void rt_link_client_start(struct rt_link *link, uint32_t flags)
{
	link->phase = RT_LINK_RUNNING;
	store(&link->words->client_flags, flags);
	store(&link->words->client_sequence, link->sequence);
}

void rt_link_client_change(struct rt_link *link, uint32_t flags)
{
	store(&link->words->client_flags, flags);
}

void rt_link_facts(const struct rt_link *link, void *facts, size_t size)
{
	memcpy(facts, link->words->facts, size < RT_LINK_FACTS_BYTES ? size : RT_LINK_FACTS_BYTES);
}

void rt_link_refusal(const struct rt_link *link, char text[RT_LINK_TEXT_BYTES])
{
	text[0] = '\0';
	if (load(&link->words->status) != RT_LINK_REFUSED)
		return;
	memcpy(text, link->words->text, RT_LINK_TEXT_BYTES);
	text[RT_LINK_TEXT_BYTES - 1] = '\0';
}

void rt_link_service_offer(struct rt_link *link, const void *facts, size_t size)
{
	memcpy(link->words->facts, facts, size < RT_LINK_FACTS_BYTES ? size : RT_LINK_FACTS_BYTES);
	store(&link->words->status, RT_LINK_READY);
}

void rt_link_service_refuse(struct rt_link *link, const char *text)
{
	size_t length = strnlen(text, RT_LINK_TEXT_BYTES - 1);

	memcpy(link->words->text, text, length);
	link->words->text[length] = '\0';
	store(&link->words->status, RT_LINK_REFUSED);
}

enum rt_link_event rt_link_service_poll(struct rt_link *link)
{
	uint32_t sequence = load(&link->header->sequence);

	if (sequence != link->sequence) {
		link->sequence = sequence;
		link->phase = RT_LINK_BUSY;
		return RT_LINK_STOP;
	}
	if (link->phase != RT_LINK_WAITING || !sequence ||
	    load(&link->header->state) != RT_LINK_OPEN ||
	    load(&link->words->client_sequence) != sequence)
		return RT_LINK_NOTHING;
	link->phase = RT_LINK_RUNNING;
	return RT_LINK_SERVE;
}

void rt_link_service_stopped(struct rt_link *link)
{
	link->phase = RT_LINK_WAITING;
	store(&link->words->service_sequence, link->sequence);
}

uint32_t rt_link_client_flags(const struct rt_link *link)
{
	return load(&link->words->client_flags);
}
