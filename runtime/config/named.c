/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks with a name: vm, storage and switch at the top level, disk and net in a vm. Each becomes a
 * structure of its own in the arena, entered in a list of what it belongs to.
 */
#include "parse.h"

#include <stdio.h>
#include <string.h>

/* What all named blocks have at the same place; see CONFIG_BLOCK. */
#define SAME_PLACE(kind)                                                            \
	static_assert(offsetof(kind, name) == 0 &&                                  \
		      offsetof(kind, where) == offsetof(struct config_vm, where) && \
		      offsetof(kind, set) == offsetof(struct config_vm, set))
SAME_PLACE(struct config_service);
SAME_PLACE(struct config_disk);
SAME_PLACE(struct config_net);

static size_t size_of(unsigned in)
{
	return in == IN_VM     ? sizeof(struct config_vm)
	       : in == IN_DISK ? sizeof(struct config_disk)
	       : in == IN_NET  ? sizeof(struct config_net)
			       : sizeof(struct config_service);
}

static struct config_pos *where_of(void *block)
{
	return (void *)((char *)block + offsetof(struct config_vm, where));
}

static struct config_pos *set_of(void *block)
{
	return (void *)((char *)block + offsetof(struct config_vm, set));
}

/* The place of the VM or service that has the name already, or NULL. */
static const struct config_pos *owner_of(const struct vela_config *config, const char *name,
					 const char **what)
{
	for (size_t i = 0; i < config->vm_count; i++)
		if (strcmp(config->vms[i]->name, name) == 0) {
			*what = "vm";
			return &config->vms[i]->where;
		}
	for (size_t i = 0; i < config->service_count; i++)
		if (strcmp(config->services[i]->name, name) == 0) {
			*what = config->services[i]->kind == CONFIG_STORAGE ? "storage" : "switch";
			return &config->services[i]->where;
		}
	return NULL;
}

/* All processes share one system log, so their names are unique. */
static bool name_is_free(struct parser *parser, const struct vela_config *config, const char *name,
			 const struct config_pos *where)
{
	const char *what = "";
	const struct config_pos *owner = owner_of(config, name, &what);

	if (strcmp(name, "log") == 0)
		return parser_fail(parser, where,
				   "\"log\" is the name of the system log's console");
	if (strcmp(name, "root") == 0 || strcmp(name, "console") == 0)
		return parser_fail(parser, where, "\"%s\" is the name of a part of Vela itself",
				   name);
	if (owner)
		return parser_fail(parser, where, "there is already a %s \"%s\" at %s:%u", what,
				   name, owner->source->name, owner->line);
	return true;
}

static bool full(struct parser *parser, const struct config_pos *where, const char *what, int max)
{
	return parser_fail(parser, where, "more than %d %s", max, what);
}

static bool add_vm(struct parser *parser, struct vela_config *config, struct config_vm *vm)
{
	if (!name_is_free(parser, config, vm->name, &vm->where))
		return false;
	if (config->vm_count == CONFIG_VMS_MAX)
		return full(parser, &vm->where, "VMs", CONFIG_VMS_MAX);
	vm->index = (unsigned)config->vm_count;
	config->vms[config->vm_count++] = vm;
	return true;
}

static bool add_service(struct parser *parser, struct vela_config *config,
			struct config_service *service)
{
	if (!name_is_free(parser, config, service->name, &service->where))
		return false;
	if (config->service_count == CONFIG_SERVICES_MAX)
		return full(parser, &service->where, "storages and switches", CONFIG_SERVICES_MAX);
	service->index = (unsigned)config->service_count;
	config->services[config->service_count++] = service;
	return true;
}

static bool add_disk(struct parser *parser, struct config_vm *vm, struct config_disk *disk)
{
	for (size_t i = 0; i < vm->disk_count; i++)
		if (strcmp(vm->disks[i]->name, disk->name) == 0)
			return parser_fail(parser, &disk->where,
					   "there is already a disk \"%s\" at %s:%u", disk->name,
					   vm->disks[i]->where.source->name,
					   vm->disks[i]->where.line);
	if (vm->disk_count == CONFIG_DISKS_MAX)
		return full(parser, &disk->where, "disks of one VM", CONFIG_DISKS_MAX);
	vm->disks[vm->disk_count++] = disk;
	return true;
}

static bool add_net(struct parser *parser, struct config_vm *vm, struct config_net *net)
{
	if (vm->net_count == CONFIG_NETS_MAX)
		return full(parser, &net->where, "nets of one VM", CONFIG_NETS_MAX);
	vm->nets[vm->net_count++] = net;
	return true;
}

/* Sets what is neither zero nor in the key table, and enters the block in its list. */
static bool add(struct parser *parser, unsigned in, void *outer, void *block)
{
	if (in == IN_VM)
		return add_vm(parser, outer, block);
	if (in == IN_DISK)
		return add_disk(parser, outer, block);
	if (in == IN_NET)
		return add_net(parser, outer, block);
	return add_service(parser, outer, block);
}

static void prepare(unsigned in, void *block)
{
	if (in == IN_VM)
		((struct config_vm *)block)->boot.args = "";
	else if (in == IN_DISK)
		((struct config_disk *)block)->partition = "";
	else if (in != IN_NET)
		((struct config_service *)block)->kind =
			in == IN_STORAGE ? CONFIG_STORAGE : CONFIG_SWITCH;
	if (in == IN_STORAGE)
		((struct config_service *)block)->device = CONFIG_NO_DEVICE;
}

/* After a name that is none: whether a block follows that can be read all the same. */
static bool bad_name(struct parser *parser, const struct config_key *key)
{
	const struct token *token = &parser->lexer.token;

	parser_fail(parser, NULL,
		    "\"%s\" needs a name: a letter, then up to %d letters, digits, \"-\" and \"_\"",
		    key->name, CONFIG_NAME_MAX - 1);
	while (token->kind < TOKEN_OPEN)
		parser_next(parser);
	return token->kind == TOKEN_OPEN;
}

bool parser_name(const struct token *token, char name[CONFIG_NAME_MAX + 1])
{
	memset(name, 0, CONFIG_NAME_MAX + 1);
	if (token->kind != TOKEN_WORD || token->where.length > CONFIG_NAME_MAX)
		return false;
	memcpy(name, token->text, token->where.length);
	return !strpbrk(name, ".]");
}

bool parser_named(struct parser *parser, const struct config_key *key, const struct scope *outer,
		  struct scope *inner)
{
	const struct token *token = &parser->lexer.token;
	void *block = parser_alloc(parser, size_of(key->opens));

	if (!block)
		return false;
	*where_of(block) = token->where;
	prepare(key->opens, block);
	parser_defaults(key->opens, block);
	*inner = (struct scope){
		.in = key->opens, .base = block, .set = set_of(block), .where = token->where
	};
	if (parser_name(token, block)) {
		add(parser, key->opens, outer->base, block);
		parser_next(parser);
	} else if (!bad_name(parser, key)) {
		return false;
	}
	snprintf(inner->title, sizeof inner->title, "%s \"%s\"%s%.*s", key->name,
		 (const char *)block, outer->in == IN_TOP ? "" : " of ",
		 outer->in == IN_TOP ? 0 : (int)strlen(outer->title), outer->title);
	return true;
}
