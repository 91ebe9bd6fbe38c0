/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtqueues in the split-ring layout of VIRTIO 1.2 section 2.7, both sides, for sessions between
 * processes and for virtio devices. The peer shares the rings and is hostile: every shared word is
 * read once, checked, and only then used; a peer that breaks the rules breaks its queue and nothing
 * else. No function allocates, blocks, or loops longer than the ring has entries.
 */
#ifndef RT_VIRTQUEUE_H
#define RT_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VQ_ENTRIES_MAX 256u

enum vq_result {
	VQ_OK,
	VQ_NONE,   /* nothing to take, or no room to add */
	VQ_BROKEN, /* the peer broke the rules once; the queue stays unusable until set up again */
};

/* Why a queue is broken. X(name, text). */
#define VQ_ERROR_TABLE(X)                                                        \
	X(NONE, "no error")                                                      \
	X(AVAIL_INDEX, "available index runs ahead by more than the ring holds") \
	X(HEAD, "descriptor number beyond the ring")                             \
	X(LOOP, "descriptor chain longer than the ring")                         \
	X(RANGE, "descriptor points outside its window")                         \
	X(ORDER, "readable descriptor after a writable one")                     \
	X(FLAGS, "descriptor flag that was not negotiated")                      \
	X(INDIRECT, "indirect table that is empty, cut off or nested")           \
	X(GEOMETRY, "queue size or ring address that cannot be")                 \
	X(IN_FLIGHT, "more chains in flight than the ring holds")                \
	X(USED_INDEX, "used index runs ahead of the chains in flight")           \
	X(USED_ID, "used element names a chain that is not in flight")           \
	X(USED_LENGTH, "used length exceeds the chain's writable bytes")

enum vq_error {
#define X(name, text) VQ_ERROR_##name,
	VQ_ERROR_TABLE(X)
#undef X
};

struct vq_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags; /* VQ_DESC_* */
	uint16_t next;
};
_Static_assert(sizeof(struct vq_desc) == 16, "VIRTIO 1.2 section 2.7.5");

#define VQ_DESC_NEXT	 1u
#define VQ_DESC_WRITE	 2u
#define VQ_DESC_INDIRECT 4u /* breaks a queue whose ring does not say indirect */

struct vq_avail {
	uint16_t flags; /* bit 0: the driver wants no notifications (without event indexes) */
	uint16_t idx;
	uint16_t ring[]; /* entries, then used_event */
};

struct vq_used_elem {
	uint32_t id;
	uint32_t length;
};

struct vq_used {
	uint16_t flags; /* bit 0: the device wants no notifications (without event indexes) */
	uint16_t idx;
	struct vq_used_elem ring[]; /* entries, then avail_event */
};

/* Memory of the peer: addresses from address on are at bytes in this address space. */
struct vq_window {
	unsigned char *bytes;
	uint64_t address;
	uint64_t size; /* 0: there is none */
};

/*
 * Where a queue lies. Fixed when the queue is set up and never read again from anything the peer
 * can write. Descriptor addresses from window_address on, window_size bytes, are at window in this
 * address space; others are refused unless they are in the second window, high.
 */
struct vq_ring {
	struct vq_desc *desc;
	struct vq_avail *avail;
	struct vq_used *used;
	uint16_t entries; /* a power of two, at most VQ_ENTRIES_MAX */
	bool event_idx;	  /* VIRTIO_F_EVENT_IDX */
	unsigned char *window;
	uint64_t window_address;
	uint64_t window_size;
	struct vq_window high;
	bool indirect; /* VIRTIO_F_INDIRECT_DESC; device side only */
	/* Called with each range that the peer named before it is used; may be NULL. */
	void (*touch)(void *context, unsigned char *bytes, uint64_t length);
	void *context;
};

/* Bytes that rings of so many entries take when they lie behind one another. */
#define VQ_RING_BYTES(entries) (16u * (entries) + 6u + 2u * (entries) + 2u + 6u + 8u * (entries))

/* Sets the three pointers for rings that start at memory, which is aligned to 16 bytes. */
void vq_ring_place(struct vq_ring *ring, void *memory, uint16_t entries);

const char *vq_error_text(enum vq_error error);

/* The device side. */
struct vq_device {
	struct vq_ring ring;
	uint16_t next_avail;  /* next entry of the available ring to take */
	uint16_t next_used;   /* next entry of the used ring to fill */
	uint16_t kicked_used; /* next_used at the last vq_device_kick */
	enum vq_error error;
};

struct vq_segment {
	unsigned char *bytes;
	uint32_t length;
};

/* A chain taken from the ring: checked copies of its descriptors, the readable ones first. */
struct vq_chain {
	uint16_t head;
	uint16_t readable; /* segments the device reads */
	uint16_t writable; /* segments behind them that it writes */
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	struct vq_segment segment[VQ_ENTRIES_MAX];
};

/*
 * For rings whose addresses the peer chose: sets desc, avail and used of a ring whose entries and
 * windows are set. False: they lie outside the windows, are not aligned as section 2.7 demands, or
 * entries is not a power of two up to VQ_ENTRIES_MAX.
 */
bool vq_ring_find(struct vq_ring *ring, uint64_t desc, uint64_t avail, uint64_t used);

/*
 * Starts where the used ring says that chains were last given back, which is 0 for a fresh queue
 * and the right place when a device process was restarted.
 */
void vq_device_init(struct vq_device *queue, const struct vq_ring *ring);
enum vq_result vq_device_take(struct vq_device *queue, struct vq_chain *chain);
/* Gives a chain back; written must not exceed its writable bytes. */
void vq_device_give(struct vq_device *queue, const struct vq_chain *chain, uint32_t written);
/* The same for a chain that is known by its head alone. */
void vq_device_give_head(struct vq_device *queue, uint16_t head, uint32_t written);
/* Takes back the vq_device_take just done: the same chain is next again. */
void vq_device_untake(struct vq_device *queue);
/* Asks the driver for a notification. True: a chain is there already, and none may come. */
bool vq_device_watch(struct vq_device *queue);
/* Whether the driver wants to be told of the chains given since the last call. */
bool vq_device_kick(struct vq_device *queue);

/*
 * Several chains taken as one place to write to, for packets that may fill more than one. No chain
 * of them has readable bytes.
 */
struct vq_gather {
	unsigned chains;
	unsigned segments;
	uint64_t bytes;
	struct vq_segment segment[VQ_ENTRIES_MAX];
	struct vq_used_elem used[VQ_ENTRIES_MAX]; /* of each chain; length is its writable bytes */
};

/*
 * Takes chains until they have that many writable bytes. VQ_NONE: there is not enough, nothing was
 * taken, and with watch the driver will notify when there is more; when all that one gather can
 * hold is not enough either, gather->chains is not 0. scratch is overwritten.
 */
enum vq_result vq_device_gather(struct vq_device *queue, uint64_t bytes, bool watch,
				struct vq_gather *gather, struct vq_chain *scratch);
/* Gives the chains back at once, of which the first bytes were written. */
void vq_device_give_gathered(struct vq_device *queue, const struct vq_gather *gather,
			     uint64_t written);

/* A place to write to, made of segments that are filled from the first on. */
struct vq_sink {
	const struct vq_segment *segment;
	unsigned segments;
	unsigned at;	 /* segment being filled */
	uint32_t filled; /* bytes of it */
};

/* Appends as many of the bytes as there is room for. */
void vq_sink_put(struct vq_sink *sink, const void *bytes, uint32_t length);

/* Copy at an offset into the readable or writable bytes; return how much there was. */
size_t vq_chain_read(const struct vq_chain *chain, uint64_t offset, void *to, size_t length);
size_t vq_chain_write(const struct vq_chain *chain, uint64_t offset, const void *from,
		      size_t length);

/* The driver side. All it must remember is private; the shared descriptors are write-only. */
struct vq_driver {
	struct vq_ring ring;
	uint16_t next_avail;
	uint16_t next_used;
	uint16_t kicked_avail; /* next_avail at the last vq_driver_kick */
	uint16_t free_head;
	uint16_t free;
	uint16_t in_flight; /* chains */
	enum vq_error error;
	uint16_t next[VQ_ENTRIES_MAX];	   /* links of the free list and of chains in flight */
	uint16_t length[VQ_ENTRIES_MAX];   /* of the chain in flight with this head; 0: none */
	uint64_t writable[VQ_ENTRIES_MAX]; /* its writable bytes */
};

struct vq_buffer {
	uint64_t address;
	uint32_t length;
};

/* Clears the shared rings. */
void vq_driver_init(struct vq_driver *queue, const struct vq_ring *ring);
/* The head that the next vq_driver_add uses. False: the ring is full. */
bool vq_driver_next(const struct vq_driver *queue, uint16_t *head);
/* Makes readable buffers, then writable ones, available as one chain. */
enum vq_result vq_driver_add(struct vq_driver *queue, const struct vq_buffer *buffers,
			     unsigned readable, unsigned writable);
/* Takes back one chain the device is done with. */
enum vq_result vq_driver_take(struct vq_driver *queue, uint16_t *head, uint32_t *written);
/* Asks the device for a notification. True: a chain came back already, and none may come. */
bool vq_driver_watch(struct vq_driver *queue);
/* Whether the device wants to be told of the chains added since the last call. */
bool vq_driver_kick(struct vq_driver *queue);

#endif
