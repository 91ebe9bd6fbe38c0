/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMM's end of the balloon protocol. The thread that asks waits for the answer with the
 * machine's lock held: until then nobody may rely on guest memory.
 */
#include "balloon.h"

#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "machine.h"

#define ANSWER_NS   RT_NS_PER_MS /* the wake-up is the first vCPU's; others look for themselves */
#define PAUSE_NS    (100 * RT_NS_PER_MS)   /* between two tries to get memory */
#define PATIENCE_NS (10000 * RT_NS_PER_MS) /* a guest can wait so long for memory */

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

/* Has the root task look at the bits, and waits until it has. */
static void ask(struct machine *m)
{
	struct rt_balloon *page = m->balloon.page;
	uint32_t asked = __atomic_load_n(&page->asked, __ATOMIC_RELAXED) + 1;

	__atomic_store_n(&page->asked, asked, __ATOMIC_RELEASE);
	rt_sm_up(RT_SEL_PARENT);
	while (__atomic_load_n(&page->done, __ATOMIC_ACQUIRE) != asked)
		pause(m, ANSWER_NS);
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

/* Gets a block back, which is zeroed then. Where there is no memory the guest waits for some. */
static void take(struct machine *m, uint64_t block)
{
	struct balloon *balloon = &m->balloon;
	uint64_t give_up = machine_now_ns(m) + PATIENCE_NS;

	want(balloon, block, false);
	for (;;) {
		ask(m);
		if (!is_gone(balloon, block))
			break;
		if (!balloon->waited)
			rt_log(RT_WARNING, "guest: waits for memory that it gave back");
		balloon->waited = true;
		if (machine_now_ns(m) >= give_up) {
			machine_end(m, RT_STATUS_GUEST_CRASH, 0,
				    "no memory is left for what the guest gave back");
			return;
		}
		pause(m, PAUSE_NS);
	}
	holes_set(&balloon->holes, block, false);
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

bool balloon_fault(struct machine *m, uint64_t gpa)
{
	unsigned char *at = guest_ptr(&m->memory, gpa, 1);

	if (!at || !m->balloon.page)
		return false;
	balloon_touch(m, at, 1);
	return true;
}

void balloon_poll(struct machine *m)
{
	const struct rt_balloon *page = m->balloon.page;

	if (page)
		virtio_balloon_set_target(&m->pc.virtio.balloon,
					  __atomic_load_n(&page->target_bytes, __ATOMIC_ACQUIRE));
}
