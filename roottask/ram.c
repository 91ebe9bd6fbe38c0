/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's RAM; see ram.h. */
#include "ram.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include "member.h"
#include "window.h"

#define BLOCK_PAGES (RT_BALLOON_BLOCK / VELA_PAGE_SIZE)
#define TURN_BLOCKS 8u /* in one turn: each is up to 2 MiB to clear */
#define PIECES_MAX  64u
_Static_assert(RT_BALLOON_BLOCK == MEMORY_BLOCK, "blocks of guest memory");
_Static_assert(RT_GUEST_LOW_MAX % RT_BALLOON_BLOCK == 0, "no block lies on both sides of the hole");

static uint64_t gpa_of(uint64_t offset)
{
	return offset < RT_GUEST_LOW_MAX ? offset : offset - RT_GUEST_LOW_MAX + RT_GUEST_HIGH_BASE;
}

/* Maps physical memory at an offset of the guest's RAM, in both spaces. */
static bool map(const struct process *process, struct extent extent, uint64_t offset)
{
	const uint64_t page = extent.base / VELA_PAGE_SIZE, count = extent.size / VELA_PAGE_SIZE;
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;

	return root_check(process->name, "map its guest's memory",
			  rt_map(VELA_ROOT_PHYS, process_sel(process, PROCESS_HST), page,
				 (RT_RAM_VA + offset) / VELA_PAGE_SIZE, count, rw)) &&
	       root_check(process->name, "map memory in its guest",
			  rt_map(VELA_ROOT_PHYS, process_sel(process, PROCESS_GST), page,
				 gpa_of(offset) / VELA_PAGE_SIZE, count, rw | VELA_MEM_X));
}

/* When both calls have returned, nobody can reach the block any more. A VMM that still has an
 * address in it, which its guest must have named, reaches the spare block and is not harmed. */
static bool unmap(const struct ram *ram, const struct process *process, uint64_t offset)
{
	return rt_map(VELA_ROOT_NULL, process_sel(process, PROCESS_GST), 0,
		      gpa_of(offset) / VELA_PAGE_SIZE, BLOCK_PAGES, 0) == VELA_OK &&
	       rt_map(VELA_ROOT_PHYS, process_sel(process, PROCESS_HST),
		      ram->spare.base / VELA_PAGE_SIZE, (RT_RAM_VA + offset) / VELA_PAGE_SIZE,
		      BLOCK_PAGES, VELA_MEM_R | VELA_MEM_W) == VELA_OK;
}

static void note(struct ram *ram, struct extent piece, uint64_t offset)
{
	for (uint64_t at = 0; at < piece.size; at += MEMORY_BLOCK)
		ram->base[(offset + at) / MEMORY_BLOCK] = piece.base + at;
}

static bool fill(struct ram *ram, struct process *process, uint64_t bytes)
{
	static struct extent piece[PIECES_MAX];
	size_t pieces = memory_take_blocks(&root_memory, bytes, piece, PIECES_MAX);
	uint64_t offset = 0;

	if (!pieces)
		return process_no_memory(process, bytes);
	/* What is noted is given back, whatever else fails. */
	for (size_t i = 0; i < pieces; offset += piece[i++].size)
		note(ram, piece[i], offset);
	offset = 0;
	for (size_t i = 0; i < pieces; offset += piece[i++].size) {
		const uint64_t below = offset < RT_GUEST_LOW_MAX ? RT_GUEST_LOW_MAX - offset : 0;
		const struct extent low = { piece[i].base,
					    below < piece[i].size ? below : piece[i].size };
		const struct extent high = { low.base + low.size, piece[i].size - low.size };

		if (!window_clear(piece[i]) || (low.size && !map(process, low, offset)) ||
		    (high.size && !map(process, high, offset + low.size)))
			return false;
	}
	return true;
}

static bool share(struct ram *ram, struct process *process, uint64_t bytes)
{
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;

	if (!process_memory(process, rt_balloon_bytes(bytes), RT_BALLOON_VA, rw, &ram->window))
		return false;
	if (process->extents == PROCESS_EXTENTS_MAX ||
	    memory_take_blocks(&root_memory, MEMORY_BLOCK, &ram->spare, 1) != 1)
		return process_no_memory(process, MEMORY_BLOCK);
	process->extent[process->extents++] = ram->spare;
	if (!window_clear(ram->spare))
		return root_check(process->name, "clear its memory", VELA_NO_MEMORY);
	unsigned char *view = window_open(ram->window, rw);
	if (!view)
		return root_check(process->name, "map its balloon's window", VELA_NO_MEMORY);
	ram->balloon = (void *)view;
	ram->wanted = (void *)(view + RT_BALLOON_MAPS);
	ram->gone = (void *)(view + RT_BALLOON_MAPS + rt_balloon_map_bytes(bytes));
	return true;
}

bool ram_take(struct ram *ram, struct process *process, uint64_t bytes, bool has_balloon)
{
	*ram = (struct ram){ .blocks = bytes / MEMORY_BLOCK };
	if (!process_own(process, ram->blocks * sizeof *ram->base, &ram->table))
		return false;
	ram->base = window_open(ram->table, VELA_MEM_R | VELA_MEM_W);
	if (!ram->base)
		return root_check(process->name, "map the list of its memory", VELA_NO_MEMORY);
	process->ram = ram;
	return fill(ram, process, bytes) && (!has_balloon || share(ram, process, bytes));
}

static void set_gone(struct ram *ram, uint64_t n, bool gone)
{
	const uint64_t bit = 1ull << n % 64;

	/* The VMM can write these bits too: what counts is base. */
	if (gone)
		__atomic_fetch_or(&ram->gone[n / 64], bit, __ATOMIC_RELEASE);
	else
		__atomic_fetch_and(&ram->gone[n / 64], ~bit, __ATOMIC_RELEASE);
}

static void take_back(struct ram *ram, const struct process *process, uint64_t n)
{
	const struct extent block = { ram->base[n], MEMORY_BLOCK };

	/* Single blocks tear holes into the list of free memory, which has an end that others need:
	 * then the block stays where it is. */
	if (root_memory.count >= MEMORY_EXTENTS_MAX / 2 || !unmap(ram, process, n * MEMORY_BLOCK))
		return;
	ram->base[n] = 0;
	ram->absent++;
	set_gone(ram, n, true);
	if (!window_clear(block) || !memory_give(&root_memory, block))
		rt_log(RT_ERROR, "%s: %llu KiB of memory are lost", process->name,
		       (unsigned long long)MEMORY_BLOCK / 1024);
}

static void give(struct ram *ram, const struct process *process, uint64_t n)
{
	struct extent block;

	if (memory_take_blocks(&root_memory, MEMORY_BLOCK, &block, 1) != 1)
		return;
	if (!window_clear(block) || !map(process, block, n * MEMORY_BLOCK)) {
		unmap(ram, process, n * MEMORY_BLOCK);
		memory_give(&root_memory, block);
		return;
	}
	ram->base[n] = block.base;
	ram->absent--;
	set_gone(ram, n, false);
}

/* Whether the VMM has changed its mind since the last round, or a round is not at its end. */
static bool is_asked(struct ram *ram)
{
	if (ram->next)
		return true;
	uint32_t asked = __atomic_load_n(&ram->balloon->asked, __ATOMIC_ACQUIRE);
	bool is_new = asked != ram->asking;

	ram->asking = asked;
	return is_new;
}

static void work(struct ram *ram, const struct process *process)
{
	for (unsigned done = 0; ram->next < ram->blocks && done < TURN_BLOCKS; ram->next++) {
		const uint64_t n = ram->next;
		const uint64_t word = __atomic_load_n(&ram->wanted[n / 64], __ATOMIC_RELAXED);
		const bool without = word >> n % 64 & 1;

		if (without == !ram->base[n])
			continue;
		if (without)
			take_back(ram, process, n);
		else
			give(ram, process, n);
		done++;
	}
}

/* Once for each quarter of the guest's memory that came or went. */
static void say(struct ram *ram, const char *name)
{
	uint64_t moved =
		ram->absent > ram->said ? ram->absent - ram->said : ram->said - ram->absent;

	if (moved < ram->blocks / 4 + 1)
		return;
	ram->said = ram->absent;
	rt_log(RT_INFO, "%s: %llu MiB of its %llu MiB are given back; %llu MiB are free", name,
	       (unsigned long long)(ram->absent * MEMORY_BLOCK) >> 20,
	       (unsigned long long)(ram->blocks * MEMORY_BLOCK) >> 20,
	       (unsigned long long)root_memory.free_bytes >> 20);
}

/* As much time passes between turns as they take, whatever the VMM asks for. */
void ram_attend(struct ram *ram, const struct process *process, uint64_t *deadline_ns)
{
	uint64_t start = rt_clock_ns();

	if (!ram->balloon)
		return;
	if (start < ram->pause_ns)
		return deadline_lower(deadline_ns, ram->pause_ns);
	if (!is_asked(ram))
		return;
	work(ram, process);
	uint64_t end = rt_clock_ns();

	ram->pause_ns = end + (end - start);
	deadline_lower(deadline_ns, ram->pause_ns);
	if (ram->next < ram->blocks)
		return;
	ram->next = 0;
	__atomic_store_n(&ram->balloon->done, ram->asking, __ATOMIC_RELEASE);
	rt_sm_up(process_sel(process, PROCESS_WAKE));
	say(ram, process->name);
}

bool ram_ask(struct ram *ram, const struct process *process, int64_t bytes)
{
	const uint64_t change = (uint64_t)(bytes < 0 ? -bytes : bytes);
	const uint64_t most = ram->blocks * MEMORY_BLOCK;

	if (!ram->balloon)
		return false;
	if (bytes < 0)
		ram->target -= change < ram->target ? change : ram->target;
	else
		ram->target += change < most - ram->target ? change : most - ram->target;
	__atomic_store_n(&ram->balloon->target_bytes, ram->target, __ATOMIC_RELEASE);
	rt_sm_up(process_sel(process, PROCESS_WAKE));
	rt_log(RT_INFO, "%s: asked to do without %llu of its %llu MiB", process->name,
	       (unsigned long long)ram->target >> 20, (unsigned long long)most >> 20);
	return true;
}

void ram_end(struct ram *ram)
{
	if (ram->balloon)
		window_close(ram->window);
	ram->balloon = NULL;
}

bool ram_reclaim(struct ram *ram, const char *name, uint64_t *bytes)
{
	while (ram->blocks && !ram->base[ram->blocks - 1])
		ram->blocks--;
	if (!ram->blocks) {
		if (ram->base)
			window_close(ram->table);
		ram->base = NULL;
		return false;
	}
	const struct extent block = { ram->base[--ram->blocks], MEMORY_BLOCK };

	if (window_clear(block) && memory_give(&root_memory, block))
		*bytes += MEMORY_BLOCK;
	else
		rt_log(RT_ERROR, "%s: %llu KiB of memory are lost", name,
		       (unsigned long long)MEMORY_BLOCK / 1024);
	return true;
}
