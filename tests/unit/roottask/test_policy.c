/* SPDX-License-Identifier: Apache-2.0 */
/* The restart policy: what follows from each end, how long it waits, when it gives up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"

#define SECOND 1000000000ull

static struct config_vm some_vm(void)
{
	return (struct config_vm){
		.on_crash = CONFIG_RESTART,
		.on_reset = CONFIG_RESTART,
		.on_poweroff = CONFIG_STOP,
		.restart_limit = 3,
	};
}

static void crashes_restart_slower_and_then_no_more(void **state)
{
	struct config_vm vm = some_vm();
	struct policy_rules rules = policy_vm_rules(&vm);
	struct policy policy = { 0 };
	uint64_t pause, now = SECOND;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		policy_started(&policy, now);
		assert_int_equal(policy_decide(&policy, &rules, POLICY_END_CRASH, now + 5, &pause),
				 POLICY_RESTART);
		assert_int_equal(pause, POLICY_PAUSE_NS << i);
		now += SECOND;
	}
	policy_started(&policy, now);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_FAULT, now + 5, &pause),
			 POLICY_STOP_LIMIT);
	/* A long steady run forgives. */
	policy_started(&policy, now);
	now += POLICY_STEADY_NS;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_KILLED, now, &pause),
			 POLICY_RESTART);
	assert_int_equal(pause, POLICY_PAUSE_NS);
	/* So does the user. */
	policy.crashes = 3;
	policy_started(&policy, now);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_RESTART, now + 1, &pause),
			 POLICY_RESTART);
	assert_int_equal(policy.crashes, 0);
	assert_int_equal(pause, 0);
}

static void pause_has_a_limit(void **state)
{
	struct config_vm vm = some_vm();
	struct policy_rules rules = policy_vm_rules(&vm);
	struct policy policy = { .crashes = 900, .started_ns = 0 };
	uint64_t pause;

	(void)state;
	rules.restart_limit = 1000;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_PANIC, 1, &pause),
			 POLICY_RESTART);
	assert_int_equal(pause, POLICY_PAUSE_MAX_NS);
}

static void each_end_follows_its_key(void **state)
{
	struct config_vm vm = some_vm();
	struct policy_rules rules = policy_vm_rules(&vm);
	struct policy policy = { 0 };
	uint64_t pause;

	(void)state;
	rules.restart_limit = 0;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_RESET, 1, &pause),
			 POLICY_RESTART);
	assert_int_equal(pause, 0);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_POWEROFF, 1, &pause),
			 POLICY_STOP);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_CRASH, 1, &pause),
			 POLICY_STOP_LIMIT);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_EXIT, 1, &pause), POLICY_STOP);
	rules.on_crash = CONFIG_STOP;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_PANIC, 1, &pause), POLICY_STOP);
	rules.on_poweroff = CONFIG_RESTART;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_POWEROFF, 1, &pause),
			 POLICY_RESTART);
	rules.on_reset = CONFIG_STOP;
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_RESET, 1, &pause), POLICY_STOP);
	for (int end = 0; end <= POLICY_END_RESTART; end++)
		assert_true(strlen(policy_text((enum policy_end)end, end % 2)) > 3);
}

static void services_restart_by_their_block(void **state)
{
	const struct config_service block = { .on_crash = CONFIG_RESTART, .restart_limit = 1 };
	struct policy_rules rules = policy_service_rules(&block);
	struct policy policy = { 0 };
	uint64_t pause;

	(void)state;
	assert_true(rules.is_service);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_KILLED, 1, &pause),
			 POLICY_RESTART);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_FAULT, 2, &pause),
			 POLICY_STOP_LIMIT);
	assert_int_equal(policy_decide(&policy, &rules, POLICY_END_RESTART, 3, &pause),
			 POLICY_RESTART);
	assert_string_equal(policy_text(POLICY_END_KILLED, true), "was killed");
	assert_string_equal(policy_text(POLICY_END_KILLED, false), "stopped: its VMM was killed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crashes_restart_slower_and_then_no_more),
		cmocka_unit_test(pause_has_a_limit),
		cmocka_unit_test(each_end_follows_its_key),
		cmocka_unit_test(services_restart_by_their_block),
	};

	return cmocka_run_group_tests_name("root policy", tests, NULL, NULL);
}
