/* SPDX-License-Identifier: Apache-2.0 */
/* Runs all tests of a guest and prints KTAP. */
#include "test.h"
#include <stddef.h>

extern const struct test tests_start[], tests_end[];

/* A test that fails everywhere need not fill the log. */
#define MESSAGES_MAX 8u

static unsigned failures;
static const char *skip_reason;
static uint64_t random_state;

void expect_at(bool good, const char *file, unsigned line, const char *format, ...)
{
	va_list arguments;

	if (good || failures++ >= MESSAGES_MAX)
		return;
	print("# %s:%u: ", file, line);
	va_start(arguments, format);
	print_list(format, arguments);
	va_end(arguments);
	print("\n");
}

void test_skip(const char *reason)
{
	skip_reason = reason;
}

bool on_bochs_svm(void)
{
	static const char word[] = "bochs-svm";

	for (const char *line = boot_info.cmdline; line && *line; line++) {
		unsigned n = 0;

		while (word[n] && line[n] == word[n])
			n++;
		if (!word[n])
			return true;
	}
	return false;
}

void random_seed(uint64_t seed)
{
	print("# seed %lu\n", seed);
	random_state = seed;
}

uint64_t random_next(void)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint32_t guest_main(void)
{
	unsigned count = (unsigned)(tests_end - tests_start), failed = 0;

	print("\nKTAP version 1\n1..%u\n", count);
	for (unsigned i = 0; i < count; i++) {
		failures = 0;
		skip_reason = NULL;
		tests_start[i].run();
		irq_disable();
		print("%s %u %s%s%s\n", failures ? "not ok" : "ok", i + 1, tests_start[i].text,
		      skip_reason ? " # SKIP " : "", skip_reason ? skip_reason : "");
		failed += failures != 0;
	}
	return failed;
}
