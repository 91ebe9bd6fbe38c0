/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that uses the registers of its devices at the wrong time and with wrong values. */
#include "../lib/irq.h"
#include "subject.h"

#define VECTOR	 0x61u
#define NOWHERE	 0x80000000ull
#define BAR_TYPE 4u

static volatile struct virtio_rings *rings_of(struct subject *s)
{
	return &s->device.rings[s->queue];
}

/* Good features, but no queue yet. */
static void negotiate(struct subject *s)
{
	expect(virtio_negotiate(&s->device, VIRTIO_F_VERSION_1), "%s: features", s->name);
}

static void enable_badly(struct subject *s, uint64_t desc, uint64_t avail, uint64_t used)
{
	negotiate(s);
	virtio_enable(&s->device, s->queue, desc, avail, used);
	virtio_set(&s->device, VIRTIO_REG_STATUS, 1, STATUS_READY);
	expect(virtio_status(&s->device) & VIRTIO_NEEDS_RESET, "%s: rings %lx %lx %lx", s->name,
	       desc, avail, used);
}

static void place_rings_badly(struct subject *s)
{
	static const uint64_t bad[] = { NOWHERE,       0xf0000000,  0xfee00000,
					0x2000000 - 8, 0x100000000, 0xfffffffffffffff0 };
	uint64_t desc = (uint64_t)&rings_of(s)->desc, avail = (uint64_t)&rings_of(s)->avail;
	uint64_t used = (uint64_t)&rings_of(s)->used;

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		enable_badly(s, bad[i], avail, used);
		enable_badly(s, desc, bad[i], used);
		enable_badly(s, desc, avail, bad[i]);
	}
	enable_badly(s, (uint64_t)s->device.common, avail, used);
	enable_badly(s, desc + 8, avail, used);
	enable_badly(s, desc, avail + 1, used);
	enable_badly(s, desc, avail, used + 2);
}

GUEST_TEST(bad_places, "rings outside RAM or unaligned break a device at once")
{
	trouble_each("bad rings", place_rings_badly);
}

static void change_geometry(struct subject *s)
{
	const struct virtio *v = &s->device;

	virtio_set(v, VIRTIO_REG_QUEUE_SELECT, 2, s->queue);
	virtio_set(v, VIRTIO_REG_QUEUE_SIZE, 2, 8);
	virtio_set64(v, VIRTIO_REG_QUEUE_DESC, NOWHERE);
	virtio_set64(v, VIRTIO_REG_QUEUE_AVAIL, NOWHERE);
	virtio_set64(v, VIRTIO_REG_QUEUE_USED, NOWHERE);
	virtio_set(v, VIRTIO_REG_QUEUE_ENABLE, 2, 0);
	virtio_set(v, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
	expect(virtio_get(v, VIRTIO_REG_QUEUE_SIZE, 2) == RING_ENTRIES, "%s: size changed",
	       s->name);
	expect(virtio_get(v, VIRTIO_REG_QUEUE_DESC, 4) == (uint32_t)(uint64_t)&rings_of(s)->desc,
	       "%s: address changed", s->name);
	expect(virtio_status(v) == STATUS_READY, "%s: status %x", s->name, virtio_status(v));
	subject_works(s); /* the rings are where they were */
}

GUEST_TEST(geometry, "an enabled queue keeps its size and addresses")
{
	trouble_each("changed geometry", change_geometry);
}

static void write_sizes(struct subject *s)
{
	const struct virtio *v = &s->device;

	negotiate(s);
	virtio_set(v, VIRTIO_REG_QUEUE_SELECT, 2, s->queue);
	virtio_set(v, VIRTIO_REG_QUEUE_SIZE, 2, RING_ENTRIES);
	for (unsigned size = 0; size < 0x10000; size += size < 40 ? 1 : 997) {
		virtio_set(v, VIRTIO_REG_QUEUE_SIZE, 2, size);
		unsigned got = virtio_get(v, VIRTIO_REG_QUEUE_SIZE, 2);

		expect(got && !(got & (got - 1)) && got <= 256, "%s: size %u gives %u", s->name,
		       size, got);
	}
}

GUEST_TEST(sizes, "no queue size but a power of two is taken")
{
	trouble_each("sizes", write_sizes);
}

static void ring_early(struct subject *s)
{
	const struct virtio *v = &s->device;

	negotiate(s);
	for (unsigned queue = 0; queue < v->queues; queue++)
		virtio_place(v, queue);
	subject_prepare(s);
	subject_submit(s);
	expect(rings_of(s)->used.idx == 0, "%s: served before DRIVER_OK", s->name);
	virtio_set(v, VIRTIO_REG_STATUS, 1, STATUS_READY);
	expect(virtio_await(v, s->queue, 1), "%s: not found at DRIVER_OK", s->name);
}

GUEST_TEST(early, "a doorbell before DRIVER_OK does nothing, its request waits")
{
	trouble_each("early doorbell", ring_early);
}

static void ring_all(struct subject *s)
{
	const struct virtio *v = &s->device;

	for (unsigned step = 0; step < 128; step++) {
		outw((uint16_t)(v->doorbell + step), 0xffff);
		outb((uint16_t)(v->doorbell + step), 0);
	}
	virtio_reset(v);
	for (unsigned step = 0; step < 128; step++)
		outl((uint16_t)(v->doorbell + step), step);
}

GUEST_TEST(all_doorbells, "doorbells of queues that are not there do nothing")
{
	trouble_each("doorbells", ring_all);
}

static void reset_in_flight(struct subject *s)
{
	for (unsigned round = 0; round < 50; round++) {
		volatile struct virtio_rings *r = rings_of(s);

		subject_submit(s);
		expect(virtio_reset(&s->device), "%s: no end of its reset", s->name);
		uint16_t used = r->used.idx;

		expect(used <= 1, "%s: %u came back", s->name, used);
		virtio_ring(&s->device, s->queue);
		expect(r->used.idx == used, "%s: written to after its reset", s->name);
		subject_start(s);
		subject_prepare(s);
	}
}

GUEST_TEST(flight, "resets with requests in flight end, and nothing is written after them")
{
	trouble_each("reset in flight", reset_in_flight);
}

static void choose_badly(struct subject *s)
{
	uint64_t offered = virtio_offered(&s->device);

	expect(!virtio_negotiate(&s->device, 0), "%s: without VERSION_1", s->name);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (offered >> bit & 1)
			continue;
		expect(!virtio_negotiate(&s->device, VIRTIO_F_VERSION_1 | BIT(bit)),
		       "%s: feature %u is taken", s->name, bit);
		virtio_set(&s->device, VIRTIO_REG_STATUS, 1, STATUS_READY);
		expect(!(virtio_status(&s->device) & VIRTIO_DRIVER_OK), "%s: DRIVER_OK", s->name);
	}
	negotiate(s);
	virtio_set(&s->device, VIRTIO_REG_DRIVER_SELECT, 4, 1);
	virtio_set(&s->device, VIRTIO_REG_DRIVER_FEATURE, 4, 0);
	expect(virtio_get(&s->device, VIRTIO_REG_DRIVER_FEATURE, 4) == 1, "%s: changed afterwards",
	       s->name);
}

GUEST_TEST(features, "features that are not offered are refused")
{
	trouble_each("features", choose_badly);
}

static void write_everything(struct subject *s)
{
	const struct virtio *v = &s->device;

	for (unsigned status = 255; status; status--)
		virtio_set(v, VIRTIO_REG_STATUS, 1, status);
	for (unsigned round = 0; round < 3; round++) {
		subject_start(s);
		for (unsigned at = 0; at < 0x1000; at += round == 2 ? 1 : 4) {
			uint32_t value = (uint32_t)random_next();

			if (at == VIRTIO_REG_STATUS)
				continue;
			virtio_set(v, at, 1u << (random_next() % 3), value);
			virtio_get(v, at, 1u << (value % 3));
		}
	}
	for (unsigned at = 0; v->config && at < 0x1000; at += 4)
		*(volatile uint32_t *)(v->config + at) = '\n';
}

GUEST_TEST(everything, "anything may be written to any register")
{
	random_seed(0xdecade);
	trouble_each("random registers", write_everything);
}

static void send_garbage(struct subject *s)
{
	static const uint64_t address[] = { 0,		0x1000,	    0xfec00000,
					    0xfee00ffc, 0xfeeff00c, 0xffffffffffffffff,
					    0x1fee00000 };
	const struct virtio *v = &s->device;

	irq_setup();
	pci_write(v->devfn, v->msix_cap, MSIX_ON);
	for (unsigned i = 0; i < sizeof address / sizeof address[0]; i++) {
		subject_start(s);
		virtio_vectors(v, address[i], (uint32_t)(0x5a5a5a00 * (i + 1)), 0);
		subject_works(s);
	}
	/* And after all that an interrupt arrives where it should. */
	irq_watch(VECTOR);
	subject_start(s);
	virtio_vectors(v, MSI_BASE, VECTOR, 0);
	subject_works(s);
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "%s: no interrupt", s->name);
	pci_write(v->devfn, v->msix_cap, 0);
}

GUEST_TEST(msix, "messages to anywhere do no harm, good ones arrive")
{
	trouble_each("MSI-X", send_garbage);
}

static void complain(struct subject *s)
{
	const struct virtio *v = &s->device;

	irq_setup();
	irq_watch(VECTOR);
	pci_write(v->devfn, v->msix_cap, MSIX_ON);
	virtio_vectors(v, MSI_BASE, VECTOR + 1, 0);
	*(volatile uint32_t *)(v->msix + 8) = VECTOR; /* of the configuration */
	rings_of(s)->avail.idx = 0x4000;
	virtio_ring(v, s->queue);
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "%s: no interrupt", s->name);
	expect(!irq_await(&irq_count[VECTOR], 2, 5), "%s: a second one", s->name);
	pci_write(v->devfn, v->msix_cap, 0);
}

GUEST_TEST(complaint, "a device that needs a reset interrupts for its configuration, once")
{
	break_each("a bad index", complain);
}

static void move_bars(struct subject *s)
{
	static const uint32_t places[] = { 0,	       0x100000,   0xc0000000, 0xc0004000,
					   0xc0008000, 0xf0000000, 0xfec00000, 0xfee00000,
					   0xfffffff0, 0xd0000000 };
	unsigned devfn = s->device.devfn;
	uint32_t memory = pci_read(devfn, PCI_BAR0), ports = pci_read(devfn, PCI_BAR0 + 8);
	uint32_t command = pci_read(devfn, PCI_COMMAND);

	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
		pci_write(devfn, PCI_BAR0, places[i]);
		pci_write(devfn, PCI_BAR0 + 4, i & 1 ? 0x10 : 0);
		pci_write(devfn, PCI_BAR0 + 8, (uint32_t)(i * 0x1080 | 1));
		virtio_status(&s->device);
		virtio_ring(&s->device, s->queue);
		expect(pci_read(0, 0) == 0x00081b36, "the host bridge is gone");
		expect((lapic_read(LAPIC_VERSION) & 0xff) == 0x14, "the local APIC is gone");
		pci_write(devfn, PCI_COMMAND, i & 3);
	}
	pci_write(devfn, PCI_BAR0, memory & ~15u);
	pci_write(devfn, PCI_BAR0 + 4, 0);
	pci_write(devfn, PCI_BAR0 + 8, ports);
	pci_write(devfn, PCI_COMMAND, command & 0xffff);
	expect(pci_read(devfn, PCI_BAR0) == (memory & ~15u) + BAR_TYPE, "BAR %x",
	       pci_read(devfn, PCI_BAR0));
}

GUEST_TEST(bars, "BARs over other devices, RAM and APICs do no harm")
{
	irq_setup();
	trouble_each("moved BARs", move_bars);
}
