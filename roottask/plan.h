/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be decided about a VM before anything is created: the CPU it runs on, the kernel memory
 * its objects need, and where its boot files lie in the files window. Pure.
 */
#ifndef ROOT_PLAN_H
#define ROOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <config/config.h>
#include <rt/process.h>
#include <vela/info.h>

struct plan {
	uint64_t quota_pages;
	uint64_t files_bytes; /* of the files window */
	unsigned files;
	const struct vela_module *module[RT_FILES_MAX];
	struct rt_file file[RT_FILES_MAX];
};

struct placement {
	unsigned cpus;
	unsigned first;		      /* those below are for VMs that name them */
	unsigned used[VELA_CPUS_MAX]; /* virtual CPUs on each */
};

/* Chooses the CPUs of a VM's virtual CPUs: those its block names in turn, else each time the one
 * with the fewest. False, and nothing chosen: there is no such CPU. */
bool plan_cpus(struct placement *placement, const struct config_vm *vm,
	       unsigned cpu[CONFIG_VCPUS_MAX]);

/*
 * Finds the VM's boot files. On failure *missing is the first that is not a boot module, or NULL
 * when there are more files than a VMM takes.
 */
bool plan_files(struct plan *plan, const struct vela_info *info, const struct config_vm *vm,
		const struct config_file **missing);

/* Kernel memory for the page tables and objects of a VMM with so many virtual CPUs, so much guest
 * memory and such files. */
uint64_t plan_quota(uint64_t cpus, uint64_t memory_bytes, uint64_t files_bytes);

#endif
