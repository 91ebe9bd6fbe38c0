/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client of the block service: its link, and its requests from its ring to their answers. A
 * request is free, queued or flying; only flying ones outlive a change of the link's sequence, and
 * then nothing of them reaches the window but what the device still writes before the link says
 * that it has stopped.
 */
#include "service.h"

#include <string.h>

void client_init(struct client *client)
{
	client->free = NULL;
	for (unsigned i = 0; i < RT_BLOCK_IN_FLIGHT; i++) {
		struct request *request = &client->request[i];

		request->client = client;
		request->state = REQUEST_FREE;
		request->next = client->free;
		client->free = request;
	}
}

static void release(struct request *request)
{
	request->state = REQUEST_FREE;
	request->next = request->client->free;
	request->client->free = request;
}

static void enqueue(struct client *client, struct request *request)
{
	request->state = REQUEST_QUEUED;
	request->next = NULL;
	if (client->first)
		client->last->next = request;
	else
		client->first = request;
	client->last = request;
}

static struct request *dequeue(struct client *client)
{
	struct request *request = client->first;

	client->first = request->next;
	return request;
}

static void serve(struct client *client, uint64_t now_ns)
{
	/* Descriptors reach nothing in front of the rings: the header is read-only here too. */
	unsigned char *rings = client->extent.window + RT_LINK_RINGS;
	struct vq_ring ring = { .event_idx = true,
				.window = rings,
				.window_address = RT_LINK_RINGS,
				.window_size = RT_LINK_BYTES - RT_LINK_RINGS };

	vq_ring_place(&ring, rings, RT_BLOCK_ENTRIES);
	vq_device_init(&client->queue, &ring);
	client->broken = false;
	client->credit = 0;
	limit_init(&client->bytes, client->info->block.bytes_per_s, now_ns);
	limit_init(&client->operations, client->info->block.operations_per_s, now_ns);
}

enum client_event client_poll(struct client *client, uint64_t now_ns)
{
	switch (rt_link_service_poll(&client->link)) {
	case RT_LINK_STOP:
		while (client->first)
			release(dequeue(client));
		break;
	case RT_LINK_SERVE:
		if (!client->refused)
			serve(client, now_ns);
		return CLIENT_QUIET;
	default:
		break;
	}
	if (client->link.phase != RT_LINK_BUSY || client->flying)
		return CLIENT_QUIET;
	rt_link_service_stopped(&client->link);
	return CLIENT_CHANGED;
}

bool client_served(const struct client *client)
{
	return rt_link_running(&client->link) && !client->broken && !client->refused;
}

static void answer(struct request *request, enum rt_block_status status)
{
	struct client *client = request->client;

	if (!client_served(client))
		return;
	*(volatile unsigned char *)request->status = (unsigned char)status;
	vq_device_give_head(&client->queue, request->head, request_written(request, status));
}

void client_answer(struct request *request, enum rt_block_status status)
{
	request->client->flying--;
	answer(request, status);
	release(request);
}

void client_retry(struct request *request)
{
	struct client *client = request->client;

	if (request->tries >= SERVICE_TRIES || !client_served(client)) {
		client_answer(request, RT_BLOCK_ERROR);
		return;
	}
	client->flying--;
	enqueue(client, request);
}

void client_submitted(struct client *client, uint64_t now_ns)
{
	struct request *request = dequeue(client);

	request->state = REQUEST_FLYING;
	request->flying_ns = now_ns;
	request->tries++;
	client->flying++;
}

/* Takes one request out of the ring. True: it is queued. */
static bool take(struct client *client, const char **broken)
{
	static struct vq_chain chain; /* 4 KiB, and used by one client at a time */
	struct request *request = client->free;
	enum vq_result result = vq_device_take(&client->queue, &chain);

	if (result == VQ_BROKEN)
		*broken = vq_error_text(client->queue.error);
	if (result != VQ_OK)
		return false;
	client->free = request->next;
	switch (request_take(request, &chain, &client->extent)) {
	case REQUEST_GOOD:
		enqueue(client, request);
		return true;
	case REQUEST_BAD:
		answer(request, RT_BLOCK_ERROR);
		break;
	case REQUEST_UNSUPPORTED:
		answer(request, RT_BLOCK_UNSUPPORTED);
		break;
	case REQUEST_NO_FRAME:
		*broken = "request without header or status byte";
		break;
	}
	release(request);
	return true;
}

struct request *client_next(struct client *client, const char **broken)
{
	*broken = NULL;
	if (!client_served(client))
		return NULL;
	for (unsigned i = 0; i < SERVICE_ANSWERS && !client->first && client->free; i++) {
		if (!take(client, broken))
			break;
		if (*broken)
			break;
	}
	client->broken = *broken;
	return client->broken ? NULL : client->first;
}

bool client_kick(struct client *client)
{
	return client_served(client) && vq_device_kick(&client->queue);
}
