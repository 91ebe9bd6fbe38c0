/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses configuration text in memory for the tests, with a few named files to include, and keeps
 * the mistakes as text. Each parse forgets the one before.
 */
#ifndef TEST_CONFIG_HARNESS_H
#define TEST_CONFIG_HARNESS_H

#include "config/config.h"

struct included_file {
	const char *path;
	const char *text;
};

/* Parses and checks text as the file "t.conf"; NULL when there are mistakes. files ends with a NULL
 * path. */
const struct vela_config *parse(const char *text, const struct included_file *files);

/* The same with an arena of so many bytes, and text of which size bytes are meant. */
const struct vela_config *parse_sized(const char *text, size_t size,
				      const struct included_file *files, size_t arena_bytes);

/* What the last text means; NULL when it could not be understood. */
const struct vela_config *understood(void);

/* Mistakes of the last parse: how many, "LINE:COLUMN MESSAGE" of each, and its full text. */
size_t error_count(void);
const char *error_line(size_t index);
const char *error_full(size_t index);

/* Fails the test unless text cannot be understood, for this one error_line() and no other. */
void expect_mistake(const char *text, const char *error);

/* Fails the test unless this one error_line() refuses these VMs alone: names with blanks between.
 */
void expect_refusal(const char *text, const char *refused, const char *error);

/* A configuration whose only VM has a kernel, 64M and this text in its block. */
const char *with_vm(const char *inside);

/* A config_printer that collects what is printed; the collected text. */
struct config_printer collect(void);
const char *collected(void);

#endif
