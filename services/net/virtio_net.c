/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of virtio network devices, VIRTIO 1.2 section 5.1. Block n of the DMA memory is always
 * that of descriptor n, so the device's answers only ever select blocks.
 */
#include <rt/log.h>
#include <string.h>

#include "nic.h"
#include "virtio_net.h"

#define WANTED                                                                       \
	(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 |     \
	 VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | \
	 VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ |       \
	 VIRTIO_NET_F_CTRL_RX | VIRTIO_F_EVENT_IDX)

enum { QUEUE_RX, QUEUE_TX, QUEUE_CTRL };

#define BLOCKS_MAX ((RT_NET_PACKET_MAX + NIC_BLOCK - 1) / NIC_BLOCK)

/* Section 5.1.6.5.1: the command that turns filtering off. */
struct command {
	uint8_t class;
	uint8_t command;
	uint8_t on;
	uint8_t ack;
};
#define ACK_NONE 0xffu

#define COMMAND_NS	1000000000ull
#define COMMAND_STEP_NS 100000ull

static struct virtio_net *of(struct nic *nic)
{
	return (struct virtio_net *)nic;
}

/* Guests have addresses of their own: the device must receive them all. */
static void receive_all(struct virtio_net *net)
{
	struct command *command = hw_dma_take(&net->nic.dma, sizeof *command, 16);
	uint64_t end = hw_now_ns() + COMMAND_NS;
	uint16_t head;
	uint32_t written;

	if (!command)
		return;
	*command = (struct command){ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, ACK_NONE };
	uint64_t address = hw_dma_address(&net->nic.dma, command);
	struct vq_buffer buffers[3] = { { address, 2 }, { address + 2, 1 }, { address + 3, 1 } };
	vq_driver_add(&net->ctrl, buffers, 2, 1);
	virtio_pci_notify(&net->pci, QUEUE_CTRL);
	while (vq_driver_take(&net->ctrl, &head, &written) == VQ_NONE && hw_now_ns() < end)
		hw_pause_ns(COMMAND_STEP_NS);
	if (__atomic_load_n(&command->ack, __ATOMIC_RELAXED))
		rt_log(RT_WARNING,
		       "uplink %s: the device does not receive all addresses; guests may not be "
		       "reached",
		       net->nic.device->address);
}

static unsigned char *rx_block(const struct virtio_net *net, uint16_t head)
{
	return net->nic.rx_block + (uint64_t)head * NIC_BLOCK;
}

/* Gives the device the block of the descriptor that is next: the ones taken back come first, so
 * descriptors beyond the blocks stay unused. */
static void post(struct virtio_net *net)
{
	struct vq_buffer buffer = { .length = NIC_BLOCK };
	uint16_t head;

	if (!vq_driver_next(&net->rx, &head))
		return;
	buffer.address = hw_dma_address(&net->nic.dma, rx_block(net, head));
	vq_driver_add(&net->rx, &buffer, 0, 1);
}

static const char *set_up_queues(struct virtio_net *net)
{
	struct nic *nic = &net->nic;
	uint16_t rx = virtio_pci_queue_size(&net->pci, QUEUE_RX);
	uint16_t tx = virtio_pci_queue_size(&net->pci, QUEUE_TX);
	const char *why = virtio_pci_queue(&net->pci, QUEUE_RX, rx, &nic->dma, &net->rx);

	if (!why)
		why = virtio_pci_queue(&net->pci, QUEUE_TX, tx, &nic->dma, &net->tx);
	if (!why && net->pci.features & VIRTIO_NET_F_CTRL_RX)
		why = virtio_pci_queue(&net->pci, QUEUE_CTRL,
				       virtio_pci_queue_size(&net->pci, QUEUE_CTRL), &nic->dma,
				       &net->ctrl);
	return why;
}

static uint32_t offloads(uint64_t features)
{
	uint32_t takes = 0;

	if (features & VIRTIO_NET_F_CSUM)
		takes |= RT_NET_CSUM;
	if (features & VIRTIO_NET_F_HOST_TSO4)
		takes |= RT_NET_TSO4;
	if (features & VIRTIO_NET_F_HOST_TSO6)
		takes |= RT_NET_TSO6;
	return takes;
}

static const char *start(struct nic *nic)
{
	struct virtio_net *net = of(nic);
	const char *why = virtio_pci_find(&net->pci, nic->device);

	net->have = 0;
	net->held = false;
	if (why)
		return why;
	if (!virtio_pci_reset(&net->pci))
		return "it cannot be reset";
	why = virtio_pci_negotiate(&net->pci, WANTED);
	if (!why)
		why = set_up_queues(net);
	if (why)
		return why;
	if (!nic_take_blocks(nic, net->rx.ring.entries, net->tx.ring.entries))
		return "there is not enough memory for its buffers";
	nic->takes = offloads(net->pci.features);
	for (unsigned i = 0; i < nic->rx_blocks; i++)
		post(net);
	virtio_pci_start(&net->pci);
	virtio_pci_notify(&net->pci, QUEUE_RX);
	if (net->pci.features & VIRTIO_NET_F_CTRL_RX)
		receive_all(net);
	return NULL;
}

static void fault(struct nic *nic, const struct vq_driver *queue)
{
	nic->broken = true;
	nic->why = vq_error_text(queue->error);
	nic->port->up = false;
}

static unsigned reclaim(struct nic *nic)
{
	struct virtio_net *net = of(nic);
	enum vq_result result;
	unsigned n = 0;
	uint16_t head;
	uint32_t written;

	while ((result = vq_driver_take(&net->tx, &head, &written)) == VQ_OK)
		n++;
	if (result == VQ_BROKEN)
		fault(nic, &net->tx);
	return n;
}

static bool busy(const struct nic *nic)
{
	return ((const struct virtio_net *)nic)->tx.in_flight;
}

static void flush(struct nic *nic)
{
	struct virtio_net *net = of(nic);

	if (vq_driver_kick(&net->tx))
		virtio_pci_notify(&net->pci, QUEUE_TX);
	if (vq_driver_kick(&net->rx))
		virtio_pci_notify(&net->pci, QUEUE_RX);
}

static bool watch(struct nic *nic, bool room)
{
	struct virtio_net *net = of(nic);
	bool sent = room && vq_driver_watch(&net->tx);

	return vq_driver_watch(&net->rx) || sent;
}

static void check(struct nic *nic)
{
	struct virtio_net *net = of(nic);
	uint16_t status = VIRTIO_NET_S_LINK_UP;

	if (virtio_pci_needs_reset(&net->pci)) {
		nic->broken = true;
		nic->why = "the device has found a fault";
	}
	if (net->pci.features & VIRTIO_NET_F_STATUS)
		virtio_pci_config(&net->pci, offsetof(struct virtio_net_config, status), &status,
				  sizeof status);
	nic->link_up = status & VIRTIO_NET_S_LINK_UP;
}

/* Gives the buffers of the frame back to the device. */
static void done(void *ctx)
{
	struct virtio_net *net = ctx;

	for (unsigned i = 0; i < net->have; i++)
		post(net);
	net->have = 0;
	net->held = false;
}

static void hold(void *ctx)
{
	struct virtio_net *net = ctx;

	net->held = true;
}

/* Takes one more buffer of the frame. */
static bool take_buffer(struct virtio_net *net)
{
	uint16_t head;
	uint32_t written;
	enum vq_result result = vq_driver_take(&net->rx, &head, &written);

	if (result == VQ_BROKEN)
		fault(&net->nic, &net->rx);
	if (result != VQ_OK)
		return false;
	net->part[net->have++] = (struct vq_segment){ rx_block(net, head), written };
	if (net->have == 1)
		memcpy(&net->header, rx_block(net, head), sizeof net->header);
	return true;
}

static enum port_next next(void *ctx, struct frame *frame)
{
	struct virtio_net *net = ctx;
	uint32_t bytes = 0;

	/* Buffers of one frame that have not all come yet are kept. */
	if (!net->held && !net->have && !take_buffer(net))
		return PORT_EMPTY;
	unsigned need = net->pci.features & VIRTIO_NET_F_MRG_RXBUF ? net->header.buffers : 1;
	bool good = need && need <= net->nic.rx_blocks;
	while (good && net->have < need)
		if (!take_buffer(net))
			return PORT_EMPTY;
	for (unsigned i = 0; i < net->have; i++)
		bytes += net->part[i].length;
	if (good && net->part[0].length >= sizeof net->header &&
	    frame_init(frame, &net->header, net->part, net->have, sizeof net->header,
		       bytes - (uint32_t)sizeof net->header, NIC_MTU) == FRAME_GOOD)
		return PORT_FRAME;
	done(net);
	return PORT_MALFORMED;
}

static bool full(void *ctx, uint32_t packets, uint32_t bytes)
{
	struct virtio_net *net = ctx;

	if (!nic_full(&net->nic, net->tx.free, packets, bytes))
		return false;
	reclaim(&net->nic);
	return !net->tx.error && nic_full(&net->nic, net->tx.free, packets, bytes);
}

static bool open_packet(void *ctx, const struct rt_net_header *header, uint32_t bytes,
			struct vq_sink *sink)
{
	struct virtio_net *net = ctx;
	struct nic *nic = &net->nic;
	struct rt_net_header own = *header;
	uint32_t left = bytes + sizeof own;
	uint16_t at;

	if (nic_blocks(left) > net->tx.free)
		reclaim(nic);
	if (!vq_driver_next(&net->tx, &at) || nic_blocks(left) > net->tx.free)
		return false;
	for (nic->pieces = 0; left; at = net->tx.next[at]) {
		uint32_t n = left < NIC_BLOCK ? left : NIC_BLOCK;
		nic->piece[nic->pieces++] =
			(struct vq_segment){ nic->tx_block + (uint64_t)at * NIC_BLOCK, n };
		left -= n;
	}
	*sink = (struct vq_sink){ .segment = nic->piece, .segments = nic->pieces };
	own.flags &= RT_NET_NEEDS_CSUM;
	vq_sink_put(sink, &own, sizeof own);
	return true;
}

/* vq_driver_add takes the descriptors in the order in which open_packet went through them. */
static void close_packet(void *ctx, struct vq_sink *sink)
{
	static struct vq_buffer buffers[BLOCKS_MAX];
	struct virtio_net *net = ctx;

	for (unsigned i = 0; i < sink->segments; i++)
		buffers[i] = (struct vq_buffer){
			hw_dma_address(&net->nic.dma, sink->segment[i].bytes),
			sink->segment[i].length,
		};
	vq_driver_add(&net->tx, buffers, sink->segments, 0);
}

const struct nic_ops virtio_net_ops = {
	.name = "virtio network device",
	.start = start,
	.reclaim = reclaim,
	.busy = busy,
	.flush = flush,
	.watch = watch,
	.check = check,
	.port = { .next = next, .done = done, .hold = hold, .full = full },
	.open = open_packet,
	.close = close_packet,
};
