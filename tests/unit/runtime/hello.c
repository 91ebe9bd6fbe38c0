/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that uses most of the runtime: constructors, printf, the heap until it is full, TLS,
 * time, a portal. It is linked as a process and as a root task; test_layout looks at both files and
 * test_run runs both.
 */
#include "hello.h"
#include <errno.h>
#include <rt/clock.h>
#include <rt/log.h>
#include <rt/start.h>
#include <rt/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

RT_HEAP(128 * 1024);

static _Thread_local int counter = 42;
static _Thread_local _Alignas(32) char scratch[40];
static char zeroed[20000];

static rt_portal_handler_t add;
__attribute__((used)) static void add(uint64_t id, struct rt_message *m)
{
	m->w[0] += id;
	m->flags = 3;
}

RT_PORTAL(add_entry, add);

/* Allocates blocks until none is left, checks that each is its own, and frees them. */
static size_t fill_heap(void)
{
	size_t blocks = 0, intact = 0;
	void **last = NULL, **block;

	while ((block = malloc(1000))) {
		memset(block, (int)(blocks++ & 0xff), 1000);
		*block = last;
		last = block;
	}
	while (last) {
		block = last;
		last = *block;
		intact += ((unsigned char *)block)[999] == ((blocks - 1 - intact) & 0xff);
		free(block);
	}
	return intact;
}

int rt_main(void)
{
	uint64_t start = rt_clock_ns();
	size_t first = fill_heap(), second = fill_heap();
	int error = errno;
	time_t now = time(NULL);
	struct tm *tm = gmtime(&now);

	hello_portal_ready((uintptr_t)add_entry);
	printf("hello, %s world %#x\n", "formatted", 0xbeef);
	printf("heap %s, then %s\n", first > 50 && first == second ? "reused" : "lost",
	       strerror(error));
	printf("tls %d %d %s, zeroed %d\n", counter, scratch[39],
	       (uintptr_t)scratch % 32 ? "unaligned" : "aligned", zeroed[19999]);
	printf("year %d, time %s\n", tm->tm_year + 1900, rt_clock_ns() > start ? "runs" : "stands");
	rt_log(RT_WARNING, "two\nlines");
	fprintf(stderr, "un");
	fprintf(stderr, "buffered\n");
	printf("not ended");
	return HELLO_EXIT_CODE;
}
