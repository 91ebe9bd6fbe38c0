/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the sample program as a process and as a root task (guest.h): start-up, libc, heap, log and
 * end as they are on Vela, up to the hypercalls. Arguments: the files of the sample as process and
 * as root task, and of the program that fails.
 */
#define _GNU_SOURCE
#include "fail.h"
#include "guest.h"
#include "hello.h"
#include <rt/process.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include <vela/hypercall.h>
#include <vela/info.h>

#include <cmocka.h>

static const char *process_path, *root_path, *fail_path;

static const char format_of_both[] = "hello, formatted world 0xbeef\n"
				     "heap reused, then Out of memory\n"
				     "tls 42 0 aligned, zeroed 0\n"
				     "year %d, time runs\n"
				     "warning: two\n"
				     "warning: lines\n"
				     "error: unbuffered\n"
				     "not ended\n";

/* The lines of format_of_both, each behind the program's name and before an end of line; got may go
 * on after them. */
static void expect_lines(const char *first, const char *name, int year, const char *newline,
			 const char *got)
{
	char expected[2048], lines[1024];
	size_t used = (size_t)snprintf(expected, sizeof expected, "%s", first);

	snprintf(lines, sizeof lines, format_of_both, year);
	for (char *at = strtok(lines, "\n"); at; at = strtok(NULL, "\n"))
		used += (size_t)snprintf(expected + used, sizeof expected - used, "%s: %s%s", name,
					 at, newline);
	assert_true(used < sizeof expected);
	expected[used] = '\0';
	if (strncmp(got, expected, used) != 0)
		assert_string_equal(got, expected);
}

static void expect_vectors_untouched(const struct guest *g)
{
	struct user_fpregs_struct fp;
	unsigned char pattern[sizeof fp.xmm_space];

	memset(pattern, 0x5a, sizeof pattern);
	assert_int_equal(ptrace(PTRACE_GETFPREGS, g->pid, NULL, &fp), 0);
	assert_memory_equal(fp.xmm_space, pattern, sizeof pattern);
	/* No register is in use, and no x87 instruction ever ran: the last one's address would
	 * show. */
	assert_int_equal(fp.ftw, 0);
	assert_int_equal(fp.rip, 0);
}

static void expect_call(const struct guest *g, unsigned call, unsigned flags, uint64_t rdi)
{
	assert_int_equal(g->regs.orig_rax, call | flags << 8);
	assert_int_equal(g->regs.rdi, rdi);
}

/* Enters the portal twice with the stack pointer that it leaves, as the kernel does. */
static void call_portal(struct guest *g, uint64_t entry)
{
	uint64_t stack = VELA_STACK_TOP - 0x4000;

	for (uint64_t round = 0; round < 2; round++) {
		g->regs.rip = entry;
		g->regs.rsp = stack;
		g->regs.rdi = 1000 + round;
		g->regs.rax = 4;
		g->regs.rsi = 20;
		g->regs.rdx = 30;
		g->regs.r10 = 40;
		g->regs.r8 = 50;
		guest_set_regs(g);
		assert_true(guest_run(g));
		assert_int_equal(g->regs.orig_rax, VELA_CALL_ipc_reply | 3 << 8);
		assert_int_equal(g->regs.rsi, 1020 + round);
		assert_int_equal(g->regs.rdx, 30);
		assert_int_equal(g->regs.r10, 40);
		assert_int_equal(g->regs.r8, 50);
		assert_int_equal(g->regs.rsp, stack);
	}
}

static void process_runs(void **state)
{
	(void)state;
	struct guest g;
	size_t info_bytes = RT_INFO_PAGES * VELA_PAGE_SIZE;
	struct rt_info *info = guest_share(info_bytes);
	struct rt_status *status = guest_share(VELA_PAGE_SIZE);
	struct hello_page *page = guest_share(VELA_PAGE_SIZE);
	const struct guest_window windows[] = {
		{ VELA_INFO_VA, info, info_bytes },
		{ RT_STATUS_VA, status, VELA_PAGE_SIZE },
		{ RT_SESSION_VA, page, VELA_PAGE_SIZE },
	};

	*info = (struct rt_info){
		.magic = RT_INFO_MAGIC,
		.version = RT_INFO_VERSION,
		.tsc_khz = 1000000,
		.boot_tsc = __builtin_ia32_rdtsc(),
		.boot_epoch = 2000000000,
		.name = "sample",
	};
	guest_create(&g, process_path, false, windows, 3);
	assert_true(guest_run(&g));
	expect_call(&g, VELA_CALL_sm_ctrl, VELA_SM_OP_UP, RT_SEL_PARENT);
	assert_int_equal(status->code, RT_STATUS_EXIT);
	assert_int_equal(status->value, HELLO_EXIT_CODE);
	assert_string_equal(status->text, "");
	expect_lines("sample: before the sink\n", "sample", 2033, "\n", page->text);
	expect_vectors_untouched(&g);

	g.regs.rax = VELA_OK;
	guest_set_regs(&g);
	assert_true(guest_run(&g));
	expect_call(&g, VELA_CALL_sm_ctrl, VELA_SM_OP_DOWN_ALL, RT_SEL_WAKE);
	assert_int_equal(g.regs.rsi, VELA_NO_DEADLINE);
	call_portal(&g, page->portal);
	guest_destroy(&g);
}

/* A page of another version must end the process with a reason before anything else happens. */
static void process_refuses_other_version(void **state)
{
	(void)state;
	struct guest g;
	struct rt_info *info = guest_share(RT_INFO_PAGES * VELA_PAGE_SIZE);
	struct rt_status *status = guest_share(VELA_PAGE_SIZE);
	const struct guest_window windows[] = {
		{ VELA_INFO_VA, info, RT_INFO_PAGES * VELA_PAGE_SIZE },
		{ RT_STATUS_VA, status, VELA_PAGE_SIZE },
	};

	info->magic = RT_INFO_MAGIC;
	info->version = RT_INFO_VERSION + 1;
	guest_create(&g, process_path, false, windows, 2);
	assert_true(guest_run(&g));
	expect_call(&g, VELA_CALL_sm_ctrl, VELA_SM_OP_UP, RT_SEL_PARENT);
	assert_int_equal(status->code, RT_STATUS_FATAL);
	assert_non_null(strstr(status->text, "version"));
	guest_destroy(&g);
}

/* Runs the failing program up to its first report. */
static void run_fail(struct guest *g, uint32_t how, struct rt_status *status)
{
	size_t info_bytes = RT_INFO_PAGES * VELA_PAGE_SIZE;
	struct rt_info *info = guest_share(info_bytes);
	const struct guest_window windows[] = {
		{ VELA_INFO_VA, info, info_bytes },
		{ RT_STATUS_VA, status, VELA_PAGE_SIZE },
	};

	info->magic = RT_INFO_MAGIC;
	info->version = RT_INFO_VERSION;
	info->slot = how;
	guest_create(g, fail_path, false, windows, 2);
	assert_true(guest_run(g));
	expect_call(g, VELA_CALL_sm_ctrl, VELA_SM_OP_UP, RT_SEL_PARENT);
}

static void every_end_says_why(void **state)
{
	(void)state;
	static const struct {
		uint32_t how, code, value;
		const char *text;
	} ends[] = {
		{ FAIL_ABORT, RT_STATUS_FATAL, 0, "abort called from 0x4" },
		{ FAIL_ASSERT, RT_STATUS_FATAL, 0, "assertion failed: !\"possible\" (" },
		{ FAIL_OVERRUN, RT_STATUS_FATAL, 0, "a stack buffer was overrun" },
		{ FAIL_FATAL, RT_STATUS_FATAL, 0, "no disk left" },
		{ FAIL_EXIT, RT_STATUS_EXIT, 5, "" },
	};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct rt_status *status = guest_share(VELA_PAGE_SIZE);
		struct guest g;
		run_fail(&g, ends[i].how, status);
		assert_int_equal(status->code, ends[i].code);
		assert_int_equal(status->value, ends[i].value);
		status->text[strlen(ends[i].text)] = '\0';
		assert_string_equal(status->text, ends[i].text);
		guest_destroy(&g);
	}
}

/* The second report is refused because nobody took the first, which it leaves as it is. */
static void reports_do_not_overwrite_each_other(void **state)
{
	(void)state;
	struct rt_status *status = guest_share(VELA_PAGE_SIZE);
	struct guest g;

	run_fail(&g, FAIL_REPORT, status);
	assert_int_equal(status->code, RT_STATUS_RESTART);
	assert_int_equal(status->value, 3);
	assert_string_equal(status->text, "first");
	assert_true(guest_run(&g));
	assert_int_equal(status->code, RT_STATUS_EXIT);
	assert_int_equal(status->value, 1);
	guest_destroy(&g);

	/* Once it is taken, the next one is accepted. */
	memset(status, 0, sizeof *status);
	run_fail(&g, FAIL_REPORT, status);
	status->code = RT_STATUS_RUNNING;
	assert_true(guest_run(&g));
	assert_int_equal(status->code, RT_STATUS_KILL);
	assert_int_equal(status->value, 4);
	guest_destroy(&g);
}

static void root_runs(void **state)
{
	(void)state;
	struct guest g;
	struct vela_info *info = guest_share(sizeof *info);
	const struct guest_window windows[] = { { VELA_INFO_VA, info, sizeof *info } };

	info->magic = VELA_INFO_MAGIC;
	info->version = VELA_INFO_VERSION;
	info->tsc_khz = 1000000;
	guest_create(&g, root_path, true, windows, 1);
	assert_true(guest_run(&g));
	expect_call(&g, VELA_CALL_ec_ctrl, VELA_EC_STOP, VELA_ROOT_EC);
	expect_lines("", "root", 1970, "\r\n", g.serial);
	assert_non_null(strstr(g.serial, "root: root task ended, code 1 value 7"));
	expect_vectors_untouched(&g);
	guest_destroy(&g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_runs),
		cmocka_unit_test(process_refuses_other_version),
		cmocka_unit_test(every_end_says_why),
		cmocka_unit_test(reports_do_not_overwrite_each_other),
		cmocka_unit_test(root_runs),
	};

	if (argc != 4)
		return 2;
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		if (personality(ADDR_NO_RANDOMIZE) < 0)
			return 2;
		execv("/proc/self/exe", argv);
		return 2;
	}
	process_path = argv[1];
	root_path = argv[2];
	fail_path = argv[3];
	return cmocka_run_group_tests_name("runtime/run", tests, NULL, NULL);
}
