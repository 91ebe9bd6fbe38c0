/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back is gone, and comes again, zeroed, when anybody needs it: the processor,
 * a device, or an instruction that the monitor carries out.
 */
#include "subject.h"

#define BLOCK	       0x200000ull
#define AREA	       0x1000000ull /* four blocks of RAM that nothing else uses */
#define BLOCKS	       4u
#define PAGE	       4096u
#define INFLATE	       0
#define DEFLATE	       1
#define REPORTS	       2 /* without statistics */
#define FEATURE_REPORT BIT(5)
#define FEATURES       (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC)
#define ECAM_GPA       0xf0000000ull

static struct virtio_rings rings[QUEUES_MAX], rng_rings[QUEUES_MAX];
static struct virtio balloon;
static uint32_t pages[BLOCK / PAGE];

static volatile uint64_t *word(unsigned block, uint64_t offset)
{
	return (volatile uint64_t *)(AREA + block * BLOCK + offset);
}

static void fill(void)
{
	for (uint64_t i = 0; i < BLOCKS * BLOCK; i += PAGE)
		*word(0, i) = i | 1;
}

static bool start(uint64_t features)
{
	if (!virtio_find(&balloon, VIRTIO_TYPE_BALLOON, 0, rings)) {
		test_skip("the machine has no balloon");
		return false;
	}
	bool good = virtio_start(&balloon, features);

	expect(good, "the balloon does not start");
	return good;
}

/* One readable or writable buffer on a queue, and its answer. */
static void submit(const struct virtio *v, unsigned queue, uint64_t address, uint32_t length,
		   uint16_t flags)
{
	volatile struct virtio_rings *r = &v->rings[queue];

	r->desc[0].address = address;
	r->desc[0].length = length;
	r->desc[0].flags = flags;
	uint16_t used = r->used.idx;

	virtio_offer(v, queue, 0);
	virtio_ring(v, queue);
	expect(virtio_await(v, queue, (uint16_t)(used + 1)), "queue %u does not answer", queue);
}

static void move_block(unsigned queue, unsigned block)
{
	for (unsigned i = 0; i < BLOCK / PAGE; i++)
		pages[i] = (uint32_t)((AREA + block * BLOCK) / PAGE + i);
	submit(&balloon, queue, (uint64_t)pages, sizeof pages, 0);
}

static void expect_block(unsigned block, bool zero)
{
	unsigned bad = 0;

	for (uint64_t i = 0; i < BLOCK; i += PAGE)
		bad += *word(block, i) != (zero ? 0 : (block * BLOCK + i) | 1);
	expect(!bad, "block %u: %u pages are not as they were", block, bad);
}

GUEST_TEST(inflate, "a block whose pages are all in the balloon comes back zeroed")
{
	if (!start(FEATURES))
		return;
	fill();
	move_block(INFLATE, 1);
	move_block(INFLATE, 3);
	expect_block(0, false);
	expect_block(1, true);
	expect_block(2, false);
	expect_block(3, true);
	*word(1, 8) = 77;
	move_block(DEFLATE, 1);
	expect(*word(1, 8) == 77, "a page that was back is lost");
	virtio_reset(&balloon);
}

GUEST_TEST(partly, "of a block with one page outside the balloon nothing is taken")
{
	if (!start(FEATURES))
		return;
	fill();
	for (unsigned i = 0; i < BLOCK / PAGE - 1; i++)
		pages[i] = (uint32_t)((AREA + 2 * BLOCK) / PAGE + i);
	submit(&balloon, INFLATE, (uint64_t)pages, sizeof pages - 4, 0);
	expect_block(2, false);
	submit(&balloon, DEFLATE, (uint64_t)pages, sizeof pages - 4, 0);
	virtio_reset(&balloon);
}

GUEST_TEST(report, "reported blocks are taken, the rest of a report is not")
{
	if (!start(FEATURES | FEATURE_REPORT))
		return;
	fill();
	/* From the middle of block 0 to the middle of block 3. */
	submit(&balloon, REPORTS, AREA + BLOCK / 2, 3 * BLOCK, DESC_WRITE);
	expect_block(0, false);
	expect_block(1, true);
	expect_block(2, true);
	expect_block(3, false);
	virtio_reset(&balloon);
}

GUEST_TEST(device_uses, "a device that writes where memory is gone writes into new memory")
{
	struct virtio rng;

	if (!start(FEATURES | FEATURE_REPORT) ||
	    !virtio_find(&rng, VIRTIO_TYPE_ENTROPY, 0, rng_rings) || !virtio_start(&rng, FEATURES))
		return;
	fill();
	submit(&balloon, REPORTS, AREA, 2 * BLOCK, DESC_WRITE);
	submit(&rng, 0, AREA + BLOCK - 8, 16, DESC_WRITE);
	expect(*word(0, BLOCK - 8) && *word(1, 0), "%lx %lx", *word(0, BLOCK - 8), *word(1, 0));
	expect(!*word(0, 0) && !*word(1, PAGE), "the rest is not new");
	virtio_reset(&balloon);
}

GUEST_TEST(instruction_uses, "so does an instruction that reads a device")
{
	uint64_t from = ECAM_GPA, to = AREA + 16, count = 4;

	if (!start(FEATURES | FEATURE_REPORT))
		return;
	fill();
	submit(&balloon, REPORTS, AREA, BLOCK, DESC_WRITE);
	__asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	expect(*word(0, 16) == 0x00081b36, "%lx", *word(0, 16));
	virtio_reset(&balloon);
}

GUEST_TEST(again, "memory goes and comes again a hundred times")
{
	if (!start(FEATURES | FEATURE_REPORT))
		return;
	for (unsigned round = 0; round < 100; round++) {
		submit(&balloon, REPORTS, AREA, BLOCKS * BLOCK, DESC_WRITE);
		uint64_t old = *word(round % BLOCKS, 0);

		expect(!old, "round %u: %lx", round, old);
		*word(round % BLOCKS, 0) = round + 1;
	}
	virtio_reset(&balloon);
}

GUEST_TEST(nonsense, "pages outside RAM, and odd requests, have no effect")
{
	if (!start(FEATURES | FEATURE_REPORT))
		return;
	fill();
	for (unsigned i = 0; i < BLOCK / PAGE; i++)
		pages[i] = i & 1 ? 0xffffffff - i : 0xf0000 + i;
	submit(&balloon, INFLATE, (uint64_t)pages, sizeof pages, 0);
	submit(&balloon, DEFLATE, (uint64_t)pages, sizeof pages, 0);
	submit(&balloon, INFLATE, (uint64_t)pages, 3, 0);
	submit(&balloon, INFLATE, (uint64_t)pages, 16, DESC_WRITE);
	submit(&balloon, REPORTS, AREA + 1, 2 * BLOCK - 2, DESC_WRITE);
	submit(&balloon, REPORTS, AREA, BLOCK, 0);
	submit(&balloon, REPORTS, 0, BLOCK, DESC_WRITE); /* where this program is */
	for (unsigned block = 0; block < BLOCKS; block++)
		expect_block(block, false);
	*(volatile uint32_t *)(balloon.config + 4) = 5;
	*(volatile uint32_t *)balloon.config = 99; /* the target is the host's */
	expect(*(volatile uint32_t *)balloon.config == 0, "target %x",
	       *(volatile uint32_t *)balloon.config);
	expect(*(volatile uint32_t *)(balloon.config + 4) == 5, "actual");
	virtio_reset(&balloon);
}
