/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: copies with fewer rights, dropping, revocation of every copy at once and on every
 * CPU, and that a reused handle brings no old copy back to life.
 */
#include "thread.h"

static void test_grant_rights(void)
{
	vela_sel_t sm = MAKE(SM, 0), a = sel_new(), b = sel_new();
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, a, 1, VELA_SM_UP));
	CHECK_OK(rt_sm_up(a));
	CHECK_EQ(rt_sm_down(a, 0), VELA_NO_RIGHT);
	/* No copy of a copy has more. */
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, a, b, 1, VELA_RIGHTS_ALL));
	CHECK_EQ(rt_sm_down(b, 0), VELA_NO_RIGHT);
	CHECK_EQ(rt_destroy(b), VELA_NO_RIGHT);
	CHECK_EQ(rt_revoke(b), VELA_NO_RIGHT);
	CHECK_OK(rt_sm_up(b));
	CHECK_OK(rt_sm_down(sm, 0));
	CHECK_OK(rt_sm_down(sm, 0));
	/* Rights that share no bit leave a capability without any. */
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, a, b, 1, VELA_SM_DOWN));
	CHECK_EQ(rt_sm_up(b), VELA_NO_RIGHT);
	CHECK_OK(rt_grant(VELA_ROOT_NULL, VELA_ROOT_OBJ, 0, b, 1, 0));
	CHECK_EQ(rt_sm_up(b), VELA_BAD_CAP);
	CHECK_OK(rt_sm_up(a));
}

static void test_grant_range(void)
{
	vela_sel_t obj = MAKE(SP, VELA_SP_OBJ), sm = MAKE(SM, 0), other = MAKE(SP, VELA_SP_OBJ);
	struct rt_regs r = { VELA_CALL_grant | 0xff << 8, VELA_ROOT_OBJ, obj, sm, 1, 600 };
	CHECK_OK(rt_syscall(&r));
	CHECK_EQ(r.rdi, VELA_LEAVES_MAX); /* progress: the rest is the caller's to ask for */
	static const uint64_t bad[][2] = {
		{ VELA_SEL_MAX, 1 }, { VELA_SEL_MAX - 1, 2 },
		{ UINT64_MAX, 1 },   { UINT64_MAX, 2 },
		{ 1, UINT64_MAX },   { 1ull << 32, 1 },
		{ 1, VELA_SEL_MAX }, { VELA_SEL_MAX - 1, 1ull << 63 },
	};
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_EQ(rt_call5(VELA_CALL_grant, 0xff, VELA_ROOT_OBJ, obj, bad[i][0], 1,
				  bad[i][1]),
			 VELA_BAD_ARG);
		CHECK_EQ(rt_call5(VELA_CALL_grant, 0xff, VELA_ROOT_OBJ, obj, 1, bad[i][0],
				  bad[i][1]),
			 VELA_BAD_ARG);
	}
	CHECK_EQ(rt_call5(VELA_CALL_grant, 0xff, VELA_ROOT_OBJ, obj, sm, 0, 1), VELA_BAD_ARG);
	CHECK_EQ(rt_call5(VELA_CALL_grant, 0xff, VELA_ROOT_OBJ, VELA_ROOT_HST, 1, 1, 1),
		 VELA_BAD_KIND);
	CHECK_EQ(rt_call5(VELA_CALL_grant, 0xff, VELA_ROOT_PHYS, obj, 1, 1, 1), VELA_BAD_KIND);
	/* An empty source slot empties the destination. */
	vela_sel_t back = sel_new(), target = sel_new();
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, target, 1, 0xff));
	CHECK_OK(rt_grant(other, VELA_ROOT_OBJ, 77, target, 1, 0xff));
	CHECK_EQ(rt_sm_up(target), VELA_BAD_CAP);
	CHECK_OK(rt_grant(obj, VELA_ROOT_OBJ, 1, back, 1, 0xff));
	CHECK_OK(rt_sm_up(back));
}

static void test_revoke(void)
{
	vela_sel_t sm = MAKE(SM, 0), obj = MAKE(SP, VELA_SP_OBJ), copy[16], back = sel_new();
	for (unsigned i = 0; i < 16; i++) {
		copy[i] = sel_new();
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, i ? copy[i - 1] : sm, copy[i], 1,
				  0xff));
	}
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, obj, sm, 5, 1, 0xff));
	CHECK_OK(rt_revoke(copy[7]));
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQ(rt_sm_up(copy[i]), i == 7 ? VELA_OK : VELA_BAD_CAP);
	CHECK_EQ(rt_sm_up(sm), VELA_BAD_CAP);
	CHECK_OK(rt_grant(obj, VELA_ROOT_OBJ, 5, back, 1, 0xff));
	CHECK_EQ(rt_sm_up(back), VELA_BAD_CAP);
	CHECK_OK(rt_destroy(copy[7]));
	CHECK_EQ(rt_sm_up(copy[7]), VELA_BAD_CAP);
	CHECK_EQ(rt_destroy(copy[7]), VELA_BAD_CAP);
}

/* Revoking keeps the rights of the capability used, no more. */
static void test_revoke_keeps_rights(void)
{
	vela_sel_t sm = MAKE(SM, 0), weak = sel_new();
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, weak, 1, VELA_RIGHT_DESTROY));
	CHECK_OK(rt_revoke(weak));
	CHECK_EQ(rt_sm_up(weak), VELA_NO_RIGHT);
	CHECK_EQ(rt_sm_up(sm), VELA_BAD_CAP);
	CHECK_OK(rt_destroy(weak));
}

static void test_generation(void)
{
	vela_sel_t old = sel_new(), sel = sel_new();
	uint64_t zero = 0;
	for (unsigned i = 0; i < 1000; i++) {
		CHECK_OK(create_in(test_pd, sel, VELA_KIND_SM, 1, &zero));
		if (i)
			CHECK_EQ(rt_sm_up(old), VELA_BAD_CAP);
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sel, old, 1, 0xff));
		CHECK_OK(rt_sm_up(old));
		CHECK_OK(rt_destroy(sel));
		CHECK_EQ(rt_sm_up(old), VELA_BAD_CAP);
	}
}

static void user_of_cap(struct thread *t)
{
	vela_sel_t sel = (vela_sel_t)(uint64_t)t->arg;
	while (rt_sm_up(sel) == VELA_OK)
		__atomic_add_fetch(&t->value, 1, __ATOMIC_RELAXED);
}

static void seen_on_other_cpus(bool destroy)
{
	vela_sel_t sm = MAKE(SM, 0), copy = sel_new();
	struct thread *t[VELA_CPUS_MAX];
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, copy, 1, 0xff));
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		t[cpu] = thread_run(cpu, PRIORITY_LOW, user_of_cap, (void *)(uint64_t)copy);
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		EVENTUALLY(__atomic_load_n(&t[cpu]->value, __ATOMIC_RELAXED) > 100);
	CHECK_OK(destroy ? rt_destroy(sm) : rt_revoke(sm));
	for (unsigned cpu = 1; cpu < cpu_total(); cpu++)
		thread_wait(t[cpu]);
	CHECK_EQ(rt_sm_up(sm), destroy ? VELA_BAD_CAP : VELA_OK);
}

static void test_revoke_cpus(void)
{
	seen_on_other_cpus(false);
}

static void test_destroy_cpus(void)
{
	seen_on_other_cpus(true);
}

/* revoke and stat read their slot once: while another CPU changes it between a capability with all
 * rights and one with few, no right of the one may reach the object of the other. */
static void swapper(struct thread *t)
{
	vela_sel_t *sel = t->arg; /* slot, strong, weak */
	while (!t->value) {
		rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sel[1], sel[0], 1, 0xff);
		rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sel[2], sel[0], 1, 0xff);
	}
}

static void test_slot_race(void)
{
	vela_sel_t pd = MAKE(PD, 1), strong = MAKE(SM, 0), weak = sel_new(), slot = sel_new();
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, pd, weak, 1, VELA_PD_FUND));
	vela_sel_t sel[] = { slot, strong, weak };
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, strong, slot, 1, 0xff));
	struct thread *t = thread_run(1, PRIORITY_LOW, swapper, sel);
	uint64_t until = in_ms(300);
	/* The SM's capability has the right that stat wants of a PD, the PD's has not. */
	while (rt_rdtsc() < until) {
		uint64_t s = rt_stat(slot, 0);
		if (s != VELA_BAD_KIND && s != VELA_NO_RIGHT) {
			CHECK_EQ(s, VELA_NO_RIGHT);
			break;
		}
	}
	t->value = 1;
	thread_wait(t);
}

const struct test tests_caps[] = {
	{ "copies have no more rights", test_grant_rights, 0 },
	{ "ranges", test_grant_range, 0 },
	{ "revoke ends all other copies", test_revoke, 0 },
	{ "revoke keeps the rights it was asked with", test_revoke_keeps_rights, 0 },
	{ "old copies stay dead when a handle is used again", test_generation, 0 },
	{ "revoke is seen on other CPUs", test_revoke_cpus, 2 },
	{ "destroy is seen on other CPUs", test_destroy_cpus, 2 },
	{ "a slot that changes meanwhile gives no rights", test_slot_race, 2 },
	{ 0 },
};
