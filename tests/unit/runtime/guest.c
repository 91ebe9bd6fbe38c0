/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer: PTRACE_SYSEMU stops the child at each SYSCALL without executing it; IN and OUT, which
 * fault in an ordinary Linux process, are carried out here. Needs fixed addresses, so the test must
 * run without address-space randomisation (main of test_run.c arranges that).
 */
#define _GNU_SOURCE
#include "guest.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void *guest_share(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* In the child: failures end it, which the tracer sees. */
static void *place(uint64_t va, size_t bytes)
{
	bytes = (bytes + VELA_PAGE_SIZE - 1) & ~(VELA_PAGE_SIZE - 1ul);
	void *p = mmap((void *)va, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (void *)va) {
		perror("place");
		_exit(1);
	}
	return p;
}

static void place_image(const struct rt_elf *elf, const char *image)
{
	for (unsigned i = 0; i < elf->segments; i++) {
		const struct rt_elf_segment *s = &elf->segment[i];
		void *p = place(s->va, s->memory_bytes);
		memcpy(p, image + s->file_offset, s->file_bytes);
		mprotect(p, s->memory_bytes,
			 (s->rights & VELA_MEM_R ? PROT_READ : 0) |
				 (s->rights & VELA_MEM_W ? PROT_WRITE : 0) |
				 (s->rights & VELA_MEM_X ? PROT_EXEC : 0));
	}
}

static char *read_file(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fail_msg("%s cannot be opened", path);
		return NULL;
	}
	assert_int_equal(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	char *image = malloc(*size);
	assert_non_null(image);
	assert_int_equal(read(fd, image, *size), st.st_size);
	close(fd);
	return image;
}

_Noreturn static void be_child(struct guest *g, const char *image, bool root,
			       const struct guest_window *windows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mremap(windows[i].memory, windows[i].bytes, windows[i].bytes,
			   MREMAP_MAYMOVE | MREMAP_FIXED, windows[i].va) == MAP_FAILED)
			_exit(1);
	place_image(&g->elf, image);
	if (!root) {
		place(VELA_STACK_TOP - VELA_STACK_BYTES, VELA_STACK_BYTES);
		place(VELA_TLS_VA, VELA_TLS_BYTES);
	}
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(1);
}

/* Vector and x87 registers get a pattern that the program must leave alone. */
static void set_first_registers(struct guest *g)
{
	struct user_fpregs_struct fp;

	assert_int_equal(ptrace(PTRACE_GETFPREGS, g->pid, NULL, &fp), 0);
	memset(fp.xmm_space, 0x5a, sizeof fp.xmm_space);
	assert_int_equal(ptrace(PTRACE_SETFPREGS, g->pid, NULL, &fp), 0);
	assert_int_equal(ptrace(PTRACE_GETREGS, g->pid, NULL, &g->regs), 0);
	g->regs.rip = g->elf.entry;
	g->regs.rsp = VELA_STACK_TOP;
	g->regs.rdi = VELA_INFO_VA;
	g->regs.fs_base = VELA_TLS_TP;
	guest_set_regs(g);
}

void guest_create(struct guest *g, const char *path, bool root, const struct guest_window *windows,
		  size_t n)
{
	size_t size = 0;
	char *image = read_file(path, &size);
	int status;

	*g = (struct guest){ 0 };
	assert_int_equal(rt_elf_read(&g->elf, image, size, VELA_USER_END), RT_ELF_OK);
	g->pid = fork();
	assert_true(g->pid >= 0);
	if (g->pid == 0)
		be_child(g, image, root, windows, n);
	free(image);
	assert_int_equal(waitpid(g->pid, &status, 0), g->pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, g->pid, NULL, PTRACE_O_EXITKILL), 0);
	set_first_registers(g);
}

void guest_set_regs(struct guest *g)
{
	/* Otherwise Linux would take a status in rax for a call to restart. */
	g->regs.orig_rax = ~0ull;
	assert_int_equal(ptrace(PTRACE_SETREGS, g->pid, NULL, &g->regs), 0);
}

/* COM1 with a transmitter that is always empty. True if the instruction at rip was an access to it.
 */
static bool serve_port(struct guest *g)
{
	enum { IN_AL_DX = 0xec, OUT_DX_AL = 0xee, THR = 0x3f8, LSR = 0x3fd };
	long word = ptrace(PTRACE_PEEKTEXT, g->pid, (void *)g->regs.rip, NULL);
	unsigned port = g->regs.rdx & 0xffff;

	if ((word & 0xff) == IN_AL_DX && port == LSR)
		g->regs.rax = (g->regs.rax & ~0xffull) | 0x20;
	else if ((word & 0xff) == OUT_DX_AL && port == THR && g->serial_used < sizeof g->serial - 1)
		g->serial[g->serial_used++] = (char)g->regs.rax;
	else
		return false;
	g->regs.rip++;
	guest_set_regs(g);
	return true;
}

bool guest_run(struct guest *g)
{
	for (;;) {
		int status;
		assert_int_equal(ptrace(PTRACE_SYSEMU, g->pid, NULL, NULL), 0);
		assert_int_equal(waitpid(g->pid, &status, 0), g->pid);
		if (!WIFSTOPPED(status))
			return false;
		assert_int_equal(ptrace(PTRACE_GETREGS, g->pid, NULL, &g->regs), 0);
		if (WSTOPSIG(status) == SIGTRAP)
			return true;
		if (WSTOPSIG(status) != SIGSEGV || !serve_port(g))
			return false;
	}
}

void guest_destroy(struct guest *g)
{
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
}
