/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues that features add follow the first two without gaps, as Linux and QEMU count them: the
 * statistics, then the reports.
 */
#include "virtio_balloon.h"

#include <string.h>

#define BALLOON_ENTRIES	 128
#define CLASS_OTHER	 0x00ff00u
#define QUEUE_INFLATE	 0u
#define QUEUE_DEFLATE	 1u
#define F_STATS		 (UINT64_C(1) << 1)
#define F_DEFLATE_ON_OOM (UINT64_C(1) << 2)
#define F_REPORTING	 (UINT64_C(1) << 5)

/* Of one request; more page numbers or statistics than that are ignored. */
#define PAGES_MAX 16384u
#define STATS_MAX 64u

/* Tags of statistics (VIRTIO 1.2 section 5.5.6.3) */
#define STAT_FREE      4u
#define STAT_AVAILABLE 6u

struct stat {
	uint16_t tag;
	uint64_t value;
} __attribute__((packed));
_Static_assert(sizeof(struct stat) == 10, "VIRTIO 1.2 section 5.5.6.3");

static unsigned queue_stats(const struct virtio_balloon *balloon)
{
	return virtio_has(&balloon->dev, F_STATS) ? 2 : VIRTIO_QUEUES_MAX;
}

static unsigned queue_reports(const struct virtio_balloon *balloon)
{
	if (!virtio_has(&balloon->dev, F_REPORTING))
		return VIRTIO_QUEUES_MAX;
	return virtio_has(&balloon->dev, F_STATS) ? 3 : 2;
}

/* Page numbers beyond RAM are the driver's nonsense and have no effect. */
static void change_page(struct virtio_balloon *balloon, unsigned queue, uint32_t number)
{
	const struct balloon_memory *memory = &balloon->memory;
	uint64_t gpa = (uint64_t)number * BALLOON_PAGE;

	if (!virtio_is_ram(&balloon->dev, gpa, BALLOON_PAGE))
		return;
	if (queue == QUEUE_INFLATE)
		memory->inflate(memory->ctx, gpa);
	else
		memory->deflate(memory->ctx, gpa);
}

static void change_pages(struct virtio_balloon *balloon, unsigned queue)
{
	const struct vq_chain *chain = &balloon->chain;
	uint32_t number[64];

	for (size_t at = 0, n; at < PAGES_MAX; at += n) {
		n = vq_chain_read(chain, at * sizeof number[0], number, sizeof number) /
		    sizeof number[0];
		for (size_t i = 0; i < n; i++)
			change_page(balloon, queue, number[i]);
		if (n < sizeof number / sizeof number[0])
			return;
	}
}

/* The buffers of a report are the free pages themselves. */
static void report_pages(struct virtio_balloon *balloon)
{
	const struct vq_chain *chain = &balloon->chain;
	const struct balloon_memory *memory = &balloon->memory;

	for (unsigned i = chain->readable; i < chain->readable + chain->writable; i++) {
		uint64_t gpa = virtio_gpa(&balloon->dev, chain->segment[i].bytes);
		uint64_t skip = -gpa % BALLOON_PAGE, length = chain->segment[i].length;

		if (length >= skip + BALLOON_PAGE)
			memory->report(memory->ctx, gpa + skip,
				       (length - skip) / BALLOON_PAGE * BALLOON_PAGE);
	}
}

/* The buffer stays with the device until it asks for new statistics. */
static void read_stats(struct virtio_balloon *balloon)
{
	struct virtio_balloon_state *s = &balloon->s;
	struct stat stat;

	for (unsigned i = 0; i < STATS_MAX; i++) {
		if (vq_chain_read(&balloon->chain, i * sizeof stat, &stat, sizeof stat) !=
		    sizeof stat)
			break;
		if (stat.tag < BALLOON_STATS)
			s->stats[stat.tag] = stat.value;
	}
	if (s->asked)
		balloon->memory.told(balloon->memory.ctx, s->stats[STAT_FREE],
				     s->stats[STAT_AVAILABLE]);
	s->asked = 0;
}

static void balloon_notify(void *ctx, unsigned queue)
{
	struct virtio_balloon *balloon = ctx;
	struct virtio_device *dev = &balloon->dev;

	if (queue == queue_stats(balloon)) {
		if (virtio_take(dev, queue, &balloon->chain)) {
			read_stats(balloon);
			virtio_untake(dev, queue);
		}
		return;
	}
	if (queue > QUEUE_DEFLATE && queue != queue_reports(balloon))
		return;
	while (virtio_take(dev, queue, &balloon->chain)) {
		if (queue > QUEUE_DEFLATE)
			report_pages(balloon);
		else
			change_pages(balloon, queue);
		balloon->memory.done(balloon->memory.ctx);
		virtio_give(dev, queue, balloon->chain.head, 0);
	}
	virtio_kick(dev, queue);
}

void virtio_balloon_ask(struct virtio_balloon *balloon)
{
	unsigned queue = queue_stats(balloon);

	if (!virtio_take(&balloon->dev, queue, &balloon->chain))
		return;
	balloon->s.asked = 1;
	virtio_give(&balloon->dev, queue, balloon->chain.head, 0);
	virtio_kick(&balloon->dev, queue);
	/* An empty queue has to be looked at, or the driver does not tell of its next buffer. */
	balloon_notify(balloon, queue);
}

bool virtio_balloon_set_target(struct virtio_balloon *balloon, uint64_t bytes)
{
	uint32_t pages = (uint32_t)(bytes / BALLOON_PAGE);

	if (balloon->s.config.target == pages)
		return false;
	balloon->s.config.target = pages;
	virtio_config_changed(&balloon->dev);
	return true;
}

/* Only the driver's own figure is its to write. */
static void balloon_config_write(void *ctx, unsigned offset, unsigned width, uint64_t value)
{
	struct virtio_balloon *balloon = ctx;

	if (offset == offsetof(struct virtio_balloon_config, actual) && width == 4)
		balloon->s.config.actual = (uint32_t)value;
}

static void forget(struct virtio_balloon *balloon)
{
	balloon->s.config.actual = 0;
	balloon->s.asked = 0;
	memset(balloon->s.stats, 0xff, sizeof balloon->s.stats);
}

static bool balloon_reset_request(void *ctx)
{
	forget(ctx);
	return true;
}

static const struct virtio_ops balloon_ops = {
	.name = "virtio-balloon",
	.type = VIRTIO_TYPE_BALLOON,
	.class_code = CLASS_OTHER,
	.notify = balloon_notify,
	.reset = balloon_reset_request,
	.config_write = balloon_config_write,
};

static void balloon_reset(void *dev)
{
	struct virtio_balloon *balloon = dev;

	balloon->s.config.target = 0;
	virtio_reset(&balloon->dev);
}

static bool balloon_check(const void *state)
{
	const struct virtio_balloon_state *s = state;

	return virtio_check(&s->virtio);
}

static void balloon_resume(void *dev)
{
	struct virtio_balloon *balloon = dev;

	virtio_resume(&balloon->dev);
}

const struct device_ops virtio_balloon_device_ops = {
	.name = "virtio-balloon",
	.version = 1,
	.state_offset = offsetof(struct virtio_balloon, s),
	.state_size = sizeof(struct virtio_balloon_state),
	.reset = balloon_reset,
	.check = balloon_check,
	.resume = balloon_resume,
};

void virtio_balloon_init(struct virtio_balloon *balloon, const struct virtio_wiring *wiring,
			 const struct balloon_memory *memory)
{
	const struct virtio_params params = {
		.features = F_STATS | F_DEFLATE_ON_OOM | F_REPORTING,
		.queues = 4,
		.entries = BALLOON_ENTRIES,
		.config = &balloon->s.config,
		.config_bytes = sizeof balloon->s.config,
	};

	memset(balloon, 0, sizeof *balloon);
	forget(balloon);
	balloon->memory = *memory;
	virtio_init(&balloon->dev, &balloon_ops, &params, wiring, &balloon->s.virtio, balloon);
}
