/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's way into musl's private structures: it does what musl's own start-up would do, for
 * a process whose thread pointer was set before its first instruction. Compiled with musl's
 * internal headers, hence in this overlay.
 */
#include "../src/time/time_impl.h"
#include "libc.h"
#include "pthread_impl.h"

/* musl defines it among its time zone code, which is left out: there is no other zone here. */
const char __utc[] = "UTC";

void rt_libc_start(size_t *auxv);
void rt_libc_thread(void *tp);
size_t rt_libc_thread_bytes(void);

/* Sets the process-wide state. auxv stays referenced: the allocator reads AT_RANDOM from it. */
void rt_libc_start(size_t *auxv)
{
	libc.auxv = auxv;
	libc.page_size = 4096;
}

/* Makes the zeroed memory at tp, of at least rt_libc_thread_bytes(), the descriptor of the thread
 * whose FS base is tp. */
void rt_libc_thread(void *tp)
{
	struct pthread *self = tp;

	self->self = self;
	self->locale = &libc.global_locale;
}

size_t rt_libc_thread_bytes(void)
{
	return sizeof(struct pthread);
}
