/* SPDX-License-Identifier: Apache-2.0 */
/* A program that ends in the way that its information page selects. */
#include "fail.h"
#include <assert.h>
#include <rt/exit.h>
#include <rt/start.h>
#include <stdlib.h>
#include <string.h>

/* Writes beyond an array on the stack; n is not known to the compiler. */
__attribute__((noinline)) static void overrun(volatile size_t n)
{
	char array[16];

	memset(array, 'x', n);
	__asm__ volatile("" : : "r"(array) : "memory");
}

int rt_main(void)
{
	switch (rt_info()->slot) {
	case FAIL_ABORT:
		abort();
	case FAIL_ASSERT:
		assert(!"possible");
		break;
	case FAIL_OVERRUN:
		overrun(40);
		break;
	case FAIL_FATAL:
		rt_fatal("no %s left", "disk");
	case FAIL_EXIT:
		exit(5);
	default:
		rt_report(RT_STATUS_RESTART, 3, "first");
		return rt_report(RT_STATUS_KILL, 4, "second") ? 1 : 0;
	}
	return 0;
}
