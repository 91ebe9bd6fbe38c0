/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files: the main one, and in place of each include statement the one it names, found
 * through the caller's loader. The files open inside one another form a chain through
 * config_source.included_at.
 */
#include "parse.h"

#include <string.h>

bool parser_file(struct parser *parser, const struct config_source *source, struct scope *top)
{
	const struct lexer outer = parser->lexer;

	if (source->size > CONFIG_SOURCE_MAX)
		return parser_fail(parser, &source->included_at, "\"%s\" is larger than 1M",
				   source->name);
	parser->lexer = (struct lexer){ .source = source, .line = 1 };
	parser_next(parser);
	parser_block(parser, top);
	parser->lexer = outer;
	return true;
}

/* Finds the file unless it is open already, or too many are. */
static bool load(struct parser *parser, struct config_source *source)
{
	const struct config_pos *where = &source->included_at;
	unsigned depth = 1;

	for (const struct config_source *outer = where->source; outer; depth++) {
		if (strcmp(outer->path, source->path) == 0)
			return parser_fail(parser, where, "\"%s\" includes itself", outer->path);
		outer = outer->included_at.source;
	}
	if (depth > CONFIG_INCLUDE_DEPTH)
		return parser_fail(parser, where, "includes nest deeper than %d files",
				   CONFIG_INCLUDE_DEPTH);
	if (!parser->loader || !parser->loader->load(parser->loader->context, source->path, source))
		return parser_fail(parser, where, "there is no file \"%s\"", source->path);
	return true;
}

bool parser_include(struct parser *parser, const struct config_key *key, struct scope *top)
{
	const struct config_pos where = parser->lexer.token.where;
	struct config_source *source = parser_alloc(parser, sizeof *source);

	if (!source || !parser_path(parser, key, &source->path))
		return false;
	source->name = source->path;
	source->included_at = where;
	if (!load(parser, source))
		return false;
	*parser->last_include = source;
	parser->last_include = &source->next;
	return parser_file(parser, source, top);
}
