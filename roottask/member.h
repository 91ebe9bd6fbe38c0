/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM or a service through all its lives: its process runs, ends, is cleared away, and by the
 * rules of its block starts again. Everything a process writes into its status page is hostile:
 * codes are checked, texts copied and cut.
 */
#ifndef ROOT_MEMBER_H
#define ROOT_MEMBER_H

#include "policy.h"
#include "process.h"

enum member_state {
	MEMBER_STOPPED, /* until the user asks for a restart */
	MEMBER_RUNNING,
	MEMBER_CLEARING, /* its memory, piece by piece */
	MEMBER_WAITING,	 /* for its start */
};

struct member {
	struct process process;
	struct policy_rules rules;
	struct policy policy;
	enum member_state state;
	bool restarts;	     /* CLEARING: WAITING follows, not STOPPED */
	uint64_t cleared;    /* CLEARING: bytes so far */
	uint64_t clear_ns;   /* CLEARING: the next piece not before */
	uint64_t restart_ns; /* WAITING: not before */
	uint64_t ack_ns;     /* WAITING: nor before the console has answered, until this time */
};

/* Lets a member that does not run start as soon as it can. */
void member_wait(struct member *member);

/*
 * Ends it in whatever state its process is; the log and its console learn how, and what follows.
 * detail is said after how it ended.
 */
void member_end(struct member *member, enum policy_end how, const char *detail);

/* The user wants it started anew; it starts when member_due says so. */
void member_restart(struct member *member);

/* CLEARING: clears a piece of its memory when it is time; lowers *deadline_ns to when to look
 * again. */
void member_clear(struct member *member, uint64_t *deadline_ns);

/* Whether it is WAITING and may start now; otherwise lowers *deadline_ns to when to look again. */
bool member_due(const struct member *member, uint64_t *deadline_ns);

void deadline_lower(uint64_t *deadline_ns, uint64_t ns);

/* Logs the fault of a process, if it had one. */
bool process_had_fault(struct process *process);

/* Reads a report from a status page; false: there is none. It stays there until process_answer. */
bool process_report(const struct process *process, struct rt_status *status);

/* To a process that goes on: its report has been acted on, and it may make the next. */
void process_answer(struct process *process);

/* Tells a VMM that the user asks for Ctrl-Alt-Del. */
void process_ctrl_alt_del(struct process *process);

/* Text of a process for the user's eyes: a terminal must not act on it. */
void make_printable(char *text);

#endif
