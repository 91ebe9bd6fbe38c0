/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMA and interrupts of a device that attacks: what it may reach it reaches, everything else stays
 * untouched, is recorded, and nothing that was taken away is still there. Device addresses are
 * physical ones unless a test wants others.
 */
#include "pages.h"
#include "pci.h"
#include "thread.h"
#include <rt/start.h>

#define RW	   (VELA_MEM_R | VELA_MEM_W)
#define RID_NONE   0x0000fff8u /* of no device here */
#define PIN_GSI	   23u	       /* of an I/O APIC, with nothing that raises it */
#define LOAD_BYTES 256u

/* Pages of free RAM, by number from free_ram on, as the test sees them. */
enum { OWN, OTHER, FOREIGN, THIRD, PAGES };

static vela_sel_t dc, space;

static uint64_t page(unsigned n)
{
	return free_ram() + n;
}

static uint64_t va(unsigned n)
{
	return WINDOW + n * VELA_PAGE_SIZE;
}

static uint64_t pa(unsigned n)
{
	return page(n) * VELA_PAGE_SIZE;
}

static bool open_device(void)
{
	dc = MAKE(DC, VELA_ROOT_HW, edu_rid());
	CHECK_OK(rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, page(0), PAGE(WINDOW), PAGES, RW));
	for (unsigned i = 0; i < PAGES; i++) {
		for (unsigned at = 0; at < VELA_PAGE_SIZE; at += 8)
			poke(va(i) + at, 0x1111111111111111ull * (i + 1));
	}
	if (!edu_open())
		return false;
	edu_master(true);
	return true;
}

static void close_device(void)
{
	edu_close();
	CHECK_OK(rt_map(VELA_ROOT_NULL, VELA_ROOT_HST, 0, PAGE(WINDOW), PAGES, 0));
}

static vela_sel_t space_with_own_page(void)
{
	vela_sel_t s = MAKE(SP, VELA_SP_DMA);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, s, page(OWN), page(OWN), 1, RW));
	return s;
}

/* The device and a space with its own page. */
static bool open_assigned(void)
{
	if (!CHECK(open_device()))
		return false;
	space = space_with_own_page();
	return CHECK_OK(rt_dev_assign(dc, space));
}

/* Fills the device's buffer by way of its own page. */
static void load(uint64_t value)
{
	for (unsigned at = 0; at < LOAD_BYTES; at += 8)
		poke(va(OWN) + at, value);
	edu_fetch(pa(OWN), LOAD_BYTES);
}

static uint64_t faults(void)
{
	CHECK_OK(rt_dev_faults(dc));
	return utcb()[VELA_DEV_FAULT_COUNT];
}

/* QEMU's AMD IOMMU blocks without a word where it finds nothing in a table. */
static void recorded(uint64_t address, unsigned kind)
{
	if (test_argument("qemu-amd"))
		return;
	CHECK_OK(rt_dev_faults(dc));
	CHECK_EQ(utcb()[VELA_DEV_FAULT_ADDRESS], address);
	CHECK_EQ(utcb()[VELA_DEV_FAULT_REASON] & 0xff, kind);
}

/* A store to device address at must change nothing that can be seen at seen, and be recorded. */
static void store_blocked(uint64_t at, uint64_t seen)
{
	uint64_t before = peek(seen), last_count = faults();
	edu_store(at, 64);
	CHECK_EQ(peek(seen), before);
	recorded(at & ~(uint64_t)(VELA_PAGE_SIZE - 1), VELA_FAULT_WRITE);
	if (!test_argument("qemu-amd"))
		CHECK(faults() > last_count);
}

static void store_works(uint64_t at, uint64_t seen, uint64_t value)
{
	uint64_t before = faults();
	load(value);
	poke(seen, ~value);
	edu_store(at, 64);
	CHECK_EQ(peek(seen), value);
	CHECK_EQ(faults(), before);
}

static void test_blocked(void)
{
	if (!CHECK(open_device()))
		return;
	CHECK_EQ(faults(), 0);
	CHECK_EQ(utcb()[VELA_DEV_FAULT_REASON], VELA_FAULT_NONE);
	store_blocked(pa(FOREIGN), va(FOREIGN));
	edu_fetch(pa(FOREIGN), 64);
	recorded(pa(FOREIGN), VELA_FAULT_READ);
	/* What it has read shows when it may write. */
	space = space_with_own_page();
	CHECK_OK(rt_dev_assign(dc, space));
	edu_store(pa(OWN), 64);
	CHECK(peek(va(OWN)) != peek(va(FOREIGN)));
	CHECK_OK(rt_dev_assign(dc, 0));
	store_blocked(pa(OWN), va(OWN));
	close_device();
}

static void test_window(void)
{
	if (!open_assigned())
		return;
	store_works(pa(OWN), va(OWN), 0xa0a0a0a0a0a0a0a0);
	store_blocked(pa(FOREIGN), va(FOREIGN));
	edu_fetch(pa(FOREIGN), 64);
	recorded(pa(FOREIGN), VELA_FAULT_READ);
	edu_store(pa(OWN), 64);
	CHECK(peek(va(OWN)) != peek(va(FOREIGN)));
	/* Half in, half out. */
	uint64_t before = peek(va(OTHER));
	load(0xb0b0b0b0b0b0b0b0);
	edu_store(pa(OWN) + VELA_PAGE_SIZE - 64, 128);
	CHECK_EQ(peek(va(OTHER)), before);
	recorded(pa(OTHER), VELA_FAULT_WRITE);
	/* Read, but not write. */
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(OTHER), page(OTHER), 1, VELA_MEM_R));
	load(0xc0c0c0c0c0c0c0c0);
	store_blocked(pa(OTHER), va(OTHER));
	edu_fetch(pa(OTHER), 64);
	edu_store(pa(OWN), 64);
	CHECK_EQ(peek(va(OWN)), peek(va(OTHER)));
	/* From where the root has mapped it, to an address that is not the physical one. */
	CHECK_OK(rt_map(VELA_ROOT_HST, space, PAGE(va(THIRD)), 0x12345, 1, RW));
	store_works(0x12345ull * VELA_PAGE_SIZE, va(THIRD), 0xd0d0d0d0d0d0d0d0);
	close_device();
}

/* The transfers before each change have the translation in the IOMMU's cache. */
static void test_stale(void)
{
	if (!open_assigned())
		return;
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(OTHER), page(OTHER), 1, RW));
	store_works(pa(OTHER), va(OTHER), 1);
	CHECK_OK(rt_map(VELA_ROOT_NULL, space, 0, page(OTHER), 1, 0));
	load(2);
	store_blocked(pa(OTHER), va(OTHER));
	/* What was not there before can be there now. */
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(OTHER), page(OTHER), 1, RW));
	store_works(pa(OTHER), va(OTHER), 3);
	/* Another page takes its place. */
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(THIRD), page(OTHER), 1, RW));
	store_works(pa(OTHER), va(THIRD), 4);
	CHECK_EQ(peek(va(OTHER)), 3);
	/* Fewer rights. */
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(THIRD), page(OTHER), 1, VELA_MEM_R));
	load(5);
	store_blocked(pa(OTHER), va(THIRD));
	close_device();
}

/* A large leaf, and a hole in it. */
static void test_large(void)
{
	if (!open_assigned())
		return;
	uint64_t to = LARGE_PAGES * 3, at = (to + FOREIGN) * VELA_PAGE_SIZE;
	struct pd_stat before = pd_stat(test_pd);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, space, page(0), to, LARGE_PAGES, RW));
	/* Two tables at most: none of 4 KiB leaves where the IOMMU has larger ones. */
	CHECK(pd_stat(test_pd).used - before.used <= 2);
	store_works(at, va(FOREIGN), 6);
	store_works(at + VELA_PAGE_SIZE, va(THIRD), 7);
	CHECK_OK(rt_map(VELA_ROOT_NULL, space, 0, to + FOREIGN, 1, 0));
	load(8);
	store_blocked(at, va(FOREIGN));
	store_works(at + VELA_PAGE_SIZE, va(THIRD), 9);
	CHECK_OK(rt_map(VELA_ROOT_NULL, space, 0, to, LARGE_PAGES, 0));
	load(10);
	store_blocked(at + VELA_PAGE_SIZE, va(THIRD));
	close_device();
}

/* The end of a space blocks its devices, and so does the end of a device context or their owner. */
static void test_end(void)
{
	if (!open_assigned())
		return;
	store_works(pa(OWN), va(OWN), 11);
	CHECK_OK(rt_destroy(space));
	store_blocked(pa(OWN), va(OWN));
	/* Whatever took the memory of its tables, and its identity, leads to other pages. */
	vela_sel_t next = MAKE(SP, VELA_SP_DMA);
	CHECK_OK(rt_map(VELA_ROOT_PHYS, next, page(OTHER), page(OWN), 1, RW));
	store_blocked(pa(OWN), va(OTHER));
	space = space_with_own_page();
	CHECK_OK(rt_dev_assign(dc, space));
	store_works(pa(OWN), va(OWN), 12);
	CHECK_OK(rt_dev_assign(dc, next)); /* straight from one to the other */
	edu_store(pa(OWN), 64);
	CHECK_EQ(peek(va(OTHER)), 12);
	CHECK_OK(rt_dev_assign(dc, space));
	store_works(pa(OWN), va(OWN), 13);
	poke(va(OWN), 14);
	CHECK_OK(rt_destroy(dc));
	edu_store(pa(OWN), 64);
	CHECK_EQ(peek(va(OWN)), 14);
	dc = MAKE(DC, VELA_ROOT_HW, edu_rid());
	CHECK_EQ(faults(), 0); /* those of the context before are not this one's */
	store_blocked(pa(OWN), va(OWN));
	close_device();
}

static void test_owner(void)
{
	vela_sel_t pd = MAKE(PD, 30), sp = sel_new(), own = sel_new();
	if (!CHECK(open_device()))
		return;
	CHECK_OK(rt_destroy(dc));
	const uint64_t sp_words[] = { VELA_SP_DMA }, dc_words[] = { VELA_ROOT_HW, edu_rid() };
	CHECK_OK(create_in(pd, sp, VELA_KIND_SP, 1, sp_words));
	CHECK_OK(create_in(pd, own, VELA_KIND_DC, 2, dc_words));
	CHECK_OK(rt_map(VELA_ROOT_PHYS, sp, page(OWN), page(OWN), 1, RW));
	CHECK_OK(rt_dev_assign(own, sp));
	dc = own;
	store_works(pa(OWN), va(OWN), 15);
	poke(va(OWN), 16);
	CHECK_OK(rt_destroy(pd));
	edu_store(pa(OWN), 64);
	CHECK_EQ(peek(va(OWN)), 16);
	close_device();
}

/* The device writes messages that are not its own; nobody hears them. */
static void forge(uint64_t address, uint64_t data, vela_sel_t victim)
{
	edu_msi(true, address, data);
	edu_raise();
	CHECK_EQ(rt_sm_down(victim, in_ms(20)), VELA_TIMEOUT);
}

/* By vector, as without remapping; and a message written by DMA. QEMU's VT-d lets the old format
 * pass, whatever it was told, and does not know who wrote to memory. */
static void forge_otherwise(uint64_t address, uint64_t data, vela_sel_t victim)
{
	if (test_argument("qemu-vtd"))
		return;
	load(data);
	edu_store(address, 4);
	CHECK_EQ(rt_sm_down(victim, in_ms(20)), VELA_TIMEOUT);
	for (uint64_t vector = 0x30; vector < 0xf0; vector++)
		forge(0xfee00000, vector, victim);
}

static void test_forged(void)
{
	vela_sel_t own = MAKE(SM, 0), victim = MAKE(SM, 0);
	vela_sel_t neighbour = MAKE(DC, VELA_ROOT_HW, RID_NONE);
	if (!open_assigned())
		return;
	CHECK_OK(rt_dev_irq_bind(neighbour, 0, victim, 0));
	uint64_t address = utcb()[VELA_DEV_MSI_ADDRESS], data = utcb()[VELA_DEV_MSI_DATA];
	CHECK_OK(rt_dev_irq_bind(dc, 0, own, 0));
	uint64_t own_address = utcb()[VELA_DEV_MSI_ADDRESS], own_data = utcb()[VELA_DEV_MSI_DATA];
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, PIN_GSI, victim, 0, 0));
	forge(address, data, victim);
	forge_otherwise(address, data, victim);
	forge(0xfee00010 | (0x30 + PIN_GSI) << 5, 0, victim); /* that of an I/O APIC's pin */
	forge(own_address, 0x30 + PIN_GSI, victim);
	rt_sm_down_all(own, 0);
	edu_msi(true, own_address, own_data);
	edu_raise();
	CHECK(WAIT(own));
	CHECK_OK(rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_FREE, PIN_GSI, 0, 0, 0));
	close_device();
}

static void test_refused(void)
{
	vela_sel_t own = MAKE(DC, VELA_ROOT_HW, RID_NONE), weak = sel_new(), sm = MAKE(SM, 0);
	vela_sel_t far = MAKE(DC, VELA_ROOT_HW, 1u << 16), hst = MAKE(SP, VELA_SP_HST);
	vela_sel_t s = MAKE(SP, VELA_SP_DMA);
	uint64_t done;
	CHECK_EQ(rt_dev_assign(own, weak), VELA_BAD_CAP);
	CHECK_EQ(rt_dev_assign(own, sm), VELA_BAD_KIND);
	CHECK_EQ(rt_dev_assign(own, hst), VELA_BAD_KIND);
	CHECK_EQ(rt_dev_assign(own, VELA_ROOT_PHYS), VELA_BAD_KIND);
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, s, weak, 1, 0xff & ~VELA_SP_ASSIGN));
	CHECK_EQ(rt_dev_assign(own, weak), VELA_NO_RIGHT);
	CHECK_EQ(rt_dev_assign(far, s), VELA_NOT_SUPPORTED); /* another segment */
	CHECK_EQ(rt_dev_faults(far), VELA_NOT_SUPPORTED);
	if (rt_machine()->features & VELA_FEATURE_IRQ_REMAP)
		CHECK_EQ(rt_dev_irq_bind(far, 0, sm, 0), VELA_NOT_SUPPORTED);
	/* A function as which the I/O APIC sends, in QEMU's machine with AMD's IOMMU. */
	if (test_argument("qemu-amd") && rt_machine()->features & VELA_FEATURE_IRQ_REMAP) {
		vela_sel_t ioapic = MAKE(DC, VELA_ROOT_HW, 0xa0);
		CHECK_EQ(rt_dev_assign(ioapic, s), VELA_NOT_SUPPORTED);
		CHECK_EQ(rt_dev_irq_bind(ioapic, 0, sm, 0), VELA_NOT_SUPPORTED);
	}
	static const unsigned rights[] = { VELA_MEM_W, RW | VELA_MEM_X, RW | VELA_MEM_UC,
					   RW | VELA_MEM_WC };
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(map_once(VELA_ROOT_PHYS, s, page(0), 0, 1, rights[i], &done),
			 VELA_BAD_ARG);
	CHECK_EQ(map_once(s, s, 0, 1, 1, RW, &done), VELA_BAD_KIND);
	CHECK_EQ(map_once(s, hst, 0, 1, 1, RW, &done), VELA_BAD_KIND);
	CHECK_EQ(map_once(VELA_ROOT_PHYS, s, page(0), 1ull << 40, 1, RW, &done), VELA_BAD_ARG);
	CHECK_EQ(map_once(VELA_ROOT_PHYS, s, page(0), UINT64_MAX, 1, RW, &done), VELA_BAD_ARG);
	/* The kernel's memory. */
	const struct vela_info *m = rt_machine();
	for (unsigned i = 0; i < m->memories; i++) {
		if (m->memory[i].type == VELA_MEMORY_KERNEL)
			CHECK_EQ(map_once(VELA_ROOT_PHYS, s, PAGE(m->memory[i].base), 0, 1, RW,
					  &done),
				 VELA_BAD_ARG);
	}
}

static void test_identities(void)
{
	unsigned made[2] = { 0 };
	for (unsigned round = 0; round < 2; round++) {
		vela_sel_t pd = MAKE(PD, 600);
		const uint64_t words[] = { VELA_SP_DMA };
		uint64_t s = VELA_OK;
		while (!s && made[round] < 1000) {
			s = create_in(pd, sel_new(), VELA_KIND_SP, 1, words);
			made[round] += !s;
		}
		CHECK_EQ(s, VELA_OVERFLOW);
		CHECK_OK(rt_destroy(pd));
	}
	CHECK(made[0] >= 15);
	CHECK_EQ(made[0], made[1]);
}

const struct test tests_dma[] = {
	{ "blocked until assigned", test_blocked, NEEDS_EDU | NEEDS_IOMMU },
	{ "inside and outside of its window", test_window, NEEDS_EDU | NEEDS_IOMMU },
	{ "nothing stale", test_stale, NEEDS_EDU | NEEDS_IOMMU },
	{ "large pages", test_large, NEEDS_EDU | NEEDS_IOMMU },
	{ "the end of a space and of a device context", test_end, NEEDS_EDU | NEEDS_IOMMU },
	{ "the end of their owner", test_owner, NEEDS_EDU | NEEDS_IOMMU },
	{ "forged interrupts", test_forged, NEEDS_EDU | NEEDS_REMAP },
	{ "what is refused", test_refused, NEEDS_IOMMU },
	{ "identities of spaces end and come back", test_identities, NEEDS_IOMMU },
	{ 0 },
};
