/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual CPU: guest state that a thread of its monitor runs with vcpu_run. What the processor's
 * vendor needs is behind arch/vcpu.h.
 */
#ifndef CORE_VC_H
#define CORE_VC_H

#include <arch/vcpu.h>
#include <core/ec.h>
#include <core/mail.h>
#include <core/sp.h>
#include <vela/state.h>

struct vc {
	struct object object;
	struct arch_vcpu arch; /* first after the header: world switch knows its registers */
	unsigned cpu;
	struct sp *hst, *gst, *pio, *msr;
	struct sp_use use[4];
	struct vela_state *state; /* page shared with the monitor */
	uint64_t state_va;
	struct arch_fpu *fpu;
	struct ec *runner;	   /* thread inside vcpu_run, NULL when none */
	cap_t sm;		   /* weak: bound semaphore */
	struct timeout timeout;	   /* of vcpu_run; stays armed while the monitor handles exits */
	uint64_t deadline;	   /* what it was last set to */
	bool expired;		   /* it has passed */
	uint32_t mask[VELA_EXITS]; /* groups copied out per class */
	uint64_t exits[VELA_EXITS];
	struct mail mail;
};

struct vc_params {
	struct sp *hst, *gst, *pio, *msr;
	const uint64_t *words;
};
enum vela_status vc_create(struct pd *payer, const struct vc_params *p, struct object **out);
void vc_free(struct vc *vc);

/* vcpu_run: checks, loads the dirty groups, and makes self run the guest when it is picked. */
enum vela_status vc_start(struct cpu *cpu, struct ec *self, struct vc *vc, uint64_t dirty,
			  uint64_t deadline);

/* Runs the guest of cpu->current until its monitor must see an exit or another thread must run. */
[[clang::preserve_none]] void vc_run(struct cpu *cpu, struct ec *self);

enum vela_status vc_set_mask(struct vc *vc, uint64_t cls, uint64_t mask);
enum vela_status vc_read(struct cpu *cpu, struct vc *vc, uint64_t groups);

/* The priority class of the window that is asked for, at most VELA_WINDOW_ANY; 0: none. */
static inline uint8_t vc_window(const struct vela_state *state)
{
	uint32_t class = __atomic_load_n(&state->window, __ATOMIC_RELAXED);
	return class < VELA_WINDOW_ANY ? (uint8_t)class : VELA_WINDOW_ANY;
}

/* Ends the runner's vcpu_run with this status; another thread may run it then. On its CPU. */
void vc_stop(struct vc *vc, enum vela_status why);
void vc_mail(struct cpu *cpu, struct vc *vc, unsigned ops);

#endif
