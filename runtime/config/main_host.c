/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vela-config, the host's view of vela.conf: the parser of the root task behind a command line. It
 * is the only part of the directory that does I/O.
 */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char usage[] =
	"usage: vela-config check FILE...   say whether the files are right\n"
	"       vela-config explain FILE    every setting, its origin, and the\n"
	"                                   capabilities of each process\n"
	"       vela-config modules FILE    the files it names, the service programs it\n"
	"                                   needs, and the PCI addresses of storages\n"
	"                                   and uplinks: KIND<TAB>NAME; what mistakes\n"
	"                                   between blocks refuse is reported, no more\n"
	"       vela-config keys            the reference of all keys\n";

/* Texts and names of the files, and what the parser makes of them. */
static unsigned char memory[32 * 1024 * 1024];
static struct config_arena arena = { memory, sizeof memory, 0 };

static void *take(size_t size)
{
	void *taken = memory + arena.used;

	size = (size + 7) & ~(size_t)7;
	if (size > arena.size - arena.used)
		return NULL;
	arena.used += size;
	return taken;
}

/* Reads a whole file, or as much of it as shows the parser that it is too large. */
static bool read_file(const char *name, struct config_source *source)
{
	FILE *file = fopen(name, "rb");
	const size_t room = arena.size - arena.used;
	bool good;

	if (!file)
		return false;
	source->text = (const char *)memory + arena.used;
	source->size = fread(memory + arena.used, 1,
			     room < CONFIG_SOURCE_MAX + 1 ? room : CONFIG_SOURCE_MAX + 1, file);
	good = !ferror(file) && take(source->size);
	fclose(file);
	return good;
}

/* config_loader: files stand relative to the directory of the main file, which is the context. */
static bool load_beside(void *context, const char *path, struct config_source *source)
{
	const char *main_name = context;
	const char *slash = strrchr(main_name, '/');
	size_t directory = slash && path[0] != '/' ? (size_t)(slash - main_name) + 1 : 0;
	char *name = take(directory + strlen(path) + 1);

	if (!name)
		return false;
	memcpy(name, main_name, directory);
	strcpy(name + directory, path);
	source->name = name;
	return read_file(name, source);
}

static void print_error(void *context, const struct config_error *error)
{
	char text[CONFIG_ERROR_TEXT_MAX];

	(void)context;
	config_error_text(error, text, sizeof text);
	fputs(text, stderr);
}

static void print_text(void *context, const char *text)
{
	fputs(text, context);
}

static void print_module(void *context, const struct config_file *file)
{
	fprintf(context, "file\t%s\n", file->path);
}

/* A file that can be understood; *right: it has no mistakes between blocks either. */
static bool load(char *name, struct vela_config **config, bool *right)
{
	struct config_source source = { .name = name };
	struct config_loader loader = { load_beside, name };
	struct config_diag diag = { .report = print_error };

	arena.used = 0;
	*right = false;
	if (!read_file(name, &source)) {
		fprintf(stderr, "vela-config: cannot read %s\n", name);
		return false;
	}
	if (!config_parse(&arena, &source, &loader, &diag, config))
		return false;
	*right = config_check(*config, &diag);
	return true;
}

static int check(char *names[], int count)
{
	int status = EXIT_SUCCESS;
	struct vela_config *config;
	bool right;

	for (int i = 0; i < count; i++) {
		if (load(names[i], &config, &right) && right)
			printf("%s: ok, %zu vm%s\n", names[i], config->vm_count,
			       config->vm_count == 1 ? "" : "s");
		else
			status = EXIT_FAILURE;
	}
	return status;
}

static void print_device(const struct config_service *service)
{
	char address[CONFIG_ADDRESS_MAX];

	config_pci_text(service->device, address);
	printf("%s\t%s\n", service->kind == CONFIG_STORAGE ? "storage" : "uplink", address);
}

static int print_modules(const struct vela_config *config)
{
	for (const struct config_source *i = config->includes; i; i = i->next)
		printf("include\t%s\n", i->path);
	config_files(config, print_module, stdout);
	for (int kind = CONFIG_STORAGE; kind <= CONFIG_SWITCH; kind++)
		for (size_t i = 0; i < config->service_count; i++)
			if ((int)config->services[i]->kind == kind) {
				printf("program\t%s\n", kind == CONFIG_STORAGE ? "block" : "net");
				break;
			}
	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i]->device != CONFIG_NO_DEVICE)
			print_device(config->services[i]);
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";
	struct vela_config *config;
	bool right;

	if (strcmp(command, "keys") == 0 && argc == 2) {
		config_reference(&(struct config_printer){ print_text, stdout });
		return EXIT_SUCCESS;
	}
	if (strcmp(command, "check") == 0 && argc >= 3)
		return check(argv + 2, argc - 2);
	if ((strcmp(command, "explain") != 0 && strcmp(command, "modules") != 0) || argc != 3) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (!load(argv[2], &config, &right))
		return EXIT_FAILURE;
	if (strcmp(command, "modules") == 0)
		return print_modules(config);
	if (!right)
		return EXIT_FAILURE;
	config_explain(config, &(struct config_printer){ print_text, stdout });
	return EXIT_SUCCESS;
}
