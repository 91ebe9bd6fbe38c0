/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercall stubs: one inline function per call of <vela/hypercalls.def>, with names for their
 * arguments. They hold no policy; map and grant ranges longer than the kernel does in one go are
 * continued by rt_map and rt_grant.
 */
#ifndef RT_HYPERCALL_H
#define RT_HYPERCALL_H

#include <vela/hypercall.h>
#include <vela/state.h>

struct rt_regs {
	uint64_t rax, rdi, rsi, rdx, r10, r8;
};

/* Performs the call described by *r; r->rax is number | flags << 8 before and the status after. */
static inline uint64_t rt_syscall(struct rt_regs *r)
{
	register uint64_t r10 __asm__("r10") = r->r10;
	register uint64_t r8 __asm__("r8") = r->r8;
	__asm__ volatile("syscall"
			 : "+a"(r->rax), "+D"(r->rdi), "+S"(r->rsi), "+d"(r->rdx), "+r"(r10),
			   "+r"(r8)
			 :
			 : "rcx", "r11", "memory");
	r->r10 = r10;
	r->r8 = r8;
	return r->rax;
}

static inline uint64_t rt_call5(unsigned number, unsigned flags, uint64_t a, uint64_t b, uint64_t c,
				uint64_t d, uint64_t e)
{
	struct rt_regs r = { number | flags << 8, a, b, c, d, e };
	return rt_syscall(&r);
}

/* Calls pt with n <= 4 words w[0..3]; the answer's words replace them. */
static inline uint64_t rt_ipc_call(vela_sel_t pt, unsigned n, uint64_t w[4])
{
	struct rt_regs r = { VELA_CALL_ipc_call | n << 8, pt, w[0], w[1], w[2], w[3] };
	rt_syscall(&r);
	w[0] = r.rsi;
	w[1] = r.rdx;
	w[2] = r.r10;
	w[3] = r.r8;
	return r.rax;
}

/* Runs vc with the groups in dirty reloaded; *cls is the exit's class. */
static inline uint64_t rt_vcpu_run(vela_sel_t vc, uint64_t dirty, uint64_t deadline_tsc,
				   uint64_t *cls)
{
	struct rt_regs r = { VELA_CALL_vcpu_run, vc, dirty, deadline_tsc, 0, 0 };
	rt_syscall(&r);
	*cls = r.rdi;
	return r.rax;
}

static inline uint64_t rt_vcpu_ctrl(vela_sel_t vc, unsigned op, uint64_t a, uint64_t b)
{
	return rt_call5(VELA_CALL_vcpu_ctrl, op, vc, a, b, 0, 0);
}

/* Creates an object whose parameters stand in the UTCB already. */
static inline uint64_t rt_create(unsigned kind, vela_sel_t sel, vela_sel_t pd)
{
	return rt_call5(VELA_CALL_create, kind, sel, pd, 0, 0, 0);
}

static inline uint64_t rt_destroy(vela_sel_t sel)
{
	return rt_call5(VELA_CALL_destroy, 0, sel, 0, 0, 0, 0);
}

static inline uint64_t rt_revoke(vela_sel_t sel)
{
	return rt_call5(VELA_CALL_revoke, 0, sel, 0, 0, 0, 0);
}

static inline uint64_t rt_range(unsigned number, vela_sel_t src, vela_sel_t dst, uint64_t sbase,
				uint64_t dbase, uint64_t count, unsigned rights)
{
	while (count) {
		struct rt_regs r = { number | rights << 8, src, dst, sbase, dbase, count };
		if (rt_syscall(&r))
			return r.rax;
		sbase += r.rdi;
		dbase += r.rdi;
		count -= r.rdi;
	}
	return VELA_OK;
}

/* Maps count pages (ports, MSRs) from src:sbase to dst:dbase; rights 0 unmaps. */
static inline uint64_t rt_map(vela_sel_t src, vela_sel_t dst, uint64_t sbase, uint64_t dbase,
			      uint64_t count, unsigned rights)
{
	return rt_range(VELA_CALL_map, src, dst, sbase, dbase, count, rights);
}

static inline uint64_t rt_grant(vela_sel_t src, vela_sel_t dst, uint64_t ssel, uint64_t dsel,
				uint64_t count, unsigned rights)
{
	return rt_range(VELA_CALL_grant, src, dst, ssel, dsel, count, rights);
}

static inline uint64_t rt_fund(vela_sel_t dst, vela_sel_t src, uint64_t pages)
{
	return rt_call5(VELA_CALL_fund, 0, dst, src, pages, 0, 0);
}

static inline uint64_t rt_ec_ctrl(vela_sel_t ec, unsigned op)
{
	return rt_call5(VELA_CALL_ec_ctrl, op, ec, 0, 0, 0, 0);
}

/* TSC ticks used so far. */
static inline uint64_t rt_sc_time(vela_sel_t sc, uint64_t *ticks)
{
	struct rt_regs r = { VELA_CALL_sc_ctrl | VELA_SC_GET_TIME << 8, sc, 0, 0, 0, 0 };
	rt_syscall(&r);
	*ticks = r.rdi;
	return r.rax;
}

static inline uint64_t rt_sc_set(vela_sel_t sc, uint64_t priority, uint64_t budget_us,
				 uint64_t period_us)
{
	return rt_call5(VELA_CALL_sc_ctrl, VELA_SC_SET, sc, priority, budget_us, period_us, 0);
}

static inline uint64_t rt_sm_up(vela_sel_t sm)
{
	return rt_call5(VELA_CALL_sm_ctrl, VELA_SM_OP_UP, sm, 0, 0, 0, 0);
}

static inline uint64_t rt_sm_down(vela_sel_t sm, uint64_t deadline_tsc)
{
	return rt_call5(VELA_CALL_sm_ctrl, VELA_SM_OP_DOWN, sm, deadline_tsc, 0, 0, 0);
}

/* Waits for one up and takes the whole count. */
static inline uint64_t rt_sm_down_all(vela_sel_t sm, uint64_t deadline_tsc)
{
	return rt_call5(VELA_CALL_sm_ctrl, VELA_SM_OP_DOWN_ALL, sm, deadline_tsc, 0, 0, 0);
}

static inline uint64_t rt_sm_bind(vela_sel_t sm, vela_sel_t vc)
{
	return rt_call5(VELA_CALL_sm_ctrl, VELA_SM_OP_BIND, sm, vc, 0, 0, 0);
}

/* Confines a device to a DMA space; space 0 stops all its DMA. */
static inline uint64_t rt_dev_assign(vela_sel_t dc, vela_sel_t space)
{
	return rt_call5(VELA_CALL_dev_ctrl, VELA_DEV_ASSIGN, dc, space, 0, 0, 0);
}

/* Has interrupt number of a device up sm; UTCB words VELA_DEV_MSI_* then say what it must write. */
static inline uint64_t rt_dev_irq_bind(vela_sel_t dc, uint64_t number, vela_sel_t sm, uint64_t cpu)
{
	return rt_call5(VELA_CALL_dev_ctrl, VELA_DEV_IRQ_BIND, dc, number, sm, cpu, 0);
}

static inline uint64_t rt_dev_irq_free(vela_sel_t dc, uint64_t number)
{
	return rt_call5(VELA_CALL_dev_ctrl, VELA_DEV_IRQ_FREE, dc, number, 0, 0, 0);
}

/* What the IOMMU has caught a device at: UTCB words VELA_DEV_FAULT_*. */
static inline uint64_t rt_dev_faults(vela_sel_t dc)
{
	return rt_call5(VELA_CALL_dev_ctrl, VELA_DEV_FAULTS, dc, 0, 0, 0, 0);
}

static inline uint64_t rt_hw_ctrl(vela_sel_t hw, unsigned op, uint64_t gsi, vela_sel_t sm,
				  uint64_t cpu, uint64_t mode)
{
	return rt_call5(VELA_CALL_hw_ctrl, op, hw, gsi, sm, cpu, mode);
}

static inline uint64_t rt_stat(vela_sel_t sel, uint64_t index)
{
	return rt_call5(VELA_CALL_stat, 0, sel, index, 0, 0, 0);
}

static inline uint64_t rt_rdtsc(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
