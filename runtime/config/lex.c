/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits configuration text into tokens. Total: every byte sequence gives tokens that end with
 * TOKEN_EOF, each but the last at least one byte long, so a caller that asks for tokens until the
 * end always ends.
 */
#include "parse.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word_part(char c)
{
	return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-_.]", c));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Bytes that start no token. */
static bool is_stray(char c)
{
	return !is_letter(c) && !is_digit(c) && (c == '\0' || !strchr(" \t\r\n;{}\"#", c));
}

/* The byte at offset; '\0' past the end, where at_end tells it from a NUL in the text. */
static char peek(const struct lexer *lexer, size_t offset)
{
	return offset < lexer->source->size ? lexer->source->text[offset] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
	return lexer->offset >= lexer->source->size;
}

static void newline(struct lexer *lexer)
{
	lexer->offset++;
	lexer->line++;
	lexer->line_start = lexer->offset;
}

static void skip_blanks_and_comment(struct lexer *lexer)
{
	while (is_blank(peek(lexer, lexer->offset)))
		lexer->offset++;
	if (peek(lexer, lexer->offset) != '#')
		return;
	while (!at_end(lexer) && peek(lexer, lexer->offset) != '\n')
		lexer->offset++;
}

/*
 * From the opening quote to behind the closing one. A backslash before a quote or a backslash
 * stands for that character; before a newline it removes the newline and the blanks that follow.
 */
static const char *lex_string(struct lexer *lexer)
{
	const char *message = NULL;

	lexer->offset++;
	while (!at_end(lexer)) {
		char c = peek(lexer, lexer->offset);
		char after = peek(lexer, lexer->offset + 1);

		if (c == '"') {
			lexer->offset++;
			return message;
		}
		if (c == '\n' || (c == '\r' && after == '\n'))
			break;
		if (c == '\\' && after == '\n') {
			lexer->offset++;
			newline(lexer);
		} else if (c == '\\' && (after == '"' || after == '\\')) {
			lexer->offset += 2;
		} else {
			if (c == '\\')
				message = "a backslash in a string stands before \", \\ or the "
					  "end of a line";
			else if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
				message = "a control character cannot stand in a string";
			lexer->offset++;
		}
	}
	return "this string has no closing quote on its line";
}

struct token lexer_next(struct lexer *lexer)
{
	skip_blanks_and_comment(lexer);

	struct token token = { .kind = TOKEN_EOF, .text = lexer->source->text + lexer->offset };
	size_t start = lexer->offset;
	char c = peek(lexer, start);

	token.where.source = lexer->source;
	token.where.line = lexer->line;
	token.where.column = (uint32_t)(start - lexer->line_start) + 1;
	if (at_end(lexer)) {
		token.where.length = 1;
		return token;
	}
	if (c == '\n') {
		token.kind = TOKEN_END;
		newline(lexer);
	} else if (c == '"') {
		token.message = lex_string(lexer);
		token.kind = token.message ? TOKEN_BAD : TOKEN_STRING;
	} else if (is_letter(c) || is_digit(c)) {
		token.kind = is_digit(c) ? TOKEN_NUMBER : TOKEN_WORD;
		while (is_word_part(peek(lexer, lexer->offset)))
			lexer->offset++;
	} else if (is_stray(c)) {
		token.kind = TOKEN_BAD;
		token.message = "this character has no meaning here";
		while (!at_end(lexer) && is_stray(peek(lexer, lexer->offset)))
			lexer->offset++;
	} else {
		token.kind = c == '{' ? TOKEN_OPEN : c == '}' ? TOKEN_CLOSE : TOKEN_END;
		lexer->offset++;
	}
	token.length = lexer->offset - start;
	token.where.length = (uint32_t)token.length;
	return token;
}

size_t token_unquote(const struct token *token, char *text)
{
	const char *from = token->text + 1;
	const char *end = token->text + token->length - 1;
	size_t length = 0;

	while (from < end) {
		if (*from == '\\' && from[1] == '\n') {
			from += 2;
			while (from < end && is_blank(*from))
				from++;
			continue;
		}
		if (*from == '\\')
			from++;
		text[length++] = *from++;
	}
	text[length] = '\0';
	return length;
}
