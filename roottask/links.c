/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of links; see links.h. */
#include "links.h"

#include <string.h>

#include "member.h"
#include "window.h"

#define VIEW_BYTES (2 * VELA_PAGE_SIZE) /* what the root task looks at: header and words */

static struct link {
	struct extent window;
	struct rt_link_header *header;
	struct rt_link_words *words;
} links[CONFIG_SERVICES_MAX][CONFIG_CLIENTS_MAX];
_Static_assert(CONFIG_CLIENTS_MAX <= RT_LINKS_MAX, "a service knows all its clients");

static struct link *find(const struct config_service *service, unsigned client)
{
	return &links[service->index][client];
}

bool links_take(const struct config_service *service)
{
	for (unsigned i = 0; i < service->client_count; i++) {
		struct link *link = find(service, i);

		if (link->header)
			continue;
		if (!memory_take(&root_memory, RT_LINK_BYTES, &link->window) ||
		    !window_clear(link->window))
			return false;
		unsigned char *view = window_open((struct extent){ link->window.base, VIEW_BYTES },
						  VELA_MEM_R | VELA_MEM_W);
		if (!view)
			return false;
		link->header = (void *)view;
		link->words = (void *)(view + RT_LINK_WORDS);
	}
	return true;
}

struct extent link_window(const struct config_service *service, unsigned client)
{
	return find(service, client)->window;
}

bool link_map(const struct config_service *service, unsigned client, struct process *process,
	      uint64_t va)
{
	const struct extent window = find(service, client)->window;

	return process_map(process, (struct extent){ window.base, RT_LINK_WORDS }, va,
			   VELA_MEM_R) &&
	       process_map(process,
			   (struct extent){ window.base + RT_LINK_WORDS,
					    RT_LINK_BYTES - RT_LINK_WORDS },
			   va + RT_LINK_WORDS, VELA_MEM_R | VELA_MEM_W);
}

void link_forget(const struct config_service *service, unsigned client)
{
	__atomic_store_n(&find(service, client)->words->status, RT_LINK_STARTING, __ATOMIC_RELEASE);
}

void link_begin(const struct config_service *service, unsigned client, enum rt_link_state state)
{
	struct rt_link_header *header = find(service, client)->header;
	uint32_t sequence = header->sequence + 1;

	__atomic_store_n(&header->state, (uint32_t)state, __ATOMIC_RELEASE);
	__atomic_store_n(&header->sequence, sequence ? sequence : 1, __ATOMIC_RELEASE);
}

enum rt_link_status link_status(const struct config_service *service, unsigned client,
				char text[RT_LINK_TEXT_BYTES])
{
	struct rt_link_words *words = find(service, client)->words;
	uint32_t status = __atomic_load_n(&words->status, __ATOMIC_ACQUIRE);

	text[0] = '\0';
	if (status != RT_LINK_REFUSED)
		return status == RT_LINK_READY ? RT_LINK_READY : RT_LINK_STARTING;
	memcpy(text, words->text, RT_LINK_TEXT_BYTES);
	text[RT_LINK_TEXT_BYTES - 1] = '\0';
	make_printable(text);
	return RT_LINK_REFUSED;
}
