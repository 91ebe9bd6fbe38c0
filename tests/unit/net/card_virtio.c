/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated virtio network device: VIRTIO 1.2 sections 4.1.4 and 5.1. */
#include <string.h>

#include "card.h"
#include "card_virtio.h"

struct card_virtio_state device;

enum { COMMON = 0x0000, NOTIFY = 0x1000, CONFIG = 0x2000, QUEUES = 3, ENTRIES = 64 };
enum { NOTIFY_STEP = 8 };

static void capability(unsigned char *at, uint8_t next, uint8_t type, uint32_t offset,
		       uint32_t bytes)
{
	at[0] = 9;
	at[1] = next;
	at[2] = 20;
	at[3] = type;
	memcpy(at + 8, &offset, 4);
	memcpy(at + 12, &bytes, 4);
}

static void describe(struct rt_device *info)
{
	uint64_t features = device.offered;

	memset(&device, 0, sizeof device);
	device.offered = features;
	device.link_up = 1;
	info->vendor = 0x1af4;
	info->device = 0x1041;
	info->bar[0].bytes = 0x4000;
	info->config[0x34] = 0x40;
	capability(info->config + 0x40, 0x60, 1, COMMON, 56);
	capability(info->config + 0x60, 0x80, 2, NOTIFY, 0x100);
	info->config[0x60 + 16] = NOTIFY_STEP;
	capability(info->config + 0x80, 0, 4, CONFIG, 16);
}

static void reset(void)
{
	memset(device.queue, 0, sizeof device.queue);
	device.status = 0;
	device.driver_features = 0;
	card.resets++;
}

static struct card_virtio_queue *selected(void)
{
	static struct card_virtio_queue none;

	return device.select < QUEUES ? &device.queue[device.select] : &none;
}

static uint64_t read_reg(uint64_t offset, unsigned width)
{
	(void)width;
	switch (offset) {
	case 4:
		return (uint32_t)(device.offered >> (32 * (device.feature_select & 1)));
	case 20:
		return device.status;
	case 24:
		return device.select < QUEUES ? ENTRIES : 0;
	case 30:
		return device.select;
	case CONFIG + 6:
		return device.link_up;
	default:
		return 0;
	}
}

/* Registers of 64 bits are written in two halves. */
static void half(uint64_t *word, bool high, uint64_t value)
{
	*word = high ? (*word & UINT32_MAX) | value << 32 : (*word & ~(uint64_t)UINT32_MAX) | value;
}

static void enable(struct card_virtio_queue *queue)
{
	struct vq_ring ring = {
		.entries = queue->entries,
		.event_idx = device.driver_features >> 29 & 1,
		.window = card.dma,
		.window_address = CARD_DMA_ADDRESS,
		.window_size = CARD_DMA_BYTES,
		.desc = card_memory(queue->address[0], 16u * queue->entries),
		.avail = card_memory(queue->address[1], 6 + 2u * queue->entries),
		.used = card_memory(queue->address[2], 6 + 8u * queue->entries),
	};

	/* No element of the used ring may cross a page: virtio_pci_queue says why. */
	queue->enabled = ring.desc && ring.avail && ring.used &&
			 queue->address[2] % 4096 + 6 + 8u * queue->entries <= 4096;
	if (queue->enabled)
		vq_device_init(&queue->ring, &ring);
}

static void write_reg(uint64_t offset, unsigned width, uint64_t value)
{
	struct card_virtio_queue *queue = selected();

	(void)width;
	if (offset >= 32 && offset < 56) {
		half(&queue->address[(offset - 32) / 8], offset & 4, value);
		return;
	}
	switch (offset) {
	case 0:
		device.feature_select = (uint32_t)value;
		break;
	case 8:
		device.driver_select = (uint32_t)value;
		break;
	case 12:
		half(&device.driver_features, device.driver_select & 1, value);
		break;
	case 20:
		if (!value)
			reset();
		device.status = (uint8_t)value;
		break;
	case 22:
		device.select = (uint16_t)value;
		break;
	case 24:
		queue->entries = (uint16_t)value;
		break;
	case 28:
		enable(queue);
		break;
	default:
		if (offset >= NOTIFY && offset < NOTIFY + QUEUES * NOTIFY_STEP)
			device.queue[(offset - NOTIFY) / NOTIFY_STEP].notified = true;
	}
}

static void interrupt(struct card_virtio_queue *queue)
{
	if (vq_device_kick(&queue->ring))
		card.interrupts++;
}

/* A device need not look at a queue that it was not notified of. */
static bool notified(struct card_virtio_queue *queue)
{
	bool was = queue->notified;

	queue->notified = false;
	return queue->enabled && was;
}

static enum vq_result take(struct card_virtio_queue *queue, struct vq_chain *chain)
{
	enum vq_result result = vq_device_take(&queue->ring, chain);

	if (result == VQ_NONE && vq_device_watch(&queue->ring))
		result = vq_device_take(&queue->ring, chain);
	return result;
}

static void transmit(struct card_virtio_queue *queue)
{
	static unsigned char frame[WIRE_BYTES];
	static struct vq_chain chain;
	struct rt_net_header header;

	while (take(queue, &chain) == VQ_OK) {
		vq_chain_read(&chain, 0, &header, sizeof header);
		card_transmit(&header, frame,
			      (uint32_t)vq_chain_read(&chain, sizeof header, frame, sizeof frame));
		vq_device_give(&queue->ring, &chain, 0);
	}
	interrupt(queue);
}

static void receive(struct card_virtio_queue *queue)
{
	static struct vq_gather gather;
	static struct vq_chain chain;

	while (card.in_head != card.in_tail) {
		const struct wire_frame *frame = &card.in[card.in_head % WIRE_FRAMES];
		struct rt_net_header header = frame->header;
		uint32_t bytes = frame->bytes + sizeof header;

		if (vq_device_gather(&queue->ring, bytes, true, &gather, &chain) != VQ_OK)
			break;
		struct vq_sink sink = { .segment = gather.segment, .segments = gather.segments };
		header.buffers = (uint16_t)(gather.chains + device.lie_buffers);
		vq_sink_put(&sink, &header, sizeof header);
		vq_sink_put(&sink, frame->data, frame->bytes);
		vq_device_give_gathered(&queue->ring, &gather, bytes);
		card.in_head++;
	}
	interrupt(queue);
}

static void control(struct card_virtio_queue *queue)
{
	static struct vq_chain chain;
	uint8_t command[3] = { 0 }, answer = 0;

	while (take(queue, &chain) == VQ_OK) {
		vq_chain_read(&chain, 0, command, sizeof command);
		device.promiscuous = !command[0] && !command[1] && command[2];
		vq_chain_write(&chain, 0, &answer, 1);
		vq_device_give(&queue->ring, &chain, 1);
	}
}

static void work(void)
{
	if (!hw_sim_master || !(device.status & 4))
		return;
	if (device.queue[0].enabled)
		receive(&device.queue[0]);
	if (notified(&device.queue[1]))
		transmit(&device.queue[1]);
	if (notified(&device.queue[2]))
		control(&device.queue[2]);
}

const struct card_model card_virtio = { describe, read_reg, write_reg, work };
