/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of packets that fill several chains: they are taken together, or none of them,
 * and the driver sees all of them given back with one change of the used index. And writing to
 * memory in pieces.
 */
#include "ring.h"

#include <string.h>

static bool gather_add(struct vq_gather *gather, const struct vq_chain *chain)
{
	if (gather->chains == VQ_ENTRIES_MAX || gather->segments + chain->writable > VQ_ENTRIES_MAX)
		return false;
	memcpy(&gather->segment[gather->segments], chain->segment,
	       sizeof chain->segment[0] * chain->writable);
	gather->segments += chain->writable;
	gather->used[gather->chains++] = (struct vq_used_elem){
		.id = chain->head,
		.length = (uint32_t)chain->writable_bytes,
	};
	gather->bytes += chain->writable_bytes;
	return true;
}

static void give_up(struct vq_device *queue, unsigned taken)
{
	while (taken--)
		vq_device_untake(queue);
}

/* One more chain; the next notification is for what is behind those taken already. */
static enum vq_result take(struct vq_device *queue, bool watch, struct vq_chain *chain)
{
	enum vq_result result;

	do
		result = vq_device_take(queue, chain);
	while (result == VQ_NONE && watch && vq_device_watch(queue));
	if (result != VQ_OK || !chain->readable)
		return result;
	queue->error = VQ_ERROR_ORDER;
	return VQ_BROKEN;
}

enum vq_result vq_device_gather(struct vq_device *queue, uint64_t bytes, bool watch,
				struct vq_gather *gather, struct vq_chain *scratch)
{
	gather->chains = 0;
	gather->segments = 0;
	gather->bytes = 0;
	while (gather->bytes < bytes) {
		bool whole_ring = gather->chains == queue->ring.entries;
		enum vq_result result = take(queue, watch && !whole_ring, scratch);

		if (result != VQ_OK) {
			give_up(queue, gather->chains);
			gather->chains = whole_ring ? gather->chains : 0;
			return result;
		}
		if (!gather_add(gather, scratch)) {
			give_up(queue, gather->chains + 1);
			return VQ_NONE;
		}
	}
	return VQ_OK;
}

void vq_device_give_gathered(struct vq_device *queue, const struct vq_gather *gather,
			     uint64_t written)
{
	struct vq_used *used = queue->ring.used;

	if (queue->error)
		return;
	for (unsigned i = 0; i < gather->chains; i++) {
		struct vq_used_elem *elem =
			&used->ring[queue->next_used & (queue->ring.entries - 1)];
		uint32_t n = gather->used[i].length;

		if (n > written)
			n = (uint32_t)written;
		written -= n;
		__atomic_store_n(&elem->id, gather->used[i].id, __ATOMIC_RELAXED);
		__atomic_store_n(&elem->length, n, __ATOMIC_RELAXED);
		queue->next_used++;
	}
	shared_publish_index(&used->idx, queue->next_used);
}

void vq_sink_put(struct vq_sink *sink, const void *bytes, uint32_t length)
{
	const unsigned char *from = bytes;

	while (length && sink->at < sink->segments) {
		const struct vq_segment *segment = &sink->segment[sink->at];
		uint32_t n = segment->length - sink->filled;

		if (n > length)
			n = length;
		memcpy(segment->bytes + sink->filled, from, n);
		from += n;
		length -= n;
		sink->filled += n;
		if (sink->filled == segment->length) {
			sink->at++;
			sink->filled = 0;
		}
	}
}
