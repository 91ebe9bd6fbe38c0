/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about a parsed configuration: which files it names, which capabilities each VMM gets,
 * and the whole of it as text with the origin of every setting.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 64 };

static struct config_pos where_set(unsigned in, const struct config_pos *set, const char *key,
				   struct config_pos otherwise)
{
	const struct config_key *row = config_key_find(in, key, strlen(key));

	return row && set[row - config_keys].source ? set[row - config_keys] : otherwise;
}

struct config_pos config_vm_where(const struct config_vm *vm, const char *key)
{
	return where_set(IN_VM | IN_BOOT, vm->set, key, vm->where);
}

struct config_pos config_service_where(const struct config_service *service, const char *key)
{
	return where_set(IN_STORAGE | IN_SWITCH, service->set, key, service->where);
}

struct config_pos config_disk_where(const struct config_disk *disk, const char *key)
{
	return where_set(IN_DISK, disk->set, key, disk->where);
}

/* The kernel, the initrd, the modules and the disks of a VM by number; NULL after the last. */
static const struct config_file *vm_file(const struct config_vm *vm, size_t index)
{
	if (index == 0)
		return &vm->boot.kernel;
	if (index == 1)
		return &vm->boot.initrd;
	index -= 2;
	if (index < vm->boot.module_count)
		return &vm->boot.modules[index];
	index -= vm->boot.module_count;
	return index < vm->disk_count ? &vm->disks[index]->module : NULL;
}

/* Whether the file is the first in the configuration with its path. */
static bool is_first_mention(const struct vela_config *config, const struct config_file *file)
{
	const struct config_file *other;

	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; (other = vm_file(config->vms[i], j)); j++) {
			if (other == file)
				return true;
			if (other->path && strcmp(other->path, file->path) == 0)
				return false;
		}
	return true;
}

void config_files(const struct vela_config *config,
		  void (*each)(void *context, const struct config_file *file), void *context)
{
	const struct config_file *file;

	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; (file = vm_file(config->vms[i], j)); j++)
			if (file->path && is_first_mention(config, file))
				each(context, file);
}

/* A link's doorbell, which is the service's own semaphore. */
static struct config_cap doorbell(const struct config_service *service, unsigned link)
{
	return (struct config_cap){
		.name = "DOORBELL",
		.object = "semaphore",
		.rights = "up",
		.why = service->kind == CONFIG_STORAGE ? "wakes storage " : "wakes switch ",
		.count = 1,
		.number = link,
		.whose = service->name,
		.peer = service->index,
	};
}

size_t config_caps(const struct config_vm *vm, struct config_cap caps[CONFIG_CAPS_MAX])
{
	const unsigned cpus = (unsigned)vm->cpus;
	const struct config_cap all[] = {
		{ "WAKE", "semaphore", "up, down", "wakes the vCPU thread, kicks the running guest",
		  cpus, 0, "", 0 },
		{ "LOCK", "semaphore", "up, down", "its threads wait on it for each other", 1, 0,
		  "", 0 },
		{ "PARENT", "semaphore", "up", "tells the root task that its status page changed",
		  1, 0, "", 0 },
		{ "VC", "virtual CPU", "run, ctrl", "runs the guest", cpus, 0, "", 0 },
		{ "EVENT", "portal", "call", "takes its faults to the root task", cpus, 0, "", 0 },
		{ "TIME", "CPU time", "read", "tells the guest of time that others took", cpus, 0,
		  "", 0 },
		{ "CONSOLE", "semaphore", "up", "doorbell of its session: system log, console", 1,
		  0, "", 0 },
	};
	size_t count = sizeof all / sizeof all[0];

	memcpy(caps, all, sizeof all);
	if (!vm->console)
		caps[count - 1].why = "doorbell of its session: system log only";
	for (size_t i = 0; i < vm->disk_count; i++)
		if (vm->disks[i]->from.service)
			caps[count++] = doorbell(vm->disks[i]->from.service, vm->disks[i]->link);
	for (size_t i = 0; i < vm->net_count; i++)
		caps[count++] = doorbell(vm->nets[i]->service, vm->nets[i]->link);
	return count;
}

size_t config_service_caps(const struct config_service *service,
			   struct config_cap caps[CONFIG_CAPS_MAX])
{
	static const struct config_cap all[] = {
		{ "WAKE", "semaphore", "down", "interrupts of its device, and its clients", 1, 0,
		  "", 0 },
		{ "PARENT", "semaphore", "up", "tells the root task that its status page changed",
		  1, 0, "", 0 },
		{ "EVENT", "portal", "call", "takes its faults to the root task", 1, 0, "", 0 },
		{ "CONSOLE", "semaphore", "up", "doorbell of its session: system log", 1, 0, "",
		  0 },
	};
	size_t count = sizeof all / sizeof all[0];

	memcpy(caps, all, sizeof all);
	for (size_t i = 0; i < service->client_count; i++)
		caps[count++] = (struct config_cap){
			.name = "CLIENT",
			.object = "semaphore",
			.rights = "up",
			.why = "wakes vm ",
			.count = 1,
			.number = (unsigned)i,
			.whose = service->clients[i].vm->name,
			.peer = service->clients[i].vm->index,
		};
	return count;
}

static void put(const struct config_printer *printer, const char *text)
{
	printer->print(printer->context, text);
}

/* A string in quotes, as the lexer reads it back. */
static void put_quoted(const struct config_printer *printer, const char *text)
{
	put(printer, "\"");
	while (*text) {
		char piece[64];
		size_t used = 0;

		while (*text && used + 2 < sizeof piece) {
			if (*text == '"' || *text == '\\')
				piece[used++] = '\\';
			piece[used++] = *text++;
		}
		piece[used] = '\0';
		put(printer, piece);
	}
	put(printer, "\"");
}

static void put_origin(const struct config_printer *printer, const struct config_pos *where)
{
	char line[16];

	put(printer, " # ");
	if (where->source) {
		snprintf(line, sizeof line, ":%u\n", (unsigned)where->line);
		put(printer, where->source->name);
		put(printer, line);
	} else {
		put(printer, "default\n");
	}
}

static void put_modules(const struct config_printer *printer, const struct config_boot *boot)
{
	for (size_t i = 0; i < boot->module_count; i++) {
		put(printer, "\t\tmodule ");
		put_quoted(printer, boot->modules[i].path);
		put(printer, " ");
		put_quoted(printer, boot->modules[i].args);
		put_origin(printer, &boot->modules[i].where);
	}
}

/* Writes a number as vela.conf spells it: a word, or with the largest unit that leaves it whole. */
static void value_text(const struct config_key *key, uint64_t value, char text[VALUE_TEXT_MAX])
{
	const struct config_unit *unit = config_forms[key->type].units;
	char address[CONFIG_ADDRESS_MAX];

	for (size_t i = 0; key->words && key->words[i]; i++)
		if (value == key->first_word + i) {
			snprintf(text, VALUE_TEXT_MAX, "%s", key->words[i]);
			return;
		}
	if (key->type == KEY_PCI || key->type == KEY_MAC) {
		(key->type == KEY_PCI ? config_pci_text : config_mac_text)(value, address);
		snprintf(text, VALUE_TEXT_MAX, "\"%s\"", address);
		return;
	}
	while (unit[1].name && value % unit->scale != 0)
		unit++;
	snprintf(text, VALUE_TEXT_MAX, "%llu%s", (unsigned long long)(value / unit->scale),
		 unit->name);
}

/* The numbers of a list, as many as there is room for: all of a key's. */
static void list_text(const struct config_key *key, const uint64_t *values,
		      char text[VALUE_TEXT_MAX])
{
	char value[VALUE_TEXT_MAX];
	size_t used;

	value_text(key, values[0], text);
	for (unsigned i = 1; values[0] != CONFIG_CPU_ANY && values[i] != CONFIG_CPU_ANY; i++) {
		used = strlen(text);
		value_text(key, values[i], value);
		snprintf(text + used, VALUE_TEXT_MAX - used, " %s", value);
	}
}

/* The text that is the value of a key; NULL when it is something else, or there is none. */
static const char *string_of(const struct config_key *key, const void *member)
{
	if (key->type == KEY_FILE)
		return ((const struct config_file *)member)->path;
	return key->type == KEY_TEXT || key->type == KEY_PART ? *(const char *const *)member : NULL;
}

/* One setting, or nothing when the key has neither a value nor a default. */
static void put_setting(const struct config_printer *printer, const struct config_key *key,
			const void *base, const struct config_pos *where)
{
	const void *member = (const char *)base + key->offset;
	const char *string = string_of(key, member);
	char value[VALUE_TEXT_MAX], line[120];

	if (key->type != KEY_TEXT && !key->preset && !where->source)
		return;
	put(printer, key->in & (IN_BOOT | IN_DISK | IN_NET) ? "\t\t" : "\t");
	put(printer, key->name);
	if (string) {
		put(printer, " ");
		put_quoted(printer, string);
	} else {
		size_t used = strlen(key->name);

		if (key->type == KEY_CPUS)
			list_text(key, member, value);
		else if (key->type == KEY_REF)
			snprintf(value, sizeof value, "%s",
				 ((const struct config_ref *)member)->name);
		else
			value_text(key, *(const uint64_t *)member, value);
		used += strlen(value);
		snprintf(line, sizeof line, " %s%*s", value, used < 24 ? (int)(24 - used) : 0, "");
		put(printer, line);
	}
	put_origin(printer, where);
}

static void put_settings(const struct config_printer *printer, unsigned in, const void *base,
			 const struct config_pos *set)
{
	for (size_t i = 0; config_keys[i].name; i++)
		if ((config_keys[i].in & in) && !config_keys[i].repeats &&
		    config_keys[i].type != KEY_BOOT)
			put_setting(printer, &config_keys[i], base, &set[i]);
}

static void put_caps(const struct config_printer *printer, const struct config_cap *caps,
		     size_t count)
{
	char name[24], line[160];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s", caps[i].name);
		if (caps[i].count > 1)
			snprintf(name, sizeof name, "%s[%u]", caps[i].name, caps[i].count);
		else if (caps[i].number)
			snprintf(name, sizeof name, "%s+%u", caps[i].name, caps[i].number);
		snprintf(line, sizeof line, "\t#   %-11s %-11s %-9s %s%s\n", name, caps[i].object,
			 caps[i].rights, caps[i].why, caps[i].whose);
		put(printer, line);
	}
}

/* The line that opens a named block. */
static void put_block(const struct config_printer *printer, const char *key, const char *name,
		      const struct config_pos *where)
{
	put(printer, key);
	put(printer, " ");
	put(printer, name);
	put(printer, " {");
	put_origin(printer, where);
}

static void put_devices(const struct config_printer *printer, const struct config_vm *vm)
{
	for (size_t i = 0; i < vm->disk_count; i++) {
		put_block(printer, "\tdisk", vm->disks[i]->name, &vm->disks[i]->where);
		put_settings(printer, IN_DISK, vm->disks[i], vm->disks[i]->set);
		put(printer, "\t}\n");
	}
	for (size_t i = 0; i < vm->net_count; i++) {
		put_block(printer, "\tnet", vm->nets[i]->name, &vm->nets[i]->where);
		put_settings(printer, IN_NET, vm->nets[i], vm->nets[i]->set);
		put(printer, "\t}\n");
	}
}

static void put_service(const struct config_printer *printer, const struct config_service *service)
{
	const bool storage = service->kind == CONFIG_STORAGE;
	struct config_cap caps[CONFIG_CAPS_MAX];

	put_block(printer, storage ? "\nstorage" : "\nswitch", service->name, &service->where);
	put_settings(printer, storage ? IN_STORAGE : IN_SWITCH, service, service->set);
	put(printer, "\t# capabilities of its driver process:\n");
	put_caps(printer, caps, config_service_caps(service, caps));
	if (service->device != CONFIG_NO_DEVICE)
		put(printer, "\t# and the registers, DMA and interrupts of its device\n");
	put(printer, "}\n");
}

static void put_vm(const struct config_printer *printer, const struct config_vm *vm)
{
	const struct config_key *boot = config_key_find(IN_VM, "boot", 4);
	struct config_cap caps[CONFIG_CAPS_MAX];

	put_block(printer, "\nvm", vm->name, &vm->where);
	put_settings(printer, IN_VM, vm, vm->set);
	put(printer, "\tboot ");
	put(printer, boot->words[vm->boot.protocol]);
	put(printer, " {");
	put_origin(printer, &vm->set[boot - config_keys]);
	put_settings(printer, IN_LINUX << vm->boot.protocol, vm, vm->set);
	put_modules(printer, &vm->boot);
	put(printer, "\t}\n");
	put_devices(printer, vm);
	put(printer, "\t# capabilities of its VMM:\n");
	put_caps(printer, caps, config_caps(vm, caps));
	put(printer, "}\n");
}

void config_explain(const struct vela_config *config, const struct config_printer *printer)
{
	put(printer, "host {\n");
	put_settings(printer, IN_HOST, config, config->set);
	put(printer, "}\n");
	for (size_t i = 0; i < config->service_count; i++)
		put_service(printer, config->services[i]);
	for (size_t i = 0; i < config->vm_count; i++)
		put_vm(printer, config->vms[i]);
}
