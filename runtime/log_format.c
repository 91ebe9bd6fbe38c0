/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of log lines. Text can come from guests and from files, so nothing but printable ASCII
 * passes: a log line can neither forge another line nor drive the terminal.
 */
#include <rt/log_format.h>
#include <string.h>

static const char mark[] = "...";

/* Room that stays for the newline and the NUL. */
enum { LINE_TEXT = RT_LOG_LINE - 2 };

static size_t append(char *line, size_t used, const char *text, size_t n)
{
	for (size_t i = 0; i < n && used < LINE_TEXT; i++) {
		char c = text[i];
		if (c == '\t')
			c = ' ';
		line[used++] = c >= ' ' && c <= '~' ? c : '?';
	}
	return used;
}

size_t rt_log_format(char line[RT_LOG_LINE], const char *name, enum rt_level level,
		     const char *text, size_t n)
{
	static const char *const prefix[] = {
		[RT_ERROR] = "error: ",
		[RT_WARNING] = "warning: ",
		[RT_INFO] = "",
	};
	size_t used = append(line, 0, name, strlen(name));

	used = append(line, used, ": ", 2);
	used = append(line, used, prefix[level], strlen(prefix[level]));
	if (n > LINE_TEXT - used) {
		append(line, used, text, n);
		memcpy(line + LINE_TEXT - strlen(mark), mark, strlen(mark));
		used = LINE_TEXT;
	} else {
		used = append(line, used, text, n);
	}
	line[used++] = '\n';
	line[used] = '\0';
	return used;
}

size_t rt_log_collect(struct rt_log_line *line, const char *bytes, size_t n, int *complete)
{
	size_t taken = 0;

	*complete = 0;
	while (taken < n && !*complete) {
		char c = bytes[taken++];
		if (c == '\n')
			*complete = 1;
		else
			line->text[line->used++] = c;
		if (line->used == sizeof line->text)
			*complete = 1;
	}
	return taken;
}
