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
	TOKEN_STRING, /* with its quotes */
	TOKEN_BAD,    /* already reported */
	TOKEN_OPEN,   /* from here on: what a value cannot be */
	TOKEN_CLOSE,
	TOKEN_END, /* a newline or ';' */
	TOKEN_EOF, /* no text */
};

struct token {
	enum token_kind kind;
	const char *text; /* where.length bytes */
	struct config_pos where;
};

/* Reading one file. */
struct lexer {
	const struct config_source *source;
	size_t offset;
	size_t line_start;  /* offset of the current line */
	uint32_t line;	    /* from 1 */
	struct token token; /* the next one, not yet used */
};

struct parser {
	struct lexer lexer;
	struct config_arena *arena;
	const struct config_loader *loader;
	struct config_diag *diag;
	const struct config_source **last_include;
	unsigned errors_left; /* 0: the parser gave up, every further token is the end */
	bool closing;	      /* a top-level key inside a block: leave all blocks, then read it */
};

/* A block being read. */
struct scope {
	unsigned in;	/* one IN_* bit */
	char title[96]; /* as messages name it */
	void *base;	/* values go to base + config_key.offset */
	struct config_pos *set;
	struct config_pos where;
};

/*
 * Whoever reads a part of a statement returns false after reporting a mistake in it. The rest of
 * the statement, with the block it opens, is skipped in one place, by parser_block.
 */

/* Makes the following token the next one. */
void parser_next(struct parser *parser);

/* Statements up to the block's "}" or the end of the file, which stay the next token. */
void parser_block(struct parser *parser, struct scope *scope);

/* The statements of a whole file. */
bool parser_file(struct parser *parser, const struct config_source *source, struct scope *top);

/* The include statement, from its file name on. */
bool parser_include(struct parser *parser, const struct config_key *key, struct scope *top);

/* A file name, joined to the directory of the file it stands in. */
bool parser_path(struct parser *parser, const struct config_key *key, const char **path);

/* A number or a word. */
bool parser_number(struct parser *parser, const struct config_key *key, uint64_t *value);

/* The value of a key that is no block. */
bool parser_value(struct parser *parser, const struct config_key *key, struct scope *scope);

/* Gives every key of a block that has a default that value. */
void parser_defaults(unsigned in, void *base);

/* Reads a name, zero-filled; false: the token is none, and what is there is only good to quote. */
bool parser_name(const struct token *token, char name[CONFIG_NAME_MAX + 1]);

/* From the name of a named block in outer on to before its "{": makes the block the scope inner. */
bool parser_named(struct parser *parser, const struct config_key *key, const struct scope *outer,
		  struct scope *inner);

/* Checks what several keys of a block say together and joins blocks, once all are read. */
void parser_check(struct parser *parser, struct vela_config *config);

/* Zeroed memory, or NULL after giving up. */
void *parser_alloc(struct parser *parser, size_t size);

/*
 * Reports a mistake and returns false. Without a place it is about the next token: the message says
 * what must come and is completed with what was found; it is dropped if the lexer complained.
 */
[[gnu::format(printf, 3, 4)]] bool
parser_fail(struct parser *parser, const struct config_pos *where, const char *format, ...);

/* The word if it is near enough to the token to be meant, and nearer than best; else best, which is
 * NULL as long as no word was near enough. */
const char *token_nearer(const struct token *token, const char *best, const char *word);

/* Bytes of an offending text that messages quote. */
enum { QUOTE_MAX = 40 };

#endif
