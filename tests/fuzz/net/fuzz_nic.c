/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the drivers of network cards by their card: the input writes anything into the DMA memory
 * that the driver shares with it, and answers reads of registers, between the driver's turns.
 * Whatever the card does, the driver stays in its memory, and a card that behaves again is used
 * again or given up.
 */
#include <string.h>

#include "../fuzz.h"
#include "card.h"
#include "card_virtio.h"
#include "e1000e.h"
#include "virtio_net.h"

static union {
	struct nic nic;
	struct virtio_net virtio;
	struct e1000e e1000e;
} state;
static struct nic *nic = &state.nic;

static void send(uint32_t length)
{
	static unsigned char bytes[1514] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	struct vq_segment segment = { bytes, length };
	struct rt_net_header header = { 0 };
	struct frame frame;

	require(frame_init(&frame, &header, &segment, 1, 0, length, NIC_MTU) == FRAME_GOOD);
	if (!uplink->ops->full(uplink->outlet.ctx, 1, length))
		gso_deliver(&frame, &uplink->outlet);
}

static void arrive(uint32_t length)
{
	static const unsigned char bytes[1514] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8 };
	struct rt_net_header header = { 0 };

	card_arrive(&header, bytes, length);
}

/* The switch takes what came, as long as there is something. */
static void turn(void)
{
	static unsigned char copy[FRAME_MAX];
	struct frame frame;
	unsigned n = 0;

	for (enum port_next next; uplink->up && n < 2000; n++) {
		next = uplink->ops->next(uplink->outlet.ctx, &frame);
		if (next == PORT_EMPTY)
			break;
		if (next == PORT_MALFORMED)
			continue;
		struct frame_cursor cursor = { 0 };
		uint32_t at = 0;
		while (at < frame.bytes) {
			struct vq_segment piece = frame_piece(&frame, &cursor, frame.bytes);
			require(piece.length && at + piece.length <= sizeof copy);
			memcpy(copy + at, piece.bytes, piece.length);
			at += piece.length;
		}
		uplink->ops->done(uplink->outlet.ctx);
	}
	if (uplink->up) {
		nic->ops->flush(nic);
		nic->ops->watch(nic, true);
	}
	card.now_ns += NIC_TICK_NS / 4;
	if (!nic->dead)
		nic_poll(nic, card.now_ns);
}

/* Near the rings more is reached than by random bytes anywhere. */
static void scribble(bool virtio, const uint8_t op[5])
{
	unsigned char *at;

	if (virtio) {
		const struct vq_ring *ring =
			op[0] & 1 ? &state.virtio.rx.ring : &state.virtio.tx.ring;
		at = op[0] & 2 ? (unsigned char *)ring->used + (op[1] | (op[2] & 3) << 8) % 518
			       : (unsigned char *)&ring->used->idx;
	} else {
		at = op[0] & 1 ? (unsigned char *)state.e1000e.rx
			       : (unsigned char *)state.e1000e.tx;
		at += op[0] & 2 ? (op[1] % 16u) * 16 + 8 + (op[2] & 7)
				: (op[1] | op[2] << 8) % 4096u;
	}
	if (op[0] & 8)
		*at = op[3];
	else
		*at += op[3] & 15;
	/* A received frame's start: its header. */
	if (op[0] & 16)
		nic->rx_block[(op[1] % 16u) * NIC_BLOCK + op[2] % 16] = op[4];
}

static void step(bool virtio, const uint8_t op[6])
{
	switch (op[0] % 8) {
	case 0:
		card.model->work();
		break;
	case 1:
		send(14 + (op[1] | op[2] << 8) % 1500u);
		break;
	case 2:
		arrive((op[1] | op[2] << 8) % 1514u);
		break;
	case 3:
		turn();
		break;
	case 4:
		card.gone = op[1] % 8 == 0;
		device.lie_buffers = (int8_t)op[2];
		device.status |= op[3] & 64;
		break;
	default:
		scribble(virtio, op + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	bool virtio = size && bytes[0] & 1;

	memset(&state, 0, sizeof state);
	device.offered = 0x79983ull | 1ull << 29 | 1ull << 32;
	if (size && bytes[0] & 2)
		device.offered = 1ull << 32;
	require(!card_open(virtio ? &card_virtio : &card_82574, nic));
	for (size_t i = 1; i + 6 <= size; i += 6)
		step(virtio, bytes + i);
	card.gone = false;
	device.lie_buffers = 0;
	for (unsigned i = 0; i < 40 && !nic->dead; i++) {
		turn();
		card.model->work();
	}
	require(nic->dead || uplink->up);
	card_close();
	return 0;
}
