/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a vm block to a running VMM; see vm.h. The root task looks into no guest file: it maps the
 * boot modules for the VMM to read.
 */
#include "vm.h"

#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "grants.h"
#include "links.h"
#include "modules.h"

/* The MSR ranges a guest could own some of (AMD64 manual volume 2, section 15.11). The root task's
 * own space, made by the kernel, has only those that are switched with the guest. */
#define MSR_LOW	  0u
#define MSR_HIGH  0xc0000000u
#define MSR_RANGE 0x2000u

static void fill_info(struct rt_info *info, const struct config_vm *config, const struct plan *plan)
{
	struct rt_vmm_info *vmm = &info->vmm;

	snprintf(info->name, sizeof info->name, "%s", config->name);
	memset(vmm, 0, sizeof *vmm);
	vmm->ram_bytes = config->memory_bytes;
	vmm->cpus = (uint32_t)config->cpus;
	vmm->protocol = config->boot.protocol == CONFIG_BOOT_LINUX ? RT_BOOT_LINUX
			: config->boot.protocol == CONFIG_BOOT_PVH ? RT_BOOT_PVH
								   : RT_BOOT_MULTIBOOT;
	vmm->console = config->console;
	vmm->debug_exit = config->debug_exit;
	vmm->hpet = config->hpet;
	vmm->rng = config->rng;
	vmm->balloon = config->balloon;
	vmm->virtio_console = config->virtio_console;
	vmm->disks = (uint32_t)config->disk_count;
	vmm->nets = (uint32_t)config->net_count;
	memcpy(vmm->disk, plan->disk, sizeof vmm->disk);
	memcpy(vmm->net, plan->net, sizeof vmm->net);
	vmm->files = plan->files;
	memcpy(vmm->file, plan->file, sizeof vmm->file);
	snprintf(vmm->args, sizeof vmm->args, "%s", config->boot.args);
}

static bool map_files(struct process *process, const struct plan *plan)
{
	for (unsigned i = 0; i < plan->files; i++) {
		struct extent file = { plan->module[i]->base, plan->module[i]->size };

		if (file.size &&
		    !process_map(process, file, RT_FILES_VA + plan->file[i].offset, VELA_MEM_R))
			return false;
	}
	return true;
}

static bool create_guest_spaces(struct process *process)
{
	vela_sel_t msr = process_sel(process, PROCESS_MSR);
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;

	return process_space(process, VELA_SP_GST, PROCESS_GST, "create its guest memory") &&
	       process_space(process, VELA_SP_MSR, PROCESS_MSR, "create its MSR space") &&
	       root_check(process->name, "map MSRs",
			  rt_map(VELA_ROOT_MSR, msr, MSR_LOW, MSR_LOW, MSR_RANGE, rw)) &&
	       root_check(process->name, "map MSRs",
			  rt_map(VELA_ROOT_MSR, msr, MSR_HIGH, MSR_HIGH, MSR_RANGE, rw));
}

static bool create_semaphore(struct process *process, unsigned what)
{
	root_utcb()[VELA_SM_COUNT] = 0;
	return process_create(process, VELA_KIND_SM, what, "create its semaphore");
}

/* Virtual CPU n, and the semaphore that wakes its thread and kicks it. */
static bool create_vcpu(struct process *process, unsigned n, unsigned cpu)
{
	uint64_t *w = root_utcb();

	w[VELA_VC_CPU] = cpu;
	w[VELA_VC_HST] = process_sel(process, PROCESS_HST);
	w[VELA_VC_STATE_VA] = RT_STATE_VA + n * VELA_PAGE_SIZE;
	w[VELA_VC_GST] = process_sel(process, PROCESS_GST);
	w[VELA_VC_PIO] = 0;
	w[VELA_VC_MSR] = process_sel(process, PROCESS_MSR);
	return process_create(process, VELA_KIND_VC, PROCESS_VC + n, "create its virtual CPU") &&
	       create_semaphore(process, PROCESS_WAKE + n) &&
	       root_check(process->name, "bind its semaphore to its virtual CPU",
			  rt_sm_bind(process_sel(process, PROCESS_WAKE + n),
				     process_sel(process, PROCESS_VC + n)));
}

static bool create_vcpus(struct vm *vm)
{
	struct process *process = &vm->member.process;

	if (!create_semaphore(process, PROCESS_LOCK))
		return false;
	for (unsigned n = 0; n < vm->config->cpus; n++)
		if (!create_vcpu(process, n, vm->cpu[n]) ||
		    !(n ? process_add_thread(process, n, vm->cpu[n])
			: process_thread(process, false)))
			return false;
	return true;
}

/* The first thread last: the others wait for it. */
static bool run(struct vm *vm)
{
	const struct config_vm *config = vm->config;

	for (unsigned n = (unsigned)config->cpus; n-- > 0;)
		if (!process_run_thread(&vm->member.process, n, vm->cpu[n], config->priority,
					config->slice_us))
			return false;
	return true;
}

/* Exactly what `vela config explain` prints. */
static bool grant(struct process *process, const struct config_vm *config, unsigned vms, bool runs)
{
	struct config_cap caps[CONFIG_CAPS_MAX];
	size_t count = config_caps(config, caps);

	for (size_t i = 0; i < count; i++)
		if (runs == (strcmp(caps[i].name, GRANT_TIME) == 0) &&
		    !process_grant(process, &caps[i], vms))
			return false;
	return true;
}

/* The windows to services, and the memory for what disks in mode discard are written. */
static bool map_devices(struct process *process, const struct config_vm *config)
{
	struct plan_link link;

	for (unsigned n = 0; plan_link(config, n, &link); n++)
		if (!link_map(link.service, link.client, process, RT_LINK_VA + n * RT_LINK_BYTES))
			return false;
	for (unsigned i = 0; i < config->disk_count; i++)
		if (config->disks[i]->scratch_bytes &&
		    !process_blocks(process, config->disks[i]->scratch_bytes,
				    RT_SCRATCH_VA + i * RT_SCRATCH_STRIDE))
			return false;
	return true;
}

static bool build(struct vm *vm, const struct plan *plan, const struct vela_module *program,
		  const struct rt_info *info, unsigned vms)
{
	struct process *process = &vm->member.process;
	const struct config_vm *config = vm->config;

	return process_begin(process, vm->cpu[0], plan->quota_pages) &&
	       process_load(process, program, info) && create_guest_spaces(process) &&
	       ram_take(&vm->ram, process, config->memory_bytes, config->balloon) &&
	       map_files(process, plan) && map_devices(process, config) &&
	       process_map(process, client_window(process->index), RT_SESSION_VA,
			   VELA_MEM_R | VELA_MEM_W) &&
	       create_vcpus(vm) && grant(process, config, vms, false) &&
	       client_open(process->index, process_sel(process, PROCESS_WAKE)) && run(vm) &&
	       grant(process, config, vms, true);
}

static bool enough_memory(const struct config_vm *config, struct config_diag *diag)
{
	uint64_t needed = plan_memory(config);

	if (needed <= root_memory.free_bytes)
		return true;
	config_fail(
		diag, config_vm_where(config, "memory"),
		"not enough memory: %llu MiB needed, %llu MiB free; lower \"memory\", or give the "
		"machine more",
		(unsigned long long)needed >> 20, (unsigned long long)root_memory.free_bytes >> 20);
	return false;
}

/* What can be wrong before anything is created. */
static bool plan_vm(struct vm *vm, const struct vela_info *info, struct placement *placement,
		    struct config_diag *diag, struct plan *plan)
{
	const struct config_vm *config = vm->config;
	const struct config_file *missing;

	if (!plan_files(plan, info, config, &missing)) {
		if (missing)
			config_fail(diag, missing->where, "no boot module is named \"%s\"",
				    missing->path);
		else
			config_fail(diag, config->where, "a VM takes at most %u boot files",
				    RT_FILES_MAX);
		return false;
	}
	if (!vm->placed && !plan_cpus(placement, config, vm->cpu)) {
		config_fail(diag, config_vm_where(config, "host-cpu"),
			    "this machine has only %u CPUs; they are counted from 0",
			    placement->cpus);
		return false;
	}
	vm->placed = true;
	plan_devices(plan, config);
	plan->quota_pages = plan_quota(config, plan);
	return enough_memory(config, diag);
}

bool vm_start(struct vm *vm, const struct vela_info *info, const struct rt_info *facts,
	      struct placement *placement, unsigned vms, struct config_diag *diag)
{
	static struct plan plan;
	static struct rt_info own;
	const struct vela_module *program = module_find(info, "vmm");

	plan = (struct plan){ 0 };
	if (!program) {
		rt_log(RT_ERROR, "%s: not started: there is no boot module named vmm",
		       vm->config->name);
		return false;
	}
	if (!plan_vm(vm, info, placement, diag, &plan))
		return false;
	own = *facts;
	own.slot = vm->member.process.index;
	fill_info(&own, vm->config, &plan);
	if (build(vm, &plan, program, &own, vms))
		return true;
	process_destroy(&vm->member.process);
	return false;
}
