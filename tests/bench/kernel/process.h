/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of the benchmark. Each has a protection domain, an object space and a host space of its
 * own; in all of them the root's program is mapped where the root has it, data shared, so that a
 * process is a function of that program and results need no messages.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <vela/types.h>

struct process {
	vela_sel_t pd, obj, hst; /* as the root names them */
};

void process_create(struct process *p);

/* Puts a capability of the root into p's object space. */
void process_give(const struct process *p, vela_sel_t sel, vela_sel_t at, unsigned rights);

/* Gives server its worker and client the portals that lead to it. */
void process_serve(const struct process *server, const struct process *client);

/* Starts p's thread, without FPU, at a function that never returns. */
void process_start(const struct process *p, void (*entry)(void));

#endif
