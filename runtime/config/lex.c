/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits configuration text into tokens. Total: every byte sequence gives tokens that end with
 * TOKEN_EOF, each but the last at least one byte long, so a caller that asks for tokens until the
 * end always ends.
 */
#include "parse.h"

#include <string.h>

#define BLANKS	" \t\r"
#define DIGITS	"0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool at_end(const struct lexer *lexer)
{
	return lexer->offset == lexer->source->size;
}

/* Whether the byte to read is in the set. */
static bool at(const struct lexer *lexer, const char *set)
{
	const char *text = lexer->source->text + lexer->offset;

	return !at_end(lexer) && *text != '\0' && strchr(set, *text);
}

/* To the first byte that is not in the set if wanted, that is in it if not. */
static void pass(struct lexer *lexer, const char *set, bool wanted)
{
	while (!at_end(lexer) && at(lexer, set) == wanted)
		lexer->offset++;
}

static void pass_one(struct lexer *lexer)
{
	if (at(lexer, "\n")) {
		lexer->line++;
		lexer->line_start = lexer->offset + 1;
	}
	lexer->offset += !at_end(lexer);
}

/* From behind the opening quote to behind the closing one; false if there is none before the end of
 * the line. A backslash takes the next character with it, the end of a line included. */
static bool pass_string(struct lexer *lexer)
{
	for (pass(lexer, "\"\\\n", false); at(lexer, "\\"); pass(lexer, "\"\\\n", false)) {
		pass_one(lexer);
		pass(lexer, "\r", true);
		pass_one(lexer);
	}
	if (!at(lexer, "\""))
		return false;
	pass_one(lexer);
	return true;
}

static enum token_kind pass_token(struct lexer *lexer)
{
	/* by kind */
	static const char *const starts[] = { LETTERS, DIGITS, "\"", "", "{", "}", ";\n" };
	enum token_kind kind = TOKEN_WORD;

	while (kind < TOKEN_EOF && !at(lexer, starts[kind]))
		kind++;
	if (kind == TOKEN_EOF && !at_end(lexer))
		kind = TOKEN_BAD;
	pass_one(lexer);
	if (kind <= TOKEN_NUMBER)
		pass(lexer, LETTERS DIGITS "-_.]", true);
	if (kind == TOKEN_BAD)
		pass(lexer, LETTERS DIGITS BLANKS "\n;{}\"#", false);
	if (kind == TOKEN_STRING && !pass_string(lexer))
		return TOKEN_BAD;
	return kind;
}

void parser_next(struct parser *parser)
{
	struct lexer *lexer = &parser->lexer;
	struct token *token = &lexer->token;

	if (parser->errors_left == 0)
		lexer->offset = lexer->source->size;
	pass(lexer, BLANKS, true);
	if (at(lexer, "#"))
		pass(lexer, "\n", false);
	token->text = lexer->source->text + lexer->offset;
	token->where = (struct config_pos){ lexer->source, lexer->line,
					    (uint32_t)(lexer->offset - lexer->line_start) + 1, 1 };
	token->kind = pass_token(lexer);
	if (token->kind != TOKEN_EOF)
		token->where.length = (uint32_t)(lexer->source->text + lexer->offset - token->text);
	if (token->kind == TOKEN_BAD)
		parser_fail(parser, &token->where, "%s",
			    token->text[0] == '"' ? "this string has no closing quote on its line"
						  : "this character has no meaning here");
}
