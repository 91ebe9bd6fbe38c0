/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a log line looks: "name: text", "name: warning: text" or "name: error: text", printable and
 * ended by one newline. Pure, so that host tests cover it.
 */
#ifndef RT_LOG_FORMAT_H
#define RT_LOG_FORMAT_H

#include <rt/log.h>

/* Makes a line of text[0..n); control characters and bytes outside ASCII become '?', a tab a blank.
 * A text too long for the line is cut and marked. Returns the length with the newline; the line is
 * NUL-terminated. */
size_t rt_log_format(char line[RT_LOG_LINE], const char *name, enum rt_level level,
		     const char *text, size_t n);

/* Collects bytes into lines. */
struct rt_log_line {
	size_t used;
	char text[RT_LOG_LINE];
};

/* Takes bytes up to and including the first newline, or as many as there is room for; returns how
 * many. *complete tells whether the line has ended: then its text is text[0..used), without the
 * newline, and the caller sets used to 0. */
size_t rt_log_collect(struct rt_log_line *line, const char *bytes, size_t n, int *complete);

#endif
