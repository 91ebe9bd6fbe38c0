/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads beside the first: their TLS area, and the way from a portal to a C function. A program
 * creates the thread itself (VELA_KIND_EC) with the values these give it.
 */
#ifndef RT_THREAD_H
#define RT_THREAD_H

#include <vela/hypercall.h>

/* Makes a TLS area of a page-aligned, zeroed page; returns the thread pointer for VELA_EC_TLS. */
uint64_t rt_thread_tls(void *page);

/* Lets the threads 1 .. threads - 1 run that the root task made for this process; they begin in
 * rt_thread_main, which the program defines, with their number. */
void rt_threads_start(unsigned threads);
_Noreturn void rt_thread_main(unsigned n);

/* A message, as it came and, when the handler returns, as it is answered. Words from 4 on stand in
 * the UTCB. flags is the flags byte of the hypercalls: the number of words up to 4. */
struct rt_message {
	uint64_t flags;
	uint64_t w[VELA_IPC_REGS];
};

/* Serves one call of a portal with this id. */
typedef void rt_portal_handler_t(uint64_t id, struct rt_message *m);

/* Defines entry, the address for VELA_PT_IP of portals served by handler, a function with external
 * linkage. The worker's stack pointer (VELA_EC_STACK) must be 16-byte aligned. */
#define RT_PORTAL(entry, handler)                                  \
	void entry(void);                                          \
	__asm__(".pushsection .text." #entry ",\"ax\",@progbits\n" \
		".globl " #entry "\n"                              \
		".type " #entry ", @function\n" #entry ":\n"       \
		"	lea " #handler "(%rip), %r11\n"            \
		"	jmp rt_portal_serve\n"                           \
		".size " #entry ", . - " #entry "\n"               \
		".popsection")

#endif
