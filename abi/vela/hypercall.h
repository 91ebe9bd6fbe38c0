/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and operations of the hypercalls, and the parameters of create. The calling convention:
 *   in:  rax = number | flags << 8; rdi, rsi, rdx, r10, r8 = arguments; SYSCALL
 *   out: rax = status; rdi, rsi, rdx, r10, r8 = results where a call has some; rcx, r11 destroyed;
 *        all other registers kept
 * A message of n words: words 0-3 in rsi, rdx, r10, r8; words 4 to n-1 at the same index of the
 * UTCB. FLAGS holds n up to 4, or 4 + (n - 4 + 3) / 4 for longer ones. A worker is entered at the
 * portal's instruction pointer with rdi = portal id, rax = flags of the message, the words in their
 * registers, and the stack pointer it had when it last replied.
 */
#ifndef VELA_HYPERCALL_H
#define VELA_HYPERCALL_H

#include <vela/types.h>

enum vela_hypercall {
#define HYPERCALL(number, name, implemented, text) VELA_CALL_##name = (number),
#define ARG(name, reg, kind, rights, text)
#define ERRORS(name, list)
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS
	VELA_CALLS = 16,
};

/* Number of words of a message whose flags byte is f, at most VELA_UTCB_WORDS. */
#define VELA_MSG_WORDS(f)  ((f) <= 4u ? (f) : 4u + 4u * ((f) - 4u))
#define VELA_MSG_FLAGS_MAX 131u /* 4 + 4 * 127 = 512 words */

/* Parameters of create, as UTCB words from index 0. */
enum { VELA_PD_PAGES, VELA_PD_PARAMS }; /* PD: quota in pages, taken from the paying PD */
enum { VELA_SP_TYPE, VELA_SP_PARAMS };	/* SP: enum vela_space */
enum {
	VELA_EC_OBJ,   /* selector of its object space (ASSIGN) */
	VELA_EC_HST,   /* selector of its host space (ASSIGN) */
	VELA_EC_PIO,   /* selector of its port space (ASSIGN), or 0 */
	VELA_EC_CPU,   /* CPU number */
	VELA_EC_UTCB,  /* address of its UTCB in the host space, page aligned */
	VELA_EC_IP,    /* first instruction */
	VELA_EC_STACK, /* stack pointer */
	VELA_EC_ARG,   /* rdi at the start */
	VELA_EC_TLS,   /* FS base */
	VELA_EC_EVENT, /* selector, in its own object space, of the portal that gets its faults */
	VELA_EC_FLAGS, /* VELA_EC_WORKER, VELA_EC_NO_FPU */
	VELA_EC_PARAMS,
};
#define VELA_EC_WORKER 1u /* serves portals; never gets an SC of its own */
#define VELA_EC_NO_FPU 2u /* any use of x87, SSE or AVX is a fault (vector 7) */
enum {
	VELA_VC_CPU,	  /* CPU number */
	VELA_VC_HST,	  /* host space that sees the state page (ASSIGN) */
	VELA_VC_STATE_VA, /* where, page aligned */
	VELA_VC_GST,	  /* guest memory (ASSIGN) */
	VELA_VC_PIO,	  /* ports the guest may touch without an exit (ASSIGN), or 0 */
	VELA_VC_MSR,	  /* MSRs the guest may touch without an exit (ASSIGN), or 0 */
	VELA_VC_PARAMS,
};
enum {
	VELA_SC_CP,	  /* CPU share that admits it (USE) */
	VELA_SC_EC,	  /* thread (BIND_SC); it starts to run */
	VELA_SC_PRIORITY, /* 1 to 127 */
	VELA_SC_BUDGET,	  /* microseconds */
	VELA_SC_PERIOD,	  /* microseconds; 0: budget is a time slice (needs an unlimited CP) */
	VELA_SC_PARAMS,
};
enum {
	VELA_PT_EC, /* worker that serves it (BIND_PT) */
	VELA_PT_IP, /* entry */
	VELA_PT_ID, /* given to the worker at each call */
	VELA_PT_PARAMS,
};
enum { VELA_SM_COUNT, VELA_SM_PARAMS }; /* SM: first value of the counter */
enum {
	VELA_CP_PARENT,	  /* the share it is taken from (DERIVE) */
	VELA_CP_PRIORITY, /* highest priority it admits */
	VELA_CP_SHARE,	  /* thousandths of the CPU; 1000: unlimited, admits time slices */
	VELA_CP_PARAMS,
};
enum {
	VELA_DC_HW,  /* hardware authority (HW_IRQ) */
	VELA_DC_RID, /* its requester id: segment << 16 | bus << 8 | device << 3 | function */
	VELA_DC_PARAMS,
};

/* Operations. */
enum { VELA_VC_SET_MASK, VELA_VC_READ };
enum { VELA_EC_STOP, VELA_EC_RESUME, VELA_EC_GET_REGS, VELA_EC_SET_REGS };
enum { VELA_SC_GET_TIME, VELA_SC_SET }; /* GET_TIME: rdi = TSC ticks used */
enum { VELA_SM_OP_UP, VELA_SM_OP_DOWN, VELA_SM_OP_DOWN_ALL, VELA_SM_OP_BIND };
enum { VELA_HW_RESET, VELA_HW_IRQ_BIND, VELA_HW_IRQ_ACK, VELA_HW_IRQ_FREE };
#define VELA_IRQ_LEVEL 1u /* level triggered: masked when it fires until IRQ_ACK */
#define VELA_IRQ_LOW   2u /* active low */
#define VELA_IRQ_SET   4u /* LEVEL and LOW are as given, whatever ACPI says */

enum { VELA_DEV_ASSIGN, VELA_DEV_IRQ_BIND, VELA_DEV_IRQ_FREE, VELA_DEV_FAULTS };
#define VELA_DEV_IRQS 32u /* interrupts that one device can have bound */

/* Results of dev_ctrl, as UTCB words: what the device has to write for a bound interrupt
 * (IRQ_BIND), and what the IOMMU has caught it at (FAULTS). */
enum {
	VELA_DEV_MSI_ADDRESS, /* for the message address of MSI or MSI-X, both halves */
	VELA_DEV_MSI_DATA,    /* for the message data */
	VELA_DEV_MSI_WORDS,
};
enum {
	VELA_DEV_FAULT_COUNT,	/* faults seen; between two looks the hardware keeps only some */
	VELA_DEV_FAULT_ADDRESS, /* of the last: where; of an interrupt the index of its table entry
				 */
	VELA_DEV_FAULT_REASON,	/* of the last: VELA_FAULT_* | the IOMMU's own code << 8 */
	VELA_DEV_FAULT_WORDS,
};
enum { VELA_FAULT_NONE, VELA_FAULT_READ, VELA_FAULT_WRITE, VELA_FAULT_INTERRUPT };

/* Registers of a thread, as UTCB words (ec_ctrl GET_REGS, SET_REGS). The sixteen general ones
 * stand first, in the order of their instruction encoding. */
enum { VELA_REG_GPR = 0, VELA_REG_IP = 16, VELA_REG_FLAGS, VELA_REG_TLS, VELA_REGS };

/* Message to the event portal of a faulting thread. An answer with status word 0 in w0 lets the
 * thread repeat the instruction; anything else leaves it stopped for good. */
enum { VELA_EVENT_VECTOR, VELA_EVENT_ERROR, VELA_EVENT_ADDRESS, VELA_EVENT_IP };

/* Results of stat, as UTCB words. */
enum { VELA_STAT_PD_QUOTA, VELA_STAT_PD_USED, VELA_STAT_PD_OBJECTS, VELA_STAT_PD_WORDS };
enum { VELA_STAT_VC_EXITS = 0, VELA_STAT_VC_WORDS = 16 }; /* returns to the VMM per exit class */
enum {
	VELA_STAT_HW_INTERRUPTS, /* device interrupts taken on the CPU */
	VELA_STAT_HW_IPIS,
	VELA_STAT_HW_TIMERS,
	VELA_STAT_HW_SWITCHES,	/* address-space switches */
	VELA_STAT_HW_VMEXITS,	/* hardware exits, also those the kernel handles itself */
	VELA_STAT_HW_POOL_FREE, /* pages of the kernel pool no PD holds */
	VELA_STAT_HW_WORDS,
};

/* Selectors of the root process. */
enum {
	VELA_ROOT_NULL,
	VELA_ROOT_PD,
	VELA_ROOT_OBJ,
	VELA_ROOT_HST,
	VELA_ROOT_PIO,	/* all ports but those the kernel drives */
	VELA_ROOT_MSR,	/* the MSRs a guest may own: those switched with it */
	VELA_ROOT_PHYS, /* all memory and device ranges the kernel does not own */
	VELA_ROOT_EC,
	VELA_ROOT_SC,
	VELA_ROOT_HW,
	VELA_ROOT_CP = 16,		    /* + CPU number */
	VELA_ROOT_FREE = VELA_ROOT_CP + 64, /* first empty slot */
};

#endif
