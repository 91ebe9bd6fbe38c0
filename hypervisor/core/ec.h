/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution context: a thread of a process, bound to a CPU. Threads have no kernel stack; what a
 * thread is to do next in the kernel is one word, `resume`. All fields belong to the thread's CPU.
 *
 *	sc --> ec --callee--> ec --callee--> ec        a chain of calls runs on its first thread's
 *sc
 *	              \--helps--> busy worker          one waiting for a busy worker lends it its sc
 */
#ifndef CORE_EC_H
#define CORE_EC_H

#include <arch/regs.h>
#include <core/mail.h>
#include <core/object.h>
#include <core/sp.h>
#include <core/timeout.h>
#include <vela/hypercall.h>

struct cpu;
struct sm;
struct sp;
struct sc;
struct vc;

/* How a thread goes on when it is picked. */
enum resume {
	RESUME_SYSCALL, /* return from a hypercall */
	RESUME_TRAP,	/* return to an arbitrary instruction with all registers */
	RESUME_GUEST,	/* go on with vcpu_run */
};

/* Why a thread cannot run; 0 when it can. */
#define EC_WAITS_SM   1u /* for a semaphore */
#define EC_WAITS_CALL 2u /* a worker without a caller */
#define EC_STOPPED    4u /* by ec_ctrl or an unanswered fault */
#define EC_DEAD	      8u

struct ec {
	struct object object;
	struct arch_regs regs; /* 16-byte aligned end: the CPU pushes its frame here */
	enum resume resume;
	uint8_t blocked; /* EC_* */
	bool worker;
	bool event;    /* its callee handles a fault of this thread, not a call */
	uint8_t depth; /* calls below it on the same sc */
	unsigned cpu;
	struct sp *obj, *hst, *pio;
	struct sp_use use[3];
	struct arch_fpu *fpu; /* NULL: may not use it */
	uint64_t tls;
	uint64_t *utcb;
	uint64_t utcb_va;
	vela_sel_t event_pt;
	struct ec *callee;   /* worker that serves this thread's call */
	struct ec *caller;   /* thread this worker serves */
	struct ec *helps;    /* busy worker this thread waits for */
	struct list helpers; /* threads that wait for this worker */
	struct list help_link;
	struct list parked; /* scs that wait until this thread can run */
	struct sc *sc;	    /* bound to this thread, NULL for workers */
	struct timeout timeout;
	struct sm *sm; /* semaphore it waits for, under sm->lock */
	struct list sm_link;
	bool down_all;
	struct vc *vc; /* virtual CPU it runs (RESUME_GUEST) */
	struct mail mail;
};

/* Create: parameters as in abi, the spaces already looked up. */
struct ec_params {
	struct sp *obj, *hst, *pio;
	const uint64_t *words;
};
enum vela_status ec_create(struct pd *payer, const struct ec_params *p, struct object **out);

/* Blocks and unblocks; on this thread's CPU only. Unblocking readies the scs parked on it. */
void ec_block(struct ec *ec, unsigned why);
void ec_unblock(struct ec *ec, unsigned why);

/* Sends the fault to the thread's event portal, or stops it when there is none. */
void ec_fault(struct cpu *cpu, struct ec *ec, unsigned vector, uint64_t error, uint64_t address);

/* Handles requests that came by mail, on the thread's CPU. */
void ec_mail(struct cpu *cpu, struct ec *ec, unsigned ops);

/* Frees a thread no CPU can reach any more. */
void ec_free(struct ec *ec);

/* Cuts ec out of calls, waiting and helping; on its CPU. */
void ec_detach(struct ec *ec);

/* IPC (ipc.c). */
struct pt;
enum vela_status ipc_call(struct cpu *cpu, struct ec *self, struct pt *pt, unsigned flags);
enum vela_status ipc_reply(struct cpu *cpu, struct ec *self, unsigned flags);
void ipc_event(struct cpu *cpu, struct ec *self, struct pt *pt, const uint64_t words[4]);
void ipc_abort(struct ec *caller);

#endif
