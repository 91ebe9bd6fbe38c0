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

static void report(struct config_diag *diag, struct config_pos where, const char *format,
		   va_list arguments)
{
	struct config_error error = { .where = where };

	vsnprintf(error.message, sizeof error.message, format, arguments);
	for (char *c = error.message; *c; c++)
		*c = printable(*c);
	diag->errors++;
	if (diag->report)
		diag->report(diag->context, &error);
}

void config_fail(struct config_diag *diag, struct config_pos where, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(diag, where, format, arguments);
	va_end(arguments);
}

void parser_fail(struct parser *parser, struct config_pos where, const char *format, ...)
{
	va_list arguments;

	if (parser->abandoned)
		return;
	va_start(arguments, format);
	report(parser->diag, where, format, arguments);
	va_end(arguments);
	if (parser->diag->errors >= CONFIG_ERRORS_MAX) {
		config_fail(parser->diag, where, "too many mistakes, the rest is not checked");
		parser->abandoned = true;
	}
}

void parser_expected(struct parser *parser, const char *format, ...)
{
	const struct token *token = &parser->token;
	const int shown = token->length > QUOTE_MAX ? QUOTE_MAX : (int)token->length;
	const char *quote = token->kind == TOKEN_STRING ? "" : "\"";
	char wanted[256];
	va_list arguments;

	if (token->kind == TOKEN_BAD)
		return;
	va_start(arguments, format);
	vsnprintf(wanted, sizeof wanted, format, arguments);
	va_end(arguments);
	if (token->kind == TOKEN_EOF || (token->kind == TOKEN_END && token->text[0] == '\n'))
		parser_fail(parser, token->where, "%s, found the end of the %s", wanted,
			    token->kind == TOKEN_EOF ? "file" : "line");
	else
		parser_fail(parser, token->where, "%s, found %s%.*s%s%s", wanted, quote, shown,
			    token->text, (size_t)shown < token->length ? "..." : "", quote);
}

/* The line of a place and the marks below it, each cut to EXCERPT_MAX bytes. */
static void excerpt(const struct config_pos *where, char *line, char *marks)
{
	const struct config_source *source = where->source;
	const size_t column = where->column - 1;
	const char *from = source->text;
	const char *end = source->text + source->size;
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
	int length;

	if (!where->source) {
		length = snprintf(text, size, "error: %s\n", error->message);
		return (size_t)length < size ? (size_t)length : size - 1;
	}
	excerpt(where, line, marks);
	length = snprintf(text, size, "%s:%u:%u: error: %s\n    %s\n    %s\n", where->source->name,
			  (unsigned)where->line, (unsigned)where->column, error->message, line,
			  marks);
	while ((where = &where->source->included_at)->source && (size_t)length < size)
		length +=
			snprintf(text + length, size - (size_t)length, "    included from %s:%u\n",
				 where->source->name, (unsigned)where->line);
	return (size_t)length < size ? (size_t)length : size - 1;
}

/* Insertions, deletions and substitutions that turn one word into another. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			const size_t change = diagonal + (a[i - 1] != b[j - 1]);
			const size_t indel = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = change < indel ? change : indel;
		}
	}
	return row[b_length];
}

void nearest_consider(struct nearest *nearest, const char *word, size_t length)
{
	size_t distance;

	if (length > WORD_MAX || nearest->length > WORD_MAX)
		return;
	distance = edit_distance(nearest->text, nearest->length, word, length);
	if (distance > 1 + length / 4 || (nearest->word && distance >= nearest->distance))
		return;
	nearest->word = word;
	nearest->word_length = length;
	nearest->distance = distance;
}
