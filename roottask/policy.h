/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a VM or service that ended: stop or restart, at once or after a pause. Pure; time
 * is handed in. Restarts after crashes are counted and wait longer each time, until the guest has
 * run steadily for a while.
 */
#ifndef ROOT_POLICY_H
#define ROOT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <config/config.h>

/* How a VM or service ended. X(name, action of its rules, text for a VM, text for a service). */
#define POLICY_END_TABLE(X)                                              \
	X(POWEROFF, on_poweroff, "powered off", "ended")                 \
	X(RESET, on_reset, "reset", "ended")                             \
	X(PANIC, on_crash, "panicked", "failed")                         \
	X(CRASH, on_crash, "crashed", "crashed")                         \
	X(FAILED, on_crash, "stopped: its VMM failed", "failed")         \
	X(FAULT, on_crash, "stopped: its VMM crashed", "crashed")        \
	X(KILLED, on_crash, "stopped: its VMM was killed", "was killed") \
	X(EXIT, never, "ended", "ended") /* debug-exit port */           \
	/* The user asked: earlier crashes are forgotten. */             \
	X(RESTART, always, "stopped for a restart", "stopped for a restart")

enum policy_end {
#define X(name, action, vm, service) POLICY_END_##name,
	POLICY_END_TABLE(X)
#undef X
};

/* What the block of a VM or service says. */
struct policy_rules {
	bool is_service;
	enum config_action on_crash, on_reset, on_poweroff;
	uint64_t restart_limit;
};

#define POLICY_PAUSE_NS	    500000000ull   /* before the first restart after a crash */
#define POLICY_PAUSE_MAX_NS 30000000000ull /* the pause doubles up to this */
#define POLICY_STEADY_NS    60000000000ull /* a run this long makes earlier crashes forgotten */

struct policy {
	unsigned crashes; /* restarts after crashes since the last steady run */
	uint64_t started_ns;
};

enum policy_verdict {
	POLICY_STOP,
	POLICY_STOP_LIMIT, /* the restart limit is reached */
	POLICY_RESTART,
};

void policy_started(struct policy *policy, uint64_t now_ns);

struct policy_rules policy_vm_rules(const struct config_vm *vm);
struct policy_rules policy_service_rules(const struct config_service *service);

/* Decides after an end; *pause_ns is how long to wait before a restart. */
enum policy_verdict policy_decide(struct policy *policy, const struct policy_rules *rules,
				  enum policy_end end, uint64_t now_ns, uint64_t *pause_ns);

/* "powered off" and the like. */
const char *policy_text(enum policy_end end, bool is_service);

#endif
