/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state page of a virtual CPU: one layout for every vendor. The kernel copies the groups of the
 * exit's class out before vcpu_run returns and the dirty groups in when it is called; it reads each
 * field once, checks it, and takes nothing from it that the host depends on.
 */
#ifndef VELA_STATE_H
#define VELA_STATE_H

#include <stdint.h>

/* State groups (bits of masks). EXIT is always written and never read. */
#define VELA_GROUP_EXIT	 0x01u
#define VELA_GROUP_GPR	 0x02u /* the general registers, rsp included */
#define VELA_GROUP_RIP	 0x04u /* rip, rflags, interrupt shadow */
#define VELA_GROUP_EVENT 0x08u /* event to inject, window request */
#define VELA_GROUP_CR	 0x10u /* control and debug registers, EFER, XCR0 */
#define VELA_GROUP_SEG	 0x20u
#define VELA_GROUP_MSR	 0x40u
#define VELA_GROUP_CTRL	 0x80u /* TSC offset, optional intercepts */
#define VELA_GROUPS	 0xffu

/* Exit classes. X(name, value, text). */
#define VELA_EXIT_TABLE(X)                                                                    \
	X(OTHER, 0, "anything without a class of its own; see raw_code")                      \
	X(IO, 1, "port access the guest may not do itself")                                   \
	X(MEMORY, 2, "guest-physical address without a mapping, or access beyond its rights") \
	X(CPUID, 3, "CPUID")                                                                  \
	X(MSR, 4, "RDMSR or WRMSR the guest may not do itself")                               \
	X(HALT, 5, "HLT")                                                                     \
	X(WINDOW, 6, "the guest can take an interrupt now; asked for by window")              \
	X(EVENT, 7, "the bound semaphore was upped")                                          \
	X(TIMEOUT, 8, "the deadline of vcpu_run has passed")                                  \
	X(SHUTDOWN, 9, "triple fault")                                                        \
	X(INVALID, 10,                                                                        \
	  "the processor refused the state: nothing ran, all groups must be loaded anew")     \
	X(EXCEPTION, 11, "an exception the monitor asked to see")                             \
	X(HYPERCALL, 12, "VMMCALL or VMCALL in the guest")                                    \
	X(CR, 13, "access to a control or debug register that the monitor carries out")

enum vela_exit {
#define X(name, value, text) VELA_EXIT_##name = (value),
	VELA_EXIT_TABLE(X)
#undef X
		VELA_EXITS = 14,
};

/* access of a MEMORY exit */
#define VELA_ACCESS_R	 1u
#define VELA_ACCESS_W	 2u
#define VELA_ACCESS_X	 4u
#define VELA_ACCESS_WALK 8u /* by the guest's page-table walk, not the instruction's operand */

/* io_flags of an IO exit */
#define VELA_IO_IN     1u
#define VELA_IO_STRING 2u
#define VELA_IO_REP    4u

/* An event for injection: vector | type | flags; the format of VMCB.EVENTINJ and of the VMX
 * interruption-information field. */
#define VELA_EVENT_INTR	       0x000u
#define VELA_EVENT_NMI	       0x200u
#define VELA_EVENT_EXCEPTION   0x300u
#define VELA_EVENT_SOFT	       0x400u
#define VELA_EVENT_TYPE	       0x700u
#define VELA_EVENT_ERROR_VALID 0x800u
#define VELA_EVENT_VALID       0x80000000u

/* Segment attributes: bits 3:0 type, 4 S, 6:5 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G. */
struct vela_segment {
	uint16_t selector;
	uint16_t attr;
	uint32_t limit;
	uint64_t base;
};

enum {
	VELA_ES,
	VELA_CS,
	VELA_SS,
	VELA_DS,
	VELA_FS,
	VELA_GS,
	VELA_LDTR,
	VELA_TR,
	VELA_GDTR,
	VELA_IDTR,
	VELA_SEGMENTS
};

enum { VELA_RAX, VELA_RCX, VELA_RDX, VELA_RBX, VELA_RSP, VELA_RBP, VELA_RSI, VELA_RDI };

/* raw_code of INVALID where not even an entry was tried; raw_info1 is VMX's instruction error */
#define VELA_RAW_NO_ENTRY 0xffffffffull

/* window: an interrupt that CR8 does not hold back */
#define VELA_WINDOW_ANY 16u

/* optional intercepts (CTRL); those the kernel needs are always on, writes of CR4 among them */
#define VELA_INTERCEPT_RDTSC  1u
#define VELA_INTERCEPT_INVLPG 2u
#define VELA_INTERCEPT_CR3    4u
#define VELA_INTERCEPT_CR0    8u /* writes */
#define VELA_INTERCEPT_PAUSE  16u

struct vela_exit_info {
	uint32_t cls;	    /* enum vela_exit */
	uint32_t groups;    /* groups copied out with this exit */
	uint64_t raw_code;  /* the processor's own exit code */
	uint64_t raw_info1; /* and its qualifications */
	uint64_t raw_info2;
	uint64_t gpa;	    /* MEMORY */
	uint64_t next_rip;  /* of the next instruction where the processor or its length tells, or 0
			     */
	uint16_t port;	    /* IO */
	uint8_t width;	    /* IO: bytes */
	uint8_t io_flags;   /* IO */
	uint8_t access;	    /* MEMORY */
	uint8_t write;	    /* MSR: 1 for WRMSR */
	uint8_t vector;	    /* EXCEPTION */
	uint8_t insn_bytes; /* how many bytes of insn are valid */
	uint32_t error;	    /* EXCEPTION: error code */
	uint32_t reserved;
	uint8_t insn[16]; /* bytes at rip where the processor gives them */
};

struct vela_state {
	struct vela_exit_info exit;
	uint8_t pad0[0x80 - sizeof(struct vela_exit_info)];
	/* 0x080 GPR */
	uint64_t gpr[16];
	/* 0x100 RIP */
	uint64_t rip;
	uint64_t rflags;
	uint32_t shadow; /* 1: the next instruction runs with interrupts held off */
	uint32_t reserved0;
	/* 0x118 EVENT: out, the event that the next entry would deliver (one whose delivery the
	 * exit cut short); in, the event to deliver instead */
	uint32_t event;
	uint32_t event_error;
	/* Not 0: exit with class WINDOW as soon as the guest can take an interrupt of this priority
	 * class, 1 to 15, which is above CR8; or VELA_WINDOW_ANY. */
	uint32_t window;
	uint8_t pad1[0x180 - 0x124];
	/* 0x180 CR */
	uint64_t cr0, cr2, cr3, cr4, cr8, efer;
	uint64_t xcr0; /* in: a value the processor would not take changes nothing */
	uint64_t dr6, dr7;
	uint64_t dr[4];
	uint8_t pad2[0x200 - 0x1e8];
	/* 0x200 SEG */
	struct vela_segment seg[VELA_SEGMENTS];
	/* 0x2a0, of CR: with PAE paging outside long mode the four page-directory pointers. AMD's
	 * processors read them from guest memory; Intel's use these, so a monitor that changes CR3,
	 * or turns such paging on, loads them (SDM vol. 3, 4.4.1). 0 otherwise. */
	uint64_t pdpte[4];
	/* 0x2c0 MSR */
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat;
	uint64_t tsc_aux;
	uint8_t pad4[0x380 - 0x310];
	/* 0x380 CTRL */
	uint64_t tsc_offset;	       /* added to the host's TSC */
	uint32_t intercept_exceptions; /* bit per vector */
	uint32_t intercepts;	       /* VELA_INTERCEPT_* */
	/* Factor of the host's TSC, applied before the offset, with 48 bits behind the binary
	 * point; 0 means 1. Without VELA_FEATURE_TSC_RATIO it changes nothing. */
	uint64_t tsc_ratio;
	uint32_t flush; /* in: 1 drops what the processor keeps of the guest's translations */
	uint32_t reserved1;
};

#define VELA_STATE_AT(field, offset) \
	_Static_assert(__builtin_offsetof(struct vela_state, field) == (offset), #field)
VELA_STATE_AT(gpr, 0x080);
VELA_STATE_AT(rip, 0x100);
VELA_STATE_AT(event, 0x118);
VELA_STATE_AT(cr0, 0x180);
VELA_STATE_AT(seg, 0x200);
VELA_STATE_AT(star, 0x2c0);
VELA_STATE_AT(tsc_offset, 0x380);
VELA_STATE_AT(tsc_ratio, 0x390);
VELA_STATE_AT(flush, 0x398);
_Static_assert(sizeof(struct vela_state) <= 4096, "the state page is one page");

#endif
