/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided about a VM before anything is created; see plan.h. */
#include "plan.h"

#include "modules.h"

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

bool plan_files(struct plan *plan, const struct vela_info *info, const struct config_vm *vm,
		const struct config_file **missing)
{
	const struct config_boot *boot = &vm->boot;

	*missing = NULL;
	if (boot->module_count + 1 + (boot->initrd.path != NULL) > RT_FILES_MAX)
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
	return true;
}

uint64_t plan_quota(uint64_t cpus, uint64_t memory_bytes, uint64_t files_bytes)
{
	/* Guest memory is in 2 MiB pages in two page tables; files are in small pages. */
	return QUOTA_BASE_PAGES + (cpus - 1) * QUOTA_VCPU_PAGES + 2 * (memory_bytes / GIB + 1) +
	       files_bytes / (2 * MIB) + 1;
}
