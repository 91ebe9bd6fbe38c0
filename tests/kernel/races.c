/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destruction against everything else: creation in what is being destroyed, two destroyers of one
 * object, threads destroyed in the middle of long calls. Afterwards the frame finds all memory
 * back.
 */
#include "pages.h"
#include "thread.h"

#define ROUNDS 40u
#define SLOTS  8u

struct race {
	vela_sel_t pd, sel[SLOTS]; /* slots for this thread alone */
	vela_sel_t obj, hst, ec;
	uint64_t other; /* statuses that may not come */
	volatile bool stop;
};

static void creates(struct thread *t)
{
	struct race *r = t->arg;
	const uint64_t ec[] = { r->obj, r->hst, 0, 0, 0x1000, 0x1000, 0x1000, 0, 0, 0, 0 };
	uint64_t s = VELA_OK;
	for (unsigned i = 0; s != VELA_BAD_CAP; i++) {
		vela_sel_t sel = r->sel[i % SLOTS];
		if (i % 3 == 0)
			s = create_in(r->pd, sel, VELA_KIND_SP, 1, (const uint64_t[]){ i / 3 % 5 });
		else if (i % 3 == 1)
			s = create_in(r->pd, sel, VELA_KIND_SM, 1, (const uint64_t[]){ 0 });
		else
			s = create_in(r->pd, sel, VELA_KIND_EC, VELA_EC_PARAMS, ec);
		if (s == VELA_BUSY)
			s = rt_destroy(sel);
		t->value++;
		/* A slot that is dying answers BAD_CAP too; only the PD's own says the end. */
		if (s == VELA_BAD_CAP && rt_stat(r->pd, 0) == VELA_OK)
			s = VELA_OK;
	}
}

/* What others are creating in a PD goes with it. */
static void test_create_in_dying(void)
{
	static struct race r;
	for (unsigned round = 0; round < ROUNDS; round++) {
		r.pd = MAKE(PD, 60);
		r.obj = MAKE(SP, VELA_SP_OBJ);
		r.hst = MAKE(SP, VELA_SP_HST);
		for (unsigned i = 0; i < SLOTS; i++)
			r.sel[i] = sel_new();
		struct thread *t = thread_run(1, PRIORITY_LOW, creates, &r);
		EVENTUALLY(__atomic_load_n(&t->value, __ATOMIC_RELAXED) > 3 + round);
		/* First what the threads being made use, then the PD that pays for them. */
		CHECK_OK(rt_destroy(round & 1 ? r.hst : r.obj));
		CHECK_OK(rt_destroy(r.pd));
		thread_wait(t);
		thread_drop(t);
		CHECK_OK(rt_destroy(round & 1 ? r.obj : r.hst));
	}
}

static void destroys(struct thread *t)
{
	struct race *r = t->arg;
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t s = rt_destroy(r->sel[i]);
		if (s != VELA_OK && s != VELA_BAD_CAP)
			t->value++;
	}
}

static void test_two_destroyers(void)
{
	static struct race r;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct thread *t[4];
		unsigned others = cpu_total() < 4 ? cpu_total() : 4;
		for (unsigned i = 0; i < SLOTS; i++)
			r.sel[i] = i & 1 ? MAKE(PD, 10) : MAKE(SP, i / 2 % 5);
		for (unsigned i = 1; i < SLOTS; i += 2)
			CHECK_OK(create_in(r.sel[i], sel_new(), VELA_KIND_SP, 1,
					   (const uint64_t[]){ VELA_SP_HST }));
		for (unsigned cpu = 1; cpu < others; cpu++)
			t[cpu] = thread_run(cpu, PRIORITY_LOW, destroys, &r);
		for (unsigned i = SLOTS; i-- > 0;) {
			uint64_t s = rt_destroy(r.sel[i]);
			CHECK(s == VELA_OK || s == VELA_BAD_CAP);
		}
		for (unsigned cpu = others - 1; cpu >= 1; cpu--) {
			thread_wait(t[cpu]);
			CHECK_EQ(t[cpu]->value, 0);
			thread_drop(t[cpu]);
		}
	}
}

/* Maps and unmaps for ever, each of which waits for the other CPUs. */
static void maps(struct thread *t)
{
	struct race *r = t->arg;
	for (uint64_t i = 0; !r->stop; i++) {
		rt_map(VELA_ROOT_HST, r->hst, PAGE(spare), i % 64, 1, VELA_MEM_R);
		rt_map(0, r->hst, 0, i % 64, 1, 0);
		rt_map(0, VELA_ROOT_HST, 0, PAGE(WINDOW) + t->value % 64, 1, 0);
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

static void test_destroy_in_call(void)
{
	static struct race r;
	r.stop = false;
	for (unsigned round = 0; round < ROUNDS; round++) {
		r.hst = MAKE(SP, VELA_SP_HST);
		struct thread *t = thread_run(1, PRIORITY_LOW, maps, &r);
		EVENTUALLY(__atomic_load_n(&t->value, __ATOMIC_RELAXED) > 3);
		spin_until(rt_rdtsc() + round * 1711 % 30000);
		/* The thread, or its space under it. */
		if (round & 1)
			CHECK_OK(rt_destroy(r.hst));
		thread_drop(t);
		if (!(round & 1))
			CHECK_OK(rt_destroy(r.hst));
	}
}

/* A thread gets its time while it is destroyed. */
static void binds(struct thread *t)
{
	struct race *r = t->arg;
	while (!r->stop) {
		const uint64_t w[] = { VELA_ROOT_CP + 1, r->ec, 1, 1000, 0 };
		uint64_t s = create_in(r->pd, r->sel[0], VELA_KIND_SC, 5, w);
		if (s == VELA_OK) {
			rt_destroy(r->sel[0]);
			t->value++;
		}
	}
}

static void test_bind_dying(void)
{
	static struct race r;
	r.stop = false;
	r.pd = test_pd;
	r.sel[0] = sel_new();
	r.ec = sel_new();
	vela_sel_t obj = MAKE(SP, VELA_SP_OBJ), hst = MAKE(SP, VELA_SP_HST);
	const uint64_t w[] = { obj, hst, 0, 1, 0x1000, 0x1000, 0x1000, 0, 0, 0, 0 };
	struct thread *t = thread_run(cpu_total() - 1, PRIORITY_LOW, binds, &r);
	for (unsigned round = 0; round < 10 * ROUNDS; round++) {
		CHECK_OK(create_in(test_pd, r.ec, VELA_KIND_EC, VELA_EC_PARAMS, w));
		spin_until(rt_rdtsc() + round * 977 % 20000);
		CHECK_OK(rt_destroy(r.ec));
	}
	r.stop = true;
	thread_wait(t);
}

static void fills_slot(struct thread *t)
{
	struct race *r = t->arg;
	while (!r->stop) {
		if (create_in(r->pd, r->sel[0], VELA_KIND_SM, 1, (const uint64_t[]){ 0 }) ==
		    VELA_OK)
			t->value++;
		rt_destroy(r->sel[0]);
	}
}

/* Of two that create into one slot one is refused, and nothing is left that no capability names. */
static void test_same_slot(void)
{
	static struct race r;
	r.pd = MAKE(PD, 20);
	r.sel[0] = sel_new();
	r.stop = false;
	struct thread *t[2] = { thread_run(0, PRIORITY_LOW, fills_slot, &r),
				thread_run(1, PRIORITY_LOW, fills_slot, &r) };
	for (unsigned i = 0; i < 2; i++)
		EVENTUALLY(__atomic_load_n(&t[i]->value, __ATOMIC_RELAXED) > 300);
	r.stop = true;
	for (unsigned i = 2; i--;) {
		thread_wait(t[i]);
		thread_drop(t[i]);
	}
	rt_destroy(r.sel[0]);
	CHECK_EQ(pd_stat(r.pd).objects, 0);
	CHECK_OK(rt_destroy(r.pd));
}

static void uses_device(struct thread *t)
{
	struct race *r = t->arg;
	uint64_t ram = free_ram(), done;
	for (unsigned n = 0; !r->stop; n++) {
		const uint64_t s[] = {
			rt_dev_assign(r->sel[0], n & 1 ? r->sel[1] : 0),
			map_once(VELA_ROOT_PHYS, r->sel[1], ram, n % 600, 1,
				 VELA_MEM_R | VELA_MEM_W, &done),
			map_once(VELA_ROOT_NULL, r->sel[1], 0, n % 600 / 2, 300, 0, &done),
			rt_dev_irq_bind(r->sel[0], n % 4, r->sel[2], n % cpu_total()),
			rt_dev_irq_free(r->sel[0], n / 4 % 4),
			rt_dev_faults(r->sel[0]),
		};
		for (unsigned i = 0; i < sizeof s / sizeof s[0]; i++) {
			if (s[i] != VELA_OK && s[i] != VELA_BAD_CAP && s[i] != VELA_BUSY)
				__atomic_store_n(&r->other, s[i] | i << 8, __ATOMIC_RELAXED);
		}
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
	}
}

/* A device, its space and what owns them end while all CPUs change them. */
static void test_devices(void)
{
	static struct race r;
	struct thread *t[4];
	unsigned others = cpu_total() < 4 ? cpu_total() : 4;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const uint64_t dma[] = { VELA_SP_DMA }, dc[] = { VELA_ROOT_HW, 0xfff8 };
		r = (struct race){ .pd = MAKE(PD, 40) };
		for (unsigned i = 0; i < 3; i++)
			r.sel[i] = sel_new();
		CHECK_OK(create_in(r.pd, r.sel[0], VELA_KIND_DC, 2, dc));
		CHECK_OK(create_in(r.pd, r.sel[1], VELA_KIND_SP, 1, dma));
		CHECK_OK(create_in(r.pd, r.sel[2], VELA_KIND_SM, 1, (const uint64_t[]){ 0 }));
		for (unsigned i = 1; i < others; i++)
			t[i] = thread_run(i, PRIORITY_LOW, uses_device, &r);
		for (unsigned i = 1; i < others; i++)
			EVENTUALLY(__atomic_load_n(&t[i]->value, __ATOMIC_RELAXED) > 3 + round);
		if (round % 4 != 3)
			CHECK_OK(rt_destroy(r.sel[round % 4]));
		CHECK_OK(rt_destroy(r.pd));
		r.stop = true;
		for (unsigned i = others; --i > 0;) {
			thread_wait(t[i]);
			thread_drop(t[i]);
		}
		CHECK_EQ(r.other, 0);
	}
}

const struct test tests_races[] = {
	{ "creating in a PD that ends", test_create_in_dying, 2 },
	{ "several destroyers", test_two_destroyers, 2 },
	{ "threads destroyed inside calls", test_destroy_in_call, 2 },
	{ "binding time to a thread that ends", test_bind_dying, 2 },
	{ "two creators, one slot", test_same_slot, 2 },
	{ "devices and their spaces", test_devices, 2 | NEEDS_IOMMU },
	{ 0 },
};
