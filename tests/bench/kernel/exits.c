/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under every exit: the client as a monitor that answers CPUID with nothing but four
 * registers and the next instruction. The guest is a loop of CPUID in real mode.
 */
#include "bench.h"
#include <string.h>

#define GUEST_GPA 0x1000u
#define GROUPS	  (VELA_GROUP_GPR | VELA_GROUP_RIP)

static _Alignas(VELA_PAGE_SIZE) unsigned char guest_page[VELA_PAGE_SIZE] = {
	0x0f, 0xa2, /* 1: cpuid */
	0xeb, 0xfc, /*    jmp 1b */
};

void make_guest(vela_sel_t client_hst, vela_sel_t client_obj)
{
	parameters()[VELA_SP_TYPE] = VELA_SP_GST;
	vela_sel_t gst = make(VELA_KIND_SP, "making the guest's memory");
	must(rt_map(VELA_ROOT_HST, gst, (uint64_t)guest_page / VELA_PAGE_SIZE,
		    GUEST_GPA / VELA_PAGE_SIZE, 1, VELA_MEM_R | VELA_MEM_W | VELA_MEM_X),
	     "mapping the guest's memory");

	uint64_t *w = parameters();
	w[VELA_VC_HST] = client_hst;
	w[VELA_VC_STATE_VA] = CLIENT_STATE_VA;
	w[VELA_VC_GST] = gst;
	vela_sel_t vc = make(VELA_KIND_VC, "making the guest's processor");
	must(rt_grant(VELA_ROOT_OBJ, client_obj, vc, CLIENT_VC, 1, VELA_VC_RUN | VELA_VC_CTRL),
	     "giving the guest's processor");
}

/* As after reset, but at GUEST_GPA with CS base 0. */
static void real_mode(struct vela_state *s)
{
	for (unsigned i = 0; i < VELA_SEGMENTS; i++)
		s->seg[i] = (struct vela_segment){ .attr = 0x93, .limit = 0xffff };
	s->seg[VELA_CS].attr = 0x9b;
	s->seg[VELA_LDTR].attr = 0x82;
	s->seg[VELA_TR].attr = 0x8b;
	s->rip = GUEST_GPA;
	s->rflags = 2;
	s->cr0 = 0x10;
	s->dr6 = 0xffff0ff0;
	s->dr7 = 0x400;
	s->pat = 0x0007040600070406;
}

static uint64_t answer_cpuid(struct vela_state *s, uint64_t dirty)
{
	uint64_t cls;
	uint64_t status = rt_vcpu_run(CLIENT_VC, dirty, VELA_NO_DEADLINE, &cls);

	s->gpr[VELA_RAX] = 1;
	s->gpr[VELA_RBX] = 2;
	s->gpr[VELA_RCX] = 3;
	s->gpr[VELA_RDX] = 4;
	s->rip = s->exit.next_rip;
	return status | (cls ^ VELA_EXIT_CPUID);
}

static uint64_t exit_batch(uint64_t *ticks)
{
	struct vela_state *s = (struct vela_state *)CLIENT_STATE_VA;
	uint64_t start = rt_rdtsc(), status = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		status |= answer_cpuid(s, GROUPS);
	*ticks = rt_rdtsc() - start;
	return status;
}

const char *measure_exits(void)
{
	struct vela_state *s = (struct vela_state *)CLIENT_STATE_VA;

	real_mode(s);
	if (rt_vcpu_ctrl(CLIENT_VC, VELA_VC_SET_MASK, VELA_EXIT_CPUID, GROUPS) ||
	    answer_cpuid(s, VELA_GROUPS & ~VELA_GROUP_EXIT))
		return "the guest's first exit";
	return measure("exit_cpuid_floor", exit_batch);
}
