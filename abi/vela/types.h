/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words shared by the kernel and every process: status codes, object kinds, rights, and the
 * user half of the address space. Relies on nothing but <stdint.h>.
 */
#ifndef VELA_TYPES_H
#define VELA_TYPES_H

#include <stdint.h>

typedef uint64_t vela_word_t;
typedef uint32_t vela_sel_t; /* selector: index of a slot in the caller's object space */

/* Status codes. X(name, value, text). Each has one meaning. */
#define VELA_STATUS_TABLE(X)                                                                       \
	X(OK, 0, "success")                                                                        \
	X(NOT_SUPPORTED, 1, "no such call, operation or object kind on this kernel or machine")    \
	X(BAD_CAP, 2, "a selector names no live object")                                           \
	X(BAD_KIND, 3, "a selector names an object of another kind")                               \
	X(NO_RIGHT, 4, "the capability lacks a right that the call needs")                         \
	X(BAD_ARG, 5, "an argument is out of its range, unaligned, or wraps around")               \
	X(NO_MEMORY, 6, "the protection domain's quota of kernel memory is used up")               \
	X(BUSY, 7, "the slot is occupied, or the object is in use in a way that forbids the call") \
	X(BAD_CPU, 8, "the call needs both objects on the same CPU, or the CPU does not exist")    \
	X(TIMEOUT, 9, "the deadline passed before the event")                                      \
	X(ABORTED, 10, "the object waited for was destroyed")                                      \
	X(OVERFLOW, 11, "a counter or the depth of a call chain is at its limit")

enum vela_status {
#define X(name, value, text) VELA_##name = (value),
	VELA_STATUS_TABLE(X)
#undef X
};

/* Object kinds. X(name, value, text). */
#define VELA_KIND_TABLE(X)             \
	X(NULL, 0, "empty slot")       \
	X(PD, 1, "protection domain")  \
	X(SP, 2, "space")              \
	X(EC, 3, "execution context")  \
	X(VC, 4, "virtual CPU")        \
	X(SC, 5, "scheduling context") \
	X(PT, 6, "portal")             \
	X(SM, 7, "semaphore")          \
	X(DC, 8, "device context")     \
	X(CP, 9, "CPU share")          \
	X(HW, 10, "hardware authority")

enum vela_kind {
#define X(name, value, text) VELA_KIND_##name = (value),
	VELA_KIND_TABLE(X)
#undef X
};

/* Types of spaces. */
enum vela_space {
	VELA_SP_OBJ = 0,  /* capabilities */
	VELA_SP_HST = 1,  /* host page table */
	VELA_SP_GST = 2,  /* guest nested page table */
	VELA_SP_PIO = 3,  /* port permissions */
	VELA_SP_MSR = 4,  /* guest MSR permissions */
	VELA_SP_DMA = 5,  /* what a device reaches; only where there is an IOMMU */
	VELA_SP_PHYS = 6, /* all physical memory the kernel does not own; made at boot only */
};

/* Rights of a capability, eight bits; the meaning of the low bits depends on the kind. */
#define VELA_RIGHT_DESTROY 0x80u /* all kinds: destroy, revoke */

#define VELA_PD_CREATE 0x01u /* create objects charged to this PD */
#define VELA_PD_FUND   0x02u /* move quota to and from this PD */
#define VELA_PD_STAT   0x04u

#define VELA_SP_TAKE   0x01u /* source of map and grant */
#define VELA_SP_GIVE   0x02u /* destination of map and grant */
#define VELA_SP_ASSIGN 0x04u /* bind to an EC or VC at creation, to a DC at any time */

#define VELA_EC_CTRL	0x01u
#define VELA_EC_BIND_PT 0x02u
#define VELA_EC_BIND_SC 0x04u

#define VELA_VC_RUN  0x01u
#define VELA_VC_CTRL 0x02u /* masks, binding a semaphore, statistics */

#define VELA_SC_CTRL 0x01u
#define VELA_SC_TIME 0x02u /* read the time used */

#define VELA_PT_CALL 0x01u

#define VELA_SM_UP   0x01u
#define VELA_SM_DOWN 0x02u
#define VELA_SM_BIND 0x04u /* bind to a VC, to an interrupt or to one of a device */

#define VELA_DC_ASSIGN 0x01u /* assign to a DMA space */
#define VELA_DC_IRQ    0x02u /* bind and free its interrupts */
#define VELA_DC_STAT   0x04u /* read its faults */

#define VELA_CP_USE    0x01u /* create SCs against it */
#define VELA_CP_DERIVE 0x02u

#define VELA_HW_CTRL 0x01u
#define VELA_HW_IRQ  0x02u
#define VELA_HW_STAT 0x04u

#define VELA_RIGHTS_ALL 0xffu

/* Rights of a memory mapping; the memory types may be chosen only when the source is PHYS. */
#define VELA_MEM_R  0x01u
#define VELA_MEM_W  0x02u
#define VELA_MEM_X  0x04u
#define VELA_MEM_UC 0x10u /* uncacheable (device registers) */
#define VELA_MEM_WC 0x20u /* write-combining (frame buffers) */

#define VELA_PAGE_SIZE 4096u
#define VELA_SEL_MAX   0x40000u /* selectors are below this */

/* Largest number of leaf steps of one map or grant; longer ranges return progress. */
#define VELA_LEAVES_MAX 512u

#define VELA_NO_DEADLINE UINT64_MAX
#define VELA_PRIORITIES	 128u
#define VELA_CALL_DEPTH	 8u /* longest chain of calls on one scheduling context */
#define VELA_CPUS_MAX	 64u

/* The user half. The last page stays empty so that no SYSCALL can return to a non-canonical
 * address. The areas below are where the start-up code of each process expects them. */
#define VELA_USER_END	 0x00007ffffffff000ull
#define VELA_IMAGE_VA	 0x0000000000400000ull
#define VELA_STACK_TOP	 0x00007fffffd00000ull /* first thread's stack ends here */
#define VELA_STACK_BYTES 0x10000ull
#define VELA_INFO_VA	 0x00007fffffe00000ull /* struct vela_info (root) or struct rt_info */
#define VELA_UTCB_VA	 0x00007fffffe10000ull /* first thread's UTCB */
#define VELA_TLS_VA	 0x00007fffffe20000ull /* first thread's TLS area */
#define VELA_TLS_BYTES	 0x1000ull
#define VELA_TLS_TP	 (VELA_TLS_VA + 0x800ull) /* its thread pointer (FS base) */

/* A user thread control block is one page of words: payload of long messages, further arguments
 * of create, results of ec_ctrl and stat. The kernel owns the page; it cannot be delegated. */
#define VELA_UTCB_WORDS 512u
#define VELA_IPC_REGS	4u /* words of a message that travel in registers */

#endif
