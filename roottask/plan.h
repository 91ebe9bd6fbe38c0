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
	unsigned links;
	struct rt_disk disk[RT_DISKS_MAX];
	struct rt_net net[RT_NETS_MAX];
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

/* What the VM's devices are; to be called after plan_files. */
void plan_devices(struct plan *plan, const struct config_vm *vm);

/* Bytes of the machine's memory for the guest and for its disks in mode discard. */
uint64_t plan_memory(const struct config_vm *vm);

/* Kernel memory for the page tables and objects of a VMM; the plan has its files and devices. */
uint64_t plan_quota(const struct config_vm *vm, const struct plan *plan);

/* What a link of a VM joins it to. */
struct plan_link {
	const struct config_service *service;
	unsigned client;		/* its number there */
	struct config_pos where;	/* in the VM's block */
	char what[CONFIG_NAME_MAX + 8]; /* disk "root" */
};

/* Link n of a VM. False: it has not so many. */
bool plan_link(const struct config_vm *vm, unsigned n, struct plan_link *link);

#endif
