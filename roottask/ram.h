/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's RAM: blocks of 2 MiB, each known by its place in the machine, mapped in the VMM and in
 * the guest by the root task alone. So a block that the VMM gives back is gone for certain.
 */
#ifndef ROOT_RAM_H
#define ROOT_RAM_H

#include <rt/balloon.h>

#include "process.h"

struct ram {
	uint64_t blocks;
	uint64_t *base; /* physical address of each block; 0: the VMM is without it */
	struct extent table;
	struct rt_balloon *balloon; /* the root task's view of the shared window, NULL: none */
	uint64_t *wanted, *gone;    /* its bit maps: the VMM's and the root task's */
	struct extent window;
	struct extent spare; /* what the VMM sees in place of a block that it is without */
	uint64_t absent;     /* blocks that it is without */
	uint64_t said;	     /* how many they were when it was logged last */
	uint64_t next;	     /* block to look at next */
	uint32_t asking;
	uint64_t target;   /* bytes that the guest is asked to do without */
	uint64_t pause_ns; /* nothing is done for the VMM until then */
};

/* Takes the RAM of a process whose spaces exist, GST included, and maps it; with has_balloon also
 * the shared window. */
bool ram_take(struct ram *ram, struct process *process, uint64_t bytes, bool has_balloon);

/* Carries out some of what the VMM asks for; lowers *deadline_ns to when to go on. */
void ram_attend(struct ram *ram, const struct process *process, uint64_t *deadline_ns);

/* Asks the guest to do without more or fewer bytes; false: it has no balloon. */
bool ram_ask(struct ram *ram, const struct process *process, int64_t bytes);

/* The process has ended: its views are closed. */
void ram_end(struct ram *ram);

/* Then: clears one block, which is free afterwards, and adds it to *bytes. False: no more. */
bool ram_reclaim(struct ram *ram, const char *name, uint64_t *bytes);

#endif
