/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel memory: what is made and destroyed leaves no trace, a quota that is used up fails without
 * effect, one PD cannot take another's, and the end of a PD gives back everything below it.
 */
#include "thread.h"

#define ROUNDS 10000u

static void idle(struct thread *t)
{
	(void)t;
}

void quota_entry(void);
void quota_entry(void)
{
}

struct maker {
	unsigned kind, n;
	uint64_t words[VELA_EC_PARAMS];
};

static void rounds(unsigned kind, unsigned n, const uint64_t *words, unsigned count)
{
	struct pd_stat before = pd_stat(test_pd);
	uint64_t pool = pool_free();
	vela_sel_t sel = SEL_FIRST + SEL_COUNT - 1;
	for (unsigned i = 0; i < count; i++) {
		if (!CHECK_OK(create_in(test_pd, sel, kind, n, words)) ||
		    !CHECK_OK(rt_destroy(sel))) {
			note("kind %u, round %u", kind, i);
			break;
		}
	}
	struct pd_stat after = pd_stat(test_pd);
	CHECK_EQ(after.used, before.used);
	CHECK_EQ(after.objects, before.objects);
	CHECK_EQ(pool_free(), pool);
}
#define ROUND(kind, count, ...)                                                    \
	rounds(VELA_KIND_##kind,                                                   \
	       (unsigned)(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)), \
	       (const uint64_t[]){ __VA_ARGS__ }, count)

static void test_rounds(void)
{
	struct thread *w = worker_new(0), *t = thread_new(0, idle, NULL);
	uint64_t hst = MAKE(SP, VELA_SP_HST), gst = MAKE(SP, VELA_SP_GST);
	uint64_t obj = MAKE(SP, VELA_SP_OBJ);
	MAKE(EC, obj, hst, 0, 0, 0x2000, 0, 0); /* page tables for what follows */
	ROUND(SM, ROUNDS, 0);
	ROUND(PT, ROUNDS, w->ec, (uint64_t)quota_entry, 0);
	ROUND(CP, ROUNDS, VELA_ROOT_CP, 10, 100);
	ROUND(PD, ROUNDS, 20);
	for (unsigned type = VELA_SP_OBJ; type <= VELA_SP_MSR; type++)
		ROUND(SP, ROUNDS / 5, type);
	ROUND(EC, ROUNDS, obj, hst, 0, 0, 0x1000, 0x1000, 0x1000, 0, 0, 0, 0);
	ROUND(EC, ROUNDS / 10, obj, hst, 0, cpu_total() - 1, 0x1000, 0x1000, 0x1000, 0, 0, 0,
	      VELA_EC_NO_FPU);
	ROUND(SC, ROUNDS, VELA_ROOT_CP, t->ec, 1, 1000, 100000);
	ROUND(VC, ROUNDS, 0, hst, 0x1000, gst, 0, 0);
}

/* Fills pd with objects of a kind until the quota is used up, then destroys them. */
static void exhaust(vela_sel_t pd, unsigned kind, uint64_t word)
{
	struct pd_stat before = pd_stat(pd), at_end;
	vela_sel_t first = sel_new(), sel = first;
	uint64_t s;
	while (!(s = create_in(pd, sel, kind, 1, &word)))
		sel = sel_new();
	CHECK_EQ(s, VELA_NO_MEMORY);
	at_end = pd_stat(pd);
	CHECK_EQ(create_in(pd, sel, kind, 1, &word), VELA_NO_MEMORY);
	CHECK_EQ(pd_stat(pd).used, at_end.used);
	CHECK_EQ(pd_stat(pd).objects, before.objects + (sel - first));
	CHECK(at_end.used <= at_end.quota);
	for (vela_sel_t i = first; i < sel; i++)
		CHECK_OK(rt_destroy(i));
	CHECK_EQ(pd_stat(pd).used, before.used);
	CHECK_EQ(pd_stat(pd).objects, before.objects);
}

static void test_exhaustion(void)
{
	vela_sel_t pd = MAKE(PD, 12), other = MAKE(PD, 10);
	exhaust(pd, VELA_KIND_SM, 0);
	for (unsigned type = VELA_SP_OBJ; type <= VELA_SP_MSR; type++)
		exhaust(pd, VELA_KIND_SP, type);
	/* While one is full the other has all of its own. */
	vela_sel_t sel = sel_new();
	while (!create_in(pd, sel, VELA_KIND_SP, 1, (const uint64_t[]){ VELA_SP_OBJ }))
		sel = sel_new();
	exhaust(other, VELA_KIND_SM, 0);
	CHECK_EQ(rt_fund(other, pd, 1), VELA_NO_MEMORY);
	CHECK_OK(rt_fund(pd, other, 5));
	CHECK_OK(create_in(pd, sel, VELA_KIND_SP, 1, (const uint64_t[]){ VELA_SP_OBJ }));
}

/* An EC and a VC take several blocks: whichever is missing, nothing stays taken. */
static void test_partial(void)
{
	uint64_t hst = MAKE(SP, VELA_SP_HST), gst = MAKE(SP, VELA_SP_GST);
	uint64_t obj = MAKE(SP, VELA_SP_OBJ);
	MAKE(EC, obj, hst, 0, 0, 0x2000, 0, 0);
	vela_sel_t pd = MAKE(PD, 0), sel = sel_new();
	const uint64_t ec[] = { obj, hst, 0, 0, 0x1000, 0x1000, 0x1000, 0, 0, 0, 0 };
	const uint64_t vc[] = { 0, hst, 0x1000, gst, 0, 0 };
	for (unsigned kind = VELA_KIND_EC; kind <= VELA_KIND_VC; kind++) {
		bool is_ec = kind == VELA_KIND_EC;
		unsigned n = is_ec ? VELA_EC_PARAMS : VELA_VC_PARAMS;
		uint64_t s = VELA_NO_MEMORY;
		for (unsigned pages = 0; pages < 16 && s; pages++) {
			s = create_in(pd, sel, kind, n, is_ec ? ec : vc);
			if (!s)
				break;
			CHECK_EQ(s, VELA_NO_MEMORY);
			CHECK_EQ(pd_stat(pd).used, 0);
			CHECK_EQ(pd_stat(pd).objects, 0);
			CHECK_OK(rt_fund(pd, test_pd, 1));
		}
		CHECK_OK(s);
		CHECK_OK(rt_destroy(sel));
		CHECK_EQ(pd_stat(pd).used, 0);
		CHECK_OK(rt_fund(test_pd, pd, pd_stat(pd).quota));
	}
}

/* Mapping that runs out of tables says how far it came; dropping the space returns the tables. */
static void test_map_exhaustion(void)
{
	vela_sel_t pd = MAKE(PD, 8), hst = sel_new();
	CHECK_OK(create_in(pd, hst, VELA_KIND_SP, 1, (const uint64_t[]){ VELA_SP_HST }));
	uint64_t page = VELA_IMAGE_VA / VELA_PAGE_SIZE, s = VELA_OK;
	unsigned maps = 0;
	for (; maps < 64 && !s; maps++)
		s = rt_map(VELA_ROOT_HST, hst, page, maps * 512ull, 1, VELA_MEM_R);
	CHECK_EQ(s, VELA_NO_MEMORY);
	CHECK_EQ(pd_stat(pd).used, 8);
	CHECK(maps > 2);
	vela_sel_t obj = sel_new();
	CHECK_OK(rt_fund(pd, test_pd, 1));
	CHECK_OK(create_in(pd, obj, VELA_KIND_SP, 1, (const uint64_t[]){ VELA_SP_OBJ }));
	CHECK_EQ(rt_grant(VELA_ROOT_OBJ, obj, VELA_ROOT_PD, 1, 1, 1), VELA_NO_MEMORY);
	CHECK_OK(rt_destroy(hst));
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, obj, VELA_ROOT_PD, 1, 1, 1));
	CHECK_OK(rt_destroy(obj));
	CHECK_EQ(pd_stat(pd).used, 0);
}

static void test_nested(void)
{
	struct pd_stat before = pd_stat(test_pd);
	vela_sel_t pd[20], outer = test_pd;
	uint64_t s = VELA_OK, pages = 300;
	unsigned depth = 0;
	for (; depth < 20; depth++, pages -= 10) {
		pd[depth] = sel_new();
		s = create_in(outer, pd[depth], VELA_KIND_PD, 1, &pages);
		if (s)
			break;
		for (unsigned i = 0; i < 3; i++)
			CHECK_OK(create_in(pd[depth], sel_new(), VELA_KIND_SM, 1,
					   (const uint64_t[]){ 0 }));
		CHECK_OK(create_in(pd[depth], sel_new(), VELA_KIND_SP, 1,
				   (const uint64_t[]){ depth % 5 }));
		outer = pd[depth];
	}
	CHECK_EQ(s, VELA_OVERFLOW); /* depth is bounded: destruction walks it */
	CHECK(depth > 4);
	CHECK_OK(rt_destroy(pd[0]));
	for (unsigned i = 0; i < depth; i++)
		CHECK_EQ(rt_stat(pd[i], 0), VELA_BAD_CAP);
	struct pd_stat after = pd_stat(test_pd);
	CHECK_EQ(after.quota, before.quota);
	CHECK_EQ(after.used, before.used);
	CHECK_EQ(after.objects, before.objects);
}

static void spinner(struct thread *t)
{
	for (;;)
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
}

/* A PD ends while its threads run on all CPUs: in the test's PD, by the frame. */
static void test_running(void)
{
	struct thread *t[VELA_CPUS_MAX];
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned cpu = 0; cpu < cpu_total(); cpu++) {
			unsigned priority = cpu ? PRIORITY_HIGH : PRIORITY_LOW;
			t[cpu] = thread_run(cpu, priority, spinner, NULL);
		}
		for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
			EVENTUALLY(__atomic_load_n(&t[cpu]->value, __ATOMIC_RELAXED) > 0);
	}
	EVENTUALLY(__atomic_load_n(&t[0]->value, __ATOMIC_RELAXED) > 0);
}

const struct test tests_quota[] = {
	{ "10,000 rounds of each kind leave nothing behind", test_rounds, 0 },
	{ "a used-up quota refuses and changes nothing", test_exhaustion, 0 },
	{ "EC and VC give back what they took before they failed", test_partial, 0 },
	{ "map and grant without memory", test_map_exhaustion, 0 },
	{ "nested PDs", test_nested, 0 },
	{ "a PD with running threads", test_running, 0 },
	{ 0 },
};
