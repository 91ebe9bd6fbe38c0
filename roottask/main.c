/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root task: the first process. It gives everything out that the configuration says and keeps
 * only what it needs to take it back; docs/roottask.md tells the whole story.
 */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/start.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "events.h"
#include "lifecycle.h"
#include "modules.h"
#include "rtc.h"
#include "window.h"

#define ARENA_BYTES 0x100000ull /* for the parsed configuration */

/* Nothing here allocates at run time; the area is part of the boot image. */
RT_HEAP(4096);

struct memory root_memory;
static struct lifecycle life;

const char *root_status_text(uint64_t status)
{
	static const char *const text[] = {
#define X(name, value, string) [value] = string,
		VELA_STATUS_TABLE(X)
#undef X
	};
	return status < sizeof text / sizeof text[0] ? text[status] : "unknown status";
}

bool root_check(const char *who, const char *what, uint64_t status)
{
	if (status == VELA_OK)
		return true;
	rt_log(RT_ERROR, "%s: cannot %s: %s", who, what, root_status_text(status));
	return false;
}

/*
 * Ranges of other types lie within the free ones: what firmware and loader call free memory holds
 * the kernel and the boot modules.
 */
static void collect_memory(const struct vela_info *info)
{
	for (unsigned i = 0; i < info->memories && i < VELA_MEMORY_MAX; i++) {
		const struct vela_memory *range = &info->memory[i];

		if (range->type == VELA_MEMORY_FREE &&
		    !memory_add(&root_memory, range->base, range->size))
			rt_log(RT_WARNING, "memory range %u of the machine is not used", i);
	}
	for (unsigned i = 0; i < info->memories && i < VELA_MEMORY_MAX; i++) {
		const struct vela_memory *range = &info->memory[i];

		if (range->type != VELA_MEMORY_FREE &&
		    !memory_reserve(&root_memory, range->base, range->size))
			rt_fatal("the memory map of the machine is too long");
	}
}

static void read_options(const struct vela_info *info)
{
	const char *line = info->modules ? module_arguments(info, &info->module[0]) : "";
	struct machine_options *options = &life.options;

	if (option_find(line, "qemu-exit", NULL, NULL) &&
	    (!option_number(line, "qemu-exit", &options->qemu_exit) || options->qemu_exit > 0xffff))
		rt_log(RT_ERROR,
		       "command line: qemu-exit wants a port number, as in qemu-exit=0xf4");
	options->exit_when_idle = option_find(line, "exit-when-idle", NULL, NULL);
	options->exit_on_guest_exit = option_find(line, "exit-on-guest-exit", NULL, NULL);
}

static bool create_semaphore(vela_sel_t selector)
{
	root_utcb()[VELA_SM_COUNT] = 0;
	return root_check("root", "create a semaphore",
			  rt_create(VELA_KIND_SM, selector, VELA_ROOT_PD));
}

/* Logs a mistake of the configuration with its line and a caret. */
static void report(void *context, const struct config_error *error)
{
	static char text[CONFIG_ERROR_TEXT_MAX];

	(void)context;
	config_error_text(error, text, sizeof text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		rt_log(RT_ERROR, "%s", line);
}

/* Opens the boot module that is a configuration file. */
static bool load(void *context, const char *path, struct config_source *source)
{
	const struct vela_info *info = context;
	const struct vela_module *module = module_find(info, path);

	if (!module)
		return false;
	source->text = window_open((struct extent){ module->base, module->size }, VELA_MEM_R);
	source->size = module->size;
	return source->text != NULL;
}

static struct vela_config *read_configuration(const struct vela_info *info)
{
	static struct config_source source = { .name = "vela.conf", .path = "vela.conf" };
	static struct config_arena arena;
	struct config_loader loader = { load, (void *)(uintptr_t)info };
	struct vela_config *config = NULL;
	struct extent memory;

	if (!load(loader.context, "vela.conf", &source)) {
		rt_log(RT_ERROR, "there is no boot module named vela.conf: nothing to run");
		return NULL;
	}
	if (memory_take(&root_memory, ARENA_BYTES, &memory) && window_clear(memory))
		arena.base = window_open(memory, VELA_MEM_R | VELA_MEM_W);
	if (!arena.base) {
		root_check("root", "get memory for the configuration", VELA_NO_MEMORY);
		return NULL;
	}
	arena.size = ARENA_BYTES;
	if (!config_parse(&arena, &source, &loader, &life.diag, &config))
		rt_log(RT_ERROR, "vela.conf has mistakes: no VM is started");
	return config;
}

/* The clock says what time it is now; what is wanted is the time at boot_tsc. */
static void read_clock(void)
{
	uint64_t epoch = rtc_read();

	if (epoch)
		rt_clock.boot_epoch = epoch - rt_clock_ns() / 1000000000;
}

static void set_facts(const struct vela_info *info)
{
	struct rt_info *facts = &life.facts;

	read_clock();
	*facts = (struct rt_info){
		.magic = RT_INFO_MAGIC,
		.version = RT_INFO_VERSION,
		.tsc_khz = rt_clock.tsc_khz,
		.boot_tsc = rt_clock.boot_tsc,
		.boot_epoch = rt_clock.boot_epoch,
	};
	machine_describe(info, root_memory.free_bytes, facts->console.host,
			 sizeof facts->console.host);
	rt_log(RT_INFO, "%s", facts->console.host);
}

/* Process 0 is the console service; the VMs follow, then the services. */
static void set_members(const struct vela_config *config)
{
	static_assert(1 + CONFIG_VMS_MAX + CONFIG_SERVICES_MAX <= RT_CLIENTS_MAX);
	for (unsigned i = 0; i < life.count; i++)
		life.vm[i] = (struct vm){
			.config = config->vms[i],
			.member = { .process = { .index = i + 1, .name = config->vms[i]->name },
				    .rules = policy_vm_rules(config->vms[i]) },
		};
	for (unsigned i = 0; i < life.services; i++)
		life.service[i] = (struct service){
			.config = config->services[i],
			.member = { .process = { .index = life.count + 1 + i,
						 .name = config->services[i]->name },
				    .rules = policy_service_rules(config->services[i]) },
		};
}

/* Replaces the runtime's end of a process: nobody is left to tell. */
_Noreturn void rt_end(uint32_t code, uint32_t value, const char *text)
{
	rt_log(RT_ERROR, "the root task gives up (status %u, %u) %s", code, value, text);
	machine_end(&life.options, MACHINE_FAILED);
}

int rt_main(void)
{
	static const struct config_host no_host = { .scrollback_bytes = 0x10000, .escape = 29 };
	const struct vela_info *info = rt_machine();

	clients_log_early();
	collect_memory(info);
	read_options(info);
	life.info = info;
	life.diag.report = report;
	life.placement.cpus = info->cpus;
	life.placement.first = machine_guest_cpu(info);
	set_facts(info);
	if (!create_semaphore(ROOT_SEL_PARENT) || !create_semaphore(ROOT_SEL_CONSOLE) ||
	    !events_start(info->cpus))
		return 1;
	struct vela_config *config = read_configuration(info);
	life.config = config;
	life.count = config ? (unsigned)config->vm_count : 0;
	life.services = config ? (unsigned)config->service_count : 0;
	set_members(config);
	if (!clients_init(life.count + life.services + 1, config ? &config->host : &no_host))
		return 1;
	lifecycle_run(&life);
}
