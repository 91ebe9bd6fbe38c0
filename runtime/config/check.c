/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no block shows by itself. Mistakes that leave the file without one meaning are the parser's;
 * those between blocks, as two that want the same disk, cost only the later of them its start and
 * are found anew whenever they are asked for. Numbers the links of VMs without such mistakes.
 */
#include "parse.h"

#include <string.h>
#include <strings.h>

static const char *kind_name(const struct config_service *service)
{
	return service->kind == CONFIG_STORAGE ? "storage" : "switch";
}

/* The storage or switch with the name, or NULL and in *near the one that may be meant. */
static struct config_service *find_service(const struct vela_config *config, bool is_switch,
					   const char *name, const char **near)
{
	const struct token token = { TOKEN_WORD, name, { .length = (uint32_t)strlen(name) } };

	*near = NULL;
	for (size_t i = 0; i < config->service_count; i++) {
		struct config_service *service = config->services[i];

		if ((service->kind == CONFIG_SWITCH) != is_switch)
			continue;
		if (strcmp(service->name, name) == 0)
			return service;
		*near = token_nearer(&token, *near, service->name);
	}
	return NULL;
}

static void fail_service(const struct vela_config *config, bool is_switch, const char *name,
			 const struct config_pos *where, struct config_diag *diag)
{
	const char *wanted = is_switch ? "switch" : "storage";
	const char *near;

	find_service(config, is_switch, name, &near);
	if (near)
		config_fail(diag, *where, "there is no %s \"%s\", did you mean \"%s\"?", wanted,
			    name, near);
	else
		config_fail(diag, *where, "there is no %s \"%s\"", wanted, name);
}

/* Whether the block has the key, be its value good or not. */
static bool has(const struct config_disk *disk, const char *key)
{
	return disk->set[config_key_find(IN_DISK, key, strlen(key)) - config_keys].source;
}

/* The first of the keys that only a disk on a storage can have, or NULL. */
static const char *stored_key(const struct config_disk *disk)
{
	return disk->unit		? "unit"
	       : disk->partition[0]	? "partition"
	       : disk->bytes_per_s	? "bandwidth"
	       : disk->operations_per_s ? "operations"
					: NULL;
}

static bool check_keys(struct parser *parser, const struct config_disk *disk)
{
	const bool module = has(disk, "module");
	const bool discard = disk->mode == CONFIG_DISCARD;
	const char *stored = module ? stored_key(disk) : NULL;
	const struct config_pos where = config_disk_where(disk, stored ? stored : "mode");

	if (module == has(disk, "from"))
		return parser_fail(parser, &disk->where,
				   "disk \"%s\" needs either \"from\" or \"module\"", disk->name);
	if (stored)
		return parser_fail(parser, &where, "\"%s\" is for a disk \"from\" a storage",
				   stored);
	if (module && disk->mode == CONFIG_READ_WRITE)
		return parser_fail(parser, &where,
				   "disk \"%s\" is a boot module: its mode is read-only or discard",
				   disk->name);
	if (discard && !has(disk, "scratch"))
		return parser_fail(parser, &where, "disk \"%s\" in mode discard needs \"scratch\"",
				   disk->name);
	if (!discard && disk->scratch_bytes)
		return parser_fail(parser, &disk->where,
				   "disk \"%s\" has \"scratch\" but is not in mode discard",
				   disk->name);
	return true;
}

/* Whether two disks have bytes in common, as far as their names tell. */
static bool overlap(const struct config_disk *a, const struct config_disk *b)
{
	if (a->from.service != b->from.service || a->unit != b->unit)
		return false;
	if (!a->partition[0] || !b->partition[0])
		return true;
	if (config_part_form(a->partition) == PART_UUID)
		return strcasecmp(a->partition, b->partition) == 0;
	return strcmp(a->partition, b->partition) == 0;
}

/* What is written must not change under another's feet: the first disk before this one that has
 * bytes in common with it, when one of the two is written. */
static const struct config_disk *sharer(const struct vela_config *config,
					const struct config_disk *disk,
					const struct config_vm **whose)
{
	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; j < config->vms[i]->disk_count; j++) {
			const struct config_disk *other = config->vms[i]->disks[j];

			if (other == disk)
				return NULL;
			*whose = config->vms[i];
			if (overlap(disk, other) &&
			    (disk->mode == CONFIG_READ_WRITE || other->mode == CONFIG_READ_WRITE))
				return other;
		}
	return NULL;
}

/* Whether those who stand before end leave it a place at the service. */
static bool has_place(const struct vela_config *config, const struct config_service *service,
		      const void *end)
{
	size_t before = 0;

	for (size_t i = 0; i < config->vm_count; i++) {
		const struct config_vm *vm = config->vms[i];

		for (size_t j = 0; j < vm->disk_count; j++) {
			if (vm->disks[j] == end)
				return before < CONFIG_CLIENTS_MAX;
			before += vm->disks[j]->from.service == service;
		}
		for (size_t j = 0; j < vm->net_count; j++) {
			if (vm->nets[j] == end)
				return before < CONFIG_CLIENTS_MAX;
			before += vm->nets[j]->service == service;
		}
	}
	return false;
}

static void check_place(const struct vela_config *config, const struct config_service *service,
			const void *client, const struct config_pos *where,
			struct config_diag *diag)
{
	if (!has_place(config, service, client))
		config_fail(diag, *where, "more than %d clients of %s \"%s\"", CONFIG_CLIENTS_MAX,
			    kind_name(service), service->name);
}

static void check_disk(const struct vela_config *config, const struct config_vm *vm,
		       const struct config_disk *disk, struct config_diag *diag)
{
	const struct config_ref *from = &disk->from;
	const struct config_vm *whose;
	const struct config_disk *other;

	if (!from->name[0])
		return;
	if (!from->service)
		return fail_service(config, false, from->name, &from->where, diag);
	other = sharer(config, disk, &whose);
	if (other)
		config_fail(diag, disk->where,
			    "disk \"%s\" of vm \"%s\" and disk \"%s\" of vm \"%s\" at %s:%u are "
			    "the same, and one of them is written",
			    disk->name, vm->name, other->name, whose->name,
			    other->where.source->name, other->where.line);
	check_place(config, from->service, disk, &disk->where, diag);
}

/* The first port with the address that stands before end, or of all if end is NULL. */
static const struct config_net *mac_owner(const struct vela_config *config, uint64_t mac,
					  const struct config_net *end)
{
	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; j < config->vms[i]->net_count; j++) {
			const struct config_net *net = config->vms[i]->nets[j];

			if (net == end || net->mac == mac)
				return net == end ? NULL : net;
		}
	return NULL;
}

static void check_net(const struct vela_config *config, const struct config_net *net,
		      struct config_diag *diag)
{
	const struct config_net *other = net->mac ? mac_owner(config, net->mac, net) : NULL;

	if (other)
		config_fail(diag, net->set[config_key_find(IN_NET, "mac", 3) - config_keys],
			    "another net has this MAC address, at %s:%u", other->where.source->name,
			    other->where.line);
	if (!net->service)
		return fail_service(config, true, net->name, &net->where, diag);
	check_place(config, net->service, net, &net->where, diag);
}

bool config_vm_check(const struct vela_config *config, const struct config_vm *vm,
		     struct config_diag *diag)
{
	const unsigned before = diag->errors;

	for (size_t i = 0; i < vm->disk_count; i++)
		check_disk(config, vm, vm->disks[i], diag);
	for (size_t i = 0; i < vm->net_count; i++)
		check_net(config, vm->nets[i], diag);
	return diag->errors == before;
}

bool config_service_check(const struct vela_config *config, const struct config_service *service,
			  struct config_diag *diag)
{
	for (size_t i = 0; i < service->index; i++) {
		const struct config_service *other = config->services[i];

		if (service->device != other->device || service->device == CONFIG_NO_DEVICE)
			continue;
		config_fail(diag, service->where,
			    "%s \"%s\" and %s \"%s\" at %s:%u have the same device",
			    kind_name(service), service->name, kind_name(other), other->name,
			    other->where.source->name, other->where.line);
		return false;
	}
	return true;
}

bool config_check(const struct vela_config *config, struct config_diag *diag)
{
	const unsigned before = diag->errors;

	for (size_t i = 0; i < config->service_count; i++)
		config_service_check(config, config->services[i], diag);
	for (size_t i = 0; i < config->vm_count; i++)
		config_vm_check(config, config->vms[i], diag);
	return diag->errors == before;
}

/*
 * A locally administered address from the VM's name and the number of the port (FNV-1a), so that it
 * stays the same whatever else the file says; the next free one if it is taken.
 */
static void choose_mac(const struct vela_config *config, const struct config_vm *vm, size_t port)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *c = vm->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	hash = (hash ^ port) * 0x100000001b3;
	for (;; hash++) {
		const uint64_t mac = 0x02ull << 40 | (hash ^ hash >> 40) % (1ull << 40);

		if (mac_owner(config, mac, NULL))
			continue;
		vm->nets[port]->mac = mac;
		return;
	}
}

static void resolve(const struct vela_config *config, const struct config_vm *vm)
{
	const char *near;

	for (size_t i = 0; i < vm->disk_count; i++) {
		struct config_ref *from = &vm->disks[i]->from;

		if (from->name[0])
			from->service = find_service(config, false, from->name, &near);
	}
	for (size_t i = 0; i < vm->net_count; i++)
		vm->nets[i]->service = find_service(config, true, vm->nets[i]->name, &near);
}

/* Makes a disk or port a client of its service; returns its number there. */
static unsigned connect(struct config_service *service, struct config_client client)
{
	service->clients[service->client_count] = client;
	return (unsigned)service->client_count++;
}

/* Numbers the links of a VM at both ends. */
static void connect_vm(const struct config_vm *vm)
{
	unsigned links = 0;

	for (size_t i = 0; i < vm->disk_count; i++) {
		struct config_disk *disk = vm->disks[i];

		if (!disk->from.service)
			continue;
		disk->link = links++;
		disk->client = connect(disk->from.service,
				       (struct config_client){ .vm = vm, .disk = disk });
	}
	for (size_t i = 0; i < vm->net_count; i++) {
		struct config_net *net = vm->nets[i];

		net->link = links++;
		net->client = connect(net->service, (struct config_client){ .vm = vm, .net = net });
	}
}

static void silent(void *context, const struct config_error *error)
{
	(void)context;
	(void)error;
}

void parser_check(struct parser *parser, struct vela_config *config)
{
	struct config_diag diag = { .report = silent };

	for (size_t i = 0; i < config->vm_count; i++) {
		for (size_t j = 0; j < config->vms[i]->disk_count; j++)
			check_keys(parser, config->vms[i]->disks[j]);
		resolve(config, config->vms[i]);
	}
	for (size_t i = 0; i < config->vm_count; i++) {
		config->vms[i]->refused = !config_vm_check(config, config->vms[i], &diag);
		if (!config->vms[i]->refused)
			connect_vm(config->vms[i]);
	}
	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; j < config->vms[i]->net_count; j++)
			if (!config->vms[i]->nets[j]->mac)
				choose_mac(config, config->vms[i], j);
}
