/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the device side of a virtqueue whose rings, indirect tables and buffers are where a guest
 * says, in RAM of two pieces. The input places the rings, then writes anything into RAM between
 * uses of the queue; no byte outside RAM may be touched, and no chain be longer than the ring.
 */
#include <rt/virtqueue.h>

#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "../input.h"

enum { LOW = 2048, HIGH = 512 };

#define HIGH_ADDRESS 0x100000000ull

/* Mostly an address in RAM, near an edge now and then. */
static uint64_t address(struct input *input)
{
	switch (take(input, 1) % 8) {
	case 0:
		return take(input, 8);
	case 1:
		return HIGH_ADDRESS + take(input, 2) % (HIGH + 32);
	default:
		return take(input, 2) % (LOW + 32);
	}
}

static bool is_inside(const struct vq_ring *ring, const struct vq_segment *s)
{
	size_t low = (size_t)(s->bytes - ring->window),
	       high = (size_t)(s->bytes - ring->high.bytes);

	return (low <= LOW && s->length <= LOW - low) || (high <= HIGH && s->length <= HIGH - high);
}

static void use(struct vq_device *device, struct input *input)
{
	static struct vq_chain chain;
	static unsigned char own[1024];
	const struct vq_ring *ring = &device->ring;
	enum vq_result result = vq_device_take(device, &chain);
	uint64_t readable = 0, writable = 0;

	require(result != VQ_BROKEN || device->error);
	if (result != VQ_OK)
		return;
	require(chain.readable + chain.writable <= ring->entries && chain.head < ring->entries);
	for (unsigned i = 0; i < chain.readable + chain.writable; i++) {
		require(is_inside(ring, &chain.segment[i]));
		*(i < chain.readable ? &readable : &writable) += chain.segment[i].length;
	}
	require(readable == chain.readable_bytes && writable == chain.writable_bytes);
	vq_chain_read(&chain, take(input, 1), own, sizeof own);
	size_t n = vq_chain_write(&chain, take(input, 1), own, take(input, 2) % sizeof own);

	if (take(input, 1) & 1)
		vq_device_give(device, &chain, (uint32_t)n);
	else
		vq_device_untake(device);
}

/* A descriptor that has a chance to be good, anywhere. */
static void describe(struct vq_ring *ring, struct input *input)
{
	struct vq_desc desc = { .address = address(input),
				.length = (uint32_t)take(input, 1) * 8,
				.flags = take(input, 1) & 7,
				.next = take(input, 1) & 15 };

	memcpy(ring->window + take(input, 1) * 16 % (LOW - 16), &desc, sizeof desc);
}

static void scribble(struct vq_ring *ring, struct input *input)
{
	switch (take(input, 1) % 4) {
	case 0:
		ring->window[take(input, 2) % LOW] = (unsigned char)take(input, 1);
		break;
	case 1:
		ring->high.bytes[take(input, 2) % HIGH] = (unsigned char)take(input, 1);
		break;
	case 2:
		describe(ring, input);
		break;
	default:
		if (ring->avail) {
			ring->avail->ring[ring->avail->idx & (ring->entries - 1)] =
				take(input, 1) & 15;
			ring->avail->idx++;
		}
	}
}

static void place(struct vq_device *device, struct vq_ring *ring, struct input *input)
{
	uint64_t where[3] = { address(input) & ~15ull, address(input) & ~1ull,
			      address(input) & ~3ull };

	ring->entries = (uint16_t)(take(input, 1) & 7 ? 1u << take(input, 1) % 6 : take(input, 2));
	ring->event_idx = take(input, 1) & 1;
	ring->indirect = take(input, 1) & 3;
	ring->avail = NULL;
	if (vq_ring_find(ring, where[0], where[1], where[2]))
		vq_device_init(device, ring);
	else
		ring->avail = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct vq_device device;
	struct input input = { bytes, size };
	/* Blocks of exactly the sizes of RAM, so that a step beyond either is seen. */
	unsigned char *low = aligned_alloc(16, LOW), *high = aligned_alloc(16, HIGH);
	struct vq_ring ring = { .window = low,
				.window_size = LOW,
				.high = { high, HIGH_ADDRESS, HIGH } };

	require(low && high);
	memset(low, 0, LOW);
	memset(high, 0, HIGH);
	while (input.left) {
		unsigned what = (unsigned)take(&input, 1) % 16;

		if (what == 0 || !ring.avail)
			place(&device, &ring, &input);
		else if (what < 6)
			use(&device, &input);
		else if (what == 6)
			vq_device_watch(&device);
		else if (what == 7)
			vq_device_kick(&device);
		else
			scribble(&ring, &input);
	}
	free(low);
	free(high);
	return 0;
}
