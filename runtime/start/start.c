/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up that all programs share: TLS, libc, stack canary, initialisers, rt_main. The kernel has
 * set the FS base already; the TLS page is zeroed.
 */
#include "start.h"
#include "random.h"
#include <elf.h>
#include <rt/process.h>
#include <rt/start.h>
#include <rt/thread.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(VELA_CALL_ipc_reply == 1, "portal.S");
_Static_assert(sizeof(struct rt_message) == 40, "portal.S");

/* Defined in the overlay of musl. */
void rt_libc_start(size_t *auxv);
void rt_libc_thread(void *tp);

extern uintptr_t __stack_chk_guard;

/* Defined by the linker. */
extern const Elf64_Ehdr __ehdr_start;
typedef void initialiser_t(void);
extern initialiser_t *const __init_array_start[], *const __init_array_end[];

/* The image of thread-local variables ends at the thread pointer (TLS variant II); the padding that
 * keeps its alignment is what the linker assumed when it computed offsets. The link script checks
 * that it fits below the thread pointer. */
static void copy_tls_image(uint64_t tp)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);

	for (unsigned i = 0; i < __ehdr_start.e_phnum; i++, p++) {
		if (p->p_type != PT_TLS)
			continue;
		uint64_t padding = -(p->p_vaddr + p->p_memsz) & (p->p_align - 1);
		memcpy((void *)(tp - p->p_memsz - padding), (const void *)p->p_vaddr, p->p_filesz);
	}
}

uint64_t rt_thread_tls(void *page)
{
	uint64_t tp = (uint64_t)page + (VELA_TLS_TP - VELA_TLS_VA);

	copy_tls_image(tp);
	rt_libc_thread((void *)tp);
	return tp;
}

static void start_libc(void)
{
	static uint64_t random[2];
	static size_t auxv[] = { AT_RANDOM, 0, AT_PAGESZ, VELA_PAGE_SIZE, AT_NULL };

	random[0] = rt_random();
	random[1] = rt_random();
	auxv[1] = (size_t)random;
	rt_libc_start(auxv);
}

/* Sets the canary, hence has none itself. Its lowest byte is zero: an overrunning string ends
 * before the others. */
__attribute__((no_stack_protector)) _Noreturn void rt_start(const void *info)
{
	if ((uintptr_t)info < RT_VCPUS_MAX)
		rt_start_thread((unsigned)(uintptr_t)info);
	__stack_chk_guard = rt_random() & ~0xffull;
	rt_thread_tls((void *)VELA_TLS_VA);
	start_libc();
	rt_start_variant(info);
	for (initialiser_t *const *f = __init_array_start; f < __init_array_end; f++)
		(*f)();
	exit(rt_main());
}
