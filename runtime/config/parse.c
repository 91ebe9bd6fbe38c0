/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks and statements of vela.conf, driven by the key table. A mistake costs its statement and no
 * more: the parser goes on with the next one so that all mistakes are seen at once. Recursion is
 * bounded: blocks nest three deep by the table, files by CONFIG_INCLUDE_DEPTH.
 */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *parser_alloc(struct parser *parser, size_t size)
{
	struct config_arena *arena = parser->arena;
	const size_t aligned = (size + 7) & ~(size_t)7;
	void *memory;

	if (parser->abandoned)
		return NULL;
	if (aligned > arena->size - arena->used) {
		parser_fail(parser, parser->token.where,
			    "the configuration needs more than the %zu bytes set aside for it",
			    arena->size);
		parser->abandoned = true;
		return NULL;
	}
	memory = arena->base + arena->used;
	arena->used += aligned;
	return memset(memory, 0, aligned);
}

void parser_next(struct parser *parser)
{
	parser->token = lexer_next(&parser->lexer);
	if (parser->token.kind == TOKEN_BAD)
		parser_fail(parser, parser->token.where, "%s", parser->token.message);
	if (parser->abandoned)
		parser->token.kind = TOKEN_EOF;
}

static bool token_is(const struct parser *parser, enum token_kind kind)
{
	return parser->token.kind == kind;
}

void parser_skip(struct parser *parser)
{
	unsigned depth = 0;

	for (; !token_is(parser, TOKEN_EOF); parser_next(parser)) {
		if (depth == 0 && (token_is(parser, TOKEN_END) || token_is(parser, TOKEN_CLOSE)))
			return;
		if (token_is(parser, TOKEN_OPEN)) {
			depth++;
		} else if (token_is(parser, TOKEN_CLOSE) && --depth == 0) {
			parser_next(parser);
			return;
		}
	}
}

void parser_end(struct parser *parser, const struct config_key *key)
{
	if (token_is(parser, TOKEN_END) || token_is(parser, TOKEN_CLOSE) ||
	    token_is(parser, TOKEN_EOF))
		return;
	parser_expected(parser, "\"%s\" ends with its line or a \";\"", key->name);
	parser_skip(parser);
}

/*
 * To behind the "{" of a block; the newlines before it do not count. When it is missing but a key
 * of the block follows, reading goes on as if it were there.
 */
static bool open_block(struct parser *parser, const struct scope *scope)
{
	const struct token *token = &parser->token;
	const uint32_t line = token->where.line;

	while (token_is(parser, TOKEN_END) && token->text[0] == '\n')
		parser_next(parser);
	if (token_is(parser, TOKEN_OPEN)) {
		parser_next(parser);
		return true;
	}
	parser_expected(parser, "%s needs \"{\"", scope->title);
	if (token_is(parser, TOKEN_WORD) && config_key_find(scope->in, token->text, token->length))
		return true;
	if (token->where.line == line)
		parser_skip(parser);
	return false;
}

static void check_required(struct parser *parser, const struct scope *scope)
{
	for (size_t i = 0; i < config_key_count; i++)
		if ((config_keys[i].in & scope->in) && config_keys[i].required &&
		    !scope->set[i].source)
			parser_fail(parser, scope->where, "%s has no \"%s\"", scope->title,
				    config_keys[i].name);
}

static void block_body(struct parser *parser, struct scope *scope)
{
	if (!open_block(parser, scope))
		return;
	parser_block(parser, scope);
	if (token_is(parser, TOKEN_CLOSE)) {
		parser_next(parser);
		check_required(parser, scope);
	} else if (!parser->closing) {
		parser_fail(parser, scope->where, "%s has no \"}\"", scope->title);
	}
}

static void set_defaults(unsigned in, void *base)
{
	for (size_t i = 0; i < config_key_count; i++)
		if ((config_keys[i].in & in) && config_key_is_number(&config_keys[i]))
			config_value_store(&config_keys[i], base, config_keys[i].preset);
}

/* The name that is the next token; "" after reporting that it is none. */
static const char *vm_name(struct parser *parser)
{
	const struct token *token = &parser->token;
	const size_t length = token->length;
	char *name;

	if (!token_is(parser, TOKEN_WORD) || length > CONFIG_NAME_MAX ||
	    memchr(token->text, '.', length) || memchr(token->text, ']', length)) {
		parser_expected(parser,
				"\"vm\" needs a name: a letter, then up to %d letters, "
				"digits, \"-\" and \"_\"",
				CONFIG_NAME_MAX - 1);
		if (!token_is(parser, TOKEN_OPEN) && !token_is(parser, TOKEN_END))
			parser_next(parser);
		return "";
	}
	name = parser_alloc(parser, length + 1);
	if (!name)
		return "";
	memcpy(name, token->text, length);
	if (strcmp(name, "log") == 0)
		parser_fail(parser, token->where,
			    "\"log\" is the name of the system log's console");
	parser_next(parser);
	return name;
}

static void add_vm(struct parser *parser, struct config_vm *vm)
{
	struct vela_config *config = parser->config;

	for (size_t i = 0; i < config->vm_count; i++) {
		const struct config_pos *first = &config->vms[i]->where;

		if (vm->name[0] != '\0' && strcmp(config->vms[i]->name, vm->name) == 0) {
			parser_fail(parser, vm->where, "there is already a vm \"%s\" at %s:%u",
				    vm->name, first->source->name, (unsigned)first->line);
			return;
		}
	}
	if (config->vm_count < CONFIG_VMS_MAX)
		config->vms[config->vm_count++] = vm;
	else
		parser_fail(parser, vm->where, "more than %d VMs", CONFIG_VMS_MAX);
}

static void vm_block(struct parser *parser)
{
	struct config_vm *vm = parser_alloc(parser, sizeof *vm);

	if (!vm)
		return;
	vm->where = parser->token.where;
	vm->name = vm_name(parser);
	if (vm->name[0] == '\0' && !token_is(parser, TOKEN_OPEN))
		return;
	vm->boot.args = "";
	set_defaults(IN_VM, vm);
	add_vm(parser, vm);

	struct scope scope = { .in = IN_VM, .base = vm, .set = vm->set, .where = vm->where };

	snprintf(scope.title, sizeof scope.title, "vm \"%s\"", vm->name);
	block_body(parser, &scope);
}

static void boot_block(struct parser *parser, const struct config_key *key, struct scope *vm)
{
	struct scope scope = { .base = vm->base, .set = vm->set, .where = parser->token.where };
	char word[CONFIG_VALUE_TEXT_MAX];
	uint64_t protocol;

	if (!parser_choice(parser, key, &protocol)) {
		parser_skip(parser);
		return;
	}
	config_value_store(key, vm->base, protocol);
	config_value_text(key, protocol, word);
	scope.in = IN_LINUX << protocol;
	snprintf(scope.title, sizeof scope.title, "boot %s of %.44s", word, vm->title);
	parser_next(parser);
	block_body(parser, &scope);
}

/* The next token is a word that is no key of this block. */
static void unknown_key(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->token;
	const int shown = token->length > QUOTE_MAX ? QUOTE_MAX : (int)token->length;
	const struct config_key *other = config_key_find(~0u, token->text, token->length);
	struct nearest nearest = { .text = token->text, .length = token->length };

	for (size_t i = 0; i < config_key_count; i++)
		if (config_keys[i].in & scope->in)
			nearest_consider(&nearest, config_keys[i].name,
					 strlen(config_keys[i].name));
	if (other && (other->in & IN_TOP)) {
		parser_fail(parser, token->where,
			    "\"%s\" belongs to the top level; is a \"}\" missing before it?",
			    other->name);
		parser->closing = other->type != KEY_INCLUDE;
		if (!parser->closing)
			parser_skip(parser);
		return;
	}
	if (other)
		parser_fail(parser, token->where, "\"%s\" belongs in %s block, not in %s",
			    other->name,
			    other->in == IN_HOST ? "a host"
			    : other->in == IN_VM ? "a vm"
						 : "a boot",
			    scope->title);
	else
		parser_fail(parser, token->where, "unknown key \"%.*s\" in %s%s%s%s", shown,
			    token->text, scope->title, nearest.word ? ", did you mean \"" : "",
			    nearest.word ? nearest.word : "", nearest.word ? "\"?" : "");
	for (size_t i = 0; i < config_key_count; i++) /* no second complaint that it is missing */
		if (config_keys[i].name == nearest.word)
			scope->set[i] = token->where;
	parser_skip(parser);
}

static void key_value(struct parser *parser, const struct config_key *key, struct scope *scope)
{
	struct config_host *host = &parser->config->host;
	struct scope inner = { IN_HOST, "host", host, host->set, parser->token.where };

	parser_next(parser);
	if (key->type == KEY_INCLUDE)
		parser_include(parser, key, scope);
	else if (key->type == KEY_BLOCK)
		block_body(parser, &inner);
	else if (key->type == KEY_NAMED_BLOCK)
		vm_block(parser);
	else if (key->type == KEY_BOOT_BLOCK)
		boot_block(parser, key, scope);
	else if (!parser_value(parser, key, scope))
		parser_skip(parser);
	if (key->type > KEY_INCLUDE)
		parser_end(parser, key);
}

static void statement(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->token;
	const struct config_key *key = config_key_find(scope->in, token->text, token->length);
	struct config_pos *set;

	if (!token_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "a key or \"}\" must come here");
		parser_skip(parser);
		return;
	}
	if (!key) {
		unknown_key(parser, scope);
		return;
	}
	set = &scope->set[config_key_row(key)];
	if (set->source && !key->repeats) {
		parser_fail(parser, token->where, "\"%s\" is set twice in %s, first at %s:%u",
			    key->name, scope->title, set->source->name, (unsigned)set->line);
		parser_skip(parser);
		return;
	}
	if (!set->source)
		*set = token->where;
	key_value(parser, key, scope);
}

void parser_block(struct parser *parser, struct scope *scope)
{
	while (!token_is(parser, TOKEN_EOF)) {
		if (scope->in == IN_TOP)
			parser->closing = false;
		else if (parser->closing || token_is(parser, TOKEN_CLOSE))
			return;
		if (token_is(parser, TOKEN_CLOSE))
			parser_fail(parser, parser->token.where, "no block is open here");
		if (token_is(parser, TOKEN_CLOSE) || token_is(parser, TOKEN_END))
			parser_next(parser);
		else
			statement(parser, scope);
	}
}

bool config_parse(struct config_arena *arena, const struct config_source *main_source,
		  const struct config_loader *loader, struct config_diag *diag,
		  struct vela_config **out)
{
	struct parser parser = { .arena = arena, .loader = loader, .diag = diag, .depth = 1 };
	struct config_pos set[CONFIG_KEYS_MAX] = {};
	struct scope top = { .in = IN_TOP, .title = "the configuration", .set = set };
	const char *slash = strrchr(main_source->name, '/');
	struct config_source *source = parser_alloc(&parser, sizeof *source);
	const unsigned errors_before = diag->errors;

	*out = NULL;
	parser.config = parser_alloc(&parser, sizeof *parser.config);
	if (main_source->size > CONFIG_SOURCE_MAX)
		config_fail(diag, (struct config_pos){}, "%s is larger than 1M", main_source->name);
	if (!parser.config || main_source->size > CONFIG_SOURCE_MAX)
		return false;
	*source = (struct config_source){ .name = main_source->name,
					  .path = slash ? slash + 1 : main_source->name,
					  .text = main_source->size ? main_source->text : "",
					  .size = main_source->size };
	parser.config->source = source;
	parser.last_include = &parser.config->includes;
	parser.lexer = (struct lexer){ .source = source, .line = 1 };
	set_defaults(IN_HOST, &parser.config->host);
	top.where = (struct config_pos){ source, 1, 1, 1 };
	parser_next(&parser);
	parser_block(&parser, &top);
	check_required(&parser, &top);
	if (diag->errors == errors_before)
		*out = parser.config;
	return *out != NULL;
}
