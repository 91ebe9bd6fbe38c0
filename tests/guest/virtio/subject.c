/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of devices, their good requests, and whether they work.
 */
#include "subject.h"

#define FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)

enum { DISK_STATUS = 16, DISK_DATA = 512 }; /* in the buffer, behind the request's header */

static struct virtio_rings rings[8][QUEUES_MAX];
static struct virtio_desc table[REQUEST_MAX];
static uint8_t buffer[4096] __attribute__((aligned(4096)));
static char comment[] = "# by the virtio console\n";

static unsigned build_rng(struct virtio_desc *desc)
{
	memset(buffer, 0, 64);
	desc[0] = (struct virtio_desc){ (uint64_t)buffer, 16, DESC_WRITE, 0 };
	desc[1] = (struct virtio_desc){ (uint64_t)buffer + 32, 16, DESC_WRITE, 0 };
	return 2;
}

/* 16 zero bytes come once in 2^128 requests. */
static bool check_rng(uint32_t written)
{
	uint8_t all = 0;

	for (unsigned i = 0; i < 16; i++)
		all |= buffer[i];
	return written == 32 && all;
}

static unsigned build_console(struct virtio_desc *desc)
{
	desc[0] = (struct virtio_desc){ (uint64_t)comment, 2, 0, 0 };
	desc[1] = (struct virtio_desc){ (uint64_t)comment + 2, sizeof comment - 3, 0, 0 };
	return 2;
}

static bool check_nothing(uint32_t written)
{
	return written == 0;
}

/* Pages of nothing, so that nothing goes. */
static unsigned build_balloon(struct virtio_desc *desc)
{
	memset(buffer, 0xff, 64);
	desc[0] = (struct virtio_desc){ (uint64_t)buffer, 8, 0, 0 };
	desc[1] = (struct virtio_desc){ (uint64_t)buffer + 32, 12, 0, 0 };
	return 2;
}

/* A frame from the address that the configuration gives, which the switch takes. */
static unsigned build_net(struct virtio_desc *desc)
{
	static const uint8_t addresses[] = { 0x52, 0x54, 0, 0, 0, 8, 0x52, 0x54, 0, 0, 0, 9 };

	memset(buffer, 0, 12 + 60);
	memcpy(buffer + 12, addresses, sizeof addresses);
	buffer[12 + 12] = 0x88;
	buffer[12 + 13] = 0xb5;
	desc[0] = (struct virtio_desc){ (uint64_t)buffer, 12, 0, 0 };
	desc[1] = (struct virtio_desc){ (uint64_t)buffer + 12, 60, 0, 0 };
	return 2;
}

/* Reads the first sector of the disk, which holds this guest's own ELF file. */
static unsigned build_block(struct virtio_desc *desc)
{
	memset(buffer, 0, sizeof buffer);
	buffer[DISK_STATUS] = 0xff;
	desc[0] = (struct virtio_desc){ (uint64_t)buffer, 16, 0, 0 };
	desc[1] = (struct virtio_desc){ (uint64_t)buffer + DISK_DATA, 512, DESC_WRITE, 0 };
	desc[2] = (struct virtio_desc){ (uint64_t)buffer + DISK_STATUS, 1, DESC_WRITE, 0 };
	return 3;
}

static bool check_block(uint32_t written)
{
	const uint8_t *data = buffer + DISK_DATA;

	return written == 513 && !buffer[DISK_STATUS] && data[0] == 0x7f && data[1] == 'E' &&
	       data[2] == 'L' && data[3] == 'F';
}

static struct subject subjects[] = {
	{ .name = "block", .type = VIRTIO_TYPE_BLOCK, .build = build_block, .check = check_block },
	{ .name = "rng", .type = VIRTIO_TYPE_ENTROPY, .build = build_rng, .check = check_rng },
	{ .name = "net",
	  .type = VIRTIO_TYPE_NET,
	  .queue = 1,
	  .build = build_net,
	  .check = check_nothing },
	{ .name = "console",
	  .type = VIRTIO_TYPE_CONSOLE,
	  .queue = 1,
	  .build = build_console,
	  .check = check_nothing },
	{ .name = "balloon",
	  .type = VIRTIO_TYPE_BALLOON,
	  .build = build_balloon,
	  .check = check_nothing },
};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])
_Static_assert(SUBJECTS <= sizeof rings / sizeof rings[0], "each has its rings");

struct subject *subject_next(struct subject *after)
{
	for (struct subject *s = after ? after + 1 : subjects; s < subjects + SUBJECTS; s++) {
		if (!s->found)
			s->found = virtio_find(&s->device, s->type, 0, rings[s - subjects]);
		if (s->found)
			return s;
	}
	return NULL;
}

void subject_start(struct subject *s)
{
	expect(virtio_start(&s->device, FEATURES), "%s does not start: status %x", s->name,
	       virtio_status(&s->device));
}

unsigned subject_prepare(struct subject *s)
{
	volatile struct virtio_rings *r = &s->device.rings[s->queue];
	struct virtio_desc desc[REQUEST_MAX];
	unsigned count = s->build(desc);

	for (unsigned i = 0; i < count; i++) {
		if (i + 1 < count) {
			desc[i].flags |= DESC_NEXT;
			desc[i].next = (uint16_t)(i + 1);
		}
		r->desc[i].address = desc[i].address;
		r->desc[i].length = desc[i].length;
		r->desc[i].flags = desc[i].flags;
		r->desc[i].next = desc[i].next;
	}
	return count;
}

void subject_submit(struct subject *s)
{
	virtio_offer(&s->device, s->queue, 0);
	virtio_ring(&s->device, s->queue);
}

static void answered(struct subject *s, const char *how)
{
	volatile struct virtio_rings *r = &s->device.rings[s->queue];
	uint16_t before = r->used.idx;

	subject_submit(s);
	if (!virtio_await(&s->device, s->queue, (uint16_t)(before + 1)))
		return expect(false, "%s: no answer to a good %s request, status %x", s->name, how,
			      virtio_status(&s->device));
	uint32_t length = r->used.ring[before % RING_ENTRIES].length;

	expect(s->check(length), "%s: bad answer of %u bytes to a %s request", s->name, length,
	       how);
}

void subject_works(struct subject *s)
{
	volatile struct virtio_rings *r = &s->device.rings[s->queue];

	subject_prepare(s);
	answered(s, "direct");
	unsigned count = subject_prepare(s);

	for (unsigned i = 0; i < count; i++)
		table[i] = r->desc[i];
	r->desc[0].address = (uint64_t)table;
	r->desc[0].length = count * sizeof table[0];
	r->desc[0].flags = DESC_INDIRECT;
	answered(s, "indirect");
}

/* The device works after a reset, and so do all others. */
static void recovers(struct subject *s, const char *what)
{
	expect(virtio_reset(&s->device), "%s: %s: no end of its reset", s->name, what);
	for (struct subject *t = subject_next(NULL); t; t = subject_next(t)) {
		subject_start(t);
		subject_works(t);
	}
}

static void needs_reset(struct subject *s, const char *what)
{
	volatile struct virtio_rings *r = &s->device.rings[s->queue];
	uint8_t status = virtio_status(&s->device);

	expect(status & VIRTIO_NEEDS_RESET, "%s: %s: status %x", s->name, what, status);
	expect(r->used.idx == 0, "%s: %s: %u chains came back", s->name, what, r->used.idx);
	subject_prepare(s);
	subject_submit(s);
	expect(r->used.idx == 0, "%s: %s: it still takes requests", s->name, what);
	virtio_set(&s->device, VIRTIO_REG_STATUS, 1, STATUS_READY);
	expect(virtio_status(&s->device) & VIRTIO_NEEDS_RESET, "%s: %s: healed without a reset",
	       s->name, what);
}

static void each(const char *what, void (*corrupt)(struct subject *s), bool must_break)
{
	expect(subject_next(NULL) != NULL, "no device");
	for (struct subject *s = subject_next(NULL); s; s = subject_next(s)) {
		subject_start(s);
		subject_prepare(s);
		corrupt(s);
		if (must_break)
			needs_reset(s, what);
		recovers(s, what);
	}
}

void break_each(const char *what, void (*corrupt)(struct subject *s))
{
	each(what, corrupt, true);
}

void trouble_each(const char *what, void (*corrupt)(struct subject *s))
{
	each(what, corrupt, false);
}
