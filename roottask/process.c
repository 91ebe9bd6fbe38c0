/* SPDX-License-Identifier: Apache-2.0 */
/* Making and unmaking processes; see process.h. */
#include "process.h"

#include <rt/elf.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <string.h>

#include "events.h"
#include "grants.h"
#include "ram.h"
#include "window.h"

bool process_create(struct process *process, unsigned kind, unsigned what, const char *text)
{
	return root_check(
		process->name, text,
		rt_create(kind, process_sel(process, what), process_sel(process, PROCESS_PD)));
}

bool process_space(struct process *process, enum vela_space type, unsigned what, const char *text)
{
	root_utcb()[VELA_SP_TYPE] = type;
	return process_create(process, VELA_KIND_SP, what, text);
}

bool process_begin(struct process *process, unsigned cpu, uint64_t quota_pages)
{
	process->cpu = cpu;
	process->quota_pages = quota_pages;
	process->incarnation++;
	process->extents = 0;
	process->ram = NULL;
	process->status = NULL;
	process->alive = true;
	root_utcb()[VELA_PD_PAGES] = quota_pages;
	return root_check(
		       process->name, "create its protection domain",
		       rt_create(VELA_KIND_PD, process_sel(process, PROCESS_PD), VELA_ROOT_PD)) &&
	       process_space(process, VELA_SP_OBJ, PROCESS_OBJ, "create its object space") &&
	       process_space(process, VELA_SP_HST, PROCESS_HST, "create its address space");
}

bool process_map(struct process *process, struct extent extent, uint64_t va, unsigned rights)
{
	uint64_t pages = (extent.size + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE;

	return root_check(process->name, "map its memory",
			  rt_map(VELA_ROOT_PHYS, process_sel(process, PROCESS_HST),
				 extent.base / VELA_PAGE_SIZE, va / VELA_PAGE_SIZE, pages, rights));
}

bool process_no_memory(const struct process *process, uint64_t size)
{
	rt_log(RT_ERROR,
	       "%s: not enough memory: %llu KiB wanted, %llu KiB free; give the machine more or "
	       "the guests less",
	       process->name, (unsigned long long)(size + 1023) / 1024,
	       (unsigned long long)root_memory.free_bytes / 1024);
	return false;
}

bool process_own(struct process *process, uint64_t size, struct extent *extent)
{
	if (process->extents == PROCESS_EXTENTS_MAX || !memory_take(&root_memory, size, extent))
		return process_no_memory(process, size);
	process->extent[process->extents++] = *extent;
	return window_clear(*extent) ||
	       root_check(process->name, "clear its memory", VELA_NO_MEMORY);
}

bool process_memory(struct process *process, uint64_t size, uint64_t va, unsigned rights,
		    struct extent *extent)
{
	struct extent taken;

	if (!process_own(process, size, &taken))
		return false;
	if (extent)
		*extent = taken;
	return process_map(process, taken, va, rights);
}

bool process_blocks(struct process *process, uint64_t size, uint64_t va)
{
	struct extent *taken = &process->extent[process->extents];
	size_t count = memory_take_blocks(&root_memory, size, taken,
					  PROCESS_EXTENTS_MAX - process->extents);

	if (!count)
		return process_no_memory(process, size);
	process->extents += (unsigned)count;
	for (size_t i = 0; i < count; i++) {
		if (!window_clear(taken[i]))
			return root_check(process->name, "clear its memory", VELA_NO_MEMORY);
		if (!process_map(process, taken[i], va, VELA_MEM_R | VELA_MEM_W))
			return false;
		va += taken[i].size;
	}
	return true;
}

/* Memory of one page-aligned piece of the process with bytes copied to its start. */
static bool filled_memory(struct process *process, const void *bytes, uint64_t length,
			  uint64_t size, uint64_t va, unsigned rights)
{
	struct extent extent = { 0 };

	if (!process_memory(process, size, va, rights, &extent))
		return false;
	void *view = window_borrow(extent);
	if (!view)
		return root_check(process->name, "fill its memory", VELA_NO_MEMORY);
	memcpy(view, bytes, length);
	window_return(extent);
	return true;
}

static bool load_program(struct process *process, const struct vela_module *module)
{
	const char *image = window_open((struct extent){ module->base, module->size }, VELA_MEM_R);
	struct rt_elf elf;

	if (!image)
		return root_check(process->name, "map its program", VELA_NO_MEMORY);
	enum rt_elf_status status = rt_elf_read(&elf, image, module->size, RT_STATUS_VA);
	if (status) {
		rt_log(RT_ERROR, "%s: its program cannot be loaded: %s", process->name,
		       rt_elf_text(status));
		return false;
	}
	process->entry = elf.entry;
	for (unsigned i = 0; i < elf.segments; i++) {
		const struct rt_elf_segment *segment = &elf.segment[i];

		if (!filled_memory(process, image + segment->file_offset, segment->file_bytes,
				   segment->memory_bytes, segment->va, segment->rights))
			return false;
	}
	return true;
}

bool process_load(struct process *process, const struct vela_module *module,
		  const struct rt_info *info)
{
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;

	if (!load_program(process, module) ||
	    !process_memory(process, VELA_STACK_BYTES, VELA_STACK_TOP - VELA_STACK_BYTES, rw,
			    NULL) ||
	    !process_memory(process, VELA_TLS_BYTES, VELA_TLS_VA, rw, NULL) ||
	    !filled_memory(process, info, sizeof *info, RT_INFO_PAGES * VELA_PAGE_SIZE,
			   VELA_INFO_VA, VELA_MEM_R) ||
	    !process_memory(process, VELA_PAGE_SIZE, RT_STATUS_VA, rw, &process->status_page))
		return false;
	process->status = window_open(process->status_page, rw);
	return process->status || root_check(process->name, "map its status page", VELA_NO_MEMORY);
}

/* The rest of the thread's parameters, address by address, stand in the UTCB already. */
static bool create_thread(struct process *process, unsigned n, unsigned cpu)
{
	uint64_t *w = root_utcb();

	w[VELA_EC_OBJ] = process_sel(process, PROCESS_OBJ);
	w[VELA_EC_HST] = process_sel(process, PROCESS_HST);
	w[VELA_EC_CPU] = cpu;
	w[VELA_EC_IP] = process->entry;
	w[VELA_EC_EVENT] = RT_SEL_EVENT + n;
	w[VELA_EC_FLAGS] = VELA_EC_NO_FPU;
	return process_create(process, VELA_KIND_EC, PROCESS_EC + n, "create its thread");
}

static bool create_portal(struct process *process, unsigned n, unsigned cpu)
{
	return events_portal(process->index, process->incarnation,
			     process_sel(process, PROCESS_EVENT + n),
			     process_sel(process, PROCESS_PD), cpu) ||
	       root_check(process->name, "create its event portal", VELA_NO_MEMORY);
}

bool process_thread(struct process *process, bool has_ports)
{
	uint64_t *w = root_utcb();

	if (!create_portal(process, 0, process->cpu))
		return false;
	w[VELA_EC_PIO] = has_ports ? process_sel(process, PROCESS_PIO) : 0;
	w[VELA_EC_UTCB] = VELA_UTCB_VA;
	w[VELA_EC_STACK] = VELA_STACK_TOP;
	w[VELA_EC_ARG] = VELA_INFO_VA;
	w[VELA_EC_TLS] = VELA_TLS_TP;
	return create_thread(process, 0, process->cpu);
}

bool process_add_thread(struct process *process, unsigned n, unsigned cpu)
{
	const uint64_t base = RT_THREAD_VA + n * RT_THREAD_STRIDE, end = base + RT_THREAD_STRIDE;
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;
	uint64_t *w = root_utcb();

	if (!process_memory(process, VELA_TLS_BYTES, base + RT_THREAD_TLS, rw, NULL) ||
	    !process_memory(process, RT_THREAD_STACK, end - RT_THREAD_STACK, rw, NULL) ||
	    !create_portal(process, n, cpu))
		return false;
	w[VELA_EC_PIO] = 0;
	w[VELA_EC_UTCB] = base;
	w[VELA_EC_STACK] = end;
	w[VELA_EC_ARG] = n;
	w[VELA_EC_TLS] = base + RT_THREAD_TLS + (VELA_TLS_TP - VELA_TLS_VA);
	return create_thread(process, n, cpu);
}

bool process_grant(const struct process *process, const struct config_cap *cap, unsigned vms)
{
	struct grant grant;

	if (!grant_from_cap(cap, process->index, vms, &grant))
		return root_check(process->name, "understand the list of capabilities",
				  VELA_BAD_ARG);
	return root_check(process->name, "grant a capability",
			  rt_grant(VELA_ROOT_OBJ, process_sel(process, PROCESS_OBJ), grant.source,
				   grant.selector, grant.count, grant.rights));
}

bool process_run(struct process *process, uint64_t priority, uint64_t slice_us)
{
	return process_run_thread(process, 0, process->cpu, priority, slice_us);
}

bool process_run_thread(struct process *process, unsigned n, unsigned cpu, uint64_t priority,
			uint64_t slice_us)
{
	uint64_t *w = root_utcb();

	w[VELA_SC_CP] = VELA_ROOT_CP + cpu;
	w[VELA_SC_EC] = process_sel(process, PROCESS_EC + n);
	w[VELA_SC_PRIORITY] = priority;
	w[VELA_SC_BUDGET] = slice_us;
	w[VELA_SC_PERIOD] = 0;
	return process_create(process, VELA_KIND_SC, PROCESS_SC + n, "start its thread");
}

void process_end(struct process *process)
{
	uint64_t status = rt_destroy(process_sel(process, PROCESS_PD));

	process->alive = false;
	if (process->status)
		window_close(process->status_page);
	process->status = NULL;
	if (process->ram)
		ram_end(process->ram);
	/* Without its protection domain gone, something of it might still use the memory. */
	if (status && status != VELA_BAD_CAP) {
		root_check(process->name, "destroy its protection domain; its memory is lost",
			   status);
		process->extents = 0;
		process->ram = NULL;
	}
}

bool process_reclaim(struct process *process, uint64_t *bytes)
{
	/* Its own list is among the extents. */
	if (process->ram && ram_reclaim(process->ram, process->name, bytes))
		return true;
	process->ram = NULL;
	if (!process->extents)
		return false;
	struct extent *last = &process->extent[process->extents - 1];
	uint64_t size = last->size < MEMORY_BLOCK ? last->size : MEMORY_BLOCK;
	struct extent piece = { last->base + last->size - size, size };

	last->size -= size;
	if (!last->size)
		process->extents--;
	if (window_clear(piece) && memory_give(&root_memory, piece))
		*bytes += size;
	else
		rt_log(RT_ERROR, "%s: %llu KiB of memory are lost", process->name,
		       (unsigned long long)size / 1024);
	return true;
}

void process_destroy(struct process *process)
{
	uint64_t bytes = 0;

	process_end(process);
	while (process_reclaim(process, &bytes))
		;
}
