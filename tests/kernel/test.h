/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame of the conformance root task: tests in groups, checks, and makers of kernel objects. Every
 * test has a PD of its own that pays for what it makes; the frame destroys it afterwards and checks
 * that the root PD has back all it lent. So each test is one of leaks too.
 */
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H

#include <rt/hypercall.h>
#include <rt/thread.h>
#include <stdbool.h>
#include <stddef.h>
#include <vela/info.h>

struct test {
	const char *name;
	void (*run)(void);
	unsigned needs; /* so many CPUs, 0 and 1: any machine; and NEEDS_ flags */
};

/* What processors can and SVM in Bochs 2.7 cannot. */
#define NEEDS_SHUTDOWN	0x100u /* a guest's triple fault is an exit; there it ends the emulator */
#define NEEDS_IF_OFF	0x200u /* a guest entered with interrupts off is left for an interrupt */
#define NEEDS_WINDOW	0x400u /* an interrupt window that is open at the entry is seen */
#define NEEDS_SOFT_EXIT 0x800u /* an exit during INT n leaves the stack pointer as it was */
#define NEEDS_CPUS	0x0ffu

/* What a machine may have. */
#define NEEDS_EDU   0x1000u /* QEMU's device of that name */
#define NEEDS_IOMMU 0x2000u
#define NEEDS_REMAP 0x4000u /* of interrupts */

/* Each group ends with an entry without name. */
extern const struct test tests_calls[], tests_matrix[], tests_caps[], tests_quota[], tests_memory[],
	tests_shootdown[], tests_ipc[], tests_chain[], tests_sm[], tests_sched[], tests_fault[],
	tests_registers[], tests_irq[], tests_exits[], tests_inject[], tests_vcpu[], tests_kick[],
	tests_hostile[], tests_races[], tests_device[], tests_dma[];

/* Counts a failure of the current test and prints where; true when ok. */
bool check(bool ok, const char *file, int line, const char *text);
bool check_equal(uint64_t got, uint64_t wanted, const char *file, int line, const char *text);

#define CHECK(condition)    check((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQ(got, want) check_equal((got), (want), __FILE__, __LINE__, #got)
#define CHECK_OK(call)	    CHECK_EQ(call, VELA_OK)

/* Whether a word stands among the arguments of this program. */
bool test_argument(const char *word);

/* Whether the machine is Bochs with SVM. Its runner says so: the processor looks like a real one.
 */
bool on_bochs_svm(void);

/* Prints a line of explanation. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the run: the frame itself does not work. */
_Noreturn void bail_out(const char *what, uint64_t value);

/* Selectors: fresh empty slots of the root's object space, all free again at the test's end. */
#define SEL_FIRST 128u
#define SEL_COUNT 3968u
vela_sel_t sel_new(void);

/* PD of the current test, with TEST_PAGES pages. */
#define TEST_PAGES 1200u
extern vela_sel_t test_pd;

/* Page tables that the test left in the root's own host space, where they stay for good. */
extern uint64_t root_keeps;

/* UTCB of the calling thread. */
uint64_t *utcb(void);

/* Creates with these parameters; in pd, into sel. */
uint64_t create_in(vela_sel_t pd, vela_sel_t sel, unsigned kind, unsigned n, const uint64_t *words);

/* Makers charge test_pd and end the run when they fail. They may be used by the first thread. */
vela_sel_t make(unsigned kind, unsigned n, const uint64_t *words);
#define MAKE(kind, ...)                                                                            \
	make(VELA_KIND_##kind, (unsigned)(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)), \
	     (const uint64_t[]){ __VA_ARGS__ })

/* Time. */
uint64_t ms(uint64_t n);       /* so many milliseconds in TSC ticks */
uint64_t in_ms(uint64_t n);    /* the TSC value then */
void spin_until(uint64_t tsc); /* busy */
#define PATIENCE in_ms(20000)  /* for what must happen; only broken kernels let it pass */

/* Waits for an up; false (and a failed check) when it does not come. */
bool wait_up(vela_sel_t sm, const char *file, int line);
#define WAIT(sm) wait_up((sm), __FILE__, __LINE__)

/* Sleeps a millisecond; threads of lower priority run. */
void doze(void);

/* Dozes until the condition holds; false when it never does. */
#define EVENTUALLY(condition)                                                   \
	({                                                                      \
		uint64_t give_up = PATIENCE;                                    \
		while (!(condition) && rt_rdtsc() < give_up)                    \
			doze();                                                 \
		check((condition), __FILE__, __LINE__, "at last: " #condition); \
	})

unsigned cpu_total(void);

/* Counters. */
struct pd_stat {
	uint64_t quota, used, objects;
};
struct pd_stat pd_stat(vela_sel_t pd);
uint64_t pool_free(void);

#endif
