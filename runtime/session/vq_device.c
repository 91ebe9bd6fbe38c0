/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of a split ring: takes chains a hostile driver made available. Each descriptor is
 * copied once into private memory and checked there; a chain is handed out only when all of it is
 * good, and has no more descriptors than the ring.
 */
#include "ring.h"

/* Where length bytes at an address of the peer are; NULL unless all of them are in one window. */
static unsigned char *ring_bytes(const struct vq_ring *ring, uint64_t address, uint64_t length)
{
	uint64_t offset = address - ring->window_address;
	uint64_t above = address - ring->high.address;
	unsigned char *bytes;

	if (offset <= ring->window_size && length <= ring->window_size - offset)
		bytes = ring->window + offset;
	else if (above < ring->high.size && length <= ring->high.size - above)
		bytes = ring->high.bytes + above;
	else
		return NULL;
	if (ring->touch)
		ring->touch(ring->context, bytes, length);
	return bytes;
}

static enum vq_result device_fail(struct vq_device *queue, enum vq_error error)
{
	queue->error = error;
	return VQ_BROKEN;
}

bool vq_ring_find(struct vq_ring *ring, uint64_t desc, uint64_t avail, uint64_t used)
{
	uint16_t entries = ring->entries;

	if (!entries || entries > VQ_ENTRIES_MAX || entries & (entries - 1))
		return false;
	if (desc % 16 || avail % 2 || used % 4)
		return false;
	ring->desc = (void *)ring_bytes(ring, desc, 16u * entries);
	ring->avail = (void *)ring_bytes(ring, avail, 6u + 2u * entries);
	ring->used = (void *)ring_bytes(ring, used, 6u + 8u * entries);
	return ring->desc && ring->avail && ring->used;
}

void vq_device_init(struct vq_device *queue, const struct vq_ring *ring)
{
	uint16_t start = shared_read_u16(&ring->used->idx);

	*queue = (struct vq_device){ .ring = *ring };
	queue->next_avail = start;
	queue->next_used = start;
	queue->kicked_used = start;
}

/* A table of descriptors that a walk goes through: the ring's, or an indirect one, which may stand
 * at any address. */
struct shared_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
} __attribute__((packed));
_Static_assert(sizeof(struct shared_desc) == sizeof(struct vq_desc), "the same");

struct table {
	const volatile struct shared_desc *desc;
	uint32_t entries;
	bool indirect;
};

/* One load of each field. */
static struct vq_desc desc_copy(const volatile struct shared_desc *shared)
{
	struct vq_desc desc = {
		.address = shared->address,
		.length = shared->length,
		.flags = shared->flags,
		.next = shared->next,
	};
	return desc;
}

/* Appends one checked descriptor to the chain. */
static enum vq_error chain_append(const struct vq_ring *ring, struct vq_chain *chain,
				  const struct vq_desc *desc)
{
	unsigned char *bytes = ring_bytes(ring, desc->address, desc->length);

	if (desc->flags & ~(VQ_DESC_NEXT | VQ_DESC_WRITE))
		return VQ_ERROR_FLAGS;
	if (!bytes)
		return VQ_ERROR_RANGE;
	if (!(desc->flags & VQ_DESC_WRITE) && chain->writable)
		return VQ_ERROR_ORDER;
	chain->segment[chain->readable + chain->writable] = (struct vq_segment){
		.bytes = bytes,
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

/* Goes on in the table that an indirect descriptor names. Its write flag means nothing, and it is
 * the last of its chain (VIRTIO 1.2 section 2.7.5.3). */
static enum vq_error table_enter(const struct vq_ring *ring, const struct vq_desc *desc,
				 struct table *table)
{
	const void *bytes = ring_bytes(ring, desc->address, desc->length);

	if (!ring->indirect)
		return VQ_ERROR_FLAGS;
	if (table->indirect || desc->flags & VQ_DESC_NEXT || !desc->length ||
	    desc->length % sizeof *desc)
		return VQ_ERROR_INDIRECT;
	*table = (struct table){ bytes, desc->length / sizeof *desc, true };
	return bytes ? VQ_ERROR_NONE : VQ_ERROR_RANGE;
}

/* No chain has more buffers than the ring has entries, wherever they stand; so a walk has at most
 * one step more, into an indirect table. */
static enum vq_error chain_walk(const struct vq_ring *ring, uint16_t head, struct vq_chain *chain)
{
	struct table table = { (const void *)ring->desc, ring->entries, false };
	uint16_t at = head;

	chain->head = head;
	chain->readable = 0;
	chain->writable = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	while (chain->readable + chain->writable < ring->entries) {
		enum vq_error error;

		if (at >= table.entries)
			return VQ_ERROR_HEAD;
		struct vq_desc desc = desc_copy(&table.desc[at]);

		if (desc.flags & VQ_DESC_INDIRECT) {
			error = table_enter(ring, &desc, &table);
			at = 0;
		} else {
			error = chain_append(ring, chain, &desc);
			at = desc.next;
		}
		if (error)
			return error;
		if (!(desc.flags & (VQ_DESC_NEXT | VQ_DESC_INDIRECT)))
			return VQ_ERROR_NONE;
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
	vq_device_give_head(queue, chain->head, written);
}

void vq_device_give_head(struct vq_device *queue, uint16_t head, uint32_t written)
{
	struct vq_used *used = queue->ring.used;
	struct vq_used_elem *elem = &used->ring[queue->next_used & (queue->ring.entries - 1)];

	if (queue->error)
		return;
	__atomic_store_n(&elem->id, head, __ATOMIC_RELAXED);
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
