/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMM's end of the balloon protocol. A thread that gives memory back waits for the answer with
 * the machine's lock held: until then nobody may rely on guest memory.
 */
#include "balloon.h"

#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "machine.h"

void balloon_open(struct machine *m)
{
	struct balloon *balloon = &m->balloon;
	uint64_t ram_bytes = m->info->vmm.ram_bytes;

	if (!m->info->vmm.balloon)
		return;
	balloon->page = (struct rt_balloon *)RT_BALLOON_VA;
	balloon->wanted = (uint64_t *)(RT_BALLOON_VA + RT_BALLOON_MAPS);
	balloon->gone = balloon->wanted + rt_balloon_map_bytes(ram_bytes) / sizeof(uint64_t);
	holes_init(&balloon->holes, ram_bytes);
}

/* Sleeps for at most ns. Wake-ups meant for the run loop are not lost: it looks at everything. */
static void pause(struct machine *m, uint64_t ns)
{
	unsigned index = m->pc.current;

	rt_sm_down_all(RT_SEL_WAKE + index, machine_tsc_at(m, machine_now_ns(m) + ns));
	pc_attend(&m->pc.cpu[index], ATTEND_IRQ | ATTEND_TIMERS | ATTEND_LAPIC);
}

/* Has the root task look at the bits. Returns the number of the request. */
static uint32_t request(struct machine *m)
{
	struct rt_balloon *page = m->balloon.page;
	uint32_t asked = __atomic_load_n(&page->asked, __ATOMIC_RELAXED) + 1;

	__atomic_store_n(&page->asked, asked, __ATOMIC_RELEASE);
	rt_sm_up(RT_SEL_PARENT);
	return asked;
}

static bool is_answered(const struct machine *m, uint32_t asked)
{
	return (int32_t)(__atomic_load_n(&m->balloon.page->done, __ATOMIC_ACQUIRE) - asked) >= 0;
}

/* The same, and waits until it has. */
static void ask(struct machine *m)
{
	uint32_t asked = request(m);

	while (!is_answered(m, asked))
		pause(m, FETCH_ANSWER_NS);
}

/* Whether the VMM wants to be without the block. */
static void want(struct balloon *balloon, uint64_t block, bool without)
{
	uint64_t bit = UINT64_C(1) << block % 64;

	if (without)
		__atomic_fetch_or(&balloon->wanted[block / 64], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&balloon->wanted[block / 64], ~bit, __ATOMIC_RELAXED);
}

/* After the root task has looked: what it decided. */
static bool is_gone(const struct balloon *balloon, uint64_t block)
{
	return __atomic_load_n(&balloon->gone[block / 64], __ATOMIC_RELAXED) >> block % 64 & 1;
}

/* What the root task does not take stays the guest's, and nothing more is wanted of it. */
static void give(struct machine *m)
{
	struct balloon *balloon = &m->balloon;
	struct holes *holes = &balloon->holes;

	if (!holes->batch)
		return;
	for (unsigned i = 0; i < holes->batch; i++)
		want(balloon, holes->block[i], true);
	ask(m);
	for (unsigned i = 0; i < holes->batch; i++) {
		uint32_t block = holes->block[i];
		bool gone = is_gone(balloon, block);

		holes_set(holes, block, gone);
		want(balloon, block, gone);
	}
	holes->batch = 0;
}

void balloon_fetch(struct machine *m, struct fetch *fetch)
{
	struct balloon *balloon = &m->balloon;
	const struct fetch_news news = {
		.there = !holes_is_gone(&balloon->holes, fetch->block),
		.answered = is_answered(m, fetch->asked),
		.gone = is_gone(balloon, fetch->block),
	};

	switch (fetch_next(fetch, &news, machine_now_ns(m))) {
	case FETCH_WAIT:
		break;
	case FETCH_ASK:
		want(balloon, fetch->block, false);
		fetch->asked = request(m);
		break;
	case FETCH_DONE:
		holes_set(&balloon->holes, fetch->block, false);
		break;
	case FETCH_SHORT:
		if (!balloon->waited)
			rt_log(RT_WARNING, "guest: waits for memory that it gave back");
		balloon->waited = true;
		break;
	case FETCH_FAIL:
		machine_end(m, RT_STATUS_GUEST_CRASH, 0,
			    "no memory is left for what the guest gave back");
		break;
	}
}

/* Gets a block back for a device. */
static void take(struct machine *m, uint64_t block)
{
	struct fetch fetch;

	fetch_begin(&fetch, block, machine_now_ns(m));
	for (;;) {
		balloon_fetch(m, &fetch);
		if (!fetch_waits(&fetch) || m->end.text)
			return;
		uint64_t now = machine_now_ns(m);

		pause(m, fetch.again_ns > now ? fetch.again_ns - now : 0);
	}
}

static uint64_t offset_of(const struct machine *m, uint64_t gpa)
{
	return gpa < m->memory.low_bytes ? gpa : gpa - HIGH_RAM_BASE + m->memory.low_bytes;
}

void balloon_inflate(void *ctx, uint64_t gpa)
{
	struct machine *m = ctx;

	if (holes_inflate(&m->balloon.holes, offset_of(m, gpa)))
		give(m);
}

void balloon_deflate(void *ctx, uint64_t gpa)
{
	struct machine *m = ctx;

	holes_deflate(&m->balloon.holes, offset_of(m, gpa));
}

void balloon_report(void *ctx, uint64_t gpa, uint64_t bytes)
{
	struct machine *m = ctx;
	uint64_t offset = offset_of(m, gpa);

	while (bytes) {
		uint64_t n = holes_report(&m->balloon.holes, offset, bytes);

		offset += n;
		bytes -= n;
		if (bytes)
			give(m);
	}
}

void balloon_done(void *ctx)
{
	give(ctx);
}

void balloon_told(void *ctx, uint64_t free, uint64_t available)
{
	(void)ctx;
	if (free != UINT64_MAX && available != UINT64_MAX)
		rt_log(RT_INFO, "guest: has %llu MiB free, and %llu MiB that it could do without",
		       (unsigned long long)free >> 20, (unsigned long long)available >> 20);
}

void balloon_touch(void *ctx, unsigned char *bytes, uint64_t length)
{
	struct machine *m = ctx;
	const struct holes *holes = &m->balloon.holes;
	uint64_t offset = (uint64_t)(bytes - m->memory.base), block;

	if (!holes->given)
		return;
	while ((block = holes_find(holes, offset, length)) < holes->blocks && !m->end.text)
		take(m, block);
}

bool balloon_fault(struct machine *m, uint64_t gpa, struct fetch *fetch)
{
	if (!m->balloon.page || !guest_ptr(&m->memory, gpa, 1))
		return false;
	fetch_begin(fetch, offset_of(m, gpa) / RT_BALLOON_BLOCK, machine_now_ns(m));
	return true;
}

/* A new target is the user's wish, who will want to know what there is to be had. */
void balloon_poll(struct machine *m)
{
	const struct rt_balloon *page = m->balloon.page;
	struct virtio_balloon *device = &m->pc.virtio.balloon;

	if (page && virtio_balloon_set_target(
			    device, __atomic_load_n(&page->target_bytes, __ATOMIC_ACQUIRE)))
		virtio_balloon_ask(device);
}
