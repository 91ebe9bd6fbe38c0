/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about a parsed configuration: which files it names, which capabilities each VMM gets,
 * and the whole of it as text with the origin of every setting.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 64 };

struct config_pos config_vm_where(const struct config_vm *vm, const char *key)
{
	const struct config_key *row = config_key_find(IN_VM | IN_BOOT, key, strlen(key));

	if (row && vm->set[row - config_keys].source)
		return vm->set[row - config_keys];
	return vm->where;
}

/* The kernel, the initrd and the modules of a VM by number; NULL after the last. */
static const struct config_file *vm_file(const struct config_vm *vm, size_t index)
{
	if (index == 0)
		return &vm->boot.kernel;
	if (index == 1)
		return &vm->boot.initrd;
	return index - 2 < vm->boot.module_count ? &vm->boot.modules[index - 2] : NULL;
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

size_t config_caps(const struct config_vm *vm, struct config_cap caps[CONFIG_CAPS_MAX])
{
	const unsigned cpus = (unsigned)vm->cpus;
	const struct config_cap all[] = {
		{ "HST", "host space", "take", "its own memory, the source of guest memory", 1 },
		{ "WAKE", "semaphore", "up, down", "wakes the vCPU thread, kicks the running guest",
		  cpus },
		{ "LOCK", "semaphore", "up, down", "its threads wait on it for each other", 1 },
		{ "PARENT", "semaphore", "up", "tells the root task that its status page changed",
		  1 },
		{ "GST", "guest space", "give", "guest-physical memory, filled from its own", 1 },
		{ "VC", "virtual CPU", "run, ctrl", "runs the guest", cpus },
		{ "EVENT", "portal", "call", "takes its faults to the root task", cpus },
		{ "CONSOLE", "semaphore", "up", "doorbell of its session: system log, console", 1 },
	};
	const size_t count = sizeof all / sizeof all[0];

	static_assert(sizeof all / sizeof all[0] <= CONFIG_CAPS_MAX);
	memcpy(caps, all, sizeof all);
	if (!vm->console)
		caps[count - 1].why = "doorbell of its session: system log only";
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

	for (size_t i = 0; key->words && key->words[i]; i++)
		if (value == key->first_word + i) {
			snprintf(text, VALUE_TEXT_MAX, "%s", key->words[i]);
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

/* One setting, or nothing when the key has neither a value nor a default. */
static void put_setting(const struct config_printer *printer, const struct config_key *key,
			const void *base, const struct config_pos *where)
{
	const void *member = (const char *)base + key->offset;
	const char *string = key->type == KEY_FILE   ? ((const struct config_file *)member)->path
			     : key->type == KEY_TEXT ? *(const char *const *)member
						     : NULL;
	char value[VALUE_TEXT_MAX], line[120];

	if (key->type == KEY_FILE && !string)
		return;
	put(printer, key->in & IN_BOOT ? "\t\t" : "\t");
	put(printer, key->name);
	if (string) {
		put(printer, " ");
		put_quoted(printer, string);
	} else {
		size_t used = strlen(key->name);

		if (key->type == KEY_CPUS)
			list_text(key, member, value);
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

static void put_caps(const struct config_printer *printer, const struct config_vm *vm)
{
	struct config_cap caps[CONFIG_CAPS_MAX];
	size_t count = config_caps(vm, caps);
	char line[160], name[16];

	put(printer, "\t# capabilities of its VMM:\n");
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s", caps[i].name);
		if (caps[i].count > 1)
			snprintf(name, sizeof name, "%s[%u]", caps[i].name, caps[i].count);
		snprintf(line, sizeof line, "\t#   %-8s %-11s %-9s %s\n", name, caps[i].object,
			 caps[i].rights, caps[i].why);
		put(printer, line);
	}
}

static void put_vm(const struct config_printer *printer, const struct config_vm *vm)
{
	const struct config_key *boot = config_key_find(IN_VM, "boot", 4);

	put(printer, "\nvm ");
	put(printer, vm->name);
	put(printer, " {");
	put_origin(printer, &vm->where);
	put_settings(printer, IN_VM, vm, vm->set);
	put(printer, "\tboot ");
	put(printer, boot->words[vm->boot.protocol]);
	put(printer, " {");
	put_origin(printer, &vm->set[boot - config_keys]);
	put_settings(printer, IN_LINUX << vm->boot.protocol, vm, vm->set);
	put_modules(printer, &vm->boot);
	put(printer, "\t}\n");
	put_caps(printer, vm);
	put(printer, "}\n");
}

void config_explain(const struct vela_config *config, const struct config_printer *printer)
{
	put(printer, "host {\n");
	put_settings(printer, IN_HOST, config, config->set);
	put(printer, "}\n");
	for (size_t i = 0; i < config->vm_count; i++)
		put_vm(printer, config->vms[i]);
}
