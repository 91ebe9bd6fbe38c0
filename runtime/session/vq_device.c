/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of a split ring: takes chains a hostile driver made available. Each descriptor is
 * copied once into private memory and checked there; a chain is handed out only when all of it is
 * good, and has no more descriptors than the ring.
 */
#include "ring.h"

static enum vq_result device_fail(struct vq_device *queue, enum vq_error error)
{
	queue->error = error;
	return VQ_BROKEN;
}

void vq_device_init(struct vq_device *queue, const struct vq_ring *ring)
{
	uint16_t start = shared_read_u16(&ring->used->idx);

	*queue = (struct vq_device){ .ring = *ring };
	queue->next_avail = start;
	queue->next_used = start;
	queue->kicked_used = start;
}

static struct vq_desc desc_copy(const struct vq_desc *shared)
{
	struct vq_desc desc = {
		.address = shared_read_u64(&shared->address),
		.length = shared_read_u32(&shared->length),
		.flags = shared_read_u16(&shared->flags),
		.next = shared_read_u16(&shared->next),
	};
	return desc;
}

/* Appends one checked descriptor to the chain. */
static enum vq_error chain_append(const struct vq_ring *ring, struct vq_chain *chain,
				  const struct vq_desc *desc)
{
	uint64_t offset = desc->address - ring->window_address;

	if (desc->flags & ~(VQ_DESC_NEXT | VQ_DESC_WRITE))
		return VQ_ERROR_FLAGS;
	if (desc->address < ring->window_address || offset > ring->window_size ||
	    desc->length > ring->window_size - offset)
		return VQ_ERROR_RANGE;
	if (!(desc->flags & VQ_DESC_WRITE) && chain->writable)
		return VQ_ERROR_ORDER;
	chain->segment[chain->readable + chain->writable] = (struct vq_segment){
		.bytes = ring->window + offset,
		.length = desc->length,
	};
	if (desc->flags & VQ_DESC_WRITE) {
		chain->writable++;
		chain->writable_bytes += desc->length;
	} else {
		chain->readable++;
		chain->readable_bytes += desc->length;
	}
	return VQ_ERROR_NONE;
}

static enum vq_error chain_walk(const struct vq_ring *ring, uint16_t head, struct vq_chain *chain)
{
	uint16_t at = head;

	chain->head = head;
	chain->readable = 0;
	chain->writable = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	for (unsigned n = 0; n < ring->entries; n++) {
		if (at >= ring->entries)
			return VQ_ERROR_HEAD;
		struct vq_desc desc = desc_copy(&ring->desc[at]);
		enum vq_error error = chain_append(ring, chain, &desc);
		if (error)
			return error;
		if (!(desc.flags & VQ_DESC_NEXT))
			return VQ_ERROR_NONE;
		at = desc.next;
	}
	return VQ_ERROR_LOOP;
}

enum vq_result vq_device_take(struct vq_device *queue, struct vq_chain *chain)
{
	const struct vq_ring *ring = &queue->ring;

	if (queue->error)
		return VQ_BROKEN;
	uint16_t waiting = shared_read_index(&ring->avail->idx) - queue->next_avail;
	if (!waiting)
		return VQ_NONE;
	if (waiting > ring->entries)
		return device_fail(queue, VQ_ERROR_AVAIL_INDEX);
	if ((uint16_t)(queue->next_avail - queue->next_used) >= ring->entries)
		return device_fail(queue, VQ_ERROR_IN_FLIGHT);
	uint16_t slot = queue->next_avail & (ring->entries - 1);
	enum vq_error error = chain_walk(ring, shared_read_u16(&ring->avail->ring[slot]), chain);
	if (error)
		return device_fail(queue, error);
	queue->next_avail++;
	return VQ_OK;
}

void vq_device_untake(struct vq_device *queue)
{
	if (queue->next_avail != queue->next_used)
		queue->next_avail--;
}

void vq_device_give(struct vq_device *queue, const struct vq_chain *chain, uint32_t written)
{
	struct vq_used *used = queue->ring.used;
	struct vq_used_elem *elem = &used->ring[queue->next_used & (queue->ring.entries - 1)];

	if (queue->error)
		return;
	__atomic_store_n(&elem->id, chain->head, __ATOMIC_RELAXED);
	__atomic_store_n(&elem->length, written, __ATOMIC_RELAXED);
	queue->next_used++;
	shared_publish_index(&used->idx, queue->next_used);
}

bool vq_device_watch(struct vq_device *queue)
{
	const struct vq_ring *ring = &queue->ring;

	if (queue->error)
		return false;
	if (ring->event_idx)
		shared_write_u16(ring_avail_event(ring), queue->next_avail);
	else
		shared_write_u16(&ring->used->flags, 0);
	shared_fence();
	return shared_read_index(&ring->avail->idx) != queue->next_avail;
}

bool vq_device_kick(struct vq_device *queue)
{
	const struct vq_ring *ring = &queue->ring;
	uint16_t old = queue->kicked_used;

	if (queue->error || old == queue->next_used)
		return false;
	queue->kicked_used = queue->next_used;
	shared_fence();
	if (!ring->event_idx)
		return !(shared_read_u16(&ring->avail->flags) & VQ_NO_NOTIFY);
	return ring_event_passed(shared_read_u16(ring_used_event(ring)), queue->next_used, old);
}
