/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping of memory, ports and MSRs: what is refused, what may be reached, splitting of large
 * leaves, and that what is taken away is gone when the call returns.
 */
#include "pages.h"
#include "thread.h"
#include <rt/start.h>

#define RW  (VELA_MEM_R | VELA_MEM_W)
#define RWX (RW | VELA_MEM_X)
#define HST VELA_ROOT_HST

/* #PF error code */
#define PF_P 1u
#define PF_W 2u
#define PF_U 4u
#define PF_I 16u

static bool has_1g(void)
{
	uint32_t a = 0x80000001, d;
	__asm__("cpuid" : "+a"(a), "=d"(d) : : "rbx", "rcx");
	return d >> 26 & 1;
}

static void test_refused(void)
{
	vela_sel_t hst = MAKE(SP, VELA_SP_HST), pio = MAKE(SP, VELA_SP_PIO);
	vela_sel_t msr = MAKE(SP, VELA_SP_MSR), gst = MAKE(SP, VELA_SP_GST);
	const uint64_t end = PAGE(VELA_USER_END), image = PAGE(VELA_IMAGE_VA), phys = free_ram();
	const struct {
		vela_sel_t src, dst;
		uint64_t sbase, dbase, count;
		unsigned rights;
		enum vela_status status;
	} t[] = {
		{ HST, hst, image, end, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, end - 1, 2, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, UINT64_MAX, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, 1, UINT64_MAX, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, UINT64_MAX, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, UINT64_MAX - 1, 1, 3, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, end, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, 1ull << 35, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, 0xffffffff80200ull, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, 0, 1, 1, VELA_MEM_R, VELA_BAD_ARG }, /* nothing is mapped there */
		{ HST, hst, PAGE(VELA_UTCB_VA), 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, PAGE(VELA_INFO_VA), 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, HST, image, PAGE(VELA_UTCB_VA), 1, VELA_MEM_R, VELA_BAD_ARG },
		{ 0, HST, 0, PAGE(VELA_UTCB_VA), 1, 0, VELA_BAD_ARG },
		{ 0, HST, 0, PAGE(VELA_INFO_VA), 1, 0, VELA_BAD_ARG },
		{ 0, hst, 0, end, 1, 0, VELA_BAD_ARG },
		{ HST, gst, image, 1ull << 36, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, VELA_MEM_W, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, VELA_MEM_X, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, 0x08, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, 0x40 | VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, 0x80 | VELA_MEM_R, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, VELA_MEM_R | VELA_MEM_UC, VELA_BAD_ARG },
		{ HST, hst, image, 1, 1, VELA_MEM_R | VELA_MEM_WC, VELA_BAD_ARG },
		{ VELA_ROOT_PHYS, hst, phys, 1, 1, VELA_MEM_R | VELA_MEM_WC | VELA_MEM_UC,
		  VELA_BAD_ARG },
		{ VELA_ROOT_PHYS, hst, 1ull << 40, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ VELA_ROOT_PHYS, hst, (1ull << 40) - 1, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ VELA_ROOT_PHYS, hst, UINT64_MAX, 1, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, hst, 0, 1, 1, RW, VELA_BAD_KIND },
		{ HST, pio, 0, 0, 1, RW, VELA_BAD_KIND },
		{ VELA_ROOT_PIO, msr, 0, 0, 1, RW, VELA_BAD_KIND },
		{ VELA_ROOT_MSR, pio, 0, 0, 1, RW, VELA_BAD_KIND },
		{ VELA_ROOT_PHYS, pio, 0, 0, 1, RW, VELA_BAD_KIND },
		{ HST, VELA_ROOT_PHYS, image, 1, 1, RW, VELA_BAD_KIND },
		{ gst, hst, 0, 1, 1, VELA_MEM_R, VELA_BAD_KIND },
		{ VELA_ROOT_OBJ, hst, 0, 1, 1, VELA_MEM_R, VELA_BAD_KIND },
		{ HST, VELA_ROOT_OBJ, 0, 1, 1, VELA_MEM_R, VELA_BAD_KIND },
		{ VELA_ROOT_PIO, pio, 0x10000, 0, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0, 0x10000, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0xffff, 0, 2, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, UINT64_MAX, 0, 2, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0, UINT64_MAX, 2, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0x70, 0x80, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0x174, 0x175, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0, 0, 1, VELA_MEM_R, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0, 0, 1, VELA_MEM_W, VELA_BAD_ARG },
		{ VELA_ROOT_PIO, pio, 0, 0, 1, RWX, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0x2000, 0x2000, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0x1fff, 0x1fff, 2, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0, 0xc0002000, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, UINT64_MAX, 0, 1, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0, UINT64_MAX - 1, 3, RW, VELA_BAD_ARG },
		{ VELA_ROOT_MSR, msr, 0, 0, 1, VELA_MEM_X, VELA_BAD_ARG },
	};
	for (unsigned i = 0; i < sizeof t / sizeof t[0]; i++) {
		uint64_t done = 77;
		if (!CHECK_EQ(map_once(t[i].src, t[i].dst, t[i].sbase, t[i].dbase, t[i].count,
				       t[i].rights, &done),
			      t[i].status))
			note("row %u", i);
		CHECK_EQ(done, 0);
	}
}

/* Nothing the kernel owns can be had from PHYS: its image, its pool, the APICs. */
static void test_kernel_memory(void)
{
	const struct vela_info *m = rt_machine();
	uint64_t done;
	unsigned kernel = 0;
	for (unsigned i = 0; i < m->memories; i++) {
		if (m->memory[i].type != VELA_MEMORY_KERNEL)
			continue;
		kernel++;
		uint64_t first = PAGE(m->memory[i].base);
		uint64_t last = PAGE(m->memory[i].base + m->memory[i].size - 1);
		const uint64_t page[] = { first, first + 1, (first + last) / 2, last };
		for (unsigned n = 0; n < 4; n++)
			CHECK_EQ(map_once(VELA_ROOT_PHYS, HST, page[n], PAGE(WINDOW), 1, RW, &done),
				 VELA_BAD_ARG);
		/* Up to it, and no further. */
		if (map_once(VELA_ROOT_PHYS, HST, first - 1, PAGE(WINDOW), 2, RW, &done) == VELA_OK)
			CHECK_EQ(done, 1);
		rt_map(0, HST, 0, PAGE(WINDOW), 2, 0);
	}
	CHECK_EQ(kernel, 2);
	CHECK_EQ(map_once(VELA_ROOT_PHYS, HST, 0xfee00, PAGE(WINDOW), 1, RW, &done), VELA_BAD_ARG);
	CHECK_EQ(map_once(VELA_ROOT_PHYS, HST, 0xfec00, PAGE(WINDOW), 1, RW, &done), VELA_BAD_ARG);
}

static void test_rights(void)
{
	uint64_t va = WINDOW, page = PAGE(WINDOW);
	spare[0][0] = 0xc3; /* RET */
	CHECK_EQ(FAULTS(va, READ), PF_U);
	CHECK_OK(rt_map(HST, HST, PAGE(spare), page, 1, RW));
	WORKS(va + 8, READ);
	WORKS(va + 8, WRITE);
	CHECK_EQ(peek((uint64_t)spare + 8), va + 8);
	CHECK_EQ(FAULTS(va, EXECUTE), PF_P | PF_U | PF_I);
	/* Fewer rights take effect at once. */
	CHECK_OK(rt_map(HST, HST, PAGE(spare), page, 1, VELA_MEM_R));
	CHECK_EQ(FAULTS(va, WRITE), PF_P | PF_W | PF_U);
	WORKS(va, READ);
	/* A copy has no more rights than its source. */
	CHECK_OK(rt_map(HST, HST, page, page + 1, 1, RWX));
	CHECK_EQ(FAULTS(va + VELA_PAGE_SIZE, WRITE), PF_P | PF_W | PF_U);
	CHECK_EQ(FAULTS(va + VELA_PAGE_SIZE, EXECUTE), PF_P | PF_U | PF_I);
	CHECK_OK(rt_map(0, HST, 0, page, 2, 0));
	CHECK_EQ(FAULTS(va, READ), PF_U);
	/* The program's own segments: no page is both writable and executable. */
	CHECK_EQ(FAULTS((uint64_t)test_rights, WRITE), PF_P | PF_W | PF_U);
	CHECK_EQ(FAULTS((uint64_t)spare, EXECUTE), PF_P | PF_U | PF_I);
	CHECK_EQ(FAULTS(VELA_INFO_VA, WRITE), PF_P | PF_W | PF_U);
	CHECK(FAULTS(0xffffffff80200000, READ) & PF_U);
	CHECK(FAULTS(0xffffff8000000000, WRITE) & PF_U);
}

static void test_progress(void)
{
	vela_sel_t hst = MAKE(SP, VELA_SP_HST), other = MAKE(SP, VELA_SP_HST);
	uint64_t ram = free_ram(), done;
	/* 2,048 small leaves, four calls; an odd page number keeps them small. */
	CHECK_OK(map_once(VELA_ROOT_PHYS, hst, ram + 1, 0x200, 2048, RW, &done));
	CHECK_EQ(done, VELA_LEAVES_MAX);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, hst, ram + 1, 0x200, 2048, RW));
	CHECK_OK(map_once(hst, other, 0x200, 0x200, 2048, RW, &done));
	CHECK_EQ(done, VELA_LEAVES_MAX);
	CHECK_OK(rt_map(hst, other, 0x200, 0x200, 2048, RW));
	CHECK_OK(map_once(0, other, 0, 0x200, 2048, 0, &done));
	CHECK_EQ(done, VELA_LEAVES_MAX);
	/* Large leaves and holes are a step each. */
	CHECK_OK(map_once(VELA_ROOT_PHYS, hst, ram, 0x40000, 4096, RW, &done));
	CHECK_EQ(done, 4096);
	CHECK_OK(map_once(0, hst, 0, 0x40000, 1ull << 30, 0, &done));
	CHECK(done >= 4096);
	CHECK_OK(map_once(0, other, 0, 1ull << 30, 1ull << 34, 0, &done));
	CHECK_EQ(done, 1ull << 34);
	/* Up to a hole of the source. */
	CHECK_OK(rt_map(VELA_ROOT_PHYS, hst, ram + 1, 0x200, 100, RW));
	CHECK_OK(map_once(hst, other, 0x200 + 2047, 0x1000, 10, RW, &done));
	CHECK_EQ(done, 1);
}

/* Two pages of 1 GiB are two steps; with smaller leaves one call would not map as much. Where the
 * processor has none of that size, pages of 2 MiB make a table for each 1 GiB. */
static void test_huge(void)
{
	const uint64_t pages = 1ull << 18, at = pages * 4;
	vela_sel_t gst = MAKE(SP, VELA_SP_GST);
	uint64_t done, used = pd_stat(test_pd).used;
	CHECK_OK(map_once(VELA_ROOT_PHYS, gst, at, at, 2 * pages, RW, &done));
	bool huge = done == 2 * pages;
	CHECK(huge || done == pages);
	used = pd_stat(test_pd).used - used;
	CHECK(used <= (huge ? 2 : 3));
	/* Out of step with the source there are no leaves above 4 KiB. */
	CHECK_OK(map_once(VELA_ROOT_PHYS, gst, at + 1, at + 4 * pages, pages, RW, &done));
	CHECK_EQ(done, VELA_LEAVES_MAX);
}

/* Takes single pages out of large leaves: the rest stays as it was. */
static void split(uint64_t leaf, uint64_t ram)
{
	uint64_t base = 0x520000000000ull, done;
	vela_sel_t gst = MAKE(SP, VELA_SP_GST);
	CHECK_OK(map_once(VELA_ROOT_PHYS, gst, ram, PAGE(base), leaf, RWX, &done));
	CHECK_EQ(done, leaf);
	CHECK_OK(rt_map(0, gst, 0, PAGE(base) + 3, 1, 0));
	CHECK_OK(rt_map(VELA_ROOT_PHYS, gst, ram + 7, PAGE(base) + 3, 1, VELA_MEM_R));
	CHECK_OK(rt_map(0, gst, 0, PAGE(base) + leaf / 2, leaf / 2, 0));
	CHECK_OK(rt_map(VELA_ROOT_PHYS, gst, ram, PAGE(base), leaf, RWX));
}

static void test_split(void)
{
	uint64_t ram = free_ram(), done, base = WINDOW + (4ull << 30), page = PAGE(base);
	vela_sel_t inner = MAKE(SP, VELA_SP_HST);
	struct pd_stat before = pd_stat(VELA_ROOT_PD);
	CHECK_OK(map_once(VELA_ROOT_PHYS, HST, ram, page, 2 * LARGE_PAGES, RW, &done));
	CHECK_EQ(done, 2 * LARGE_PAGES);
	for (uint64_t i = 0; i < 2 * LARGE_PAGES; i++)
		poke(base + i * VELA_PAGE_SIZE, ram + i);
	CHECK_OK(rt_map(0, HST, 0, page + 5, 1, 0));
	CHECK_EQ(FAULTS(base + 5 * VELA_PAGE_SIZE, READ), PF_U);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, HST, ram + 9, page + 6, 1, VELA_MEM_R));
	CHECK_EQ(FAULTS(base + 6 * VELA_PAGE_SIZE, WRITE), PF_P | PF_W | PF_U);
	for (uint64_t i = 0; i < 2 * LARGE_PAGES; i++) {
		if (i != 5)
			CHECK_EQ(peek(base + i * VELA_PAGE_SIZE), ram + (i == 6 ? 9 : i));
	}
	WORKS(base + 7 * VELA_PAGE_SIZE, WRITE);
	/* From a large leaf a part can be mapped on, and across the border to the split one. */
	CHECK_OK(rt_map(HST, inner, page + 500, 0x1000, 100, RW));
	CHECK_EQ(rt_map(HST, inner, page + 5, 0x1000, 1, RW), VELA_BAD_ARG);
	/* A hole across both, then all of it. */
	CHECK_OK(rt_map(0, HST, 0, page + 400, 300, 0));
	CHECK_EQ(FAULTS(base + 699 * VELA_PAGE_SIZE, READ), PF_U);
	CHECK_EQ(peek(base + 700 * VELA_PAGE_SIZE), ram + 700);
	CHECK_EQ(peek(base + 399 * VELA_PAGE_SIZE), ram + 399);
	CHECK_OK(rt_map(0, HST, 0, page, 2 * LARGE_PAGES, 0));
	CHECK_EQ(FAULTS(base, READ), PF_U);
	root_keeps = pd_stat(VELA_ROOT_PD).used - before.used;
	CHECK(root_keeps <= 4);
	split(LARGE_PAGES, ram);
	if (has_1g())
		split(HUGE_PAGES, 4 * HUGE_PAGES);
}

const struct test tests_memory[] = {
	{ "what map refuses", test_refused, 0 },
	{ "the kernel's memory is out of reach", test_kernel_memory, 0 },
	{ "rights and faults", test_rights, 0 },
	{ "progress of long ranges", test_progress, 0 },
	{ "pages of 1 GiB", test_huge, 0 },
	{ "large leaves are split", test_split, 0 },
	{ 0 },
};
