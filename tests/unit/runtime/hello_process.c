/* SPDX-License-Identifier: Apache-2.0 */
/* The sample program as a process: its log goes to the shared page, set up by a constructor. */
#include "hello.h"
#include <rt/log.h>
#include <rt/process.h>
#include <string.h>

static struct hello_page *page(void)
{
	return (struct hello_page *)RT_SESSION_VA;
}

static void page_sink(void *context, const char *line, size_t n)
{
	struct hello_page *p = context;

	memcpy(p->text + p->used, line, n);
	p->used += n;
}

__attribute__((constructor)) static void set_sink(void)
{
	rt_log(RT_INFO, "before the sink");
	rt_log_set_sink(page_sink, page());
}

void hello_portal_ready(uint64_t entry)
{
	page()->portal = entry;
}
