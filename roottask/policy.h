/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a VM that ended: stop or restart, at once or after a pause. Pure; time is handed
 * in. Restarts after crashes are counted and wait longer each time, until the guest has run
 * steadily for a while.
 */
#ifndef ROOT_POLICY_H
#define ROOT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <config/config.h>

/* How a VM ended. X(name, action of the configuration or always stop, text). */
#define POLICY_END_TABLE(X)                                \
	X(POWEROFF, on_poweroff, "powered off")            \
	X(RESET, on_reset, "reset")                        \
	X(PANIC, on_crash, "panicked")                     \
	X(CRASH, on_crash, "crashed")                      \
	X(VMM_FAILED, on_crash, "stopped: its VMM failed") \
	X(VMM_FAULT, on_crash, "stopped: its VMM crashed") \
	X(KILLED, on_crash, "stopped: its VMM was killed")

enum policy_end {
#define X(name, action, text) POLICY_END_##name,
	POLICY_END_TABLE(X)
#undef X
		POLICY_END_EXIT, /* debug-exit port: always stops */
	POLICY_END_RESTART,	 /* the user asked: always restarts, and forgets earlier crashes */
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

/* Decides after an end; *pause_ns is how long to wait before a restart. */
enum policy_verdict policy_decide(struct policy *policy, const struct config_vm *vm,
				  enum policy_end end, uint64_t now_ns, uint64_t *pause_ns);

/* "powered off" and the like. */
const char *policy_text(enum policy_end end);

#endif
