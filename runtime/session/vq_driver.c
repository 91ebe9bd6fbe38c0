/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver side of a split ring: makes chains available to a device that may be hostile. The free
 * list, the length of every chain and its writable bytes are private, so whatever the device writes
 * into the rings can only break the queue, never mislead it.
 */
#include "ring.h"

#include <string.h>

static enum vq_result driver_fail(struct vq_driver *queue, enum vq_error error)
{
	queue->error = error;
	return VQ_BROKEN;
}

void vq_driver_init(struct vq_driver *queue, const struct vq_ring *ring)
{
	memset(queue, 0, sizeof *queue);
	queue->ring = *ring;
	queue->free = ring->entries;
	for (unsigned i = 0; i < ring->entries; i++)
		queue->next[i] = (uint16_t)(i + 1);
	memset(ring->desc, 0, sizeof(struct vq_desc) * ring->entries);
	memset(ring->avail, 0, 6 + 2 * (size_t)ring->entries);
	memset(ring->used, 0, 6 + 8 * (size_t)ring->entries);
}

bool vq_driver_next(const struct vq_driver *queue, uint16_t *head)
{
	*head = queue->free_head;
	return !queue->error && queue->free;
}

/* Writes one chain into descriptors from the free list; returns its head. */
static uint16_t chain_build(struct vq_driver *queue, const struct vq_buffer *buffers,
			    unsigned readable, unsigned count)
{
	uint16_t head = queue->free_head;
	uint16_t at = head;

	queue->writable[head] = 0;
	for (unsigned i = 0; i < count; i++) {
		struct vq_desc *desc = &queue->ring.desc[at];
		uint16_t flags = i >= readable ? VQ_DESC_WRITE : 0;

		if (i + 1 < count)
			flags |= VQ_DESC_NEXT;
		if (i >= readable)
			queue->writable[head] += buffers[i].length;
		*desc = (struct vq_desc){ buffers[i].address, buffers[i].length, flags,
					  i + 1 < count ? queue->next[at] : 0 };
		queue->free_head = queue->next[at];
		at = queue->next[at];
	}
	queue->free -= (uint16_t)count;
	queue->length[head] = (uint16_t)count;
	return head;
}

enum vq_result vq_driver_add(struct vq_driver *queue, const struct vq_buffer *buffers,
			     unsigned readable, unsigned writable)
{
	struct vq_avail *avail = queue->ring.avail;
	unsigned count = readable + writable;

	if (queue->error)
		return VQ_BROKEN;
	if (!count || count > queue->free)
		return VQ_NONE;
	uint16_t head = chain_build(queue, buffers, readable, count);
	shared_write_u16(&avail->ring[queue->next_avail & (queue->ring.entries - 1)], head);
	queue->next_avail++;
	queue->in_flight++;
	shared_publish_index(&avail->idx, queue->next_avail);
	return VQ_OK;
}

/* Puts the descriptors of a chain that came back in front of the free list. */
static void chain_free(struct vq_driver *queue, uint16_t head)
{
	uint16_t last = head;

	for (unsigned i = 1; i < queue->length[head]; i++)
		last = queue->next[last];
	queue->next[last] = queue->free_head;
	queue->free_head = head;
	queue->free += queue->length[head];
	queue->length[head] = 0;
	queue->in_flight--;
}

enum vq_result vq_driver_take(struct vq_driver *queue, uint16_t *head, uint32_t *written)
{
	const struct vq_ring *ring = &queue->ring;

	if (queue->error)
		return VQ_BROKEN;
	uint16_t waiting = shared_read_index(&ring->used->idx) - queue->next_used;
	if (!waiting)
		return VQ_NONE;
	if (waiting > queue->in_flight)
		return driver_fail(queue, VQ_ERROR_USED_INDEX);
	const struct vq_used_elem *elem = &ring->used->ring[queue->next_used & (ring->entries - 1)];
	uint32_t id = shared_read_u32(&elem->id);
	uint32_t length = shared_read_u32(&elem->length);
	if (id >= ring->entries || !queue->length[id])
		return driver_fail(queue, VQ_ERROR_USED_ID);
	if (length > queue->writable[id])
		return driver_fail(queue, VQ_ERROR_USED_LENGTH);
	chain_free(queue, (uint16_t)id);
	queue->next_used++;
	*head = (uint16_t)id;
	*written = length;
	return VQ_OK;
}

bool vq_driver_watch(struct vq_driver *queue)
{
	const struct vq_ring *ring = &queue->ring;

	if (queue->error)
		return false;
	if (ring->event_idx)
		shared_write_u16(ring_used_event(ring), queue->next_used);
	else
		shared_write_u16(&ring->avail->flags, 0);
	shared_fence();
	return shared_read_index(&ring->used->idx) != queue->next_used;
}

bool vq_driver_kick(struct vq_driver *queue)
{
	const struct vq_ring *ring = &queue->ring;
	uint16_t old = queue->kicked_avail;

	if (queue->error || old == queue->next_avail)
		return false;
	queue->kicked_avail = queue->next_avail;
	shared_fence();
	if (!ring->event_idx)
		return !(shared_read_u16(&ring->used->flags) & VQ_NO_NOTIFY);
	return ring_event_passed(shared_read_u16(ring_avail_event(ring)), queue->next_avail, old);
}
