/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in which a C program dies by its own hand: abort, assert, and an overwritten stack
 * canary. Each ends the process with a reason that the root task prints.
 */
#include <rt/exit.h>
#include <stdlib.h>

uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);
_Noreturn void __assert_fail(const char *expression, const char *file, int line,
			     const char *function);

_Noreturn void abort(void)
{
	rt_fatal("abort called from %p", __builtin_return_address(0));
}

/* The caller's frame is not to be trusted, and rt_fatal's own check would lead back here if the
 * canary itself was overwritten. */
__attribute__((no_stack_protector)) _Noreturn void __stack_chk_fail(void)
{
	rt_end(RT_STATUS_FATAL, 0, "a stack buffer was overrun");
}

_Noreturn void __assert_fail(const char *expression, const char *file, int line,
			     const char *function)
{
	rt_fatal("assertion failed: %s (%s:%d, %s)", expression, file, line, function);
}
