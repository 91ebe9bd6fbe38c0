/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks and statements of vela.conf, driven by the key table. A mistake costs its statement and no
 * more: the parser goes on with the next one so that all mistakes are seen at once. Recursion is
 * bounded: blocks nest three deep by the table, files by CONFIG_INCLUDE_DEPTH.
 */
#include "parse.h"

#include <stdio.h>
#include <string.h>

void *parser_alloc(struct parser *parser, size_t size)
{
	struct config_arena *arena = parser->arena;
	void *memory = arena->base + arena->used;

	size = (size + 7) & ~(size_t)7;
	if (size > arena->size - arena->used) {
		parser_fail(parser, &parser->lexer.token.where,
			    "the configuration needs more than the %zu bytes set aside for it",
			    arena->size);
		parser->errors_left = 0;
		return NULL;
	}
	arena->used += size;
	return memset(memory, 0, size);
}

/* To the end of the statement, and of the block it opens if it does. */
static void skip(struct parser *parser)
{
	const enum token_kind *kind = &parser->lexer.token.kind;
	unsigned depth = 0;

	while (*kind <= TOKEN_OPEN || (depth > 0 && *kind != TOKEN_EOF)) {
		const bool last = *kind == TOKEN_CLOSE && --depth == 0;

		depth += *kind == TOKEN_OPEN;
		parser_next(parser);
		if (last)
			return;
	}
}

static void check_required(struct parser *parser, const struct scope *scope)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if ((key->in & scope->in) && key->required && !scope->set[key - config_keys].source)
			parser_fail(parser, &scope->where, "%s has no \"%s\"", scope->title,
				    key->name);
}

void parser_defaults(unsigned in, void *base)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if ((key->in & in) && key->preset)
			config_key_read(key, key->preset, strlen(key->preset),
					(uint64_t *)((char *)base + key->offset));
}

static bool begin_boot(struct parser *parser, const struct config_key *key, struct scope *scope)
{
	struct config_vm *vm = scope->base;

	scope->where = parser->lexer.token.where;
	if (!parser_number(parser, key, &vm->boot.protocol))
		return false;
	scope->in = IN_LINUX << vm->boot.protocol;
	snprintf(scope->title, sizeof scope->title, "boot %s of vm \"%s\"",
		 key->words[vm->boot.protocol], vm->name);
	return true;
}

/*
 * From before the "{" of a block, with newlines in between, to behind its "}". When the "{" is
 * missing but a key of the block follows, reading goes on as if it were there; when it is missing
 * and a line ends, the next one is read as a statement of its own.
 */
static bool block(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->lexer.token;
	const uint32_t line = token->where.line;

	while (token->kind == TOKEN_END && token->text[0] == '\n')
		parser_next(parser);
	if (token->kind == TOKEN_OPEN) {
		parser_next(parser);
	} else {
		parser_fail(parser, NULL, "%s needs \"{\"", scope->title);
		if (token->kind != TOKEN_WORD ||
		    !config_key_find(scope->in, token->text, token->where.length))
			return token->where.line != line;
	}
	parser_block(parser, scope);
	if (parser->closing)
		return true;
	if (token->kind != TOKEN_CLOSE)
		return parser_fail(parser, &scope->where, "%s has no \"}\"", scope->title);
	parser_next(parser);
	check_required(parser, scope);
	return true;
}

/* A word that no block knows as a key. That the key it was meant for is missing is not said too. */
static bool misspelt_key(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->lexer.token;
	const int shown = token->where.length > QUOTE_MAX ? QUOTE_MAX : (int)token->where.length;
	const char *meant = NULL;

	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->in & scope->in)
			meant = token_nearer(token, meant, key->name);
	if (!meant)
		return parser_fail(parser, &token->where, "unknown key \"%.*s\" in %s", shown,
				   token->text, scope->title);
	scope->set[config_key_find(scope->in, meant, strlen(meant)) - config_keys] = token->where;
	return parser_fail(parser, &token->where,
			   "unknown key \"%.*s\" in %s, did you mean \"%s\"?", shown, token->text,
			   scope->title, meant);
}

/* A word that is no key of this block. */
static bool unknown_key(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->lexer.token;
	const struct config_key *key = config_key_find(~0u, token->text, token->where.length);
	const char *home;

	if (!key)
		return misspelt_key(parser, scope);
	home = key->in == IN_HOST    ? "host"
	       : key->in == IN_VM    ? "vm"
	       : key->in == IN_DISK  ? "disk"
	       : key->in == IN_NET   ? "net"
	       : key->in & IN_SWITCH ? "switch"
	       : key->in & IN_BOOT   ? "boot"
				     : "storage";
	if (!(key->in & IN_TOP))
		return parser_fail(parser, &token->where, "\"%s\" belongs in a %s block, not in %s",
				   key->name, home, scope->title);
	parser_fail(parser, &token->where,
		    "\"%s\" belongs to the top level; is a \"}\" missing before it?", key->name);
	parser->closing = key->type != KEY_INCLUDE;
	return parser->closing;
}

static bool statement(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->lexer.token;
	const struct config_key *key = config_key_find(scope->in, token->text, token->where.length);
	struct scope inner = { IN_HOST, "host", scope->base, scope->set, token->where };
	struct config_pos *set;

	if (token->kind != TOKEN_WORD)
		return parser_fail(parser, NULL, "a key or \"}\" must come here");
	if (!key)
		return unknown_key(parser, scope);
	set = &scope->set[key - config_keys];
	if (set->source && !key->repeats)
		return parser_fail(parser, &token->where,
				   "\"%s\" is set twice in %s, first at %s:%u", key->name,
				   scope->title, set->source->name, set->line);
	*set = token->where;
	parser_next(parser);
	if ((key->type == KEY_NAMED && !parser_named(parser, key, scope, &inner)) ||
	    (key->type == KEY_BOOT && !begin_boot(parser, key, &inner)))
		return false;
	if (key->type <= KEY_BOOT)
		return block(parser, &inner);
	return parser_value(parser, key, scope) &&
	       (token->kind > TOKEN_OPEN ||
		parser_fail(parser, NULL, "\"%s\" ends with its line or a \";\"", key->name));
}

void parser_block(struct parser *parser, struct scope *scope)
{
	const struct token *token = &parser->lexer.token;

	while (token->kind != TOKEN_EOF) {
		if (scope->in == IN_TOP)
			parser->closing = false;
		else if (parser->closing || token->kind == TOKEN_CLOSE)
			return;
		if (token->kind == TOKEN_CLOSE)
			parser_fail(parser, &token->where, "no block is open here");
		if (token->kind > TOKEN_OPEN)
			parser_next(parser);
		else if (!statement(parser, scope))
			skip(parser);
	}
}

bool config_parse(struct config_arena *arena, const struct config_source *main_source,
		  const struct config_loader *loader, struct config_diag *diag,
		  struct vela_config **out)
{
	struct parser parser = {
		.arena = arena, .loader = loader, .diag = diag, .errors_left = CONFIG_ERRORS_MAX
	};
	struct vela_config *config = parser_alloc(&parser, sizeof *config);
	const char *slash = strrchr(main_source->name, '/');

	*out = NULL;
	if (!config)
		return false;
	config->source = *main_source;
	config->source.path = slash ? slash + 1 : main_source->name;
	parser_defaults(IN_HOST, config);
	parser.last_include = &config->includes;

	struct scope top = {
		IN_TOP, "the configuration", config, config->set, { &config->source, 1, 1, 1 }
	};

	if (parser_file(&parser, &config->source, &top)) {
		check_required(&parser, &top);
		parser_check(&parser, config);
		/* Who repairs the file sees all at once. */
		if (parser.errors_left > 0 && parser.errors_left < CONFIG_ERRORS_MAX)
			config_check(config, diag);
	}
	*out = parser.errors_left == CONFIG_ERRORS_MAX ? config : NULL;
	return *out;
}
