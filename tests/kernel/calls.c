/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that calls and create refuse, kind by kind and operation by operation. What capabilities
 * they refuse is in matrix.c.
 */
#include "thread.h"
#include <rt/start.h>

static vela_sel_t dead_cap(void)
{
	vela_sel_t sel = MAKE(SM, 0);
	CHECK_OK(rt_destroy(sel));
	return sel;
}

/* Tries one create with these words; what it refuses must cost nothing. */
static void create_refused(unsigned kind, unsigned n, const uint64_t *w, uint64_t wanted, int line)
{
	struct pd_stat before = pd_stat(test_pd);
	uint64_t s = create_in(test_pd, SEL_FIRST + SEL_COUNT - 1, kind, n, w);
	if (!check_equal(s, wanted, __FILE__, line, "create"))
		rt_destroy(SEL_FIRST + SEL_COUNT - 1);
	struct pd_stat after = pd_stat(test_pd);
	CHECK_EQ(after.used, before.used);
	CHECK_EQ(after.objects, before.objects);
}
#define REFUSED(kind, status, ...)                                                               \
	create_refused(kind, (unsigned)(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)), \
		       (const uint64_t[]){ __VA_ARGS__ }, VELA_##status, __LINE__)

static void test_create_slots(void)
{
	static const uint64_t out[] = { 0, VELA_SEL_MAX, 1ull << 32, UINT64_MAX };
	for (unsigned i = 0; i < sizeof out / sizeof out[0]; i++)
		CHECK_EQ(rt_call5(VELA_CALL_create, VELA_KIND_SM, out[i], test_pd, 0, 0, 0),
			 VELA_BAD_ARG);
	CHECK_EQ(rt_create(VELA_KIND_SM, VELA_ROOT_PD, test_pd), VELA_BUSY);
	vela_sel_t sel = dead_cap();
	utcb()[VELA_SM_COUNT] = 0;
	CHECK_OK(rt_create(VELA_KIND_SM, sel, test_pd));
	CHECK_EQ(rt_create(VELA_KIND_SM, sel, test_pd), VELA_BUSY);
}

static void test_create_kinds(void)
{
	for (unsigned kind = 0; kind < 256; kind++) {
		if (kind >= VELA_KIND_PD && kind <= VELA_KIND_CP)
			continue;
		REFUSED(kind, BAD_KIND, 0);
	}
	if (!(rt_machine()->features & VELA_FEATURE_IOMMU))
		REFUSED(VELA_KIND_SP, NOT_SUPPORTED, VELA_SP_DMA);
	REFUSED(VELA_KIND_SP, BAD_ARG, VELA_SP_PHYS);
	REFUSED(VELA_KIND_SP, BAD_ARG, VELA_SP_PHYS + 1);
	REFUSED(VELA_KIND_SP, BAD_ARG, 1ull << 32);
	REFUSED(VELA_KIND_SM, BAD_ARG, UINT64_MAX);
	REFUSED(VELA_KIND_SM, BAD_ARG, UINT64_MAX / 2 + 1);
	REFUSED(VELA_KIND_PD, NO_MEMORY, TEST_PAGES);
	REFUSED(VELA_KIND_PD, NO_MEMORY, UINT64_MAX);
	REFUSED(VELA_KIND_PD, NO_MEMORY, 1ull << 63);
}

static void test_create_ec(void)
{
	uint64_t hst = MAKE(SP, VELA_SP_HST), gst = MAKE(SP, VELA_SP_GST);
	uint64_t obj = MAKE(SP, VELA_SP_OBJ), pio = MAKE(SP, VELA_SP_PIO), none = dead_cap();
	const uint64_t good[VELA_EC_PARAMS] = { obj, hst, pio, 0, 0x1000, 0x1000, 0x1000 };
	static const struct {
		unsigned word;
		uint64_t value;
		enum vela_status status;
	} bad[] = {
		{ VELA_EC_CPU, VELA_CPUS_MAX, VELA_BAD_CPU },
		{ VELA_EC_CPU, UINT64_MAX, VELA_BAD_CPU },
		{ VELA_EC_UTCB, 0x1008, VELA_BAD_ARG },
		{ VELA_EC_UTCB, VELA_USER_END, VELA_BAD_ARG },
		{ VELA_EC_UTCB, 0xffffff8000000000, VELA_BAD_ARG },
		{ VELA_EC_UTCB, 1ull << 47, VELA_BAD_ARG },
		{ VELA_EC_IP, VELA_USER_END, VELA_BAD_ARG },
		{ VELA_EC_IP, 1ull << 47, VELA_BAD_ARG },
		{ VELA_EC_IP, UINT64_MAX, VELA_BAD_ARG },
		{ VELA_EC_STACK, VELA_USER_END + 1, VELA_BAD_ARG },
		{ VELA_EC_STACK, 0xffffffff80000000, VELA_BAD_ARG },
		{ VELA_EC_TLS, VELA_USER_END, VELA_BAD_ARG },
		{ VELA_EC_TLS, 0x8000000000000000, VELA_BAD_ARG },
		{ VELA_EC_EVENT, VELA_SEL_MAX, VELA_BAD_ARG },
		{ VELA_EC_FLAGS, 4, VELA_BAD_ARG },
		{ VELA_EC_FLAGS, 1ull << 63, VELA_BAD_ARG },
	};
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint64_t w[VELA_EC_PARAMS];
		for (unsigned n = 0; n < VELA_EC_PARAMS; n++)
			w[n] = n == bad[i].word ? bad[i].value : good[n];
		create_refused(VELA_KIND_EC, VELA_EC_PARAMS, w, bad[i].status, __LINE__);
	}
	REFUSED(VELA_KIND_EC, BAD_CPU, obj, hst, 0, cpu_total(), 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_CAP, none, hst, 0, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_CAP, obj, none, 0, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_CAP, obj, hst, none, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_KIND, hst, hst, 0, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_KIND, obj, gst, 0, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_KIND, obj, VELA_ROOT_PHYS, 0, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_KIND, obj, hst, obj, 0, 0x1000, 0x1000, 0x1000);
	REFUSED(VELA_KIND_EC, BAD_KIND, test_pd, hst, obj, 0, 0x1000, 0x1000, 0x1000);
	/* Its UTCB may not take the place of anything mapped. */
	REFUSED(VELA_KIND_EC, BAD_ARG, VELA_ROOT_OBJ, VELA_ROOT_HST, 0, 0, VELA_UTCB_VA, 0, 0);
	REFUSED(VELA_KIND_EC, BAD_ARG, VELA_ROOT_OBJ, VELA_ROOT_HST, 0, 0, VELA_IMAGE_VA, 0, 0);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, obj, (uint64_t)none, 1,
			  0xff & ~VELA_SP_ASSIGN));
	REFUSED(VELA_KIND_EC, NO_RIGHT, none, hst, 0, 0, 0x1000, 0x1000, 0x1000);
}

static void idle(struct thread *t)
{
	(void)t;
}

static void test_create_time(void)
{
	const uint64_t cp = VELA_ROOT_CP, none = dead_cap();
	struct thread *t = thread_new(0, idle, NULL), *w = worker_new(0);
	uint64_t limited = MAKE(CP, cp, 50, 500);
	REFUSED(VELA_KIND_SC, BAD_CAP, none, t->ec, 1, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_CAP, cp, none, 1, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_KIND, t->ec, t->ec, 1, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, 0, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, VELA_PRIORITIES, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, UINT64_MAX, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, 1, 0, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, 1, UINT64_MAX, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, 1, 1001, 1000);
	REFUSED(VELA_KIND_SC, BAD_ARG, cp, t->ec, 1, 1000, UINT64_MAX);
	REFUSED(VELA_KIND_SC, BUSY, cp, w->ec, 1, 1000, 0);
	REFUSED(VELA_KIND_SC, BAD_ARG, limited, t->ec, 51, 100, 1000);
	REFUSED(VELA_KIND_SC, BAD_ARG, limited, t->ec, 50, 100, 0);
	REFUSED(VELA_KIND_SC, OVERFLOW, limited, t->ec, 50, 501, 1000);
	if (cpu_total() > 1)
		REFUSED(VELA_KIND_SC, BAD_CPU, cp + 1, t->ec, 1, 1000, 0);
	thread_start(t, 0, PRIORITY_LOW);
	REFUSED(VELA_KIND_SC, BUSY, cp, t->ec, 1, 1000, 0);
	REFUSED(VELA_KIND_CP, BAD_ARG, cp, 0, 100);
	REFUSED(VELA_KIND_CP, BAD_ARG, cp, VELA_PRIORITIES, 100);
	REFUSED(VELA_KIND_CP, BAD_ARG, limited, 51, 100);
	REFUSED(VELA_KIND_CP, BAD_ARG, cp, 50, 0);
	REFUSED(VELA_KIND_CP, BAD_ARG, cp, 50, 1001);
	REFUSED(VELA_KIND_CP, BAD_ARG, limited, 50, 1000);
	REFUSED(VELA_KIND_CP, OVERFLOW, limited, 50, 501);
	REFUSED(VELA_KIND_CP, OVERFLOW, cp, 50, 501); /* beside limited's 500 */
	REFUSED(VELA_KIND_CP, BAD_CAP, none, 50, 100);
	CHECK_OK(rt_destroy((vela_sel_t)limited));
	REFUSED(VELA_KIND_SC, BAD_CAP, limited, t->ec, 1, 1, 1000);
}

static void test_create_pt_vc(void)
{
	struct thread *t = thread_new(0, idle, NULL), *w = worker_new(0);
	uint64_t hst = MAKE(SP, VELA_SP_HST), gst = MAKE(SP, VELA_SP_GST);
	uint64_t pio = MAKE(SP, VELA_SP_PIO), msr = MAKE(SP, VELA_SP_MSR), none = dead_cap();
	REFUSED(VELA_KIND_PT, BAD_ARG, t->ec, 0x1000, 0);
	REFUSED(VELA_KIND_PT, BAD_ARG, w->ec, VELA_USER_END, 0);
	REFUSED(VELA_KIND_PT, BAD_ARG, w->ec, UINT64_MAX, 0);
	REFUSED(VELA_KIND_PT, BAD_CAP, none, 0x1000, 0);
	REFUSED(VELA_KIND_PT, BAD_KIND, hst, 0x1000, 0);
	REFUSED(VELA_KIND_VC, BAD_CPU, cpu_total(), hst, 0x1000, gst);
	REFUSED(VELA_KIND_VC, BAD_CPU, UINT64_MAX, hst, 0x1000, gst);
	REFUSED(VELA_KIND_VC, BAD_CAP, 0, none, 0x1000, gst);
	REFUSED(VELA_KIND_VC, BAD_KIND, 0, gst, 0x1000, gst);
	REFUSED(VELA_KIND_VC, BAD_KIND, 0, hst, 0x1000, hst);
	REFUSED(VELA_KIND_VC, BAD_KIND, 0, hst, 0x1000, gst, msr);
	REFUSED(VELA_KIND_VC, BAD_KIND, 0, hst, 0x1000, gst, pio, pio);
	REFUSED(VELA_KIND_VC, BAD_ARG, 0, hst, 0x1001, gst);
	REFUSED(VELA_KIND_VC, BAD_ARG, 0, hst, VELA_USER_END, gst);
	REFUSED(VELA_KIND_VC, BAD_ARG, 0, hst, 0xffffffff80000000, gst);
	REFUSED(VELA_KIND_VC, BAD_ARG, 0, VELA_ROOT_HST, VELA_IMAGE_VA, gst);
	MAKE(VC, 0, hst, 0x1000, gst, pio, msr);
	REFUSED(VELA_KIND_VC, BAD_ARG, 0, hst, 0x1000, gst); /* its state page is there */
}

/* Operations and values of the other calls. */
static void test_values(void)
{
	vela_sel_t sm = MAKE(SM, 1), pd = MAKE(PD, 10);
	struct thread *t = thread_new(0, idle, NULL);
	vela_sel_t dc = MAKE(DC, VELA_ROOT_HW, UINT32_MAX);
	for (unsigned op = 4; op < 256; op++) {
		CHECK_EQ(rt_call5(VELA_CALL_dev_ctrl, op, dc, 0, 0, 0, 0), VELA_BAD_ARG);
		CHECK_EQ(rt_call5(VELA_CALL_sm_ctrl, op, sm, 0, 0, 0, 0), VELA_BAD_ARG);
		CHECK_EQ(rt_call5(VELA_CALL_ec_ctrl, op, t->ec, 0, 0, 0, 0), VELA_BAD_ARG);
		CHECK_EQ(rt_call5(VELA_CALL_hw_ctrl, op, VELA_ROOT_HW, 0, 0, 0, 0), VELA_BAD_ARG);
	}
	thread_start(t, 0, PRIORITY_LOW);
	for (unsigned op = 2; op < 256; op++)
		CHECK_EQ(rt_call5(VELA_CALL_sc_ctrl, op, t->sc, 1, 1000, 0, 0), VELA_BAD_ARG);
	CHECK_EQ(rt_fund(pd, test_pd, TEST_PAGES), VELA_NO_MEMORY);
	CHECK_EQ(rt_fund(pd, test_pd, UINT64_MAX), VELA_NO_MEMORY);
	CHECK_EQ(rt_fund(test_pd, pd, 11), VELA_NO_MEMORY);
	CHECK_OK(rt_fund(test_pd, pd, 10));
	CHECK_EQ(pd_stat(pd).quota, 0);
	CHECK_OK(rt_fund(pd, test_pd, 3));
	CHECK_EQ(pd_stat(pd).quota, 3);
	CHECK_OK(rt_fund(pd, pd, 3));
	CHECK_EQ(pd_stat(pd).quota, 3);
	CHECK_EQ(rt_stat(VELA_ROOT_PD, 1), VELA_BAD_ARG);
	CHECK_EQ(rt_stat(VELA_ROOT_HW, cpu_total()), VELA_BAD_CPU);
	CHECK_EQ(rt_stat(VELA_ROOT_HW, UINT64_MAX), VELA_BAD_CPU);
	for (unsigned cpu = 0; cpu < cpu_total(); cpu++)
		CHECK_OK(rt_stat(VELA_ROOT_HW, cpu));
	CHECK_EQ(rt_stat(sm, 0), VELA_BAD_KIND);
	CHECK_EQ(rt_call5(VELA_CALL_ipc_reply, 0, 0, 0, 0, 0, 0), VELA_BAD_ARG);
}

/* Rights that depend on the operation. */
static void test_operation_rights(void)
{
	vela_sel_t sm = MAKE(SM, 1), vc, copy = sel_new();
	vela_sel_t hst = MAKE(SP, VELA_SP_HST), gst = MAKE(SP, VELA_SP_GST);
	vc = MAKE(VC, 0, hst, 0x1000, gst);
	static const unsigned right[] = { VELA_SM_UP, VELA_SM_DOWN, VELA_SM_DOWN, VELA_SM_BIND };
	for (unsigned op = 0; op < 4; op++) {
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, copy, 1, 0xff & ~right[op]));
		CHECK_EQ(rt_call5(VELA_CALL_sm_ctrl, op, copy, vc, 0, 0, 0), VELA_NO_RIGHT);
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, copy, 1, right[op]));
		CHECK(rt_call5(VELA_CALL_sm_ctrl, op, copy, vc, 0, 0, 0) != VELA_NO_RIGHT);
	}
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_HW, copy, 1, VELA_HW_IRQ));
	CHECK_EQ(rt_hw_ctrl(copy, VELA_HW_RESET, 0, 0, 0, 0), VELA_NO_RIGHT);
	CHECK_EQ(rt_stat(copy, 0), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_HW, copy, 1, VELA_HW_STAT));
	CHECK_OK(rt_stat(copy, 0));
	for (unsigned op = 1; op < 4; op++)
		CHECK_EQ(rt_hw_ctrl(copy, op, 0, sm, 0, 0), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, vc, copy, 1, VELA_VC_RUN));
	CHECK_EQ(rt_stat(copy, 0), VELA_NO_RIGHT);
	CHECK_EQ(rt_sm_bind(sm, copy), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, test_pd, copy, 1, VELA_PD_CREATE));
	CHECK_EQ(rt_stat(copy, 0), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_SC, copy, 1, VELA_SC_TIME));
	CHECK_OK(rt_call5(VELA_CALL_sc_ctrl, VELA_SC_GET_TIME, copy, 0, 0, 0, 0));
	CHECK_EQ(rt_sc_set(copy, 1, 1000, 0), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_SC, copy, 1, VELA_SC_CTRL));
	CHECK_EQ(rt_call5(VELA_CALL_sc_ctrl, VELA_SC_GET_TIME, copy, 0, 0, 0, 0), VELA_NO_RIGHT);
	/* What the root was given at boot it cannot destroy. */
	for (vela_sel_t sel = VELA_ROOT_PD; sel <= VELA_ROOT_CP; sel++) {
		if (sel <= VELA_ROOT_HW || sel == VELA_ROOT_CP)
			CHECK_EQ(rt_destroy(sel), VELA_NO_RIGHT);
	}
}

const struct test tests_calls[] = {
	{ "create: slots", test_create_slots, 0 },
	{ "create: kinds, PD, SP, SM", test_create_kinds, 0 },
	{ "create: EC", test_create_ec, 0 },
	{ "create: SC, CP", test_create_time, 0 },
	{ "create: PT, VC", test_create_pt_vc, 0 },
	{ "operations and values of other calls", test_values, 0 },
	{ "rights of operations", test_operation_rights, 0 },
	{ 0 },
};
