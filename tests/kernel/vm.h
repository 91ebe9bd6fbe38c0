/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiny guests: 16-bit code at VM_CODE in a few pages of memory, one virtual CPU. A guest starts in
 * real mode with flat segments, its stack below VM_STACK, all registers zero.
 */
#ifndef KERNEL_TEST_VM_H
#define KERNEL_TEST_VM_H

#include <rt/start.h>

#include "pages.h"
#include "thread.h"

#define VM_PAGES 8u /* guest-physical pages 0 to 7 are mapped */
#define VM_CODE	 0x1000u
#define VM_STACK 0x3000u
#define VM_DATA	 0x4000u
#define VM_HOLE	 0x9000u /* nothing is mapped there */

extern uint8_t vm_memory[VM_PAGES + 2][VELA_PAGE_SIZE];

struct vm {
	vela_sel_t vc, gst, pio, msr;
	struct vela_state *s;
};

/* Defines guest code name, assembled for 16 bits. Numeric labels are its own. */
#define GUEST(name, code)                                                                 \
	extern const uint8_t name[], name##_end[];                                        \
	__asm__(".pushsection .rodata.guest,\"a\"\n.code16\n" #name ":\n" code "\n" #name \
		"_end:\n"                                                                 \
		".code64\n.popsection")

/* Makes a virtual CPU whose state page is loaded with a guest's first state, all of it dirty. */
struct vm vm_new_with(unsigned cpu, vela_sel_t pio, vela_sel_t msr);
struct vm vm_new(unsigned cpu);

/* Puts code into memory and the state page back to the beginning; nothing runs yet. */
void vm_load(struct vm *vm, const uint8_t *code, const uint8_t *end);
#define VM_LOAD(vm, name) vm_load((vm), name, name##_end)

/* vcpu_run; the class, or UINT64_MAX and a failed check when the call fails. */
uint64_t vm_run(struct vm *vm, uint64_t dirty, uint64_t deadline);

#define ALL_DIRTY (VELA_GROUPS & ~VELA_GROUP_EXIT)

/* Loads, runs once from the beginning. */
/* Codes and instructions of the vendors' own differ. */
static inline bool is_vmx(void)
{
	return rt_machine()->features & VELA_FEATURE_VMX;
}

#define VM_EXIT(vm, name)                          \
	({                                         \
		VM_LOAD((vm), name);               \
		vm_run((vm), ALL_DIRTY, PATIENCE); \
	})

#endif
