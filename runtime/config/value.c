/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of keys, each checked against the row of its key before it is stored. What is read is
 * passed: the token behind it becomes the next one.
 */
#include "parse.h"

#include <string.h>

/* Reports "KEY" needs FORM, found TOKEN. */
static bool wrong_value(struct parser *parser, const struct config_key *key)
{
	const char *meant = NULL;
	char form[CONFIG_FORM_TEXT_MAX];

	config_value_form(key, form);
	for (size_t i = 0; !key->note && key->words && key->words[i]; i++)
		meant = token_nearer(&parser->lexer.token, meant, key->words[i]);
	if (meant)
		return parser_fail(parser, NULL, "\"%s\" needs %s (did you mean \"%s\"?)",
				   key->name, form, meant);
	return parser_fail(parser, NULL, "\"%s\" needs %s", key->name, form);
}

bool parser_number(struct parser *parser, const struct config_key *key, uint64_t *value)
{
	const struct token *token = &parser->lexer.token;

	if (token->kind > TOKEN_NUMBER ||
	    !config_key_read(key, token->text, token->where.length, value))
		return wrong_value(parser, key);
	parser_next(parser);
	return true;
}

/* Writes what the next token, a string, means to zeroed text of its length. */
static bool unquote(struct parser *parser, char *text)
{
	const struct token *token = &parser->lexer.token;
	const char *from = token->text + 1;
	const char *end = token->text + token->where.length - 1;

	while (from < end) {
		char c = *from++;

		if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
			return parser_fail(parser, &token->where,
					   "a control character cannot stand in a string");
		if (c == '\\') {
			from += strspn(from, "\r");
			c = *from++;
			if (c == '\n') {
				from += strspn(from, " \t\r");
				continue;
			}
			if (c != '"' && c != '\\')
				return parser_fail(parser, &token->where,
						   "a backslash in a string stands before \", \\ "
						   "or the end of a line");
		}
		*text++ = c;
	}
	return true;
}

/* A copy of a string, behind so many bytes of the path of its file. */
static bool string_value(struct parser *parser, const struct config_key *key, size_t directory,
			 size_t max, const char **value)
{
	const struct token *token = &parser->lexer.token;
	char *text;

	if (token->kind != TOKEN_STRING)
		return wrong_value(parser, key);
	text = parser_alloc(parser, directory + token->where.length);
	if (!text || !unquote(parser, text + directory))
		return false;
	if (strlen(text + directory) > max)
		return parser_fail(parser, &token->where, "text longer than %zu bytes", max);
	*value = memcpy(text, token->where.source->path, directory);
	parser_next(parser);
	return true;
}

bool parser_path(struct parser *parser, const struct config_key *key, const char **path)
{
	const struct config_pos where = parser->lexer.token.where;
	const char *slash = strrchr(where.source->path, '/');
	const size_t directory = slash ? (size_t)(slash - where.source->path) + 1 : 0;

	if (!string_value(parser, key, directory, CONFIG_SOURCE_MAX, path))
		return false;

	const char *name = *path + directory;

	if (name[0] == '/')
		*path = name;
	if (name[0] == '\0' || strpbrk(name, " \t") || strlen(*path) > CONFIG_PATH_MAX)
		return parser_fail(
			parser, &where,
			"a file name has 1 to %d bytes, its directory included, and no blanks",
			CONFIG_PATH_MAX);
	return true;
}

static bool file_value(struct parser *parser, const struct config_key *key,
		       struct config_file *file)
{
	file->where = parser->lexer.token.where;
	file->args = "";
	return parser_path(parser, key, &file->path);
}

/* A boot module and, if they follow, its arguments. */
static bool module_value(struct parser *parser, const struct config_key *key,
			 struct config_boot *boot)
{
	struct config_file *module = &boot->modules[boot->module_count];

	if (boot->module_count == CONFIG_MODULES_MAX)
		return parser_fail(parser, &parser->lexer.token.where, "more than %d modules",
				   CONFIG_MODULES_MAX);
	boot->module_count++;
	return file_value(parser, key, module) &&
	       (parser->lexer.token.kind != TOKEN_STRING ||
		string_value(parser, key, 0, CONFIG_MODULE_ARGS_MAX, &module->args));
}

/* One number or more, or one word; CONFIG_CPU_ANY ends the list. */
static bool cpus_value(struct parser *parser, const struct config_key *key, uint64_t *cpus)
{
	const struct token *token = &parser->lexer.token;
	unsigned count = 0;

	do {
		const struct config_pos where = token->where;

		if (count == CONFIG_VCPUS_MAX)
			return parser_fail(parser, &where, "more than %d numbers",
					   CONFIG_VCPUS_MAX);
		if (!parser_number(parser, key, &cpus[count]))
			return false;
		if (cpus[count] == CONFIG_CPU_ANY)
			return count == 0 ||
			       parser_fail(parser, &where, "\"%s\" stands alone", key->words[0]);
		cpus[++count] = CONFIG_CPU_ANY;
	} while (token->kind < TOKEN_OPEN);
	return true;
}

/* An address in quotes, or one of the words of the key. */
static bool address_value(struct parser *parser, const struct config_key *key, uint64_t *value)
{
	const struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_STRING)
		return parser_number(parser, key, value);
	if (!(key->type == KEY_PCI ? config_pci_read : config_mac_read)(
		    token->text + 1, token->where.length - 2, value))
		return wrong_value(parser, key);
	parser_next(parser);
	return true;
}

static bool ref_value(struct parser *parser, const struct config_key *key, struct config_ref *ref)
{
	const struct token *token = &parser->lexer.token;
	char name[CONFIG_NAME_MAX + 1];

	if (!parser_name(token, name))
		return wrong_value(parser, key);
	memcpy(ref->name, name, sizeof name);
	ref->where = token->where;
	parser_next(parser);
	return true;
}

static bool part_value(struct parser *parser, const struct config_key *key, const char **value)
{
	const struct config_pos where = parser->lexer.token.where;

	if (!string_value(parser, key, 0, CONFIG_PARTITION_MAX, value))
		return false;
	if (!(*value)[0])
		return parser_fail(parser, &where, "a partition has a name");
	if (config_part_form(*value) == PART_MALFORMED)
		return parser_fail(parser, &where,
				   "this is neither a name nor a UUID, which is 8-4-4-4-12 digits");
	return true;
}

bool parser_value(struct parser *parser, const struct config_key *key, struct scope *scope)
{
	void *member = (char *)scope->base + key->offset;

	if (key->type == KEY_PCI || key->type == KEY_MAC)
		return address_value(parser, key, member);
	if (key->type == KEY_REF)
		return ref_value(parser, key, member);
	if (key->type == KEY_PART)
		return part_value(parser, key, member);

	if (key->type == KEY_INCLUDE)
		return parser_include(parser, key, scope);
	if (key->type == KEY_FILE && key->repeats)
		return module_value(parser, key, member);
	if (key->type == KEY_FILE)
		return file_value(parser, key, member);
	if (key->type == KEY_TEXT)
		return string_value(parser, key, 0, CONFIG_ARGS_MAX, member);
	if (key->type == KEY_CPUS)
		return cpus_value(parser, key, member);
	return parser_number(parser, key, member);
}
