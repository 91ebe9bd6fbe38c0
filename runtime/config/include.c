/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The include statement: finds the file through the caller's loader and reads its statements in
 * place. The files open inside one another form a chain through config_source.included_at.
 */
#include "parse.h"

#include <string.h>

/* The included file's source, or NULL after reporting why there is none. */
static struct config_source *open_include(struct parser *parser, const char *path,
					  struct config_pos where)
{
	struct config_source *source = parser_alloc(parser, sizeof *source);
	const struct config_source *outer;

	if (!source)
		return NULL;
	for (outer = parser->lexer.source; outer; outer = outer->included_at.source)
		if (strcmp(outer->path, path) == 0) {
			parser_fail(parser, where, "\"%s\" includes itself", path);
			return NULL;
		}
	*source = (struct config_source){ .name = path, .path = path, .included_at = where };
	if (parser->depth == CONFIG_INCLUDE_DEPTH)
		parser_fail(parser, where, "includes nest deeper than %d files",
			    CONFIG_INCLUDE_DEPTH);
	else if (!parser->loader || !parser->loader->load(parser->loader->context, path, source))
		parser_fail(parser, where, "there is no file \"%s\"", path);
	else if (source->size > CONFIG_SOURCE_MAX)
		parser_fail(parser, where, "\"%s\" is larger than 1M", path);
	else
		return source;
	return NULL;
}

void parser_include(struct parser *parser, const struct config_key *key, struct scope *top)
{
	const struct config_pos where = parser->token.where;
	const char *path = parser_path(parser, key);
	struct config_source *source = path ? open_include(parser, path, where) : NULL;

	if (!source) {
		parser_skip(parser);
		return;
	}
	parser_next(parser);
	parser_end(parser, key);
	*parser->last_include = source;
	parser->last_include = &source->next;

	const struct lexer lexer = parser->lexer;
	const struct token token = parser->token;

	parser->depth++;
	parser->lexer = (struct lexer){ .source = source, .line = 1 };
	parser_next(parser);
	parser_block(parser, top);
	parser->depth--;
	parser->lexer = lexer;
	parser->token = token;
	if (parser->abandoned)
		parser->token.kind = TOKEN_EOF;
}
