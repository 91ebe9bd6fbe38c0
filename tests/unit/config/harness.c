/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness of the configuration tests. The text handed to the parser is a heap copy of exactly
 * its size, so that the address sanitizer sees a read past its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS_KEPT = CONFIG_ERRORS_MAX + 1, ARENA_BYTES = 256 * 1024 };

static struct {
	char line[512];
	char full[CONFIG_ERROR_TEXT_MAX];
} errors[ERRORS_KEPT];
static size_t errors_seen;
static struct vela_config *config;
static char *copy;
static unsigned char *arena_base;
static char output[64 * 1024];

static void keep_error(void *context, const struct config_error *error)
{
	(void)context;
	if (errors_seen < ERRORS_KEPT) {
		snprintf(errors[errors_seen].line, sizeof errors[0].line, "%u:%u %s",
			 (unsigned)error->where.line, (unsigned)error->where.column,
			 error->message);
		config_error_text(error, errors[errors_seen].full, sizeof errors[0].full);
	}
	errors_seen++;
}

static bool load(void *context, const char *path, struct config_source *source)
{
	for (const struct included_file *file = context; file && file->path; file++)
		if (strcmp(file->path, path) == 0) {
			source->text = file->text;
			source->size = strlen(file->text);
			return true;
		}
	return false;
}

const struct vela_config *parse_sized(const char *text, size_t size,
				      const struct included_file *files, size_t arena_bytes)
{
	static struct config_source source;
	union {
		const struct included_file *in;
		void *out;
	} context = { files };
	struct config_loader loader = { load, context.out };
	struct config_diag diag = { .report = keep_error };

	free(copy);
	free(arena_base);
	copy = malloc(size ? size : 1);
	arena_base = malloc(arena_bytes);
	memcpy(copy, text, size);
	errors_seen = 0;
	source = (struct config_source){ .name = "t.conf", .text = copy, .size = size };
	struct config_arena arena = { arena_base, arena_bytes, 0 };
	bool good = config_parse(&arena, &source, &loader, &diag, &config);

	if (good != (config != NULL) || good != (errors_seen == 0) ||
	    (good && config_check(config, &diag) != (errors_seen == 0)) ||
	    diag.errors != errors_seen)
		abort();
	return errors_seen ? NULL : config;
}

const struct vela_config *understood(void)
{
	return config;
}

const struct vela_config *parse(const char *text, const struct included_file *files)
{
	return parse_sized(text, strlen(text), files, ARENA_BYTES);
}

size_t error_count(void)
{
	return errors_seen;
}

const char *error_line(size_t index)
{
	return index < errors_seen && index < ERRORS_KEPT ? errors[index].line : "(none)";
}

const char *error_full(size_t index)
{
	return index < errors_seen && index < ERRORS_KEPT ? errors[index].full : "(none)";
}

static void expect_error(const char *text, const char *error)
{
	assert_null(parse(text, NULL));
	if (strcmp(error_line(0), error) != 0 || error_count() != 1)
		fail_msg("for <%s>\nwanted %s\n   got %s\n  then %s", text, error, error_line(0),
			 error_line(1));
}

void expect_mistake(const char *text, const char *error)
{
	expect_error(text, error);
	assert_null(understood());
}

void expect_refusal(const char *text, const char *refused, const char *error)
{
	char names[256] = "";

	expect_error(text, error);
	assert_non_null(understood());
	for (size_t i = 0; i < config->vm_count; i++)
		if (config->vms[i]->refused) {
			strcat(names, names[0] ? " " : "");
			strcat(names, config->vms[i]->name);
		}
	assert_string_equal(names, refused);
}

const char *with_vm(const char *inside)
{
	static char text[8192];

	snprintf(text, sizeof text, "vm a {\nmemory 64M\nboot linux { kernel \"k\" }\n%s\n}\n",
		 inside);
	return text;
}

static void append(void *context, const char *text)
{
	(void)context;
	strncat(output, text, sizeof output - strlen(output) - 1);
}

struct config_printer collect(void)
{
	output[0] = '\0';
	return (struct config_printer){ append, NULL };
}

const char *collected(void)
{
	return output;
}
