/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance root task: runs every group, prints KTAP on the serial line and ends QEMU through
 * its debug-exit port, or resets a machine that has none. What a value there means is in
 * docs/commands.md.
 */
#include "pages.h"
#include "pci.h"
#include "test.h"
#include "thread.h"
#include <rt/serial.h>
#include <rt/start.h>
#include <rt/tsc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_PASSED  0x10u
#define EXIT_FAILED  0x11u
#define FAULTS_SHOWN 12u
#define SEL_NEVER    (SEL_FIRST - 1) /* semaphore that nobody ups */

static const struct group {
	const char *name;
	const struct test *tests;
} groups[] = {
#define GROUP(name) { #name, tests_##name }
	GROUP(calls), GROUP(matrix), GROUP(caps),   GROUP(quota), GROUP(memory), GROUP(shootdown),
	GROUP(ipc),   GROUP(chain),  GROUP(sm),	    GROUP(sched), GROUP(fault),	 GROUP(registers),
	GROUP(irq),   GROUP(exits),  GROUP(inject), GROUP(vcpu),  GROUP(kick),	 GROUP(hostile),
	GROUP(races), GROUP(device), GROUP(dma),
};
#define GROUPS (sizeof groups / sizeof groups[0])

vela_sel_t test_pd;
uint64_t root_keeps;

static unsigned failures; /* of the current test; upped by any of its threads */
static vela_sel_t next_sel;
static uint16_t exit_port = 0xf4;

static void put(const char *format, va_list args)
{
	char line[256];
	int n = vsnprintf(line, sizeof line, format, args);
	rt_serial_write(line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	put(format, args);
	va_end(args);
}

void note(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print("# ");
	put(format, args);
	print("\n");
	va_end(args);
}

bool test_argument(const char *word)
{
	const struct vela_info *m = rt_machine();
	return strstr(m->strings + m->module[0].cmdline, word);
}

bool on_bochs_svm(void)
{
	return test_argument("bochs-svm");
}

static _Noreturn void end(unsigned value)
{
	if (test_argument("write-coverage")) /* a coverage build writes its profile instead */
		rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_RESET, 0, 0, 0, 0);
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(exit_port));
	rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_RESET, 0, 0, 0, 0); /* where that is no way out */
	for (;;)
		rt_ec_ctrl(VELA_ROOT_EC, VELA_EC_STOP);
}

void bail_out(const char *what, uint64_t value)
{
	print("Bail out! %s: %lu\n", what, value);
	end(EXIT_FAILED);
}

bool check(bool ok, const char *file, int line, const char *text)
{
	if (ok || __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > FAULTS_SHOWN)
		return ok;
	note("%s:%d: %s", file, line, text);
	return false;
}

bool check_equal(uint64_t got, uint64_t wanted, const char *file, int line, const char *text)
{
	if (got == wanted || __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > FAULTS_SHOWN)
		return got == wanted;
	note("%s:%d: %s is %#lx, not %#lx", file, line, text, got, wanted);
	return false;
}

vela_sel_t sel_new(void)
{
	if (next_sel == SEL_FIRST + SEL_COUNT)
		bail_out("no selectors left", next_sel);
	return next_sel++;
}

uint64_t create_in(vela_sel_t pd, vela_sel_t sel, unsigned kind, unsigned n, const uint64_t *words)
{
	memset(utcb(), 0, VELA_EC_PARAMS * sizeof(uint64_t));
	memcpy(utcb(), words, n * sizeof(uint64_t));
	return rt_create(kind, sel, pd);
}

vela_sel_t make(unsigned kind, unsigned n, const uint64_t *words)
{
	vela_sel_t sel = sel_new();
	uint64_t s = create_in(test_pd, sel, kind, n, words);
	if (s) {
		print("# cannot make an object of kind %u\n", kind);
		bail_out("status", s);
	}
	return sel;
}

uint64_t ms(uint64_t n)
{
	return n * rt_machine()->tsc_khz;
}

uint64_t in_ms(uint64_t n)
{
	return rt_rdtsc() + ms(n);
}

void doze(void)
{
	CHECK_EQ(rt_sm_down(SEL_NEVER, in_ms(1)), VELA_TIMEOUT);
}

void spin_until(uint64_t tsc)
{
	while (rt_rdtsc() < tsc)
		__builtin_ia32_pause();
}

bool wait_up(vela_sel_t sm, const char *file, int line)
{
	return check_equal(rt_sm_down(sm, PATIENCE), VELA_OK, file, line, "waiting for an up");
}

unsigned cpu_total(void)
{
	return rt_machine()->cpus;
}

struct pd_stat pd_stat(vela_sel_t pd)
{
	CHECK_OK(rt_stat(pd, 0));
	return (struct pd_stat){ utcb()[VELA_STAT_PD_QUOTA], utcb()[VELA_STAT_PD_USED],
				 utcb()[VELA_STAT_PD_OBJECTS] };
}

uint64_t pool_free(void)
{
	CHECK_OK(rt_stat(VELA_ROOT_HW, 0));
	return utcb()[VELA_STAT_HW_POOL_FREE];
}

/* Whether this machine can do what a test needs, and if not, what it cannot. */
static bool can_run(const struct test *t, char *why, size_t size)
{
	static const struct {
		unsigned flag;
		const char *text;
	} lacks[] = {
		{ NEEDS_SHUTDOWN, "a guest's triple fault ends Bochs" },
		{ NEEDS_IF_OFF, "Bochs does not interrupt a guest entered with interrupts off" },
		{ NEEDS_WINDOW, "Bochs does not see a window that is open at the entry" },
		{ NEEDS_SOFT_EXIT, "Bochs moves the stack before an exit during INT n" },
	};
	if ((t->needs & NEEDS_CPUS) > cpu_total()) {
		snprintf(why, size, "needs %u CPUs", t->needs & NEEDS_CPUS);
		return false;
	}
	const uint64_t features = rt_machine()->features;
	const char *thing = NULL;
	if (t->needs & NEEDS_EDU && !edu_rid())
		thing = "the device edu";
	else if (t->needs & NEEDS_IOMMU && !(features & VELA_FEATURE_IOMMU))
		thing = "an IOMMU";
	else if (t->needs & NEEDS_REMAP && !(features & VELA_FEATURE_IRQ_REMAP))
		thing = "interrupt remapping";
	if (thing) {
		snprintf(why, size, "needs %s", thing);
		return false;
	}
	for (unsigned i = 0; on_bochs_svm() && i < sizeof lacks / sizeof lacks[0]; i++) {
		if (t->needs & lacks[i].flag) {
			snprintf(why, size, "%s", lacks[i].text);
			return false;
		}
	}
	return true;
}

static void run(const struct group *g, const struct test *t, unsigned number)
{
	char why[80];
	if (!can_run(t, why, sizeof why)) {
		print("ok %u - %s: %s # SKIP %s\n", number, g->name, t->name, why);
		return;
	}
	failures = 0;
	root_keeps = 0;
	next_sel = SEL_FIRST;
	struct pd_stat before = pd_stat(VELA_ROOT_PD);
	uint64_t pool = pool_free();
	test_pd = sel_new();
	uint64_t s =
		create_in(VELA_ROOT_PD, test_pd, VELA_KIND_PD, 1, (const uint64_t[]){ TEST_PAGES });
	if (s)
		bail_out("no PD for the test", s);
	threads_reset();
	t->run();
	CHECK_OK(rt_destroy(test_pd));
	CHECK_OK(rt_grant(VELA_ROOT_NULL, VELA_ROOT_OBJ, SEL_FIRST, SEL_FIRST, SEL_COUNT, 0));
	struct pd_stat after = pd_stat(VELA_ROOT_PD);
	CHECK_EQ(after.quota, before.quota);
	CHECK_EQ(after.used, before.used + root_keeps);
	CHECK_EQ(after.objects, before.objects);
	CHECK_EQ(pool_free(), pool - root_keeps);
	print("%s %u - %s: %s\n", failures ? "not ok" : "ok", number, g->name, t->name);
}

/* Slots and page tables that tests use are made once: they stay, and would look like leaks. */
static void warm_up(void)
{
	for (unsigned i = 0; i < SEL_COUNT; i++)
		rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, VELA_ROOT_PD, SEL_FIRST + i, 1, 0xff);
	rt_grant(VELA_ROOT_NULL, VELA_ROOT_OBJ, SEL_FIRST, SEL_FIRST, SEL_COUNT, 0);
	uint64_t zero = 0, s = create_in(VELA_ROOT_PD, SEL_NEVER, VELA_KIND_SM, 1, &zero);
	if (s)
		bail_out("no semaphore to sleep on", s);
	threads_init();
	pages_init();
	if (edu_open())
		edu_close();
}

static bool selected(const char *group)
{
	const struct vela_info *m = rt_machine();
	const char *only = strstr(m->strings + m->module[0].cmdline, "only=");
	size_t n = strlen(group);
	return !only || (!strncmp(only + 5, group, n) && (only[5 + n] == 0 || only[5 + n] == ' '));
}

int rt_main(void)
{
	unsigned number = 0, total = 0, failed = 0;
	for (unsigned g = 0; g < GROUPS; g++) {
		for (const struct test *t = groups[g].tests; t->name; t++)
			total += selected(groups[g].name);
	}
	if (!total)
		bail_out("no such group", 0);
	print("KTAP version 1\n1..%u\n", total);
	warm_up();
	for (unsigned g = 0; g < GROUPS; g++) {
		for (const struct test *t = groups[g].tests; t->name && selected(groups[g].name);
		     t++) {
			run(&groups[g], t, ++number);
			failed += failures != 0;
		}
	}
	note("%u of %u tests failed", failed, total);
	end(failed ? EXIT_FAILED : EXIT_PASSED);
}
