/* SPDX-License-Identifier: Apache-2.0 */
/* The restart policy; see policy.h. */
#include "policy.h"

void policy_started(struct policy *policy, uint64_t now_ns)
{
	policy->started_ns = now_ns;
}

struct policy_rules policy_vm_rules(const struct config_vm *vm)
{
	return (struct policy_rules){
		.on_crash = vm->on_crash,
		.on_reset = vm->on_reset,
		.on_poweroff = vm->on_poweroff,
		.restart_limit = vm->restart_limit,
	};
}

/* A service has no end that is not a crash. */
struct policy_rules policy_service_rules(const struct config_service *service)
{
	return (struct policy_rules){
		.is_service = true,
		.on_crash = service->on_crash,
		.on_reset = service->on_crash,
		.on_poweroff = service->on_crash,
		.restart_limit = service->restart_limit,
	};
}

static enum config_action action(const struct policy_rules *rules, enum policy_end end)
{
	const struct {
		enum config_action on_crash, on_reset, on_poweroff, never, always;
	} actions = { rules->on_crash, rules->on_reset, rules->on_poweroff, CONFIG_STOP,
		      CONFIG_RESTART };

	switch (end) {
#define X(name, member, vm, service) \
	case POLICY_END_##name:      \
		return actions.member;
		POLICY_END_TABLE(X)
#undef X
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

enum policy_verdict policy_decide(struct policy *policy, const struct policy_rules *rules,
				  enum policy_end end, uint64_t now_ns, uint64_t *pause_ns)
{
	*pause_ns = 0;
	if (end == POLICY_END_RESTART || now_ns - policy->started_ns >= POLICY_STEADY_NS)
		policy->crashes = 0;
	if (action(rules, end) == CONFIG_STOP)
		return POLICY_STOP;
	if (is_crash(end)) {
		if (policy->crashes >= rules->restart_limit)
			return POLICY_STOP_LIMIT;
		*pause_ns = pause_after(++policy->crashes);
	}
	return POLICY_RESTART;
}

const char *policy_text(enum policy_end end, bool is_service)
{
	switch (end) {
#define X(name, action, vm, service) \
	case POLICY_END_##name:      \
		return is_service ? service : vm;
		POLICY_END_TABLE(X)
#undef X
	}
	return "ended";
}
