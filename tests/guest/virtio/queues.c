/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every queue that a device has for the virtual CPUs, each with an interrupt of its own: the block
 * device's, and the pairs of two network devices that are on one switch.
 */
#include "../smp/smp.h"
#include "subject.h"

#define NET_PAIRS     offsetof(struct virtio_net_config, max_virtqueue_pairs)
#define FIRST_VECTOR  0x60u
#define QUEUE_VECTORS 0x20u /* of one device */
#define WAIT_MS	      1000u

#define SECTOR	     512u
#define HEADER_BYTES 12u
#define FRAME_BYTES  64u
#define NOTE	     63u /* offset in a frame: what the test tells it by */

static struct virtio_rings rings[2][QUEUES_MAX];

static unsigned vector_of(unsigned device, unsigned queue)
{
	return FIRST_VECTOR + device * QUEUE_VECTORS + 1 + queue;
}

static bool start(struct virtio *v, uint16_t type, unsigned n, uint64_t features)
{
	if (!virtio_find(v, type, n, rings[n]) || !virtio_start(v, VIRTIO_F_VERSION_1 | features)) {
		expect(false, "no device %u of type %u, or it does not start", n, type);
		return false;
	}
	pci_write(v->devfn, v->msix_cap, MSIX_ON);
	virtio_vectors(v, MSI_BASE, FIRST_VECTOR + n * QUEUE_VECTORS, 1);
	for (unsigned queue = 0; queue < v->queues; queue++)
		irq_watch(vector_of(n, queue));
	return true;
}

static void stop(struct virtio *v)
{
	expect(virtio_reset(v), "no end of the reset");
	pci_write(v->devfn, v->msix_cap, 0);
}

static void describe(struct virtio *v, unsigned queue, unsigned index, const void *at,
		     uint32_t length, uint16_t flags)
{
	volatile struct virtio_desc *desc = &v->rings[queue].desc[index];

	desc->address = (uint64_t)at;
	desc->length = length;
	desc->flags = flags;
	desc->next = (uint16_t)(index + 1);
}

/* So many chains came back on a queue, and its interrupt said so. */
static void expect_used(struct virtio *v, unsigned device, unsigned queue, uint16_t used)
{
	expect(virtio_await(v, queue, used), "device %u queue %u: %u chains came back, not %u",
	       device, queue, v->rings[queue].used.idx, used);
	expect(irq_await(&irq_count[vector_of(device, queue)], 1, WAIT_MS),
	       "device %u queue %u: no interrupt", device, queue);
}

/* One read for each queue, all under way at once. */
GUEST_TEST(block_queues, "a disk has a queue for each processor, and all of them work")
{
	static struct {
		uint64_t header[2];
		uint8_t data[SECTOR], status;
	} request[CPUS_MAX];
	struct virtio v;

	smp_start();
	if (!start(&v, VIRTIO_TYPE_BLOCK, 0, VIRTIO_BLK_F_MQ))
		return;
	unsigned queues = *(volatile uint16_t *)(v.config + VIRTIO_BLK_QUEUES);

	expect(cpus > 1 && queues == cpus && v.queues == cpus, "%u queues, %u told, %u processors",
	       v.queues, queues, cpus);
	for (unsigned queue = 0; queue < v.queues && queue < CPUS_MAX; queue++) {
		request[queue].status = 0xff;
		describe(&v, queue, 0, request[queue].header, 16, DESC_NEXT);
		describe(&v, queue, 1, request[queue].data, SECTOR, DESC_NEXT | DESC_WRITE);
		describe(&v, queue, 2, &request[queue].status, 1, DESC_WRITE);
		virtio_offer(&v, queue, 0);
		virtio_ring(&v, queue);
	}
	for (unsigned queue = 0; queue < v.queues && queue < CPUS_MAX; queue++) {
		const uint8_t *data = request[queue].data;

		expect_used(&v, 0, queue, 1);
		expect(!request[queue].status && data[0] == 0x7f && data[1] == 'E',
		       "queue %u: status %x, data %x", queue, request[queue].status, data[0]);
	}
	stop(&v);
}

static struct virtio port[2];
static uint8_t received[2][CPUS_MAX][RING_ENTRIES][HEADER_BYTES + FRAME_BYTES];
static uint16_t taken[2][CPUS_MAX]; /* packets, by device and pair */

/* Asks for so many pairs by the control queue; whether the device takes that. */
static bool set_pairs(unsigned device, unsigned pairs, uint16_t used)
{
	static uint8_t command[5];
	struct virtio *v = &port[device];
	unsigned queue = v->queues - 1;

	command[0] = VIRTIO_NET_CTRL_MQ;
	command[1] = VIRTIO_NET_CTRL_MQ_PAIRS_SET;
	command[2] = (uint8_t)pairs;
	command[3] = 0;
	command[4] = 0xff;
	describe(v, queue, 0, command, 4, DESC_NEXT);
	describe(v, queue, 1, command + 4, 1, DESC_WRITE);
	virtio_offer(v, queue, 0);
	virtio_ring(v, queue);
	expect_used(v, device, queue, used);
	return !*(volatile uint8_t *)(command + 4);
}

static void post(unsigned device, unsigned pairs)
{
	struct virtio *v = &port[device];

	for (unsigned pair = 0; pair < pairs; pair++) {
		taken[device][pair] = 0;
		for (unsigned n = 0; n < RING_ENTRIES; n++) {
			describe(v, 2 * pair, n, received[device][pair][n],
				 sizeof received[0][0][0], DESC_WRITE);
			virtio_offer(v, 2 * pair, (uint16_t)n);
		}
		virtio_ring(v, 2 * pair);
	}
}

/* A TCP packet of a flow from one device to the other: its addresses and ports, and a note. */
static void send(unsigned device, unsigned pair, unsigned flow, uint8_t note)
{
	static uint8_t packet[HEADER_BYTES + FRAME_BYTES];
	uint8_t *frame = packet + HEADER_BYTES;
	struct virtio *v = &port[device];
	unsigned queue = 2 * pair + 1;

	memset(packet, 0, sizeof packet);
	for (unsigned i = 0; i < 6; i++) {
		frame[i] = port[!device].config[i];
		frame[6 + i] = v->config[i];
	}
	frame[12] = 8;
	frame[14] = 0x45;
	frame[23] = 6;
	frame[26 + 4 * device] = 10;
	frame[30 - 4 * device] = 20;
	frame[34 + 2 * device] = (uint8_t)flow;
	frame[37 - 2 * device] = 80;
	frame[NOTE] = note;
	describe(v, queue, 0, packet, sizeof packet, 0);
	virtio_offer(v, queue, 0);
	virtio_ring(v, queue);
	expect_used(v, device, queue, v->rings[queue].avail.idx);
}

static void expect_note(unsigned device, unsigned pair, uint8_t note)
{
	volatile struct virtio_rings *r = &port[device].rings[2 * pair];
	uint16_t n = taken[device][pair]++;

	expect_used(&port[device], device, 2 * pair, (uint16_t)(n + 1));
	uint32_t id = r->used.ring[n % RING_ENTRIES].id % RING_ENTRIES;
	uint8_t got = *(volatile uint8_t *)&received[device][pair][id][HEADER_BYTES + NOTE];

	expect(got == note, "device %u pair %u: packet %x instead of %x", device, pair, got, note);
}

/* Each pair of the first device opens a flow, which the second does not know yet and gets by its
 * first pair. It answers by another pair, and from then on gets the flow there. */
static void exchange(unsigned pairs)
{
	for (unsigned pair = 0; pair < pairs; pair++) {
		unsigned back = pairs - 1 - pair;

		send(0, pair, pair, (uint8_t)(0x10 + pair));
		expect_note(1, 0, (uint8_t)(0x10 + pair));
		send(1, back, pair, (uint8_t)(0x20 + pair));
		expect_note(0, pair, (uint8_t)(0x20 + pair));
		send(0, pair, pair, (uint8_t)(0x30 + pair));
		expect_note(1, back, (uint8_t)(0x30 + pair));
	}
}

GUEST_TEST(net_pairs, "a network device has a pair of queues for each processor, all of them work")
{
	smp_start();
	if (!start(&port[0], VIRTIO_TYPE_NET, 0, VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ) ||
	    !start(&port[1], VIRTIO_TYPE_NET, 1, VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ))
		return;
	unsigned pairs = *(volatile uint16_t *)(port[0].config + NET_PAIRS);

	expect(cpus > 1 && pairs == cpus && port[0].queues == 2 * cpus + 1,
	       "%u pairs, %u queues, %u processors", pairs, port[0].queues, cpus);
	for (unsigned device = 0; device < 2; device++) {
		expect(!set_pairs(device, pairs + 1, 1), "one pair too many is taken");
		expect(set_pairs(device, pairs, 2), "%u pairs are refused", pairs);
		post(device, pairs);
	}
	exchange(pairs);
	stop(&port[0]);
	stop(&port[1]);
}
