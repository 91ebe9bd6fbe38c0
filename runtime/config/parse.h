/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the parser share: tokens, the parser's state, the block being read, and how
 * they complain. Tokens point into the source text.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "schema.h"

enum token_kind {
	TOKEN_WORD,
	TOKEN_NUMBER, /* starts with a digit; units and nonsense are the value's business */
	TOKEN_STRING, /* text includes the quotes */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_END, /* a newline or ';' */
	TOKEN_EOF,
	TOKEN_BAD, /* message says why */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t length;
	struct config_pos where;
	const char *message;
};

struct lexer {
	const struct config_source *source;
	size_t offset;
	size_t line_start; /* offset of the current line */
	uint32_t line;	   /* from 1 */
};

struct token lexer_next(struct lexer *lexer);

/* Writes what a string token means, NUL-terminated, to text, which has room for token->length
 * bytes. Returns its length. */
size_t token_unquote(const struct token *token, char *text);

struct parser {
	struct lexer lexer;
	struct token token; /* the next one, not yet used */
	struct config_arena *arena;
	const struct config_loader *loader;
	struct config_diag *diag;
	struct vela_config *config;
	const struct config_source **last_include;
	unsigned depth; /* files open inside one another */
	bool closing;	/* a top-level key inside a block: leave all blocks, then read it */
	bool abandoned; /* too many mistakes or no memory: every further token is the end */
};

/* A block being read. */
struct scope {
	unsigned in;	/* one IN_* bit */
	char title[80]; /* as messages name it */
	void *base;	/* values go to base + config_key.offset */
	struct config_pos *set;
	struct config_pos where;
};

void parser_next(struct parser *parser);

/* To the end of the statement, and of the block it opens if it does. */
void parser_skip(struct parser *parser);

/* Skips what follows a statement on its line, after reporting it. */
void parser_end(struct parser *parser, const struct config_key *key);

/* Statements up to the block's "}" or the end of the file, which stay the next token. */
void parser_block(struct parser *parser, struct scope *scope);

/* The include statement, from its file name on. */
void parser_include(struct parser *parser, const struct config_key *key, struct scope *top);

/* Zeroed memory, or NULL after abandoning the parse. */
void *parser_alloc(struct parser *parser, size_t size);

/* The file the next token names, its path joined to the directory of the source it stands in. */
const char *parser_path(struct parser *parser, const struct config_key *key);

/* Reads one of the words of key->choices; false after reporting that it is none. */
bool parser_choice(struct parser *parser, const struct config_key *key, uint64_t *index);

/* Reads the value of a key that is no block; false after reporting a mistake. */
bool parser_value(struct parser *parser, const struct config_key *key, struct scope *scope);

/* Reports a mistake; after CONFIG_ERRORS_MAX of them the parser gives up. */
[[gnu::format(printf, 3, 4)]] void parser_fail(struct parser *parser, struct config_pos where,
					       const char *format, ...);

/* Reports what must come instead of the next token; silent if the lexer already complained. */
[[gnu::format(printf, 2, 3)]] void parser_expected(struct parser *parser, const char *format, ...);

/* Keeps the candidate nearest to a misspelt word; word stays NULL when none is near enough. */
struct nearest {
	const char *text;
	size_t length;
	const char *word;
	size_t word_length;
	size_t distance;
};
void nearest_consider(struct nearest *nearest, const char *word, size_t length);

/* Bytes of an offending text that messages quote. */
enum { QUOTE_MAX = 40 };

#endif
