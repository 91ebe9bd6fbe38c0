/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's log: lines of printable text, each starting with the program's name, handed whole
 * to a sink. Lines written before a sink exists are kept and handed over when one is set. What a
 * program writes to stdout and stderr arrives here too.
 */
#ifndef RT_LOG_H
#define RT_LOG_H

#include <stdarg.h>
#include <stddef.h>

/* Longest line with its newline and the terminating NUL; longer ones end in "...". */
#define RT_LOG_LINE 512u

enum rt_level { RT_ERROR, RT_WARNING, RT_INFO };

/* Receives one line of n bytes with its newline. Called by the thread that logs: a sink used by
 * several threads sees to its own exclusion. It must not log. */
typedef void rt_log_sink_t(void *context, const char *line, size_t n);

/* Sets the program's name as it appears in each line; the string stays referenced. */
void rt_log_set_name(const char *name);

/* Sets the sink and hands it the lines kept so far. A null sink makes the log keep lines again. */
void rt_log_set_sink(rt_log_sink_t *sink, void *context);

/* Logs one message; format must not use floating point. A message of several lines becomes as many
 * log lines. */
void rt_log(enum rt_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rt_vlog(enum rt_level level, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Appends raw bytes, as from stdout: each completed line is logged at level. There is one pending
 * line per level, so only the first thread may use this. */
void rt_log_bytes(enum rt_level level, const char *bytes, size_t n);

/* Logs what rt_log_bytes holds of lines that have not ended. */
void rt_log_flush(void);

#endif
