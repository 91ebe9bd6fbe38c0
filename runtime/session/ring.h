/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the shared words of a split ring, one load or store each, with the ordering that
 * VIRTIO 1.2 section 2.7.13 asks for. Private to the two sides of the virtqueue.
 */
#ifndef SESSION_RING_H
#define SESSION_RING_H

#include <rt/virtqueue.h>

#define VQ_NO_NOTIFY 1u /* bit of the flags words */

/* Reads a word the peer writes; exactly one load. */
static inline uint16_t shared_read_u16(const uint16_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t shared_read_u32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint64_t shared_read_u64(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void shared_write_u16(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Reads an index; what the peer wrote before it published the index is visible afterwards. */
static inline uint16_t shared_read_index(const uint16_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Publishes an index and everything written before it. */
static inline void shared_publish_index(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/*
 * Between publishing an index and reading whether the peer sleeps, and between asking for a
 * notification and reading the index again: without it both sides could miss each other.
 */
static inline void shared_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The words behind the rings that hold the event indexes. */
static inline uint16_t *ring_used_event(const struct vq_ring *ring)
{
	return &ring->avail->ring[ring->entries];
}

static inline uint16_t *ring_avail_event(const struct vq_ring *ring)
{
	return (uint16_t *)(void *)&ring->used->ring[ring->entries];
}

/* Whether index event was passed on the way from old to new (VIRTIO 1.2 section 2.7.7.2). */
static inline bool ring_event_passed(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

#endif
