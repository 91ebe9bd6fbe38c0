/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces the header through which musl executes system calls: each becomes a call of
 * rt_syscall_emul, which the runtime defines. VDSO_USEFUL stays undefined, so the clock functions
 * take the same path.
 */

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

long rt_syscall_emul(long n, long a, long b, long c, long d, long e, long f);

static __inline long __syscall0(long n)
{
	return rt_syscall_emul(n, 0, 0, 0, 0, 0, 0);
}

static __inline long __syscall1(long n, long a)
{
	return rt_syscall_emul(n, a, 0, 0, 0, 0, 0);
}

static __inline long __syscall2(long n, long a, long b)
{
	return rt_syscall_emul(n, a, b, 0, 0, 0, 0);
}

static __inline long __syscall3(long n, long a, long b, long c)
{
	return rt_syscall_emul(n, a, b, c, 0, 0, 0);
}

static __inline long __syscall4(long n, long a, long b, long c, long d)
{
	return rt_syscall_emul(n, a, b, c, d, 0, 0);
}

static __inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return rt_syscall_emul(n, a, b, c, d, e, 0);
}

static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return rt_syscall_emul(n, a, b, c, d, e, f);
}

#define IPC_64 0
