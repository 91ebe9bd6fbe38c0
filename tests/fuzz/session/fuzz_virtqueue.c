/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes both sides of the virtqueue with a hostile peer. The input is a program of one-byte
 * operations: some write anything anywhere into the shared rings, the others call the side under
 * test, which must stay within the window and within its own books.
 */
#include <rt/virtqueue.h>

#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "../input.h"

enum { ENTRIES = 16, WINDOW = 512, BASE = 0x10000, RINGS = VQ_RING_BYTES(ENTRIES) };

static void scribble(struct input *input, unsigned char *rings, struct vq_ring *ring)
{
	uint64_t value =
		take(input, 1) & 1 ? BASE + take(input, 2) % (WINDOW + 16) : take(input, 8);
	unsigned at = (unsigned)take(input, 1) % ENTRIES;

	switch (take(input, 1) % 8) {
	case 0:
		ring->desc[at].address = value;
		break;
	case 1:
		ring->desc[at].length = (uint32_t)(value % 64);
		break;
	case 2:
		ring->desc[at].flags = value & (VQ_DESC_NEXT | VQ_DESC_WRITE);
		ring->desc[at].next = value >> 8 & 15;
		break;
	case 3:
		ring->avail->idx += value % 3;
		break;
	case 4:
		ring->avail->ring[at] = value % ENTRIES;
		break;
	case 5:
		ring->used->idx += value % 3;
		break;
	case 6:
		ring->used->ring[at] = (struct vq_used_elem){ value % ENTRIES, value >> 8 & 15 };
		break;
	default:
		rings[value % RINGS] = (unsigned char)(value >> 56);
	}
}

static void use_device(struct vq_device *device, struct input *input, const struct vq_ring *ring)
{
	static struct vq_chain chain;
	static unsigned char own[2 * WINDOW];
	enum vq_result result = vq_device_take(device, &chain);
	uint64_t readable = 0, writable = 0;

	require(result != VQ_BROKEN || device->error);
	if (result != VQ_OK)
		return;
	require(chain.readable + chain.writable <= ENTRIES);
	for (unsigned i = 0; i < chain.readable + chain.writable; i++) {
		const struct vq_segment *segment = &chain.segment[i];

		require(segment->bytes >= ring->window &&
			segment->length <= (size_t)(ring->window + WINDOW - segment->bytes));
		*(i < chain.readable ? &readable : &writable) += segment->length;
	}
	require(readable == chain.readable_bytes && writable == chain.writable_bytes);
	size_t n = vq_chain_read(&chain, take(input, 1), own, sizeof own);
	require(n <= sizeof own);
	n = vq_chain_write(&chain, take(input, 1), own, sizeof own);
	require(n <= chain.writable_bytes);
	if (take(input, 1) & 1)
		vq_device_give(device, &chain, (uint32_t)n);
	else if (take(input, 1) & 1)
		vq_device_untake(device);
}

static void use_driver(struct vq_driver *driver, struct input *input)
{
	struct vq_buffer buffers[ENTRIES + 1];
	unsigned readable = (unsigned)take(input, 1) % (ENTRIES / 2 + 1);
	unsigned writable = (unsigned)take(input, 1) % (ENTRIES / 2 + 1);
	unsigned free = driver->free;
	uint16_t head;
	uint32_t written;

	for (unsigned i = 0; i < readable + writable; i++)
		buffers[i] = (struct vq_buffer){ BASE + i, 3 };
	if (vq_driver_add(driver, buffers, readable, writable) == VQ_OK)
		require(driver->free == free - readable - writable);
	while (vq_driver_take(driver, &head, &written) == VQ_OK)
		require(head < ENTRIES && written <= 3 * ENTRIES);
	require(driver->free <= ENTRIES && driver->in_flight <= ENTRIES);
	if (driver->in_flight == 0)
		require(driver->free == ENTRIES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct vq_driver driver;
	static struct vq_device device;
	struct input input = { bytes, size };
	/* Blocks of exactly the shared sizes, so that a step beyond either is seen. */
	unsigned char *rings = aligned_alloc(16, (RINGS + 15) / 16 * 16);
	unsigned char *window = malloc(WINDOW);
	struct vq_ring ring = { .event_idx = take(&input, 1) & 1,
				.window = window,
				.window_address = BASE,
				.window_size = WINDOW };

	require(rings && window);
	memset(rings, 0, RINGS);
	memset(window, 0, WINDOW);
	vq_ring_place(&ring, rings, ENTRIES);
	vq_driver_init(&driver, &ring);
	vq_device_init(&device, &ring);
	while (input.left) {
		switch (take(&input, 1) % 8) {
		case 0:
			use_device(&device, &input, &ring);
			break;
		case 1:
			use_driver(&driver, &input);
			break;
		case 2:
			vq_device_watch(&device);
			vq_device_kick(&device);
			break;
		case 3:
			vq_driver_watch(&driver);
			vq_driver_kick(&driver);
			break;
		case 4:
			vq_device_init(&device, &ring);
			break;
		default:
			scribble(&input, rings, &ring);
		}
	}
	free(rings);
	free(window);
	return 0;
}
