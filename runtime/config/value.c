/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of keys: numbers with units, words, strings and file names, each checked against the row
 * of its key before anything is stored.
 */
#include "parse.h"

#include <string.h>

/* Reports "KEY" needs FORM, found TOKEN. */
static void wrong_value(struct parser *parser, const struct config_key *key)
{
	char form[CONFIG_FORM_TEXT_MAX];

	config_value_form(key, form);
	parser_expected(parser, "\"%s\" needs %s", key->name, form);
}

static bool number_value(struct parser *parser, const struct config_key *key, uint64_t *value)
{
	const struct token *token = &parser->token;

	if (key->type == KEY_CPU && token->length == 3 && memcmp(token->text, "any", 3) == 0) {
		*value = CONFIG_CPU_ANY;
		return true;
	}
	if (token->kind == TOKEN_NUMBER &&
	    config_value_read(key, token->text, token->length, value) && *value >= key->min &&
	    *value <= key->max && (!key->multiple || *value % key->multiple == 0))
		return true;
	wrong_value(parser, key);
	return false;
}

bool parser_choice(struct parser *parser, const struct config_key *key, uint64_t *index)
{
	const struct token *token = &parser->token;
	struct nearest nearest = { .text = token->text, .length = token->length };
	size_t length;
	const char *word;

	for (size_t i = 0; (word = config_choice(key->choices, i, &length)); i++) {
		if (token->kind == TOKEN_WORD)
			nearest_consider(&nearest, word, length);
		*index = i;
		if (nearest.word && nearest.distance == 0)
			return true;
	}
	if (nearest.word && !key->note)
		parser_expected(parser, "\"%s\" needs %s (did you mean \"%.*s\"?)", key->name,
				key->choices, (int)nearest.word_length, nearest.word);
	else
		wrong_value(parser, key);
	return false;
}

/* A copy of the string that is the next token, or NULL after reporting. */
static char *string_value(struct parser *parser, const struct config_key *key, size_t max)
{
	char *text;

	if (parser->token.kind != TOKEN_STRING) {
		wrong_value(parser, key);
		return NULL;
	}
	text = parser_alloc(parser, parser->token.length);
	if (text && token_unquote(&parser->token, text) > max) {
		parser_fail(parser, parser->token.where, "text longer than %zu bytes", max);
		return NULL;
	}
	return text;
}

const char *parser_path(struct parser *parser, const struct config_key *key)
{
	const char *base = parser->lexer.source->path;
	const char *slash = strrchr(base, '/');
	const char *name = string_value(parser, key, CONFIG_PATH_MAX);
	size_t directory;
	char *path;

	if (!name)
		return NULL;
	directory = slash && name[0] != '/' ? (size_t)(slash - base) + 1 : 0;
	if (name[0] == '\0' || strpbrk(name, " \t") || directory + strlen(name) > CONFIG_PATH_MAX) {
		parser_fail(parser, parser->token.where,
			    "a file name has 1 to %d bytes, its directory included, and no blanks",
			    CONFIG_PATH_MAX);
		return NULL;
	}
	path = parser_alloc(parser, directory + strlen(name) + 1);
	if (path) {
		memcpy(path, base, directory);
		memcpy(path + directory, name, strlen(name));
	}
	return path;
}

static bool module_value(struct parser *parser, const struct config_key *key,
			 struct config_boot *boot)
{
	struct config_file module = { .args = "", .where = parser->token.where };

	module.path = parser_path(parser, key);
	if (!module.path)
		return false;
	parser_next(parser);
	if (parser->token.kind == TOKEN_STRING) {
		module.args = string_value(parser, key, CONFIG_ARGS_MAX);
		if (!module.args)
			return false;
		parser_next(parser);
	}
	if (boot->module_count == CONFIG_MODULES_MAX) {
		parser_fail(parser, module.where, "more than %d modules", CONFIG_MODULES_MAX);
		return true;
	}
	boot->modules[boot->module_count++] = module;
	return true;
}

bool parser_value(struct parser *parser, const struct config_key *key, struct scope *scope)
{
	void *member = (char *)scope->base + key->offset;
	uint64_t value = 0;
	bool good;

	if (key->type == KEY_MODULE)
		return module_value(parser, key, &((struct config_vm *)scope->base)->boot);
	if (key->type == KEY_FILE) {
		struct config_file file = { parser_path(parser, key), "", parser->token.where };

		*(struct config_file *)member = file;
		good = file.path != NULL;
	} else if (key->type == KEY_TEXT) {
		const char *text = string_value(parser, key, CONFIG_ARGS_MAX);

		*(const char **)member = text;
		good = text != NULL;
	} else {
		good = key->choices ? parser_choice(parser, key, &value)
				    : number_value(parser, key, &value);
		if (good)
			config_value_store(key, scope->base, value);
	}
	if (good)
		parser_next(parser);
	return good;
}
