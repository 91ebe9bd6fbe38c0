/* SPDX-License-Identifier: Apache-2.0 */
/* What the sample program shares with the test that runs it: a page at RT_SESSION_VA. */
#ifndef HELLO_H
#define HELLO_H

#include <stdint.h>

#define HELLO_EXIT_CODE 7u

struct hello_page {
	uint64_t portal; /* entry of a portal that adds its id to word 0 and answers three words */
	uint64_t used;
	char text[4096 - 16];
};

/* Called by rt_main. */
void hello_portal_ready(uint64_t entry);

#endif
