/* SPDX-License-Identifier: Apache-2.0 */
/* The restart policy; see policy.h. */
#include "policy.h"

void policy_started(struct policy *policy, uint64_t now_ns)
{
	policy->started_ns = now_ns;
}

static enum config_action action(const struct config_vm *vm, enum policy_end end)
{
	switch (end) {
#define X(name, member, text)   \
	case POLICY_END_##name: \
		return vm->member;
		POLICY_END_TABLE(X)
#undef X
	case POLICY_END_EXIT:
		return CONFIG_STOP;
	case POLICY_END_RESTART:
		return CONFIG_RESTART;
	}
	return CONFIG_STOP;
}

static bool is_crash(enum policy_end end)
{
	return end != POLICY_END_POWEROFF && end != POLICY_END_RESET && end != POLICY_END_RESTART;
}

static uint64_t pause_after(unsigned crashes)
{
	uint64_t pause = POLICY_PAUSE_NS;

	while (crashes-- > 1 && pause < POLICY_PAUSE_MAX_NS)
		pause *= 2;
	return pause < POLICY_PAUSE_MAX_NS ? pause : POLICY_PAUSE_MAX_NS;
}

enum policy_verdict policy_decide(struct policy *policy, const struct config_vm *vm,
				  enum policy_end end, uint64_t now_ns, uint64_t *pause_ns)
{
	*pause_ns = 0;
	if (end == POLICY_END_RESTART || now_ns - policy->started_ns >= POLICY_STEADY_NS)
		policy->crashes = 0;
	if (action(vm, end) == CONFIG_STOP)
		return POLICY_STOP;
	if (is_crash(end)) {
		if (policy->crashes >= vm->restart_limit)
			return POLICY_STOP_LIMIT;
		*pause_ns = pause_after(++policy->crashes);
	}
	return POLICY_RESTART;
}

const char *policy_text(enum policy_end end)
{
	switch (end) {
#define X(name, member, text)   \
	case POLICY_END_##name: \
		return text;
		POLICY_END_TABLE(X)
#undef X
	case POLICY_END_EXIT:
		return "ended";
	case POLICY_END_RESTART:
		return "stopped for a restart";
	}
	return "ended";
}
