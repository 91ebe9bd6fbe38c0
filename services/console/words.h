/* SPDX-License-Identifier: Apache-2.0 */
/* The texts the console service says to its user: banner, help, header lines. Pure. */
#ifndef CONSOLE_WORDS_H
#define CONSOLE_WORDS_H

#include "keys.h"
#include "slots.h"

enum { WORDS_BYTES = 3072 };

void words_banner(const struct slots *slots, const struct keys *keys, const char *host,
		  char text[WORDS_BYTES]);
void words_help(const struct slots *slots, const struct keys *keys, char text[WORDS_BYTES]);
void words_header(const struct slots *slots, unsigned n, const struct keys *keys,
		  char text[WORDS_BYTES]);
void words_no_console(const struct slots *slots, unsigned n, char text[WORDS_BYTES]);

#endif
