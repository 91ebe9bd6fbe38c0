/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of one process. Messages are formatted on the caller's stack, so that any thread may log;
 * the state here is set up by the first thread before it makes others.
 */
#include <rt/log_format.h>
#include <stdio.h>
#include <string.h>

static const char *program = "?";
static rt_log_sink_t *sink;
static void *sink_context;

/* Lines from before there is a sink. When it is full, further ones are counted and lost. */
static struct {
	char text[4096];
	size_t used;
	size_t lost;
} early;

static void emit(enum rt_level level, const char *text, size_t n)
{
	char line[RT_LOG_LINE];
	size_t length = rt_log_format(line, program, level, text, n);

	if (sink) {
		sink(sink_context, line, length);
	} else if (length <= sizeof early.text - early.used) {
		memcpy(early.text + early.used, line, length);
		early.used += length;
	} else {
		early.lost++;
	}
}

void rt_log_set_name(const char *name)
{
	program = name;
}

void rt_log_set_sink(rt_log_sink_t *function, void *context)
{
	size_t lost = early.lost;

	sink = function;
	sink_context = context;
	if (!sink)
		return;
	for (size_t at = 0; at < early.used;) {
		const char *end = memchr(early.text + at, '\n', early.used - at);
		size_t n = (size_t)(end - (early.text + at)) + 1;
		sink(sink_context, early.text + at, n);
		at += n;
	}
	early.used = 0;
	early.lost = 0;
	if (lost)
		rt_log(RT_WARNING, "%zu earlier messages were lost", lost);
}

/* A message that cannot be formatted is an error that shows its format. */
void rt_vlog(enum rt_level level, const char *format, va_list arguments)
{
	char text[2 * RT_LOG_LINE];
	int n = vsnprintf(text, sizeof text, format, arguments);
	const char *at = text;

	if (n < 0) {
		level = RT_ERROR;
		at = format;
	}
	do {
		size_t length = strcspn(at, "\n");
		emit(level, at, length);
		at += length;
		at += *at == '\n';
	} while (*at);
}

void rt_log(enum rt_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	rt_vlog(level, format, arguments);
	va_end(arguments);
}

static struct rt_log_line pending[RT_INFO + 1];

static void emit_pending(enum rt_level level)
{
	emit(level, pending[level].text, pending[level].used);
	pending[level].used = 0;
}

void rt_log_bytes(enum rt_level level, const char *bytes, size_t n)
{
	while (n) {
		int complete;
		size_t taken = rt_log_collect(&pending[level], bytes, n, &complete);
		bytes += taken;
		n -= taken;
		if (complete)
			emit_pending(level);
	}
}

void rt_log_flush(void)
{
	for (enum rt_level level = RT_ERROR; level <= RT_INFO; level++)
		if (pending[level].used)
			emit_pending(level);
}
