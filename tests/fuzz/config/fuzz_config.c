/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the configuration parser. The input is up to four files separated by form feeds; the first
 * is the main one, "1", "2" and "3" name the others. Beyond not crashing: parsing twice gives the
 * same mistakes, every mistake lies inside its source, what is accepted keeps its promises, a VM is
 * refused for a mistake that is reported, and the explanation of a configuration without mistakes
 * is a configuration that explains itself the same.
 */
#include "../fuzz.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 4, ARENA_BYTES = 128 * 1024, TEXT_BYTES = 512 * 1024 };

struct files {
	struct config_source file[FILES];
	size_t count;
};

/* Mistakes of the text, and one or two of each disk and net. */
enum {
	MISTAKES_MAX =
		CONFIG_ERRORS_MAX + 1 + CONFIG_VMS_MAX * 2 * (CONFIG_DISKS_MAX + CONFIG_NETS_MAX)
};

struct log {
	char text[MISTAKES_MAX * CONFIG_ERROR_TEXT_MAX];
	size_t used;
};

struct printed {
	char text[TEXT_BYTES];
	size_t used;
};

static void promise(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}

static bool load(void *context, const char *path, struct config_source *source)
{
	const struct files *files = context;
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t index = (size_t)(name[0] - '0');

	if (strlen(name) != 1 || index == 0 || index >= files->count)
		return false;
	source->text = files->file[index].text;
	source->size = files->file[index].size;
	return true;
}

static void check_place(const struct config_pos *where)
{
	const char *line = where->source->text;
	const char *end = line + where->source->size;

	promise(where->line > 0 && where->column > 0 && where->length > 0,
		"positions count from 1");
	for (uint32_t i = 1; i < where->line; i++) {
		line = memchr(line, '\n', (size_t)(end - line));
		promise(line != NULL, "a mistake lies on a line of its source");
		line++;
	}
	promise(where->column - 1 <= (size_t)(end - line), "a mistake lies inside its source");
	promise(!memchr(line, '\n', where->column - 1), "a column lies on its line");
}

static void log_error(void *context, const struct config_error *error)
{
	struct log *log = context;
	size_t room = sizeof log->text - log->used;

	promise(room > CONFIG_ERROR_TEXT_MAX, "no more mistakes than the limit");
	check_place(&error->where);
	log->used += config_error_text(error, log->text + log->used, CONFIG_ERROR_TEXT_MAX);
}

static struct vela_config *parse(const struct files *files, struct log *log, unsigned char *memory,
				 size_t bytes)
{
	union {
		const struct files *in;
		void *out;
	} context = { files };
	const struct config_loader loader = { load, context.out };
	struct config_diag diag = { log_error, log, 0 };
	struct config_arena arena = { memory, bytes, 0 };
	struct vela_config *config;

	log->used = 0;
	if (!config_parse(&arena, &files->file[0], &loader, &diag, &config)) {
		promise(diag.errors > 0 && !config,
			"a refused configuration has mistakes and no result");
		return NULL;
	}
	promise(diag.errors == 0 && config, "an accepted configuration has no mistakes");
	promise(config_check(config, &diag) == (log->used == 0), "a check says why it fails");
	return config;
}

static void print_all(void *context, const char *text)
{
	struct printed *printed = context;
	size_t length = strlen(text);

	promise(printed->used + length < sizeof printed->text, "an explanation is bounded");
	memcpy(printed->text + printed->used, text, length);
	printed->used += length;
	printed->text[printed->used] = '\0';
}

static bool is_ended(const uint64_t cpus[CONFIG_VCPUS_MAX + 1])
{
	for (unsigned i = 0; i <= CONFIG_VCPUS_MAX; i++) {
		if (cpus[i] == CONFIG_CPU_ANY)
			return true;
		if (cpus[i] >= 64)
			return false;
	}
	return false;
}

static void check_vm(const struct config_vm *vm)
{
	const uint64_t mib = 1024 * 1024;

	promise(strlen(vm->name) > 0 && strlen(vm->name) <= CONFIG_NAME_MAX, "a VM has a name");
	promise(vm->memory_bytes >= 16 * mib && vm->memory_bytes % (2 * mib) == 0,
		"memory is whole");
	promise(vm->cpus >= 1 && vm->cpus <= CONFIG_VCPUS_MAX, "virtual CPUs that can be");
	promise(is_ended(vm->host_cpu), "host CPUs that can be, and an end of their list");
	promise(vm->priority >= 1 && vm->priority <= 100, "a priority in range");
	promise(vm->boot.kernel.path && vm->boot.kernel.path[0], "a VM has a kernel");
	promise(strlen(vm->boot.args) <= CONFIG_ARGS_MAX, "arguments are bounded");
	promise(vm->boot.module_count <= CONFIG_MODULES_MAX, "modules are bounded");
	check_place(&vm->where);
}

static bool same_disk(const struct config_disk *a, const struct config_disk *b)
{
	return a->unit == b->unit &&
	       (!a->partition[0] || !b->partition[0] || strcmp(a->partition, b->partition) == 0);
}

/* Both ends of every link agree on it, and what is written has one user. */
static void check_service(const struct config_service *service)
{
	promise(strlen(service->name) > 0 && service->client_count <= CONFIG_CLIENTS_MAX,
		"a service has a name and few clients");
	promise(service->kind == CONFIG_SWITCH || service->device != CONFIG_NO_DEVICE,
		"a storage has a device");
	for (size_t i = 0; i < service->client_count; i++) {
		const struct config_client *client = &service->clients[i];

		if (service->kind == CONFIG_SWITCH) {
			promise(client->net && client->net->service == service &&
					!client->vm->refused,
				"a port is its switch's");
			continue;
		}
		promise(client->disk && client->disk->from.service == service &&
				!client->vm->refused,
			"a disk is its storage's");
		for (size_t j = 0; j < i; j++)
			promise((client->disk->mode != CONFIG_READ_WRITE &&
				 service->clients[j].disk->mode != CONFIG_READ_WRITE) ||
					!same_disk(client->disk, service->clients[j].disk),
				"one writer alone");
	}
}

/* Links of a VM that is not refused count from 0; addresses are of one station each. */
static void check_links(const struct config_vm *vm)
{
	unsigned link = 0;

	for (size_t i = 0; i < vm->disk_count; i++) {
		const struct config_disk *disk = vm->disks[i];

		promise(!disk->module.path != !disk->from.name[0], "a disk is on something");
		promise((disk->mode == CONFIG_DISCARD) == (disk->scratch_bytes != 0),
			"discard needs scratch");
		promise(strlen(disk->partition) <= CONFIG_PARTITION_MAX,
			"partition names are short");
		promise(vm->refused || disk->module.path ||
				(disk->from.service && disk->link == link++),
			"links of disks in order");
	}
	for (size_t i = 0; i < vm->net_count; i++) {
		promise(vm->refused || (vm->nets[i]->service && vm->nets[i]->link == link++),
			"links of ports in order");
		promise(vm->nets[i]->mac && !(vm->nets[i]->mac >> 40 & 1) &&
				!(vm->nets[i]->mac >> 48),
			"a MAC address of one station");
	}
}

static void check_macs(const struct vela_config *config)
{
	static uint64_t macs[CONFIG_VMS_MAX * CONFIG_NETS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < config->vm_count; i++)
		for (size_t j = 0; j < config->vms[i]->net_count && !config->vms[i]->refused; j++)
			macs[count++] = config->vms[i]->nets[j]->mac;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			promise(macs[i] != macs[j], "MAC addresses are unique");
}

/* Origins differ between a configuration and its explanation: removes them, the last comment of
 * each line. */
static void strip_origins(struct printed *printed)
{
	size_t kept = 0, comment = 0;

	for (size_t i = 0; i <= printed->used; i++) {
		char c = printed->text[i];

		if (strncmp(printed->text + i, " # ", 3) == 0)
			comment = kept;
		if (c == '\n' && comment)
			kept = comment;
		if (c == '\n')
			comment = 0;
		printed->text[kept++] = c;
	}
}

/* What is said of all together is what is said of each, and a VM is refused for a reason. */
static void check_refusals(const struct vela_config *config, const struct log *all)
{
	static struct log log;
	struct config_diag diag = { log_error, &log, 0 };

	log.used = 0;
	for (size_t i = 0; i < config->service_count; i++)
		config_service_check(config, config->services[i], &diag);
	for (size_t i = 0; i < config->vm_count; i++)
		promise(config_vm_check(config, config->vms[i], &diag) != config->vms[i]->refused,
			"a VM is refused for its mistakes");
	promise(log.used == all->used && memcmp(log.text, all->text, log.used) == 0,
		"a mistake is said at every check");
}

static void explain(const struct vela_config *config, struct printed *printed)
{
	printed->used = 0;
	config_explain(config, &(struct config_printer){ print_all, printed });
}

static void check_explanation(const struct vela_config *config)
{
	static struct printed whole, again;
	static struct log log;
	static unsigned char memory[2 * ARENA_BYTES];
	struct files files = { .count = 1 };

	explain(config, &whole);
	files.file[0] =
		(struct config_source){ .name = "main", .text = whole.text, .size = whole.used };
	config = parse(&files, &log, memory, sizeof memory);
	promise(config != NULL, "an explanation is a configuration");
	explain(config, &again);
	strip_origins(&whole);
	strip_origins(&again);
	promise(strcmp(whole.text, again.text) == 0, "an explanation means what it explains");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log first, second;
	static unsigned char memory[2][ARENA_BYTES];
	struct files files = { .count = 1 };
	const char *text = (const char *)data;

	files.file[0] = (struct config_source){ .name = "main", .text = text };
	for (size_t i = 0; i < size; i++) {
		struct config_source *file = &files.file[files.count - 1];

		if (text[i] == '\f' && files.count < FILES)
			files.file[files.count++] = (struct config_source){ .text = text + i + 1 };
		else
			file->size++;
	}
	struct vela_config *config = parse(&files, &first, memory[0], ARENA_BYTES);

	promise(!config == !parse(&files, &second, memory[1], ARENA_BYTES),
		"the same verdict twice");
	promise(first.used == second.used && memcmp(first.text, second.text, first.used) == 0,
		"the same mistakes twice");
	if (!config)
		return 0;
	for (size_t i = 0; i < config->vm_count; i++) {
		check_vm(config->vms[i]);
		check_links(config->vms[i]);
	}
	for (size_t i = 0; i < config->service_count; i++)
		check_service(config->services[i]);
	check_macs(config);
	check_refusals(config, &first);
	if (first.used == 0)
		check_explanation(config);
	return 0;
}
