/* SPDX-License-Identifier: Apache-2.0 */
/* Making and starting tiny guests. */
#include "vm.h"
#include <string.h>

#define SEGMENT_CODE 0x9bu
#define SEGMENT_DATA 0x93u
#define SEGMENT_LDT  0x82u
#define SEGMENT_TSS  0x8bu
#define CR0_ET	     0x10u
#define DR6_RESET    0xffff0ff0u
#define DR7_RESET    0x400u
#define RFLAGS_RESET 2u
#define RFLAGS_IF    0x200u
#define PAT_RESET    0x0007040600070406ull

uint8_t vm_memory[VM_PAGES + 2][VELA_PAGE_SIZE] __attribute__((aligned(4096)));

struct vm vm_new_with(unsigned cpu, vela_sel_t pio, vela_sel_t msr)
{
	struct vm vm = { .gst = MAKE(SP, VELA_SP_GST), .pio = pio, .msr = msr };
	vm.s = (struct vela_state *)utcb_va_new();
	vm.vc = MAKE(VC, cpu, VELA_ROOT_HST, (uint64_t)vm.s, vm.gst, pio, msr);
	CHECK_OK(rt_map(VELA_ROOT_HST, vm.gst, PAGE(vm_memory), 0, VM_PAGES,
			VELA_MEM_R | VELA_MEM_W | VELA_MEM_X));
	return vm;
}

struct vm vm_new(unsigned cpu)
{
	return vm_new_with(cpu, 0, 0);
}

void vm_load(struct vm *vm, const uint8_t *code, const uint8_t *end)
{
	memset(vm_memory, 0, sizeof vm_memory);
	memcpy((uint8_t *)vm_memory + VM_CODE, code, (size_t)(end - code));
	memset((char *)vm->s + sizeof vm->s->exit, 0, sizeof *vm->s - sizeof vm->s->exit);
	vm->s->rip = VM_CODE;
	vm->s->rflags = RFLAGS_RESET;
	if (on_bochs_svm()) /* where nothing else would interrupt it: see NEEDS_IF_OFF */
		vm->s->rflags |= RFLAGS_IF;
	vm->s->gpr[VELA_RSP] = VM_STACK;
	vm->s->cr0 = CR0_ET;
	vm->s->dr6 = DR6_RESET;
	vm->s->dr7 = DR7_RESET;
	vm->s->pat = PAT_RESET;
	for (unsigned i = 0; i < VELA_SEGMENTS; i++)
		vm->s->seg[i] = (struct vela_segment){ .attr = SEGMENT_DATA, .limit = 0xffff };
	vm->s->seg[VELA_CS].attr = SEGMENT_CODE;
	vm->s->seg[VELA_LDTR].attr = SEGMENT_LDT;
	vm->s->seg[VELA_TR].attr = SEGMENT_TSS;
}

uint64_t vm_run(struct vm *vm, uint64_t dirty, uint64_t deadline)
{
	uint64_t cls = 0;
	if (!CHECK_OK(rt_vcpu_run(vm->vc, dirty, deadline, &cls)))
		return UINT64_MAX;
	CHECK_EQ(vm->s->exit.cls, cls);
	return cls;
}
