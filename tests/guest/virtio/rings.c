/* SPDX-License-Identifier: Apache-2.0 */
/* Corrupt rings: a driver that makes available what it must not. */
#include "subject.h"

#define RAM_BYTES 0x2000000ull /* as the configuration says */
#define LAPIC_GPA 0xfee00000ull
#define ECAM_GPA  0xf0000000ull

static struct virtio_desc table[4 * RING_ENTRIES];
static uint8_t buffer[64];

static volatile struct virtio_rings *rings_of(struct subject *s)
{
	return &s->device.rings[s->queue];
}

/* The first descriptor alone, with these values, submitted. */
static void submit_one(struct subject *s, uint64_t address, uint32_t length, uint16_t flags)
{
	volatile struct virtio_desc *desc = rings_of(s)->desc;

	desc->address = address;
	desc->length = length;
	desc->flags = flags;
	subject_submit(s);
}

/* The write flag of the good request, and nothing else. */
static uint16_t direction(struct subject *s)
{
	return rings_of(s)->desc[0].flags & DESC_WRITE;
}

#define BREAKS(name, what)                             \
	static void corrupt_##name(struct subject *s); \
	GUEST_TEST(name, what " breaks the queue")     \
	{                                              \
		break_each(what, corrupt_##name);      \
	}                                              \
	static void corrupt_##name(struct subject *s)

#define TROUBLES(name, what)                           \
	static void corrupt_##name(struct subject *s); \
	GUEST_TEST(name, what " does no harm")         \
	{                                              \
		trouble_each(what, corrupt_##name);    \
	}                                              \
	static void corrupt_##name(struct subject *s)

GUEST_TEST(good, "good requests are answered, direct and indirect")
{
	unsigned found = 0;

	for (struct subject *s = subject_next(NULL); s; s = subject_next(s)) {
		print("# %s at device %u, %u queues, features %lx\n", s->name, s->device.devfn >> 3,
		      s->device.queues, virtio_offered(&s->device));
		subject_start(s);
		for (unsigned i = 0; i < 40; i++)
			subject_works(s);
		found++;
	}
	expect(found >= 3, "%u devices", found);
}

BREAKS(index_jumps, "an available index that jumps")
{
	rings_of(s)->avail.idx = RING_ENTRIES + 1;
	virtio_ring(&s->device, s->queue);
}

BREAKS(index_returns, "an available index that goes back")
{
	rings_of(s)->avail.idx = 0xffff;
	virtio_ring(&s->device, s->queue);
}

BREAKS(head, "a head beyond the ring")
{
	virtio_offer(&s->device, s->queue, RING_ENTRIES);
	virtio_ring(&s->device, s->queue);
}

BREAKS(head_far, "a head of 65535")
{
	virtio_offer(&s->device, s->queue, 0xffff);
	virtio_ring(&s->device, s->queue);
}

BREAKS(next, "a next beyond the ring")
{
	rings_of(s)->desc[0].flags |= DESC_NEXT;
	rings_of(s)->desc[0].next = 0x8000;
	subject_submit(s);
}

BREAKS(loop_of_one, "a descriptor that follows itself")
{
	rings_of(s)->desc[0].flags |= DESC_NEXT;
	rings_of(s)->desc[0].next = 0;
	subject_submit(s);
}

BREAKS(loop_of_two, "a loop of two descriptors")
{
	uint16_t flags = direction(s) | DESC_NEXT;

	rings_of(s)->desc[0].flags = flags;
	rings_of(s)->desc[0].next = 1;
	rings_of(s)->desc[1].address = (uint64_t)buffer;
	rings_of(s)->desc[1].length = 1;
	rings_of(s)->desc[1].flags = flags;
	rings_of(s)->desc[1].next = 0;
	subject_submit(s);
}

BREAKS(order, "a readable descriptor behind a writable one")
{
	rings_of(s)->desc[0].flags = DESC_WRITE | DESC_NEXT;
	rings_of(s)->desc[0].next = 1;
	rings_of(s)->desc[1].flags = 0;
	subject_submit(s);
}

BREAKS(flags, "a descriptor flag that does not exist")
{
	rings_of(s)->desc[0].flags |= 0x10;
	subject_submit(s);
}

BREAKS(registers, "a buffer in its own registers")
{
	submit_one(s, (uint64_t)s->device.common, 16, direction(s));
}

BREAKS(doorbells, "a buffer in the local APIC")
{
	submit_one(s, LAPIC_GPA + 0x300, 8, direction(s));
}

BREAKS(configuration, "a buffer in configuration space")
{
	submit_one(s, ECAM_GPA, 64, direction(s));
}

BREAKS(beyond, "a buffer beyond RAM")
{
	submit_one(s, RAM_BYTES, 16, direction(s));
}

BREAKS(across, "a buffer across the end of RAM")
{
	submit_one(s, RAM_BYTES - 8, 16, direction(s));
}

BREAKS(wraps, "a buffer that wraps around")
{
	submit_one(s, ~0ull - 7, 16, direction(s));
}

BREAKS(longest, "a buffer of 4 GiB less one byte")
{
	submit_one(s, (uint64_t)buffer, ~0u, direction(s));
}

BREAKS(high, "a buffer above 4 GiB, where no RAM is")
{
	submit_one(s, 0x100000000ull, 16, direction(s));
}

BREAKS(indirect_empty, "an empty indirect table")
{
	submit_one(s, (uint64_t)table, 0, DESC_INDIRECT);
}

BREAKS(indirect_cut, "an indirect table that is cut off")
{
	submit_one(s, (uint64_t)table, 17, DESC_INDIRECT);
}

BREAKS(indirect_outside, "an indirect table outside RAM")
{
	submit_one(s, RAM_BYTES - 16, 32, DESC_INDIRECT);
}

BREAKS(indirect_next, "an indirect table with a successor")
{
	table[0] = (struct virtio_desc){ (uint64_t)buffer, 8, direction(s), 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT | DESC_NEXT);
}

BREAKS(indirect_nested, "an indirect table in an indirect table")
{
	table[0] = (struct virtio_desc){ (uint64_t)(table + 1), 16, DESC_INDIRECT, 0 };
	table[1] = (struct virtio_desc){ (uint64_t)buffer, 8, direction(s), 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT);
}

BREAKS(indirect_itself, "an indirect table that names itself")
{
	table[0] = (struct virtio_desc){ (uint64_t)table, 16, DESC_INDIRECT, 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT);
}

BREAKS(indirect_leaves, "a next beyond the indirect table")
{
	table[0] = (struct virtio_desc){ (uint64_t)buffer, 8, direction(s) | DESC_NEXT, 1 };
	table[1] = (struct virtio_desc){ (uint64_t)buffer, 8, direction(s), 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT);
}

BREAKS(indirect_long, "a chain longer than the queue in an indirect table")
{
	for (unsigned i = 0; i < 2 * RING_ENTRIES; i++)
		table[i] = (struct virtio_desc){ (uint64_t)buffer, 1, direction(s) | DESC_NEXT,
						 (uint16_t)(i + 1) };
	table[2 * RING_ENTRIES - 1].flags = direction(s);
	submit_one(s, (uint64_t)table, sizeof table / 2, DESC_INDIRECT);
}

BREAKS(indirect_loop, "a loop in an indirect table")
{
	table[0] = (struct virtio_desc){ (uint64_t)buffer, 1, direction(s) | DESC_NEXT, 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT);
}

BREAKS(indirect_refused, "an indirect table that was not negotiated")
{
	expect(virtio_start(&s->device, VIRTIO_F_VERSION_1), "%s does not start", s->name);
	subject_prepare(s);
	table[0] = (struct virtio_desc){ (uint64_t)buffer, 8, direction(s), 0 };
	submit_one(s, (uint64_t)table, 16, DESC_INDIRECT);
}

TROUBLES(zero_length, "a buffer of no bytes")
{
	submit_one(s, (uint64_t)buffer, 0, direction(s));
}

TROUBLES(wrong_direction, "a request in the wrong direction")
{
	submit_one(s, (uint64_t)buffer, 16, direction(s) ^ DESC_WRITE);
}

TROUBLES(rings_in_buffers, "a buffer that is its own rings")
{
	submit_one(s, (uint64_t)rings_of(s), sizeof *rings_of(s), direction(s));
	virtio_ring(&s->device, s->queue);
}

TROUBLES(indirect_in_ring, "an indirect table that is the ring itself")
{
	rings_of(s)->desc[1].flags &= (uint16_t)~DESC_NEXT;
	submit_one(s, (uint64_t)&rings_of(s)->desc[1], 16, DESC_INDIRECT);
}

TROUBLES(same_head, "the same chain offered sixteen times")
{
	for (unsigned i = 0; i < RING_ENTRIES; i++)
		virtio_offer(&s->device, s->queue, 0);
	virtio_ring(&s->device, s->queue);
}

TROUBLES(event_garbage, "a used event that makes no sense")
{
	for (unsigned event = 0; event < 0x10000; event += 0x1357) {
		rings_of(s)->avail.used_event = (uint16_t)event;
		subject_submit(s);
	}
}

/* Anything in rings, tables and indexes, again and again; the seed tells which. */
static void scribble(struct subject *s)
{
	volatile struct virtio_rings *r = rings_of(s);

	for (unsigned round = 0; round < 300; round++) {
		uint64_t random = random_next();
		unsigned at = random % RING_ENTRIES;
		volatile struct virtio_desc *desc =
			random & 0x100 ? &r->desc[at] : (volatile struct virtio_desc *)&table[at];

		desc->address = random & 0x200 ? (uint64_t)table : random_next() % RAM_BYTES;
		desc->length = random & 0x400 ? 64 : (uint32_t)random_next();
		desc->flags = random >> 12 & (random & 0x800 ? 7 : 0xffff);
		desc->next = random >> 28 & 31;
		/* Nothing that the device writes may fall on this program. */
		if (desc->flags & DESC_WRITE) {
			desc->address = (uint64_t)buffer;
			desc->length %= sizeof buffer;
		}
		virtio_offer(&s->device, s->queue, (uint16_t)(random >> 40 & 15));
		if (random >> 45 & 1)
			virtio_ring(&s->device, s->queue);
		if (virtio_status(&s->device) & VIRTIO_NEEDS_RESET)
			subject_start(s);
	}
}

GUEST_TEST(random, "random rings do no harm")
{
	random_seed(0x5ca1ab1e);
	trouble_each("random rings", scribble);
}
