/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the tests: a large piece of free RAM found in the memory map, pages of the program's
 * own image, and a window of host addresses whose page tables stay.
 */
#ifndef KERNEL_TEST_PAGES_H
#define KERNEL_TEST_PAGES_H

#include "test.h"

#define PAGE(address) ((uint64_t)(address) / VELA_PAGE_SIZE)
#define LARGE_PAGES   512ull	     /* of 4 KiB in a 2 MiB leaf */
#define HUGE_PAGES    (512ull * 512) /* in a 1 GiB leaf */

/* Pages of RAM at a physical page number that is a multiple of 512: at least 16 MiB. */
uint64_t free_ram(void);

/* A window in the root's host space, 2 MiB, and pages in it. Tests unmap what they map there. */
#define WINDOW 0x510000000000ull

/* Pages of the image, readable and writable, for any use. */
#define SPARE_PAGES 16u
extern uint8_t spare[SPARE_PAGES][VELA_PAGE_SIZE];

/* Makes the window's tables; called once. */
void pages_init(void);

static inline uint64_t peek(uint64_t va)
{
	return __atomic_load_n((volatile uint64_t *)va, __ATOMIC_RELAXED);
}
static inline void poke(uint64_t va, uint64_t value)
{
	__atomic_store_n((volatile uint64_t *)va, value, __ATOMIC_RELAXED);
}

/* One call of map; *done says how many pages. */
uint64_t map_once(vela_sel_t src, vela_sel_t dst, uint64_t sbase, uint64_t dbase, uint64_t count,
		  unsigned rights, uint64_t *done);

/* What a thread of its own finds at va: VELA_OK, or the fault it got. */
enum access { READ, WRITE, EXECUTE };
struct finding {
	bool fault;
	uint64_t vector, error, address;
};
struct finding try_access(uint64_t va, enum access how);
#define FAULTS(va, how)                                     \
	({                                                  \
		struct finding f = try_access((va), (how)); \
		CHECK(f.fault);                             \
		CHECK_EQ(f.vector, 14);                     \
		CHECK_EQ(f.address, (va));                  \
		f.error;                                    \
	})
#define WORKS(va, how) CHECK(!try_access((va), (how)).fault)

#endif
