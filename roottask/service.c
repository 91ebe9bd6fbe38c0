/* SPDX-License-Identifier: Apache-2.0 */
/* From a storage or switch block to a running service; see service.h. */
#include "service.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "links.h"
#include "modules.h"

/* Objects and the page tables of fixed windows; with a device those of its registers and, with an
 * IOMMU, of what it reaches; for each client half a page table and, with an IOMMU, one and a half.
 */
#define QUOTA_BASE_PAGES   72u
#define QUOTA_DEVICE_PAGES 32u
#define QUOTA_CLIENT_PAGES 2u
#define SLICE_US	   10000u

/* What drivers put their rings and buffers into. */
#define DMA_BYTES 0x400000ull

static const char *program_name(const struct config_service *config)
{
	return config->kind == CONFIG_STORAGE ? "block" : "net";
}

static void fill_client(struct rt_client *client, const struct config_client *config,
			struct extent window)
{
	const struct config_disk *disk = config->disk;
	const struct config_net *net = config->net;

	snprintf(client->name, sizeof client->name, "%s", config->vm->name);
	client->address = window.base;
	if (disk) {
		static_assert(sizeof client->block.partition > CONFIG_PARTITION_MAX);
		snprintf(client->block.partition, sizeof client->block.partition, "%s",
			 disk->partition);
		client->block.unit = (uint32_t)disk->unit;
		client->block.read_only = disk->mode != CONFIG_READ_WRITE;
		client->block.bytes_per_s = disk->bytes_per_s;
		client->block.operations_per_s = disk->operations_per_s;
		return;
	}
	for (unsigned b = 0; b < sizeof client->net.mac; b++)
		client->net.mac[b] = (uint8_t)(net->mac >> (40 - 8 * b));
	client->net.bytes_per_s = net->bytes_per_s;
	client->net.packets_per_s = net->packets_per_s;
}

/* What its process is told, but for its device. */
static struct rt_info *service_info(const struct service *service, const struct rt_info *facts)
{
	static struct rt_info info;
	const struct config_service *config = service->config;

	info = *facts;
	info.slot = service->member.process.index;
	snprintf(info.name, sizeof info.name, "%s", config->name);
	info.service.clients = (uint32_t)config->client_count;
	for (unsigned i = 0; i < config->client_count; i++)
		fill_client(&info.service.client[i], &config->clients[i], link_window(config, i));
	return &info;
}

/* Memory for its rings, and its device, which reaches that and what clients put into windows. */
static bool give_device(struct service *service, const struct vela_info *machine,
			struct rt_service_info *info)
{
	static struct extent reach[1 + CONFIG_CLIENTS_MAX];
	const struct config_service *config = service->config;
	struct process *process = &service->member.process;

	if (config->device == CONFIG_NO_DEVICE)
		return true;
	if (!process_memory(process, DMA_BYTES, RT_DMA_VA, VELA_MEM_R | VELA_MEM_W, &reach[0]))
		return false;
	info->has_device = true;
	info->dma_bytes = DMA_BYTES;
	info->dma_address = reach[0].base;
	for (unsigned i = 0; i < config->client_count; i++) {
		struct extent window = link_window(config, i);

		reach[1 + i] =
			(struct extent){ window.base + RT_LINK_RINGS, window.size - RT_LINK_RINGS };
	}
	return device_give(&service->device, machine, process, reach,
			   1 + (unsigned)config->client_count, &info->device);
}

/* What outlives the process: its clients hold the doorbell, and map the windows. */
static bool prepare(struct service *service)
{
	if (service->prepared)
		return true;
	if (!links_take(service->config))
		return root_check(service->config->name, "get memory for its clients",
				  VELA_NO_MEMORY);
	root_utcb()[VELA_SM_COUNT] = 0;
	service->prepared = root_check(
		service->config->name, "create its doorbell",
		rt_create(VELA_KIND_SM, process_sel(&service->member.process, PROCESS_WAKE),
			  VELA_ROOT_PD));
	return service->prepared;
}

static bool map_windows(struct process *process, const struct config_service *config)
{
	for (unsigned i = 0; i < config->client_count; i++) {
		link_forget(config, i);
		if (!link_map(config, i, process, RT_CLIENT_VA + i * RT_LINK_BYTES))
			return false;
	}
	return process_map(process, client_window(process->index), RT_SESSION_VA,
			   VELA_MEM_R | VELA_MEM_W);
}

/* What the list says but for the clients, which get their turn when they run. */
static bool grant_own(struct process *process, const struct config_service *config, unsigned vms)
{
	struct config_cap caps[CONFIG_CAPS_MAX];
	size_t count = config_service_caps(config, caps);

	for (size_t i = 0; i < count - config->client_count; i++)
		if (!process_grant(process, &caps[i], vms))
			return false;
	return true;
}

static bool build(struct service *service, unsigned cpu, const struct vela_module *program,
		  const struct vela_info *machine, const struct rt_info *facts, unsigned vms)
{
	const struct config_service *config = service->config;
	struct process *process = &service->member.process;
	struct rt_info *info = service_info(service, facts);
	const uint64_t quota = QUOTA_BASE_PAGES + config->client_count * QUOTA_CLIENT_PAGES +
			       (config->device == CONFIG_NO_DEVICE ? 0 : QUOTA_DEVICE_PAGES);

	return process_begin(process, cpu, quota) &&
	       give_device(service, machine, &info->service) &&
	       process_load(process, program, info) && map_windows(process, config) &&
	       process_thread(process, false) && grant_own(process, config, vms) &&
	       client_open(process->index, process_sel(process, PROCESS_WAKE)) &&
	       process_run(process, ROOT_SERVICE_PRIORITY, SLICE_US);
}

bool service_request(struct service *service, const struct rt_status *status)
{
	if (status->code != RT_STATUS_DEVICE || !service->device.config)
		return false;
	device_release(&service->device);
	process_answer(&service->member.process);
	return true;
}

bool service_look(struct service *service, uint64_t now_ns, uint64_t *deadline_ns)
{
	const struct process *process = &service->member.process;
	struct rt_status *status = process->status;

	deadline_lower(deadline_ns, device_look(&service->device, process, now_ns));
	switch (watchdog_look(&service->watchdog, __atomic_load_n(&status->alive, __ATOMIC_RELAXED),
			      now_ns)) {
	case WATCHDOG_HANGS:
		return false;
	case WATCHDOG_ASK:
		__atomic_store_n(&status->asked, service->watchdog.asked, __ATOMIC_RELAXED);
		rt_sm_up(process_sel(process, PROCESS_WAKE));
		break;
	case WATCHDOG_WAIT:
		break;
	}
	deadline_lower(deadline_ns, service->watchdog.look_ns);
	return true;
}

void service_quiet(struct service *service)
{
	device_quiet(&service->device, &service->member.process);
}

bool service_start(struct service *service, const struct vela_info *info,
		   const struct rt_info *facts, unsigned vms, struct config_diag *diag)
{
	const struct config_service *config = service->config;
	const struct vela_module *program = module_find(info, program_name(config));
	uint64_t cpu = config->host_cpu == CONFIG_CPU_ANY ? 0 : config->host_cpu;

	if (!program) {
		config_fail(diag, config->where, "there is no boot module named %s",
			    program_name(config));
		return false;
	}
	if (cpu >= info->cpus) {
		config_fail(diag, config_service_where(config, "host-cpu"),
			    "this machine has only %u CPUs; they are counted from 0", info->cpus);
		return false;
	}
	if (!prepare(service) || (config->device != CONFIG_NO_DEVICE &&
				  !device_prepare(&service->device, info, config, diag)))
		return false;
	if (build(service, (unsigned)cpu, program, info, facts, vms)) {
		watchdog_start(&service->watchdog, config->watchdog_us * 1000, rt_clock_ns());
		return true;
	}
	service_quiet(service);
	process_destroy(&service->member.process);
	return false;
}
