/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory that a VMM gives back to the root task and asks for again, in blocks of 2 MiB. The
 * two share a window at RT_BALLOON_VA if rt_vmm_info.balloon says so:
 *
 *   offset                 bytes
 *   0                      4 KiB                 struct rt_balloon
 *   4 KiB                  rt_balloon_map_bytes  the VMM's: bit n set: it wants to be without block
 * n behind it              the same              the root task's: bit n set: block n is not there
 *
 * Block n is the 2 MiB at RT_RAM_VA + n * RT_BALLOON_BLOCK, and what the guest sees of them. The
 * VMM changes its bits, then adds one to asked and ups RT_SEL_PARENT. The root task unmaps or maps
 * the blocks in the VMM's and in the guest's space, changes its own bits, stores in done what it
 * found in asked, and ups the first vCPU's WAKE semaphore. A block that comes back is zeroed. If
 * there is no memory for it, its bit stays set; the VMM asks again later.
 *
 * Before it gives a block back, a VMM makes sure that none of its threads uses it. A guest that
 * touches a block that is not there exits with class MEMORY.
 */
#ifndef RT_BALLOON_H
#define RT_BALLOON_H

#include <stdint.h>

#define RT_BALLOON_BLOCK 0x200000ull
#define RT_BALLOON_MAPS	 0x1000u /* offset of the VMM's bits */

struct rt_balloon {
	uint32_t asked; /* VMM: release store after its bits */
	uint32_t done;	/* root task: release store after its own */
	/* Root task: bytes that the guest is asked to do without; it ups the first vCPU's WAKE. */
	uint64_t target_bytes;
};

/* Bytes of each of the two bit maps, whole pages. Bits are counted from the lowest of each word of
 * 64 bits. */
static inline uint64_t rt_balloon_map_bytes(uint64_t ram_bytes)
{
	const uint64_t per_page = 4096 * 8 * RT_BALLOON_BLOCK;

	return (ram_bytes + per_page - 1) / per_page * 4096;
}

static inline uint64_t rt_balloon_bytes(uint64_t ram_bytes)
{
	return RT_BALLOON_MAPS + 2 * rt_balloon_map_bytes(ram_bytes);
}

#endif
