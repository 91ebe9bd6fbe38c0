/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device contexts: what they refuse, and message-signalled interrupts of a real device. What an
 * IOMMU does for them is in dma.c.
 */
#include "pages.h"
#include "pci.h"
#include "thread.h"
#include <rt/start.h>

#define RID_NONE 0x0000fff8u /* a requester id no device of the test machines has */

static void test_create(void)
{
	static const uint64_t out[] = { 1ull << 32, UINT64_MAX };
	vela_sel_t sel = sel_new(), weak = sel_new(), dc = MAKE(DC, VELA_ROOT_HW, RID_NONE);
	struct pd_stat before = pd_stat(test_pd);
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t w[] = { VELA_ROOT_HW, out[i] };
		CHECK_EQ(create_in(test_pd, sel, VELA_KIND_DC, 2, w), VELA_BAD_ARG);
	}
	CHECK_OK(
		rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_HW, weak, 1, 0xff & ~VELA_HW_IRQ));
	const struct {
		uint64_t words[2];
		enum vela_status status;
	} bad[] = {
		{ { sel, RID_NONE + 1 }, VELA_BAD_CAP },
		{ { 0, RID_NONE + 1 }, VELA_BAD_CAP },
		{ { test_pd, RID_NONE + 1 }, VELA_BAD_KIND },
		{ { weak, RID_NONE + 1 }, VELA_NO_RIGHT },
		{ { VELA_ROOT_HW, RID_NONE }, VELA_BUSY },
	};
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(create_in(test_pd, sel, VELA_KIND_DC, 2, bad[i].words), bad[i].status);
	struct pd_stat after = pd_stat(test_pd);
	CHECK_EQ(after.used, before.used);
	CHECK_EQ(after.objects, before.objects);
	CHECK_OK(rt_destroy(dc));
	MAKE(DC, VELA_ROOT_HW, RID_NONE); /* the device is free for another */
}

static void test_operations(void)
{
	static const uint64_t numbers[] = { VELA_DEV_IRQS, 1ull << 32, UINT64_MAX };
	vela_sel_t dc = MAKE(DC, VELA_ROOT_HW, RID_NONE), sm = MAKE(SM, 0), copy = sel_new();
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(rt_dev_irq_bind(dc, numbers[i], sm, 0), VELA_BAD_ARG);
		CHECK_EQ(rt_dev_irq_free(dc, numbers[i]), VELA_BAD_ARG);
	}
	CHECK_EQ(rt_dev_irq_bind(dc, 0, sm, cpu_total()), VELA_BAD_CPU);
	CHECK_EQ(rt_dev_irq_bind(dc, 0, sm, UINT64_MAX), VELA_BAD_CPU);
	CHECK_EQ(rt_dev_irq_bind(dc, 0, copy, 0), VELA_BAD_CAP);
	CHECK_EQ(rt_dev_irq_bind(dc, 0, test_pd, 0), VELA_BAD_KIND);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, sm, copy, 1, 0xff & ~VELA_SM_BIND));
	CHECK_EQ(rt_dev_irq_bind(dc, 0, copy, 0), VELA_NO_RIGHT);
	static const uint8_t right[] = { VELA_DC_ASSIGN, VELA_DC_IRQ, VELA_DC_IRQ, VELA_DC_STAT };
	for (unsigned op = 0; op < 4; op++) {
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, dc, copy, 1, 0xff & ~right[op]));
		CHECK_EQ(rt_call5(VELA_CALL_dev_ctrl, op, copy, 0, sm, 0, 0), VELA_NO_RIGHT);
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, dc, copy, 1, right[op]));
		CHECK(rt_call5(VELA_CALL_dev_ctrl, op, copy, 0, sm, 0, 0) != VELA_NO_RIGHT);
	}
	if (rt_machine()->features & VELA_FEATURE_IOMMU)
		return;
	CHECK_EQ(rt_dev_assign(dc, 0), VELA_NOT_SUPPORTED);
	CHECK_EQ(rt_dev_faults(dc), VELA_NOT_SUPPORTED);
}

/* A number is bound until it is freed or its semaphore ends; what differs tells devices apart. */
static void test_bind(void)
{
	vela_sel_t dc = MAKE(DC, VELA_ROOT_HW, RID_NONE), sm = MAKE(SM, 0), other = MAKE(SM, 0);
	CHECK_OK(rt_dev_irq_bind(dc, 31, sm, 0));
	uint64_t address = utcb()[VELA_DEV_MSI_ADDRESS], data = utcb()[VELA_DEV_MSI_DATA];
	CHECK_EQ(address & ~0xfffffull, 0xfee00000);
	CHECK_EQ(rt_dev_irq_bind(dc, 31, other, 0), VELA_BUSY);
	CHECK_OK(rt_dev_irq_bind(dc, 30, sm, cpu_total() - 1));
	CHECK(address != utcb()[VELA_DEV_MSI_ADDRESS] || data != utcb()[VELA_DEV_MSI_DATA]);
	CHECK_OK(rt_destroy(sm));
	CHECK_OK(rt_dev_irq_bind(dc, 31, other, 0)); /* the same number goes on as it was */
	CHECK_EQ(utcb()[VELA_DEV_MSI_ADDRESS], address);
	CHECK_EQ(utcb()[VELA_DEV_MSI_DATA], data);
	CHECK_OK(rt_dev_irq_free(dc, 31));
	CHECK_OK(rt_dev_irq_free(dc, 31));
	CHECK_OK(rt_dev_irq_bind(dc, 31, other, 0));
}

/* Vectors end, and come back when device contexts do. */
static void test_exhaustion(void)
{
	unsigned bound[2] = { 0 };
	for (unsigned round = 0; round < 2; round++) {
		vela_sel_t pd = MAKE(PD, 20), sm = MAKE(SM, 0), dc = sel_new();
		uint64_t s = VELA_OK;
		for (unsigned i = 0; i < 8 && !s; i++, dc = sel_new()) {
			const uint64_t w[] = { VELA_ROOT_HW, RID_NONE + i };
			CHECK_OK(create_in(pd, dc, VELA_KIND_DC, 2, w));
			for (unsigned n = 0; n < VELA_DEV_IRQS && !s; n++) {
				s = rt_dev_irq_bind(dc, n, sm, 0);
				bound[round] += !s;
			}
		}
		CHECK_EQ(s, VELA_OVERFLOW);
		CHECK_OK(rt_destroy(pd));
	}
	CHECK(bound[0] >= 64);
	CHECK_EQ(bound[0], bound[1]);
}

static void test_ecam(void)
{
	const struct vela_info *m = rt_machine();
	CHECK(m->ecams <= VELA_ECAMS_MAX);
	for (unsigned i = 0; i < m->ecams; i++)
		CHECK(m->ecam[i].base % 0x100000 == 0 &&
		      m->ecam[i].first_bus <= m->ecam[i].last_bus);
	if (!CHECK(edu_open()))
		return;
	/* What the root has not mapped itself it cannot pass on from its own space. */
	uint64_t page = PAGE(m->ecam[0].base), done;
	CHECK_EQ(map_once(VELA_ROOT_HST, VELA_ROOT_HST, page, PAGE(WINDOW), 1, VELA_MEM_R, &done),
		 VELA_BAD_ARG);
	edu_close();
}

/* On every CPU, and no more after it was freed. */
static void test_message(void)
{
	vela_sel_t dc = MAKE(DC, VELA_ROOT_HW, edu_rid()), sm = MAKE(SM, 0), later = MAKE(SM, 0);
	if (!CHECK(edu_open()))
		return;
	edu_master(true);
	for (unsigned cpu = 0; cpu < cpu_total(); cpu++) {
		CHECK_OK(rt_dev_irq_bind(dc, 0, sm, cpu));
		edu_msi(true, utcb()[VELA_DEV_MSI_ADDRESS], utcb()[VELA_DEV_MSI_DATA]);
		CHECK_OK(rt_stat(VELA_ROOT_HW, cpu));
		uint64_t before = utcb()[VELA_STAT_HW_INTERRUPTS];
		for (unsigned i = 0; i < 5; i++) {
			edu_raise();
			CHECK(WAIT(sm)); /* no acknowledge between them */
		}
		CHECK_OK(rt_stat(VELA_ROOT_HW, cpu));
		CHECK(utcb()[VELA_STAT_HW_INTERRUPTS] - before >= 5);
		CHECK_OK(rt_dev_irq_free(dc, 0));
		edu_raise();
		CHECK_EQ(rt_sm_down(sm, in_ms(20)), VELA_TIMEOUT);
	}
	CHECK_OK(rt_dev_irq_bind(dc, 0, sm, 0));
	edu_msi(true, utcb()[VELA_DEV_MSI_ADDRESS], utcb()[VELA_DEV_MSI_DATA]);
	CHECK_OK(rt_destroy(sm));
	edu_raise(); /* to nobody */
	CHECK_OK(rt_dev_irq_bind(dc, 0, later, 0));
	edu_raise();
	CHECK(WAIT(later));
	CHECK_OK(rt_destroy(dc));
	edu_raise();
	CHECK_EQ(rt_sm_down(later, in_ms(20)), VELA_TIMEOUT);
	edu_close();
}

const struct test tests_device[] = {
	{ "create", test_create, 0 },
	{ "operations and what they refuse", test_operations, 0 },
	{ "binding interrupts", test_bind, 0 },
	{ "vectors end and come back", test_exhaustion, 0 },
	{ "PCI configuration space", test_ecam, NEEDS_EDU },
	{ "message-signalled interrupts", test_message, NEEDS_EDU },
	{ 0 },
};
