/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes as people read them: place, message, the line with a mark under the text, and the word
 * that was probably meant. Everything printed is printable ASCII, whatever the source holds.
 */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	EXCERPT_MAX = 160, /* bytes of a source line shown */
	WORD_MAX = 31,	   /* longer words are not compared */
};

static char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

void config_fail(struct config_diag *diag, struct config_pos where, const char *format, ...)
{
	struct config_error error = { .where = where };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error.message, sizeof error.message, format, arguments);
	va_end(arguments);
	for (char *c = error.message; *c; c++)
		*c = printable(*c);
	diag->errors++;
	diag->report(diag->context, &error);
}

bool parser_fail(struct parser *parser, const struct config_pos *where, const char *format, ...)
{
	const struct token *token = &parser->lexer.token;
	const int shown = token->where.length > QUOTE_MAX ? QUOTE_MAX : (int)token->where.length;
	const char *cut = token->where.length > QUOTE_MAX ? "..." : "";
	const char *quote = token->kind == TOKEN_STRING ? "" : "\"";
	char message[320];
	va_list arguments;

	if (parser->errors_left == 0 || (!where && token->kind == TOKEN_BAD))
		return false;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	if (where)
		config_fail(parser->diag, *where, "%s", message);
	else if (token->kind == TOKEN_EOF)
		config_fail(parser->diag, token->where, "%s, found the end of the file", message);
	else if (token->text[0] == '\n')
		config_fail(parser->diag, token->where, "%s, found the end of the line", message);
	else
		config_fail(parser->diag, token->where, "%s, found %s%.*s%s%s", message, quote,
			    shown, token->text, cut, quote);
	if (--parser->errors_left == 0)
		config_fail(parser->diag, where ? *where : token->where,
			    "too many mistakes, the rest is not checked");
	return false;
}

/* The line of a place and the marks below it, each cut to EXCERPT_MAX bytes. */
static void excerpt(const struct config_pos *where, char *line, char *marks)
{
	const char *from = where->source->text, *end = from + where->source->size;
	const size_t column = where->column - 1;
	size_t length = 0, marked = 0;

	for (uint32_t i = 1; i < where->line; i++)
		from = (const char *)memchr(from, '\n', (size_t)(end - from)) + 1;
	for (; from + length < end && from[length] != '\n' && length < EXCERPT_MAX; length++)
		line[length] = from[length] == '\t' ? '\t' : printable(from[length]);
	line[length] = '\0';
	for (; marked < column && marked < length; marked++)
		marks[marked] = line[marked] == '\t' ? '\t' : ' ';
	marks[marked++] = '^';
	for (; marked < column + where->length && marked < length; marked++)
		marks[marked] = '~';
	marks[marked] = '\0';
}

size_t config_error_text(const struct config_error *error, char *text, size_t size)
{
	const struct config_pos *where = &error->where;
	char line[EXCERPT_MAX + 1], marks[EXCERPT_MAX + 2];
	size_t length;

	if (where->source) {
		excerpt(where, line, marks);
		length = (size_t)snprintf(text, size, "%s:%u:%u: error: %s\n    %s\n    %s\n",
					  where->source->name, where->line, where->column,
					  error->message, line, marks);
	} else {
		length = (size_t)snprintf(text, size, "error: %s\n", error->message);
	}
	while (where->source && (where = &where->source->included_at)->source && length < size)
		length +=
			(size_t)snprintf(text + length, size - length, "    included from %s:%u\n",
					 where->source->name, where->line);
	return length < size ? length : size - 1;
}

/* Insertions, deletions and substitutions that turn the word into the token, if they are few. */
static size_t distance(const struct token *token, const char *word)
{
	const size_t length = token->where.length, limit = 1 + strlen(word) / 4;
	size_t row[WORD_MAX + 1];

	if (token->kind > TOKEN_NUMBER || length > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (; *word; word++) {
		size_t diagonal = row[0]++;

		for (size_t i = 1; i <= length; i++) {
			const size_t change = diagonal + (*word != token->text[i - 1]);
			const size_t indel = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;

			diagonal = row[i];
			row[i] = change < indel ? change : indel;
		}
	}
	return row[length] <= limit ? row[length] : SIZE_MAX;
}

const char *token_nearer(const struct token *token, const char *best, const char *word)
{
	return distance(token, word) < (best ? distance(token, best) : SIZE_MAX) ? word : best;
}
