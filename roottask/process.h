/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and unmaking processes: a protection domain with its spaces, its memory, one thread. Each
 * step logs its own failure with the process's name; after any failure process_destroy gives back
 * what there is.
 */
#ifndef ROOT_PROCESS_H
#define ROOT_PROCESS_H

#include <config/config.h>
#include <rt/process.h>

#include "memory.h"
#include "root.h"

#define PROCESS_EXTENTS_MAX (40u + 2 * RT_VCPUS_MAX)

struct process {
	unsigned index; /* 0: the console service, then VMs, then services; slot at the console */
	const char *name;
	bool alive;
	uint32_t incarnation; /* counts starts; never 0 once started */
	unsigned cpu;
	uint64_t quota_pages;	  /* kernel memory of its protection domain */
	uint64_t entry;		  /* of its program */
	struct rt_status *status; /* the root task's view of its status page, NULL before */
	struct extent status_page;
	struct ram *ram; /* a VMM's guest memory, NULL before */
	unsigned extents;
	struct extent extent[PROCESS_EXTENTS_MAX]; /* other memory that goes back when it ends */
};

/* Selector, in the root task, of an object of the process. */
static inline vela_sel_t process_sel(const struct process *process, unsigned what)
{
	return ROOT_SEL_PROCESS + process->index * PROCESS_SELS + what;
}

/* Creates the protection domain, with quota pages of kernel memory, and its two spaces. */
bool process_begin(struct process *process, unsigned cpu, uint64_t quota_pages);

/* Takes zeroed memory that goes back when the process ends. */
bool process_own(struct process *process, uint64_t size, struct extent *extent);

/* The same, and maps it at va; *extent may be NULL. */
bool process_memory(struct process *process, uint64_t size, uint64_t va, unsigned rights,
		    struct extent *extent);

/* Says that there is not enough memory; returns false. */
bool process_no_memory(const struct process *process, uint64_t size);

/* Takes memory in 2 MiB blocks and maps it at va. */
bool process_blocks(struct process *process, uint64_t size, uint64_t va);

/* Maps memory that stays the root task's. */
bool process_map(struct process *process, struct extent extent, uint64_t va, unsigned rights);

/* Loads the program in a boot module and gives it stack, TLS, status page and the facts of info. */
bool process_load(struct process *process, const struct vela_module *module,
		  const struct rt_info *info);

/* Creates an object at its selector; parameters stand in the UTCB. */
bool process_create(struct process *process, unsigned kind, unsigned what, const char *text);

/* Creates a space of this type. */
bool process_space(struct process *process, enum vela_space type, unsigned what, const char *text);

/* Creates its first thread, which uses the port space at PROCESS_PIO if has_ports. */
bool process_thread(struct process *process, bool has_ports);

/* Creates thread n > 0 with its memory on a CPU. Like the first it starts at the program's entry,
 * but with n for the information page. */
bool process_add_thread(struct process *process, unsigned n, unsigned cpu);

/* Grants what an entry of the list of capabilities says; vms as for grant_from_cap. */
bool process_grant(const struct process *process, const struct config_cap *cap, unsigned vms);

/* Lets the first thread, or thread n on its CPU, run. */
bool process_run(struct process *process, uint64_t priority, uint64_t slice_us);
bool process_run_thread(struct process *process, unsigned n, unsigned cpu, uint64_t priority,
			uint64_t slice_us);

/* Ends it: nothing of it runs afterwards. Its memory is still taken. */
void process_end(struct process *process);

/* Of a process that has ended: clears up to 2 MiB of its memory, which is free again then, and adds
 * them to *bytes. False: there is no more. */
bool process_reclaim(struct process *process, uint64_t *bytes);

/* Both: ends it and gives back all its memory. */
void process_destroy(struct process *process);

#endif
