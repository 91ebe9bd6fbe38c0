/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided about a VM before anything is created; see plan.h. */
#include "plan.h"

#include "modules.h"

#include <stdio.h>
#include <string.h>

#define GIB 0x40000000ull
#define MIB 0x100000ull

/* Objects and the page tables of the fixed windows of a VMM take some 30 pages; the rest is margin.
 * It must not be much more: the quotas of all VMs a configuration can have are to fit in the
 * kernel's smallest pool, 16 MiB. */
#define QUOTA_BASE_PAGES 72u

/* A virtual CPU, its thread with UTCB and page tables, the pages the processor and the state need.
 */
#define QUOTA_VCPU_PAGES 24u

static unsigned least_used(const struct placement *placement)
{
	unsigned best = placement->first;

	for (unsigned i = best + 1; i < placement->cpus; i++)
		if (placement->used[i] < placement->used[best])
			best = i;
	return best;
}

bool plan_cpus(struct placement *placement, const struct config_vm *vm,
	       unsigned cpu[CONFIG_VCPUS_MAX])
{
	unsigned named = 0;

	for (; vm->host_cpu[named] != CONFIG_CPU_ANY; named++)
		if (vm->host_cpu[named] >= placement->cpus)
			return false;
	for (unsigned i = 0; i < vm->cpus; i++) {
		cpu[i] = named ? (unsigned)vm->host_cpu[i % named] : least_used(placement);
		placement->used[cpu[i]]++;
	}
	return true;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static bool add_file(struct plan *plan, const struct vela_info *info,
		     const struct config_file *file, enum rt_file_role role)
{
	const struct vela_module *module = module_find(info, file->path);

	if (!module)
		return false;
	struct rt_file *entry = &plan->file[plan->files];
	*entry = (struct rt_file){
		.offset = plan->files_bytes,
		.size = module->size,
		.role = role,
	};
	static_assert(sizeof entry->args > CONFIG_MODULE_ARGS_MAX);
	copy_text(entry->name, sizeof entry->name, file->path);
	copy_text(entry->args, sizeof entry->args, file->args ? file->args : "");
	plan->module[plan->files++] = module;
	plan->files_bytes += (module->size + VELA_PAGE_SIZE - 1) & ~(uint64_t)(VELA_PAGE_SIZE - 1);
	return true;
}

static size_t file_count(const struct config_vm *vm)
{
	size_t count = vm->boot.module_count + 1 + (vm->boot.initrd.path != NULL);

	for (size_t i = 0; i < vm->disk_count; i++)
		count += vm->disks[i]->module.path != NULL;
	return count;
}

bool plan_files(struct plan *plan, const struct vela_info *info, const struct config_vm *vm,
		const struct config_file **missing)
{
	const struct config_boot *boot = &vm->boot;

	*missing = NULL;
	if (file_count(vm) > RT_FILES_MAX)
		return false;
	*missing = &boot->kernel;
	if (!add_file(plan, info, &boot->kernel, RT_FILE_KERNEL))
		return false;
	*missing = &boot->initrd;
	if (boot->initrd.path && !add_file(plan, info, &boot->initrd, RT_FILE_INITRD))
		return false;
	for (size_t i = 0; i < boot->module_count; i++) {
		*missing = &boot->modules[i];
		if (!add_file(plan, info, &boot->modules[i], RT_FILE_MODULE))
			return false;
	}
	for (size_t i = 0; i < vm->disk_count; i++) {
		*missing = &vm->disks[i]->module;
		plan->disk[i].is_file = (*missing)->path != NULL;
		plan->disk[i].index = plan->files;
		if ((*missing)->path && !add_file(plan, info, *missing, RT_FILE_DISK))
			return false;
	}
	return true;
}

static void plan_disk(struct rt_disk *entry, const struct config_disk *disk)
{
	copy_text(entry->name, sizeof entry->name, disk->name);
	if (!entry->is_file)
		entry->index = disk->link;
	entry->mode = disk->mode == CONFIG_READ_WRITE  ? RT_DISK_READ_WRITE
		      : disk->mode == CONFIG_READ_ONLY ? RT_DISK_READ_ONLY
						       : RT_DISK_DISCARD;
	entry->scratch_bytes = disk->scratch_bytes;
}

void plan_devices(struct plan *plan, const struct config_vm *vm)
{
	static_assert(CONFIG_DISKS_MAX <= RT_DISKS_MAX && CONFIG_NETS_MAX <= RT_NETS_MAX);
	for (size_t i = 0; i < vm->disk_count; i++) {
		plan_disk(&plan->disk[i], vm->disks[i]);
		plan->links += !plan->disk[i].is_file;
	}
	for (size_t i = 0; i < vm->net_count; i++) {
		struct rt_net *entry = &plan->net[i];

		copy_text(entry->name, sizeof entry->name, vm->nets[i]->name);
		entry->link = vm->nets[i]->link;
		for (unsigned b = 0; b < sizeof entry->mac; b++)
			entry->mac[b] = (uint8_t)(vm->nets[i]->mac >> (40 - 8 * b));
		plan->links++;
	}
}

uint64_t plan_memory(const struct config_vm *vm)
{
	uint64_t bytes = vm->memory_bytes;

	for (size_t i = 0; i < vm->disk_count; i++)
		bytes += vm->disks[i]->scratch_bytes;
	return bytes;
}

uint64_t plan_quota(const struct config_vm *vm, const struct plan *plan)
{
	/* Guest and scratch memory is in 2 MiB pages, the first in two page tables; files and
	 * windows of links are in small pages. */
	uint64_t pages = QUOTA_BASE_PAGES + (vm->cpus - 1) * QUOTA_VCPU_PAGES +
			 2 * (vm->memory_bytes / GIB + 1) + plan->files_bytes / (2 * MIB) + 1 +
			 plan->links;

	for (size_t i = 0; i < vm->disk_count; i++)
		if (vm->disks[i]->scratch_bytes)
			pages += vm->disks[i]->scratch_bytes / GIB + 4;
	return pages;
}

bool plan_link(const struct config_vm *vm, unsigned n, struct plan_link *link)
{
	for (size_t i = 0; i < vm->disk_count; i++) {
		const struct config_disk *disk = vm->disks[i];

		if (!disk->from.service || disk->link != n)
			continue;
		*link = (struct plan_link){ disk->from.service, disk->client, disk->where, "" };
		snprintf(link->what, sizeof link->what, "disk \"%s\"", disk->name);
		return true;
	}
	for (size_t i = 0; i < vm->net_count; i++) {
		const struct config_net *net = vm->nets[i];

		if (net->link != n)
			continue;
		*link = (struct plan_link){ net->service, net->client, net->where, "" };
		snprintf(link->what, sizeof link->what, "net \"%s\"", net->name);
		return true;
	}
	return false;
}
