/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of a guest. GUEST_TEST(name, "what it shows") { ... } makes one; expect() in it notes what
 * is wrong and goes on. All tests linked into a guest are run by run.c and reported as KTAP.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include "boot.h"
#include "cpu.h"
#include "print.h"
#include "trap.h"

struct test {
	const char *text;
	void (*run)(void);
};

#define GUEST_TEST(name, what)                                                    \
	static void test_##name(void);                                            \
	static const struct test entry_##name                                     \
		__attribute__((used, section(".tests"))) = { what, test_##name }; \
	static void test_##name(void)

__attribute__((format(printf, 4, 5))) void expect_at(bool good, const char *file, unsigned line,
						     const char *format, ...);

/* A condition, and a message with the values behind it. */
#define expect(good, ...) expect_at(good, __FILE_NAME__, __LINE__, __VA_ARGS__)

/* An instruction (with an asm statement's rest) must raise this vector, or NO_TRAP. */
#define expect_trap(want, instructions, ...)                                                   \
	do {                                                                                   \
		int got = TRAP_OF(instructions, __VA_ARGS__);                                  \
		expect(got == (want), "%s: vector %d instead of %d", instructions, got, want); \
	} while (0)

/* Reports the test that calls it, and then returns, as skipped. */
void test_skip(const char *reason);

/* Whether the machine is Bochs with SVM: the command line says so, nothing else tells. There an
 * entry loads no CR2, so an injected page fault has another address. */
bool on_bochs_svm(void);

/* Pseudo-random numbers from a seed that is printed. */
void random_seed(uint64_t seed);
uint64_t random_next(void);

#endif
