/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no block shows by itself: names of services that must exist, disks and devices that two
 * would use, addresses that must be unique. Numbers the links as it goes.
 */
#include "parse.h"

#include <string.h>
#include <strings.h>

static const char *kind_name(const struct config_service *service)
{
	return service->kind == CONFIG_STORAGE ? "storage" : "switch";
}

/* Finds a service of this kind, or says that there is none. */
static struct config_service *service_named(struct parser *parser, const struct vela_config *config,
					    bool is_switch, const char *name,
					    const struct config_pos *where)
{
	const char *wanted = is_switch ? "switch" : "storage";
	const struct token token = { TOKEN_WORD, name, { .length = (uint32_t)strlen(name) } };
	const char *meant = NULL;

	for (size_t i = 0; i < config->service_count; i++) {
		struct config_service *service = config->services[i];

		if ((service->kind == CONFIG_SWITCH) != is_switch)
			continue;
		if (strcmp(service->name, name) == 0)
			return service;
		meant = token_nearer(&token, meant, service->name);
	}
	if (meant)
		parser_fail(parser, where, "there is no %s \"%s\", did you mean \"%s\"?", wanted,
			    name, meant);
	else
		parser_fail(parser, where, "there is no %s \"%s\"", wanted, name);
	return NULL;
}

/* Makes a disk or port a client of its service, with the next number at both ends. */
static void connect(struct parser *parser, struct config_service *service,
		    struct config_client client, const struct config_pos *where, unsigned *number)
{
	if (service->client_count == CONFIG_CLIENTS_MAX) {
		parser_fail(parser, where, "more than %d clients of %s \"%s\"", CONFIG_CLIENTS_MAX,
			    kind_name(service), service->name);
		return;
	}
	*number = (unsigned)service->client_count;
	service->clients[service->client_count++] = client;
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

/* What is written must not change under another's feet. */
static void check_sharing(struct parser *parser, const struct config_service *service,
			  const struct config_vm *vm, const struct config_disk *disk)
{
	for (size_t i = 0; i < service->client_count; i++) {
		const struct config_disk *other = service->clients[i].disk;

		if (!overlap(disk, other) ||
		    (disk->mode != CONFIG_READ_WRITE && other->mode != CONFIG_READ_WRITE))
			continue;
		parser_fail(parser, &disk->where,
			    "disk \"%s\" of vm \"%s\" and disk \"%s\" of vm \"%s\" at %s:%u are "
			    "the same, and one of them is written",
			    disk->name, vm->name, other->name, service->clients[i].vm->name,
			    other->where.source->name, other->where.line);
		return;
	}
}

static void check_disk(struct parser *parser, const struct vela_config *config,
		       const struct config_vm *vm, struct config_disk *disk, unsigned *links)
{
	struct config_ref *from = &disk->from;

	if (!check_keys(parser, disk) || !from->name[0])
		return;
	from->service = service_named(parser, config, false, from->name, &from->where);
	if (!from->service)
		return;
	check_sharing(parser, from->service, vm, disk);
	disk->link = (*links)++;
	connect(parser, from->service, (struct config_client){ .vm = vm, .disk = disk },
		&disk->where, &disk->client);
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

static void check_net(struct parser *parser, const struct vela_config *config,
		      const struct config_vm *vm, struct config_net *net, unsigned *links)
{
	const struct config_net *other = net->mac ? mac_owner(config, net->mac, net) : NULL;

	if (other)
		parser_fail(parser, &net->set[config_key_find(IN_NET, "mac", 3) - config_keys],
			    "another net has this MAC address, at %s:%u", other->where.source->name,
			    other->where.line);
	net->service = service_named(parser, config, true, net->name, &net->where);
	if (!net->service)
		return;
	net->link = (*links)++;
	connect(parser, net->service, (struct config_client){ .vm = vm, .net = net }, &net->where,
		&net->client);
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

static void check_devices(struct parser *parser, const struct vela_config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct config_service *one = config->services[i];
			const struct config_service *two = config->services[j];

			if (one->device != two->device || one->device == CONFIG_NO_DEVICE)
				continue;
			parser_fail(parser, &one->where,
				    "%s \"%s\" and %s \"%s\" at %s:%u have the "
				    "same device",
				    kind_name(one), one->name, kind_name(two), two->name,
				    two->where.source->name, two->where.line);
			break;
		}
}

void parser_check(struct parser *parser, struct vela_config *config)
{
	check_devices(parser, config);
	for (size_t i = 0; i < config->vm_count; i++) {
		struct config_vm *vm = config->vms[i];
		unsigned links = 0;

		for (size_t j = 0; j < vm->disk_count; j++)
			check_disk(parser, config, vm, vm->disks[j], &links);
		for (size_t j = 0; j < vm->net_count; j++)
			check_net(parser, config, vm, vm->nets[j], &links);
	}
	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; j < config->vms[i]->net_count; j++)
			if (!config->vms[i]->nets[j]->mac)
				choose_mac(config, config->vms[i], j);
}
