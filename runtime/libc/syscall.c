/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What musl's system calls mean on Vela. The few that the C library needs are done here without the
 * kernel; every other one fails with ENOSYS. Results follow the Linux convention: a negative value
 * is an error number.
 */
#include <errno.h>
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/log.h>
#include <rt/pages.h>
#include <rt/start.h>
#include <rt/tsc.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

long rt_syscall_emul(long n, long a, long b, long c, long d, long e, long f);

static struct rt_pages *heap(void)
{
	static struct rt_pages pages;

	if (!pages.base)
		pages = (struct rt_pages){ rt_heap_area, rt_heap_pages, rt_heap_bitmap };
	return &pages;
}

static size_t pages_of(size_t bytes)
{
	return bytes / RT_PAGE_BYTES + (bytes % RT_PAGE_BYTES != 0);
}

/* Protection is not changed on this heap: it is all readable and writable. */
static long emulate_mmap(size_t bytes, int flags)
{
	if (!(flags & MAP_ANONYMOUS) || (flags & MAP_FIXED) || bytes == 0)
		return -EINVAL;
	void *at = rt_pages_take(heap(), pages_of(bytes));
	return at ? (long)at : -ENOMEM;
}

static long emulate_munmap(const void *at, size_t bytes)
{
	return rt_pages_give(heap(), at, pages_of(bytes)) ? 0 : -EINVAL;
}

static long emulate_writev(int fd, const struct iovec *part, int parts)
{
	long written = 0;

	if (fd != 1 && fd != 2)
		return -EBADF;
	for (int i = 0; i < parts; i++) {
		rt_log_bytes(fd == 1 ? RT_INFO : RT_ERROR, part[i].iov_base, part[i].iov_len);
		written += (long)part[i].iov_len;
	}
	return written;
}

static long emulate_clock_gettime(clockid_t clock, struct timespec *ts)
{
	uint64_t ns = rt_clock_ns();
	uint64_t seconds = ns / RT_NS_PER_S;

	if (clock == CLOCK_REALTIME)
		seconds += rt_clock.boot_epoch;
	else if (clock != CLOCK_MONOTONIC)
		return -EINVAL;
	ts->tv_sec = (time_t)seconds;
	ts->tv_nsec = (long)(ns % RT_NS_PER_S);
	return 0;
}

/* Succeeds only for the question whether stdout is a terminal, which makes it line-buffered. */
static long emulate_ioctl(int fd, int request, struct winsize *size)
{
	if (fd != 1 || request != TIOCGWINSZ)
		return -ENOTTY;
	*size = (struct winsize){ .ws_row = 25, .ws_col = 80 };
	return 0;
}

long rt_syscall_emul(long n, long a, long b, long c, long d, long e, long f)
{
	(void)e;
	(void)f;
	switch (n) {
	case SYS_write:
		return emulate_writev((int)a, &(struct iovec){ (void *)b, (size_t)c }, 1);
	case SYS_writev:
		return emulate_writev((int)a, (const struct iovec *)b, (int)c);
	case SYS_ioctl:
		return emulate_ioctl((int)a, (int)b, (struct winsize *)c);
	case SYS_mmap:
		return emulate_mmap((size_t)b, (int)d);
	case SYS_munmap:
		return emulate_munmap((const void *)a, (size_t)b);
	case SYS_mprotect:
		return 0;
	case SYS_clock_gettime:
		return emulate_clock_gettime((clockid_t)a, (struct timespec *)b);
	case SYS_exit:
	case SYS_exit_group:
		rt_exit((uint32_t)a);
	default:
		return -ENOSYS;
	}
}
